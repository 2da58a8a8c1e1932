//! `auto-sync-state.json`: the seed's `lastSync` and `statistics`, for all and per repository.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::file::Versioned;
use crate::clock::Millis;
use crate::queue::Trigger;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct State {
    /// Format version; 1.
    pub version: u32,
    /// The last sync of any repository.
    pub last_sync: Option<LastSync>,
    /// Counts over all repositories.
    pub statistics: Statistics,
    /// Per repository, by the path of its git common folder.
    pub repositories: BTreeMap<String, RepoState>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            version: Self::VERSION,
            last_sync: None,
            statistics: Statistics::default(),
            repositories: BTreeMap::new(),
        }
    }
}

impl Versioned for State {
    const VERSION: u32 = 1;
}

/// One sync, as the seed records it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastSync {
    /// When it ended, RFC 3339.
    pub timestamp: String,
    /// What made it happen: `session-start`, `session-end`, `user-prompt`, `manual`, `recovery`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `success`, `offline`, `conflict`, `refused`, `failed` or `busy`.
    pub status: String,
    /// One sentence for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// How long it took, in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
}

/// Counts. The first five are the seed's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Statistics {
    /// Syncs that were tried, whatever their end.
    pub total_syncs: u64,
    /// Of these, made by a session's start.
    pub session_start_syncs: u64,
    /// Of these, made by a session's end.
    pub session_end_syncs: u64,
    /// Of these, made by a prompt.
    pub prompt_syncs: u64,
    /// When a prompt was last looked at (milliseconds since the epoch).
    pub last_prompt_check: Millis,
    /// Syncs that failed.
    pub failed_syncs: u64,
    /// Syncs that met a conflict.
    pub conflicts: u64,
    /// Work of crashed sessions that was found and done.
    pub recovered: u64,
}

impl Statistics {
    /// Counts one cause of a sync; one sync may have several.
    pub fn count(&mut self, trigger: Trigger) {
        match trigger {
            Trigger::SessionStart => self.session_start_syncs += 1,
            Trigger::SessionEnd => self.session_end_syncs += 1,
            Trigger::UserPrompt => self.prompt_syncs += 1,
            Trigger::Recovery => self.recovered += 1,
            Trigger::Manual | Trigger::Job => {}
        }
    }
}

/// What is remembered of one repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RepoState {
    /// Its last sync.
    pub last_sync: Option<LastSync>,
    /// Its counts.
    pub statistics: Statistics,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// Whether the last failure was one of sending, which no pull that went well makes good.
    pub failed_push: bool,
    /// No automatic sync before this time (backoff); 0 is at once.
    pub not_before: Millis,
    /// Why automatic sync rests until `force` or `enable`, where it does.
    pub paused: Option<String>,
    /// What needs the user.
    pub attention: Option<Attention>,
    /// What was last told of paths that were left out, so that it is told once.
    pub left_out_told: Option<String>,
}

/// Something only the user can mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attention {
    /// One word: `conflict`, `gate`, `auth`, …; the same kind and text is told once.
    pub kind: String,
    /// What happened, in one sentence.
    pub message: String,
    /// The one command that mends it or leads on.
    pub command: String,
    /// How many files a conflict is about; 0 for anything else, and where it is not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub files: usize,
    /// Since when.
    pub since: Millis,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
