//! What is kept of a beacon beside the repository: which side a working tree is, and what was last found waiting.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::state::file::Versioned;

/// Which side of a beacon a working tree is: `beacon.json` in the folder of the repository (see
/// [`repo_key`](crate::fs::layout::repo_key), here made of the working tree's own git folder).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Identity {
    /// Format version; 1.
    pub version: u32,
    /// 16 hexadecimal digits by chance.
    pub id: String,
    /// Name of the environment: `Code`, `Desktop`, or another.
    pub name: String,
    /// Whom messages are for unless a command says otherwise; empty for the seed's other side.
    pub to: Vec<String>,
    /// The channel.
    pub channel: String,
    /// The working tree.
    pub worktree: PathBuf,
    /// Remotes that take no refs but branches, by their URL without credentials, and since when that is known.
    pub branches_only: BTreeMap<String, Millis>,
}

/// What was last found waiting: `beacon-waiting.json`, written by whoever looks at the remote, read by hooks and status
/// lines. Texts in it come from others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Waiting {
    /// Format version; 1.
    pub version: u32,
    /// When the remote was last reached; 0 for never.
    pub checked_at: Millis,
    /// Since when it cannot be reached; 0 where it can.
    pub offline_since: Millis,
    /// Messages that wait here to be taken in.
    pub messages: u64,
    /// Number of the newest of them; what was told is told once.
    pub seq: u64,
    /// Paths of their files, at most twenty.
    pub files: Vec<String>,
    /// How many files there are.
    pub file_count: u64,
    /// Names of the environments they come from.
    pub from: Vec<String>,
    /// The newest note.
    pub note: String,
    /// Files with a conflict that nobody has settled.
    pub conflicts: u64,
    /// Messages of ours that wait to go out, and since when; 0 where there are none.
    pub queued: u64,
    /// See `queued`.
    pub queued_since: Millis,
    /// Messages that are not accepted.
    pub held: u64,
}

impl Versioned for Waiting {
    const VERSION: u32 = 1;
}
