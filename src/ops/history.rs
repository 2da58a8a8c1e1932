//! Snapshots: what was kept before each sync, and bringing it back.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::context::Context;
use crate::locate::Location;
use crate::queue::Trigger;
use crate::sync::outcome::End;

/// A kept state: HEAD, index and working tree before a sync changed anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Its name below `refs/craft/backup/`.
    pub id: String,
    /// The commit that holds it.
    pub commit: String,
    /// When it was taken.
    pub taken: Millis,
    /// What made the sync happen.
    pub trigger: Trigger,
    /// The working tree.
    pub worktree: String,
    /// The branch; empty where HEAD was on none.
    pub branch: String,
    /// The commit of HEAD; empty on an unborn branch.
    pub head: String,
    /// How many files differed from HEAD.
    pub dirty: usize,
}

/// What an undo did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undone {
    /// The snapshot that was brought back.
    pub id: String,
    /// The snapshot that was taken just before, which undoes the undo.
    pub before: String,
    /// The branch.
    pub branch: String,
    /// The commit of HEAD now.
    pub head: String,
    /// How many files changed in the working tree.
    pub files: usize,
}

/// All snapshots of the working tree, newest first.
///
/// # Errors
/// How it ended instead.
pub fn list(_ctx: &Context, _at: &Location) -> Result<Vec<Snapshot>, End> {
    todo!()
}

/// Brings HEAD's branch, index and working tree back to the snapshot `id` (the newest where none is
/// given). The present state is kept as a snapshot first; no remote is touched; automatic sync of
/// the repository is paused, since the next pull would undo the undo.
///
/// # Errors
/// How it ended instead.
pub fn undo(_ctx: &Context, _at: &Location, _id: Option<&str>) -> Result<Undone, End> {
    todo!()
}
