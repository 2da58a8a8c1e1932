//! Watching: one look after another, with jitter and backoff, in the foreground or as a job.

use crate::context::Context;
use crate::ops::beacon::pull::Pulled;
use crate::ops::beacon::push::Pushed;
use crate::ops::beacon::{BeaconError, Place};
use crate::state::beacon::Waiting;

/// What came of one look.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// What waits now.
    pub waiting: Waiting,
    /// What was taken in.
    pub pulled: Option<Pulled>,
    /// What was sent.
    pub pushed: Option<Pushed>,
    /// Why the remote could not be asked.
    pub offline: Option<String>,
}

/// One look: asks the remote once, sends what waits, and takes in what waits where `pull` says so; sends what was
/// changed where `push` does.
///
/// # Errors
/// What is no matter of the network.
pub fn look(_ctx: &Context, _place: &Place, _pull: bool, _push: bool) -> Result<Look, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// One look at every beacon of this user, for the job: how many, and what is worth a line.
///
/// # Errors
/// Where none of them could be looked at.
pub fn all(_ctx: &Context) -> Result<String, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}
