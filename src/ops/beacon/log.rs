//! `craft beacon log`: the messages of a channel.

use crate::context::Context;
use crate::ops::beacon::chain::Link;
use crate::ops::beacon::{BeaconError, Place};

/// The newest `count` commits of the channel as they were last seen, the newest first.
///
/// # Errors
/// Where git cannot read them.
pub fn log(_ctx: &Context, _place: &Place, _count: usize) -> Result<Vec<Link>, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}
