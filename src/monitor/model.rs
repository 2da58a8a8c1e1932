//! Everything the monitor shows. Its JSON form is stable; `docs/formats.md` describes it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::audit::Entry;
use crate::clock::{self, Millis};
pub use crate::notify::Severity;

/// Version of the JSON form.
pub const VERSION: u32 = 1;

/// All of it at one moment. Times are RFC 3339 with milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    /// Version of this form; 1.
    pub version: u32,
    /// When it was put together.
    #[serde(with = "clock::iso")]
    pub generated_at: Millis,
    /// What is wrong with our own files, or could not be read.
    pub problems: Vec<String>,
    /// The scheduler.
    pub scheduler: Scheduler,
    /// The recurring jobs.
    pub jobs: Vec<Job>,
    /// All enrolled repositories.
    pub repositories: Vec<Repository>,
    /// Work that is being done at this moment.
    pub running: Vec<Running>,
    /// Notifications that were not dismissed.
    pub notifications: Notifications,
    /// What was done in the last 24 hours.
    pub activity: Activity,
    /// How well it went in the last 24 hours.
    pub metrics: Metrics,
    /// The end of the journal, the newest first.
    pub journal: Vec<Entry>,
}

/// Whether jobs run by themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduler {
    /// Whether they do.
    pub enabled: bool,
}

/// A recurring job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its name.
    pub id: String,
    /// What it does.
    #[serde(rename = "type")]
    pub kind: String,
    /// `idle`, `running`, `failed` or `disabled`.
    pub status: String,
    /// Whether it runs by itself.
    pub enabled: bool,
    /// Milliseconds between two runs.
    pub interval_ms: u64,
    /// When it last ran.
    #[serde(with = "time")]
    pub last_run: Option<Millis>,
    /// When it is due; absent where it is not.
    #[serde(with = "time")]
    pub next_run: Option<Millis>,
    /// How the last run ended: `success`, `error`, ….
    pub last_result: Option<String>,
    /// What the last run said.
    pub last_message: Option<String>,
    /// Why the last run failed.
    pub last_error: Option<String>,
    /// Failures in a row.
    pub retry_count: u32,
    /// After this many it waits for `reset`.
    pub max_retries: u32,
    /// How far a run is that is under way, in percent.
    pub progress: Option<u8>,
}

/// An enrolled repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// The working tree.
    pub path: PathBuf,
    /// The last part of its path.
    pub name: String,
    /// The branch; empty where HEAD is on none or it cannot be read.
    pub branch: String,
    /// Commits the remote branch, as last fetched, does not have.
    pub ahead: Option<usize>,
    /// Commits of the remote branch, as last fetched, that are not here.
    pub behind: Option<usize>,
    /// Changed and new files, as last counted.
    pub dirty: Option<usize>,
    /// Its last sync.
    pub last_sync: Option<LastSync>,
    /// How it stands.
    pub health: Health,
    /// What needs the user, in a sentence, and the command that helps.
    pub attention: Option<Attention>,
}

/// How a sync ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastSync {
    /// When.
    #[serde(with = "clock::iso")]
    pub at: Millis,
    /// `success`, `conflict`, `offline`, ….
    pub status: String,
    /// What happened, in a sentence.
    pub summary: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// How a repository stands, in one word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Level with its remote.
    #[default]
    Synced,
    /// Only committed: it has no remote.
    Committed,
    /// It has commits the remote lacks.
    Ahead,
    /// The remote has commits it lacks.
    Behind,
    /// Both.
    Diverged,
    /// No sync has run yet.
    New,
    /// A sync is running.
    Syncing,
    /// HEAD is on another branch than the one that is synced.
    Resting,
    /// The remote could not be reached.
    Offline,
    /// The last sync failed, which may pass.
    Failed,
    /// Automatic sync rests until `force` or `enable`.
    Paused,
    /// The last sync refused to go on.
    Blocked,
    /// Both sides changed the same lines.
    Conflict,
    /// The configuration cannot be understood.
    Broken,
    /// Switched off.
    Off,
    /// There is no such repository any more.
    Gone,
}

impl Health {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Committed => "committed",
            Self::Ahead => "ahead",
            Self::Behind => "behind",
            Self::Diverged => "diverged",
            Self::New => "new",
            Self::Syncing => "syncing",
            Self::Resting => "resting",
            Self::Offline => "offline",
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::Blocked => "blocked",
            Self::Conflict => "conflict",
            Self::Broken => "broken",
            Self::Off => "off",
            Self::Gone => "gone",
        }
    }

    /// Whether the user should look at it.
    #[must_use]
    pub fn needs_the_user(self) -> bool {
        matches!(self, Self::Conflict | Self::Blocked | Self::Paused | Self::Broken | Self::Gone)
    }
}

/// Something that needs the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// What happened.
    pub message: String,
    /// The command that helps; empty where there is none.
    pub command: String,
}

/// Work that is being done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// What is being done: `fetch origin/main`.
    pub what: String,
    /// The working tree it is about, where it is about one.
    pub worktree: Option<PathBuf>,
    /// The job it is part of, where it is part of one.
    pub job: Option<String>,
    /// How far, in percent, where that is known.
    pub percent: Option<u8>,
    /// When it began.
    #[serde(with = "clock::iso")]
    pub since: Millis,
}

/// Notifications.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notifications {
    /// All that are kept, dismissed ones too.
    pub total: usize,
    /// Those that were not dismissed.
    pub pending: usize,
    /// Those, by how much they matter.
    pub by_severity: BySeverity,
    /// Those, the weightiest first and then the newest; at most 50.
    pub recent: Vec<Notification>,
}

/// Counts by severity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BySeverity {
    /// Good to know.
    pub info: usize,
    /// Worth a look.
    pub warning: usize,
    /// Told until dismissed.
    pub critical: usize,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Its name.
    pub id: String,
    /// What it is about: `conflict`, `sync-failure`, ….
    #[serde(rename = "type")]
    pub kind: String,
    /// How much it matters.
    pub severity: Severity,
    /// One short line.
    pub title: String,
    /// One or two sentences.
    pub message: String,
    /// How often it came.
    pub count: u64,
    /// When it first came.
    #[serde(with = "clock::iso")]
    pub created_at: Millis,
    /// When it was read.
    #[serde(with = "time")]
    pub read_at: Option<Millis>,
    /// It is not told before this time.
    #[serde(with = "time")]
    pub snoozed_until: Option<Millis>,
}

/// What was done in the last 24 hours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// All of it.
    pub last24h: Counts,
    /// The same for each platform that something was done on.
    pub by_platform: Vec<Platform>,
}

/// How often things ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Done.
    pub synced: u64,
    /// Failed.
    pub failed: u64,
    /// Left, as there was nothing to do or it could not be done.
    pub skipped: u64,
    /// Refused by the permission gate.
    pub denied: u64,
}

/// What was done on one platform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// `git`, `github`, `craft`, ….
    pub platform: String,
    /// How things ended.
    #[serde(flatten)]
    pub counts: Counts,
    /// How many there were in each hour, the present one last.
    pub hours: [u64; 24],
}

/// How well syncs went in the last 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// How many there were.
    pub syncs: u64,
    /// How long they took; absent where there was none.
    pub duration_ms: Option<Durations>,
    /// The share that failed, from 0 to 1; absent where there was none.
    pub failure_rate: Option<f64>,
    /// The share that met a conflict, from 0 to 1; absent where there was none.
    pub conflict_rate: Option<f64>,
}

/// How long things took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations {
    /// Half took no longer.
    pub median: u64,
    /// Of 20, 19 took no longer.
    pub p95: u64,
}

/// For serde: a time that may be missing, as RFC 3339 or null.
mod time {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::clock::{Millis, iso};

    #[derive(Serialize, Deserialize)]
    struct Time(#[serde(with = "iso")] Millis);

    pub(super) fn serialize<S: Serializer>(ms: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
        ms.map(Time).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Millis>, D::Error> {
        Ok(Option::<Time>::deserialize(deserializer)?.map(|t| t.0))
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
