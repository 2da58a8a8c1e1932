//! What the book of a plan means to those who look at a working tree from outside: its few words for status lines, and
//! whether the branch that is checked out is a phase's.

use std::path::PathBuf;

use super::enroll;
use crate::book::brief;
use crate::book::fields::Fields;
use crate::book::{self, place};
use crate::config::model::Plans;
use crate::locate::Location;
use crate::phase::branch;

/// Whether `branch`, checked out at `at`, is one that the book there records for a phase and that auto-sync takes along
/// beside the branch (or glob) `pinned`. A book that cannot be read records none.
#[must_use]
pub fn is_of_phase(at: &Location, plans: &Plans, pinned: &str, branch: &str) -> bool {
    // Most branches need no look at the book.
    if !plans.sync_branches || !branch.starts_with(&plans.branch_prefix) {
        return false;
    }
    let Ok(Some(found)) = place::read(&place::books(at).worktree) else { return false };
    let Ok(text) = String::from_utf8(found.bytes) else { return false };
    Fields::read(&text).is_ok_and(|(fields, _)| branch::is_of_phase(&fields, plans, pinned, branch))
}

/// The branch to go back to from a phase's.
#[must_use]
pub fn main_branch<'p>(plans: &'p Plans, pinned: &'p str) -> &'p str {
    match &plans.main_branch {
        Some(main) => main,
        None if enroll::is_glob(pinned) => "main",
        None => pinned,
    }
}

/// The few words for status lines, where a plan is under way at `at`, and the file they were read from.
#[must_use]
pub fn words(at: &Location) -> (Option<String>, PathBuf) {
    let top = place::books(at).worktree;
    let found = place::read(&top).ok().flatten();
    let words = found.and_then(|f| brief::brief(&f.bytes)).map(|b| b.words).filter(|w| !w.is_empty());
    (words, top.join(book::FILE))
}
