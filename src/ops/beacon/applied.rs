//! Reading and keeping what a working tree has taken in: a commit under [`Place::applied`], whose tree has `state.json`
//! and the versions of all files below `files/`.

use crate::beacon::applied::Applied;
use crate::git::command::Git;
use crate::ops::beacon::{BeaconError, Place};

/// What was taken in; nothing where nothing was yet.
///
/// # Errors
/// Where it cannot be read.
pub fn read(_place: &Place, _git: &Git<'_>) -> Result<Applied, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// Keeps `next` in the place of what it was read as (`next.commit`), which becomes the new commit.
///
/// # Errors
/// Where it cannot be written, or somebody else has moved it.
pub fn write(_place: &Place, _git: &Git<'_>, _next: &mut Applied) -> Result<(), BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}
