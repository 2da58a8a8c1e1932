//! `craft beacon diff` and `resolve`: files in which both sides changed the same.

use crate::beacon::applied::Conflict;
use crate::context::Context;
use crate::ops::beacon::{BeaconError, Place};

/// How a conflict is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    /// What is here stays.
    Ours,
    /// Theirs takes its place; what was here is kept by a backup.
    Theirs,
    /// What is here now was put together by hand.
    Merged,
}

/// Two versions of a file, as lines of a unified diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// Its path.
    pub path: String,
    /// What the two sides of the diff are, for people.
    pub sides: (String, String),
    /// The unified diff; empty where both are the same, `None` where one is no text.
    pub text: Option<String>,
}

/// Conflicts that nobody has settled.
///
/// # Errors
/// Where that cannot be read.
pub fn conflicts(_ctx: &Context, _place: &Place) -> Result<Vec<Conflict>, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// For `path`, or all conflicts and all that was changed here: what is here against theirs, or against what both had.
///
/// # Errors
/// Where a file cannot be read, or `path` is none of the beacon's.
pub fn diff(_ctx: &Context, _place: &Place, _path: Option<&str>) -> Result<Vec<Diff>, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// Settles a conflict. The copy of theirs goes; what was replaced is kept by a backup.
///
/// # Errors
/// Where `path` has none, or still has conflict markers (`Merged`).
pub fn resolve(_ctx: &Context, _place: &Place, _path: &str, _with: With) -> Result<(), BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}
