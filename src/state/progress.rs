//! How far running work is, for whoever watches: one small file for each, there only while it runs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;

/// Work that is being done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Format version; 1.
    pub version: u32,
    /// The process that does it.
    pub pid: u32,
    /// The machine.
    pub host: String,
    /// The working tree it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worktree: Option<PathBuf>,
    /// The job it is part of, where it is part of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What is being done: `fetch origin/main`.
    pub what: String,
    /// How far, in percent, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// When the work began.
    pub since: Millis,
    /// When this was written.
    pub at: Millis,
}
