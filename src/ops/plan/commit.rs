//! Commits of a plan's commands, behind the same gate as those of a sync.

use crate::context::Context;
use crate::locate::Location;
use crate::ops::plan::PlanError;

/// What a commit takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// These paths as they lie in the working tree, and nothing else; what is staged of others stays staged.
    Paths(Vec<String>),
    /// What is staged and these paths; where nothing is staged, all changes that a sync would take.
    Work(Vec<String>),
    /// Nothing: an empty commit.
    Nothing,
}

/// Commits in the working tree `at`; the commit, or `None` where there was nothing to commit.
///
/// # Errors
/// A credential in it, a hook that refuses, an operation under way, git's failure; the index is as it was then.
pub fn commit(_ctx: &Context, _at: &Location, _what: &What, _message: &str) -> Result<Option<String>, PlanError> {
    Err(PlanError::refused("SKELETON"))
}
