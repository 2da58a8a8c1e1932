//! `craft beacon push`: from files to a message.

use crate::context::Context;
use crate::ops::beacon::send::Sent;
use crate::ops::beacon::{BeaconError, Place};

/// What to send.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ask {
    /// Paths from the top of the repository; empty for all that was changed in the folders since it was last taken in or
    /// sent. One that is gone here is offered to be taken away.
    pub files: Vec<String>,
    /// Whom for; empty for [`Place::recipients`].
    pub to: Vec<String>,
    /// What is said of it; empty for a list of the files.
    pub note: String,
    /// What the receiver shall do; empty for the seed's words.
    pub action: String,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pushed {
    /// Paths in the message; empty where nothing was changed.
    pub files: Vec<String>,
    /// Of these, those offered to be taken away.
    pub deleted: Vec<String>,
    /// Files that are gone here and were not named, so nothing is said of them.
    pub gone: Vec<String>,
    /// Whom it is for.
    pub to: Vec<String>,
    /// What went out, which may be more than this message.
    pub sent: Sent,
    /// Remarks for people: what came of the bell, and of warnings of the scan.
    pub remarks: Vec<String>,
}

/// Sends files. Where the remote cannot be reached the message waits here.
///
/// # Errors
/// A path that may not be sent, a credential in a file, an unsettled conflict in one, a message of the other side that
/// touches the same file and was not taken in yet, a permission. Nothing was queued then.
pub fn push(_ctx: &Context, _place: &Place, _ask: &Ask) -> Result<Pushed, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// The paths that [`push`] would send unasked: changed in the folders since they were last taken in or sent. And those
/// that are gone.
///
/// # Errors
/// Where git or a folder cannot be read.
pub fn changed(_ctx: &Context, _place: &Place) -> Result<(Vec<String>, Vec<String>), BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}
