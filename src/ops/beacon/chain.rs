//! The chain of commits of a channel on the remote, and asking for it.

use crate::beacon::manifest::{Manifest, Message};
use crate::context::Context;
use crate::git::command::Git;
use crate::ops::beacon::{BeaconError, Place};

/// A commit of a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its id.
    pub commit: String,
    /// Who git says wrote it.
    pub author: Author,
    /// What it says, or why that cannot be understood.
    pub manifest: Result<Manifest, String>,
}

/// Who wrote a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// Name, of whoever committed it.
    pub name: String,
    /// E-mail address, of whoever committed it.
    pub email: String,
    /// git's verdict on the signature (`%G?` of git-log(1)): `G` is good; `N` is none. Only asked for where it counts.
    pub signature: char,
}

/// The end of a channel, as the remote has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tip {
    /// The commit.
    pub commit: String,
    /// What it says.
    pub manifest: Manifest,
}

impl Link {
    /// Its message, where it is one that can be understood.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        self.manifest.as_ref().ok().and_then(|m| m.message.as_ref())
    }
}

/// What a look at the remote may take in. The gate is asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Only to tell (`read`).
    Look,
    /// To take messages in (`pull`).
    Pull,
    /// To send (`push`).
    Push,
}

/// Asks the remote for the end of the channel: one `git fetch` of exactly that ref, into [`Place::seen`]. `None` where
/// the channel has no message yet.
///
/// # Errors
/// Where the remote cannot be reached (`Kind::Network`), the gate says no, or the end is none of ours.
pub fn fetch(_ctx: &Context, _place: &Place, _git: &Git<'_>, _what: For) -> Result<Option<Tip>, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// The end of the channel as it was last seen. Nothing is asked of the remote.
///
/// # Errors
/// Where it cannot be read.
pub fn known(_place: &Place, _git: &Git<'_>) -> Result<Option<Tip>, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// The commits of the channel after `position` up to `tip`, the oldest first. Where `position` is not in the history of
/// `tip` (somebody made the channel anew), all commits whose number is behind `seq`.
///
/// # Errors
/// Where git cannot read them.
pub fn since(
    _place: &Place,
    _git: &Git<'_>,
    _position: Option<&str>,
    _seq: u64,
    _tip: &str,
) -> Result<Vec<Link>, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// Whether messages of an author are accepted: `beacon.authors`, the user's own address, and a good signature where
/// `beacon.requireSignature` asks for one. The sentence says why not.
///
/// # Errors
/// Where git cannot say who the user is.
pub fn accepts(_place: &Place, _git: &Git<'_>, _author: &Author) -> Result<Result<(), String>, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}
