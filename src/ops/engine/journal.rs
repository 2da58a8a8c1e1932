//! What is being done to a repository right now, written down before it is done, so that the next run
//! can finish it: `<git common dir>/craft/journal.json`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Engine;
use crate::clock::Millis;
use crate::fs::atomic::{self, Durability};
use crate::fs::{read_optional, remove_optional};
use crate::locate::Location;
use crate::sync::outcome::{End, Refusal};

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Staging and committing.
    Commit,
    /// Moving branch, index and tree from one commit to a later one.
    Forward,
    /// Bringing a snapshot back.
    Undo,
}

/// The journal's one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Format version; 1.
    pub version: u32,
    /// What is under way.
    pub kind: Kind,
    /// Where.
    pub worktree: PathBuf,
    /// Its git folder.
    pub git_dir: PathBuf,
    /// The branch.
    pub branch: String,
    /// HEAD's commit before; empty on an unborn branch.
    pub from: String,
    /// Where it goes: a commit, or the id of a snapshot.
    pub to: String,
    /// The snapshot taken before.
    pub snapshot: String,
    /// Since when.
    pub started: Millis,
}

/// Where our files of a repository lie.
#[must_use]
pub fn folder(common_dir: &Path) -> PathBuf {
    common_dir.join("craft")
}

/// The repository's lock.
#[must_use]
pub fn lock_file(common_dir: &Path) -> PathBuf {
    folder(common_dir).join("lock")
}

fn entry_file(common_dir: &Path) -> PathBuf {
    folder(common_dir).join("journal.json")
}

/// The open entry; `None` where nothing is under way. An entry that cannot be read names nothing that
/// could be finished.
#[must_use]
pub fn read(common_dir: &Path) -> Option<Entry> {
    serde_json::from_slice(&read_optional(&entry_file(common_dir)).ok()??).ok()
}

/// Closes the entry.
pub fn close(common_dir: &Path) {
    let _ = remove_optional(&entry_file(common_dir));
}

impl Engine<'_> {
    pub(super) fn open_journal(&mut self, kind: Kind, to: &str) -> Result<(), End> {
        let entry = Entry {
            version: 1,
            kind,
            worktree: self.at.worktree.clone(),
            git_dir: self.at.git_dir.clone(),
            branch: self.branch.clone(),
            from: self.head.clone().unwrap_or_default(),
            to: to.to_owned(),
            snapshot: self.kept.as_ref().map(|k| k.id.clone()).unwrap_or_default(),
            started: self.ctx.clock.now_ms(),
        };
        write(self.at, &entry)
    }

    pub(super) fn close_journal(&mut self) {
        close(&self.at.common_dir);
    }
}

/// Writes the entry, durably.
pub(super) fn write(at: &Location, entry: &Entry) -> Result<(), End> {
    let refused = |reason: String| End::Refused {
        kind: Refusal::ReadOnly,
        reason,
        command: format!("ls -ld {}", crate::sync::quote::path(&folder(&at.common_dir))),
    };
    let text = serde_json::to_vec_pretty(entry).map_err(|e| refused(e.to_string()))?;
    atomic::store(&entry_file(&at.common_dir), &text, Durability::Full).map_err(|e| refused(e.to_string()))
}
