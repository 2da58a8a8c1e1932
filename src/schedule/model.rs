//! `craft/schedule.json`: the recurring jobs, and how each stands.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::every::{DAY, HOUR, MINUTE};
use crate::clock::{self, Millis, Uptime};
use crate::state::file::Versioned;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Schedule {
    /// Format version; 1.
    pub version: u32,
    /// The jobs, one of each type.
    pub jobs: Vec<Entry>,
    /// When this was written, by the wall clock.
    #[serde(with = "time")]
    pub last_updated: Option<Millis>,
    /// The same by a clock that nobody can set: tells later by how much the wall clock was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uptime: Option<Uptime>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { version: Self::VERSION, jobs: Vec::new(), last_updated: None, uptime: None }
    }
}

impl Versioned for Schedule {
    const VERSION: u32 = 1;
}

/// A job of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// One that this program knows.
    Known(Box<Job>),
    /// One of another type, a newer program's: kept as it is, and never run.
    Foreign(Value),
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(job) => job.serialize(serializer),
            Self::Foreign(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let known = value.get("type").and_then(Value::as_str).is_some_and(|word| Kind::of(word).is_some());
        if known {
            serde_json::from_value(value).map(|job| Self::Known(Box::new(job))).map_err(D::Error::custom)
        } else {
            Ok(Self::Foreign(value))
        }
    }
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its name; that of its type, of which there is one job.
    pub id: String,
    /// What it does.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// When it runs.
    pub schedule: Timing,
    /// How it stands.
    #[serde(default)]
    pub status: Status,
    /// Why its last run failed; `None` after one that did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When its status changed.
    #[serde(default, with = "time", skip_serializing_if = "Option::is_none")]
    pub last_state_change: Option<Millis>,
    /// How its last run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_result: Option<Outcome>,
    /// What its last run said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<String>,
    /// Who runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// Missed runs that are still to be made up for.
    #[serde(default, skip_serializing_if = "is_none")]
    pub missed: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

/// When a job runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timing {
    /// From the start of one run to the next, in milliseconds.
    pub interval_ms: Millis,
    /// Whether it runs by itself.
    pub enabled: bool,
    /// When it last started.
    #[serde(default, with = "time", skip_serializing_if = "Option::is_none")]
    pub last_run: Option<Millis>,
    /// When it is due; `None` is at once, unless it has failed.
    #[serde(default, with = "time", skip_serializing_if = "Option::is_none")]
    pub next_run: Option<Millis>,
    /// Failures in a row.
    #[serde(default)]
    pub retry_count: u32,
    /// After so many it waits for `reset`; a copy of the configuration's.
    #[serde(default)]
    pub max_retries: u32,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for its time.
    #[default]
    Idle,
    /// It runs.
    Running,
    /// It failed too often, and waits for `reset`.
    Failed,
    /// It is paused.
    Disabled,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It did its work.
    Success,
    /// It could not: there is nothing yet that does it. Neither success nor failure.
    NotAvailable,
    /// It failed.
    Failed,
    /// The process that ran it died.
    Interrupted,
}

impl Outcome {
    /// As people say it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Success => "done",
            Self::NotAvailable => "not available",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The right to run a job, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// The process that runs it.
    pub pid: u32,
    /// When that process began, as the kernel counts, so that a number used again is noticed; 0 where it is not
    /// known.
    pub pid_started: u64,
    /// The machine.
    pub host: String,
    /// When the run began.
    #[serde(with = "required_time")]
    pub started: Millis,
    /// From when on the owner counts as dead where nothing can be said of it.
    #[serde(with = "required_time")]
    pub expires: Millis,
    /// Whether somebody runs it by hand: then a failure changes nothing of its schedule.
    #[serde(default)]
    pub by_hand: bool,
}

/// The types of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Sends changes to trackers.
    ExternalSync,
    /// Takes changes of trackers in.
    ExternalPull,
    /// Compares code and documents.
    DiscrepancyCheck,
    /// Brings generated documents up to date.
    LivingDocsSync,
    /// Removes old notifications.
    NotificationCleanup,
    /// Turns logs over and removes old ones.
    LogRotation,
    /// Does what crashed sessions and killed syncs left behind.
    AutoSyncRecovery,
    /// Looks for new beacons.
    BeaconWatch,
}

impl Kind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::ExternalSync,
        Self::ExternalPull,
        Self::DiscrepancyCheck,
        Self::LivingDocsSync,
        Self::NotificationCleanup,
        Self::LogRotation,
        Self::AutoSyncRecovery,
        Self::BeaconWatch,
    ];

    /// The word used in files and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ExternalSync => "external-sync",
            Self::ExternalPull => "external-pull",
            Self::DiscrepancyCheck => "discrepancy-check",
            Self::LivingDocsSync => "living-docs-sync",
            Self::NotificationCleanup => "notification-cleanup",
            Self::LogRotation => "log-rotation",
            Self::AutoSyncRecovery => "auto-sync-recovery",
            Self::BeaconWatch => "beacon-watch",
        }
    }

    /// The type with that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// How often it runs where nobody has said, and whether it does so by itself.
    #[must_use]
    pub fn usual(self) -> (Millis, bool) {
        match self {
            Self::ExternalSync | Self::AutoSyncRecovery => (15 * MINUTE, true),
            Self::ExternalPull | Self::DiscrepancyCheck => (HOUR, false),
            Self::LivingDocsSync => (30 * MINUTE, false),
            Self::NotificationCleanup | Self::LogRotation => (DAY, true),
            Self::BeaconWatch => (5 * MINUTE, false),
        }
    }

    /// A run that takes longer is ended, in milliseconds. Recovery may have many repositories to sync.
    #[must_use]
    pub fn bound(self) -> Millis {
        match self {
            Self::AutoSyncRecovery => HOUR,
            _ => 10 * MINUTE,
        }
    }

    /// A new job of this type.
    #[must_use]
    pub fn job(self) -> Job {
        let (interval_ms, enabled) = self.usual();
        Job {
            id: self.word().to_owned(),
            kind: self,
            schedule: Timing { interval_ms, enabled, last_run: None, next_run: None, retry_count: 0, max_retries: 0 },
            status: if enabled { Status::Idle } else { Status::Disabled },
            last_error: None,
            last_state_change: None,
            last_result: None,
            last_message: None,
            lease: None,
            missed: 0,
        }
    }
}

impl Schedule {
    /// The jobs this program knows, in the order in which they are shown.
    pub fn known(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter_map(|entry| match entry {
            Entry::Known(job) => Some(&**job),
            Entry::Foreign(_) => None,
        })
    }

    pub(super) fn known_mut(&mut self) -> impl Iterator<Item = &mut Job> {
        self.jobs.iter_mut().filter_map(|entry| match entry {
            Entry::Known(job) => Some(&mut **job),
            Entry::Foreign(_) => None,
        })
    }

    /// The job of a type; `None` before [`settle`](Self::settle).
    #[must_use]
    pub fn job(&self, kind: Kind) -> Option<&Job> {
        self.known().find(|job| job.kind == kind)
    }

    pub(super) fn job_mut(&mut self, kind: Kind) -> Option<&mut Job> {
        self.known_mut().find(|job| job.kind == kind)
    }
}

/// The last moment of the year 9999, in milliseconds: RFC 3339 has no later one.
pub const LAST: Millis = 253_402_300_799_999;

/// A time that need not be there.
mod time {
    use super::{Deserialize as _, Deserializer, LAST, Millis, Serializer, clock};
    use serde::de::Error as _;

    #[expect(clippy::ref_option, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(ms: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
        match ms {
            Some(ms) => serializer.serialize_str(&clock::rfc3339_ms((*ms).min(LAST))),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Millis>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let ms = clock::parse_rfc3339(&text).ok_or_else(|| D::Error::custom("no time as RFC 3339 has it"))?;
        Ok(Some(ms.min(LAST)))
    }
}

/// A time that has to be there.
mod required_time {
    use super::{Deserializer, LAST, Millis, Serializer, clock};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(ms: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
        clock::iso::serialize(&(*ms).min(LAST), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Millis, D::Error> {
        Ok(clock::iso::deserialize(deserializer)?.min(LAST))
    }
}
