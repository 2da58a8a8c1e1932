//! What is known of a repository, with the time it was seen and what would make it stale.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file::Versioned;
use crate::clock::Millis;

/// The cached status of one working tree: `craft/repos/<key>/status.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Observed {
    /// Format version; 1.
    pub version: u32,
    /// When it was seen.
    pub at: Millis,
    /// The working tree.
    pub worktree: PathBuf,
    /// The branch; empty where HEAD is on none.
    pub branch: String,
    /// The commit of HEAD; empty on an unborn branch.
    pub head: String,
    /// The upstream for people, `origin/main`; empty where there is none.
    pub upstream: String,
    /// The commit of the upstream as last fetched.
    pub remote_tip: String,
    /// Commits the upstream does not have.
    pub ahead: usize,
    /// Commits of the upstream that are not here.
    pub behind: usize,
    /// Changed and new files; `None` where nobody has looked.
    pub dirty: Option<usize>,
    /// HEAD, the index and the refs as they were.
    pub marks: Vec<Mark>,
}

impl Versioned for Observed {
    const VERSION: u32 = 1;
}

impl Observed {
    /// Whether HEAD, index and refs are still what they were. Edits in the working tree do not show
    /// here; [`at`](Self::at) says how old `dirty` is.
    #[must_use]
    pub fn fresh(&self) -> bool {
        !self.marks.is_empty() && self.marks.iter().all(|m| *m == Mark::of(&m.path))
    }
}

/// A file and what changes when it is replaced or written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// The file.
    pub path: PathBuf,
    /// Its inode; 0 where there is no such file.
    pub inode: u64,
    /// Its size in bytes.
    pub size: u64,
    /// When it was changed: seconds and nanoseconds.
    pub changed: (i64, i64),
}

impl Mark {
    /// The mark of `path` now.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let meta = std::fs::symlink_metadata(path).ok();
        Self {
            path: path.to_owned(),
            inode: meta.as_ref().map_or(0, MetadataExt::ino),
            size: meta.as_ref().map_or(0, MetadataExt::size),
            changed: meta.map_or((0, 0), |m| (m.ctime(), m.ctime_nsec())),
        }
    }
}
