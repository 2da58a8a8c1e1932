//! `craft beacon status`, and what hooks and status lines are left to read.

use crate::context::Context;
use crate::ops::beacon::chain::Tip;
use crate::ops::beacon::{BeaconError, Place};
use crate::state::beacon::Waiting;

/// How a beacon stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The end of the channel; `None` where there is no message yet, or the remote was never reached.
    pub tip: Option<Tip>,
    /// What waits here.
    pub waiting: Waiting,
    /// Files changed here that were not sent.
    pub changed: Vec<String>,
    /// Files that are gone here.
    pub gone: Vec<String>,
    /// Why the remote could not be asked.
    pub offline: Option<String>,
    /// What came of asking the bell.
    pub bell: Option<crate::ops::beacon::bell::Heard>,
}

/// How the beacon stands; `ask` the remote, or only what is known.
///
/// # Errors
/// Where git or a folder cannot be read. A remote that cannot be reached is no error.
pub fn status(_ctx: &Context, _place: &Place, _ask: bool) -> Result<Standing, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// Works out what waits from what is known here, and keeps it for hooks and status lines. `reached` is whether the
/// remote was just asked with success; `None` where it was not asked.
///
/// # Errors
/// Where it cannot be read or written.
pub fn keep(_ctx: &Context, _place: &Place, _reached: Option<bool>) -> Result<Waiting, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}
