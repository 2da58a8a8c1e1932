//! The bell: an issue on GitHub that says that something waits. It has no compare-and-swap, so nothing depends on it:
//! first the channel is moved, then the bell is rung, and who hears an old one still finds the end of the channel.

use crate::context::Context;
use crate::git::command::Git;
use crate::ops::beacon::chain::Tip;
use crate::ops::beacon::{BeaconError, Place};

/// What the bell said, and what came of ringing it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Number of the issue; 0 where there is none.
    pub number: u64,
    /// Its address, for people.
    pub url: String,
    /// The number of the last message that it tells of; `None` where it says nothing that can be understood.
    pub seq: Option<u64>,
    /// Whether it has changed since it was last asked.
    pub changed: bool,
    /// What is not as it should be, and what was done about it.
    pub remarks: Vec<String>,
}

/// Makes the issue say what the end of the channel says; the idle template once all is taken in, and then only if it
/// still tells of that very message. Does nothing where `beacon.github.enabled` is off. What keeps it from being done is
/// a remark and no error: the message itself is on the remote by then.
#[must_use]
pub fn ring(_ctx: &Context, _place: &Place, _git: &Git<'_>, _tip: &Tip) -> Vec<String> {
    Vec::new()
}

/// Asks the issue: one conditional request. `None` where there is no bell, or it may not be asked yet.
///
/// # Errors
/// Where GitHub cannot be reached, or says no.
pub fn hear(_ctx: &Context, _place: &Place) -> Result<Option<Heard>, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// Finds the issue, or makes it where there is none and that is granted.
///
/// # Errors
/// Where GitHub cannot be reached, or says no, or making it is not granted.
pub fn set_up(_ctx: &Context, _place: &Place) -> Result<Heard, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}
