//! Copies of theirs, which lie beside a file in conflict. While it is one, nobody else is to see them: neither a commit
//! of the user's nor one of an auto-sync.

use std::collections::BTreeSet;

use super::applied;
use crate::beacon::applied::Applied;
use crate::git::command::Git;
use crate::ops::beacon::Place;
use crate::ops::error::OpError;
use crate::ops::exclude;

/// Keeps them out of git, in this clone.
///
/// # Errors
/// Where git's list of what is ignored cannot be written.
pub(super) fn hide<'c>(place: &Place, copies: impl Iterator<Item = &'c str>) -> Result<(), OpError> {
    for copy in copies.filter(|copy| !copy.is_empty()) {
        exclude::keep_out_of_git(&place.at.worktree.join(copy)).map_err(|error| {
            OpError::from(error).remedy("let that file be written; it keeps copies of theirs out of commits")
        })?;
    }
    Ok(())
}

/// Lets those be seen again whose conflict is over from `known` to `next`: a file of that name is the user's. The
/// working trees of a repository share the list, so one that is open elsewhere stays in it. What cannot be done is a
/// remark: by then all else is.
pub(super) fn show(place: &Place, git: &Git<'_>, known: &Applied, next: &Applied) -> Vec<String> {
    let open = |applied: &Applied| -> BTreeSet<String> {
        applied.state.conflicts.iter().map(|c| c.beside.clone()).filter(|copy| !copy.is_empty()).collect()
    };
    let over: Vec<_> = open(known).difference(&open(next)).cloned().collect();
    if over.is_empty() {
        return Vec::new();
    }
    let elsewhere = match applied::copies_everywhere(place, git) {
        Ok(copies) => copies,
        Err(error) => return vec![format!("git still ignores {}: {}", over.join(", "), error.message)],
    };
    let over = over.iter().filter(|copy| !elsewhere.contains(*copy));
    over.filter_map(|copy| exclude::let_into_git(&place.at.worktree.join(copy)).err().map(|e| (copy, e)))
        .map(|(copy, error)| format!("git still ignores {copy:?}: {error}"))
        .collect()
}
