//! Sending: a message is first put into the queue here, then onto the end of the channel on the remote, by
//! compare-and-swap. Whoever loses puts theirs onto the winner's and tries again.

use crate::beacon::manifest::File;
use crate::context::Context;
use crate::git::command::Git;
use crate::ops::beacon::{BeaconError, Place};

/// A message to be sent. Its files' bytes are in the repository's objects by then.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// Whom it is for; names of environments.
    pub to: Vec<String>,
    /// What is said of it.
    pub note: String,
    /// What the receiver shall do; empty for the seed's words.
    pub action: String,
    /// The files, and git's object id of each one's bytes (`None` for a tombstone).
    pub files: Vec<(File, Option<String>)>,
}

/// A message that waits to go out.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// Its commit in the queue.
    pub commit: String,
    /// The message, without a number.
    pub message: crate::beacon::manifest::Message,
}

/// What came of sending.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sent {
    /// Numbers of the messages that went out, and the paths in them.
    pub messages: Vec<(u64, Vec<String>)>,
    /// Whether a receipt went out with them.
    pub receipt: bool,
    /// Why the rest waits, where the remote cannot be reached or something must be taken in first.
    pub waits: Option<BeaconError>,
    /// Pushes that were tried.
    pub tries: u32,
}

/// Puts a message at the end of the queue. Durable when it returns. The caller holds [`Place::lock`].
///
/// # Errors
/// Where git cannot write it.
pub fn enqueue(_ctx: &Context, _place: &Place, _git: &Git<'_>, _draft: Draft) -> Result<Queued, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// The queue, the oldest first.
///
/// # Errors
/// Where git cannot read it.
pub fn queued(_place: &Place, _git: &Git<'_>) -> Result<Vec<Queued>, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// Takes the messages with these ids out of the queue (all where there are none named).
///
/// # Errors
/// Where git cannot write it.
pub fn unqueue(_place: &Place, _git: &Git<'_>, _ids: &[String]) -> Result<Vec<Queued>, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// Sends what waits, and the receipt that is owed. What cannot go out stays, and [`Sent::waits`] says why; what a
/// former call sent without hearing of it is found on the channel and not sent twice. The caller holds [`Place::lock`].
///
/// # Errors
/// Where the gate, the scan for credentials or git itself says no: then nothing has changed.
pub fn drain(_ctx: &Context, _place: &Place, _git: &Git<'_>) -> Result<Sent, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}
