//! Snapshots: what was kept before each sync, and bringing it back.

use serde::{Deserialize, Serialize};

use std::time::Duration;

use crate::clock::Millis;
use crate::config::model::{Action, Config};
use crate::context::Context;
use crate::locate::Location;
use crate::ops::engine::{self, Dirty, Job};
use crate::ops::{enrolled, record, sync};
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
pub fn list(ctx: &Context, at: &Location) -> Result<Vec<Snapshot>, End> {
    let config = Config::default();
    let git = engine::git_for(ctx, at, &config);
    let found = engine::snapshot::list(&git).map_err(|e| End::Failed { reason: e.to_string(), transient: false })?;
    let here = at.worktree.display().to_string();
    Ok(found.into_iter().filter(|s| s.worktree == here).collect())
}

/// Brings HEAD's branch, index and working tree back to the snapshot `id` (the newest where none is
/// given). The present state is kept as a snapshot first; no remote is touched; automatic sync of
/// the repository is paused, since the next pull would undo the undo.
///
/// # Errors
/// How it ended instead.
pub fn undo(ctx: &Context, at: &Location, id: Option<&str>) -> Result<Undone, End> {
    let enrolled = enrolled::find(ctx, at)?;
    let patience = Duration::from_secs(enrolled.config.lock.timeout_seconds);
    let guard = sync::hold(ctx, at, "undo", patience)?;
    let job = Job {
        config: &enrolled.config,
        pin: &enrolled.repository,
        action: Action::Observe,
        trigger: Trigger::Manual,
        session: None,
        accept: &[],
        publish: false,
    };
    let undone = engine::undo(ctx, at, &job, id);
    if undone.is_ok() {
        record::pause(ctx, at, "an undo: the next sync would bring back what it took away");
        engine::observe(ctx, at, &job, Dirty::Ask);
    }
    sync::release(ctx, at, guard);
    undone
}
