//! `craft vscode`: the seed's tasks and settings in a project's `.vscode/`, put in beside what is there.

use std::path::Path;

use crate::context::Context;
use crate::ops::beacon::BeaconError;

/// What was done, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Files that were changed or made, with their diff.
    pub changed: Vec<(String, String)>,
    /// What was left alone, and why.
    pub left: Vec<String>,
    /// What is missing for it to work.
    pub remarks: Vec<String>,
}

/// Puts the tasks and settings in.
///
/// # Errors
/// Outside of a repository, and where a file is no JSON with comments: nothing was written then.
pub fn init(_ctx: &Context, _cwd: &Path, _dry: bool) -> Result<Done, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}

/// Takes out exactly what [`init`] put in.
///
/// # Errors
/// As [`init`].
pub fn remove(_ctx: &Context, _cwd: &Path, _dry: bool) -> Result<Done, BeaconError> {
    Err(BeaconError::refused("SKELETON"))
}
