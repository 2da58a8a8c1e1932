//! The steps of a sync, in the order in which they may come.

use serde::{Deserialize, Serialize};

/// One step. Each can be repeated after a crash without harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "step")]
pub enum Step {
    /// Keep HEAD, index and working tree under `refs/craft/backup/`.
    Snapshot,
    /// Commit what changed.
    Commit {
        /// How many files.
        files: usize,
    },
    /// Ask the remote for news.
    Fetch {
        /// The remote.
        remote: String,
        /// Its branch.
        branch: String,
    },
    /// Make a merge commit of two sides that have both moved. The trial merge was clean.
    Merge {
        /// Commits of ours the remote does not have.
        ours: usize,
        /// Commits of theirs that are new here.
        theirs: usize,
    },
    /// Move branch and working tree forward to a commit that contains the present one.
    FastForward {
        /// How many commits arrive.
        commits: usize,
        /// How many files change.
        files: usize,
    },
    /// Send commits.
    Push {
        /// The remote.
        remote: String,
        /// Its branch.
        branch: String,
        /// How many commits.
        commits: usize,
    },
    /// Make the branch on the remote, which does not have it yet.
    Publish {
        /// The remote.
        remote: String,
        /// The branch to make.
        branch: String,
    },
}

/// How far a step is, as git tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What git is doing: "Receiving objects".
    pub phase: String,
    /// How far, in percent.
    pub percent: u8,
}

/// Hears what a sync is doing. Silence is the default.
pub trait Reporter {
    /// A step begins.
    fn step(&mut self, _step: &Step) {}
    /// The step goes on.
    fn progress(&mut self, _progress: &Progress) {}
    /// Something begins within the step, of which nobody knows how far it is.
    fn phase(&mut self, _name: &str) {}
}

/// Hears and says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {}
