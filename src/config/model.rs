//! The configuration's types and defaults.
//!
//! `autoSync` has the names, the nesting and the defaults of the seed document on auto-sync; the
//! other sections stand beside it. Every field may be missing. `docs/formats.md` lists them all.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::permission::Permissions;

/// `craft/config.json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Config {
    /// Format version; 1.
    pub version: Version,
    /// The seed's object: switches and triggers.
    pub auto_sync: AutoSync,
    /// The repositories that are enrolled. Nothing happens in any other.
    pub repositories: Vec<Repository>,
    /// What to do when both sides changed the same lines.
    pub conflict: Conflict,
    /// When and how often a failed sync is tried again.
    pub retry: Retry,
    /// How long to wait for another process of ours.
    pub lock: Lock,
    /// Sizes, counts and times that must not be exceeded.
    pub limits: Limits,
    /// Which paths of a repository take part.
    pub paths: Paths,
    /// What must not be committed unasked.
    pub security: Security,
    /// What may leave this machine, and what may be taken in.
    pub permissions: Permissions,
    /// Recurring jobs.
    pub scheduler: Scheduler,
    /// What the user is told, and how.
    pub notifications: Notifications,
    /// What is written down.
    pub logging: Logging,
    /// Phased plans.
    pub plans: Plans,
    /// Files handed from one environment to another.
    pub beacon: Beacon,
}

/// The version of the file's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u32);

impl Default for Version {
    fn default() -> Self {
        Self(1)
    }
}

/// The seed's `autoSync` object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AutoSync {
    /// The global switch.
    pub enabled: bool,
    /// The three occasions.
    pub triggers: Triggers,
}

impl Default for AutoSync {
    fn default() -> Self {
        Self { enabled: true, triggers: Triggers::default() }
    }
}

/// The three occasions at which a sync happens by itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Triggers {
    /// A session starts.
    pub session_start: SessionStart,
    /// A session ends.
    pub session_end: SessionEnd,
    /// A prompt is submitted.
    pub user_prompt: UserPrompt,
}

/// What a sync does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Look only: refresh what is known.
    Observe,
    /// Take in what the remote has.
    Pull,
    /// Commit, and send to the remote (which includes taking in what it has, where it has moved).
    Push,
    /// Pull, then push.
    Sync,
}

impl Action {
    /// The one action that does what both do.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == other {
            self
        } else if self == Self::Observe {
            other
        } else if other == Self::Observe {
            self
        } else {
            Self::Sync
        }
    }

    /// Whether work is committed and sent.
    #[must_use]
    pub fn pushes(self) -> bool {
        matches!(self, Self::Push | Self::Sync)
    }

    /// The word used in files and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Sync => "sync",
        }
    }
}

/// `autoSync.triggers.sessionStart`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SessionStart {
    /// Whether this trigger is on.
    pub enabled: bool,
    /// What it does.
    pub action: Action,
    /// Say nothing unless something needs the user.
    pub silent: bool,
    /// How long, in milliseconds, the hook may wait for the worker's answer; 0 is never.
    pub budget_ms: u64,
    /// Tell the model what arrived (`additionalContext`).
    pub additional_context: bool,
    /// Message of the commit a pull needs when local edits touch incoming files.
    pub commit_message: String,
}

impl Default for SessionStart {
    fn default() -> Self {
        Self {
            enabled: true,
            action: Action::Pull,
            silent: true,
            budget_ms: 2500,
            additional_context: true,
            commit_message: "Auto-sync: Session start ${timestamp}".into(),
        }
    }
}

/// `autoSync.triggers.sessionEnd`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SessionEnd {
    /// Whether this trigger is on.
    pub enabled: bool,
    /// What it does.
    pub action: Action,
    /// Say nothing unless something needs the user.
    pub silent: bool,
    /// The message; `${timestamp} ${host} ${user} ${branch} ${files} ${session}` are filled in.
    pub commit_message: String,
}

impl Default for SessionEnd {
    fn default() -> Self {
        Self {
            enabled: true,
            action: Action::Push,
            silent: false,
            commit_message: "Auto-sync: Session end ${timestamp}".into(),
        }
    }
}

/// `autoSync.triggers.userPrompt`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct UserPrompt {
    /// Whether this trigger is on.
    pub enabled: bool,
    /// One prompt in this many syncs.
    pub probability: u64,
    /// What it does.
    pub action: Action,
    /// Say nothing unless something needs the user.
    pub silent: bool,
    /// No second look within this many milliseconds, across all sessions of a repository.
    pub debounce_ms: u64,
    /// The message; the same words as in `sessionEnd` are filled in.
    pub commit_message: String,
}

impl Default for UserPrompt {
    fn default() -> Self {
        Self {
            enabled: true,
            probability: 27,
            action: Action::Sync,
            silent: true,
            debounce_ms: 5000,
            commit_message: "Auto-sync: Prompt ${timestamp}".into(),
        }
    }
}

/// An enrolled repository. Path, remote and branch are pinned: a sync refuses when they no longer fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// The working tree, absolute and without symlinks.
    pub path: PathBuf,
    /// The git common directory; all linked worktrees of the repository have the same.
    pub common_dir: PathBuf,
    /// Name of the remote; `None` for a repository that has none and is only committed.
    #[serde(default)]
    pub remote: Option<String>,
    /// URL of that remote as git resolves it, without credentials.
    #[serde(default)]
    pub remote_url: Option<String>,
    /// URL pushes go to, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_url: Option<String>,
    /// The branch that is synced; a glob (`*` for all) where the user asked for more than one.
    pub branch: String,
    /// The branch of the remote that `branch` followed; `None` where it followed none, or is a glob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Whether a branch that the remote does not have yet may be published there.
    #[serde(default)]
    pub publish: bool,
    /// Whether this repository is switched off for now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// When it was enrolled, RFC 3339.
    #[serde(default)]
    pub enrolled: String,
    /// Sections of the configuration that differ here: a JSON merge patch (RFC 7396) over
    /// `autoSync`, `conflict`, `retry`, `lock`, `limits`, `paths`, `security`, `permissions`, `plans` and `beacon`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overrides: BTreeMap<String, Value>,
}

/// What happens when both sides changed the same lines.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Conflict {
    /// The policy.
    pub policy: ConflictPolicy,
    /// Globs of files in which the local side wins a conflict.
    pub ours: Vec<String>,
    /// Globs of files in which the remote side wins a conflict.
    pub theirs: Vec<String>,
}

/// See [`Conflict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConflictPolicy {
    /// Leave the tree as it is and tell the user.
    #[default]
    Stop,
    /// The same, and push the local side to `craft/conflict/<host>/<timestamp>`.
    Branch,
}

/// When a failed sync is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Retry {
    /// Tries within one sync, for what passes by itself (a push race, a busy index).
    pub attempts: u32,
    /// First bound of the random wait, in milliseconds (exponential backoff with full jitter).
    pub base_ms: u64,
    /// Largest bound of the random wait between two automatic syncs, in milliseconds.
    pub cap_ms: u64,
    /// After this many failed syncs in a row the repository is paused.
    pub pause_after: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 5, base_ms: 200, cap_ms: 1_800_000, pause_after: 5 }
    }
}

/// Waiting for another process of ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Lock {
    /// How long, in seconds.
    pub timeout_seconds: u64,
}

impl Default for Lock {
    fn default() -> Self {
        Self { timeout_seconds: 60 }
    }
}

/// What must not be exceeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Limits {
    /// Larger files, in MiB, are left out of a commit (GitHub warns at 50 and refuses at 100).
    pub max_file_mib: u64,
    /// Fewer deleted files than this are never a mass deletion.
    pub mass_deletion_files: u64,
    /// A commit that deletes at least this share of all files, in percent, is a mass deletion.
    pub mass_deletion_percent: u64,
    /// Longest time, in seconds, for one conversation with a remote.
    pub network_seconds: u64,
    /// Longest time, in seconds, for a commit, the user's own hooks included.
    pub commit_seconds: u64,
    /// Snapshots are kept this many days.
    pub snapshot_days: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_file_mib: 50,
            mass_deletion_files: 20,
            mass_deletion_percent: 50,
            network_seconds: 120,
            commit_seconds: 300,
            snapshot_days: 30,
        }
    }
}

/// Which paths take part: globs relative to the top of the repository.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Paths {
    /// Only these; empty is all.
    pub include: Vec<String>,
    /// Never these.
    pub exclude: Vec<String>,
}

/// What must not be committed unasked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Security {
    /// Leave out new files whose names say that they hold secrets (`.env*`, private keys, …).
    pub deny_names: bool,
    /// Globs of files whose names may be committed all the same.
    pub allow: Vec<String>,
    /// Scan what would be committed and what would be pushed for credentials.
    pub scan: bool,
    /// Files larger than this, in MiB, cannot be scanned, and stop a commit or push.
    pub scan_max_mib: u64,
    /// A report of gitleaks whose findings are known: absolute, or in the repository as the remote has it.
    pub baseline: Option<String>,
}

impl Default for Security {
    fn default() -> Self {
        Self { deny_names: true, allow: Vec::new(), scan: true, scan_max_mib: 64, baseline: None }
    }
}

/// Recurring jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Scheduler {
    /// Whether jobs run by themselves at all.
    pub enabled: bool,
    /// What is done about runs that were missed because no session ran.
    pub catch_up: CatchUp,
    /// How many missed runs are made up for at most, where it is `all`.
    pub catch_up_cap: u32,
    /// After this many failures in a row a job waits for `reset`.
    pub max_retries: u32,
}

impl Default for Scheduler {
    fn default() -> Self {
        Self { enabled: false, catch_up: CatchUp::Once, catch_up_cap: 5, max_retries: 3 }
    }
}

/// See [`Scheduler`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    /// One run stands for all.
    #[default]
    Once,
    /// Each is made up for, up to the cap.
    All,
    /// None is: the job waits for its next time.
    Skip,
}

/// What the user is told, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Notifications {
    /// Whether hooks tell of notifications. They are kept in any case.
    pub enabled: bool,
    /// Whether they are shown on the desktop too.
    pub desktop: bool,
    /// Less important ones are kept, and not told.
    pub min_severity: Severity,
    /// Types that are not told.
    pub muted: Vec<NotificationType>,
    /// They are kept this many days.
    pub keep_days: u64,
}

impl Default for Notifications {
    fn default() -> Self {
        Self {
            enabled: true,
            desktop: false,
            min_severity: Severity::Info,
            muted: vec![NotificationType::JobComplete],
            keep_days: 30,
        }
    }
}

/// How much a notification matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth a look.
    Warning,
    /// Told until it is dismissed.
    Critical,
}

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotificationType {
    /// Something was taken in from a tracker.
    ImportComplete,
    /// Documents and code disagree.
    Discrepancy,
    /// A sync, or a job, fails again and again.
    SyncFailure,
    /// Both sides changed the same lines.
    Conflict,
    /// Something has drifted from what it should be.
    Drift,
    /// A job has done something worth a word.
    JobComplete,
    /// A credential, or something else that must be looked at.
    Security,
    /// There is a newer version.
    Update,
}

/// What is written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Logging {
    /// The journal is kept this many days.
    pub retention_days: u64,
    /// A file of the journal is turned over when it is larger than this, in MiB, and each day.
    pub max_mib: u64,
}

impl Default for Logging {
    fn default() -> Self {
        Self { retention_days: 30, max_mib: 16 }
    }
}

/// Phased plans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Plans {
    /// Whether a session that starts is told how the plan stands.
    pub session_context: bool,
    /// Whether to-dos are ticked that an answer of the model names as done in a line of their own.
    pub stop_markers: bool,
    /// What the names of the branches of phases begin with.
    pub branch_prefix: String,
    /// The branch that phases are merged into; `null` for the one that the remote's HEAD names, `main` or `master`.
    pub main_branch: Option<String>,
    /// Whether auto-sync of an enrolled repository pushes the branches of phases as well.
    pub sync_branches: bool,
}

impl Default for Plans {
    fn default() -> Self {
        Self {
            session_context: true,
            stop_markers: true,
            branch_prefix: "para/".into(),
            main_branch: None,
            sync_branches: true,
        }
    }
}

/// Files handed from one environment to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Beacon {
    /// The remote that carries the messages; `null` for that of the branch that is checked out, or `origin`.
    pub remote: Option<String>,
    /// The folders that files are taken from and put into, relative to the top of the repository. Nothing outside of
    /// them is ever written.
    pub folders: Vec<String>,
    /// E-mail addresses whose messages are accepted, beside the user's own (`user.email`); and signers, or fingerprints of
    /// keys, that may sign for somebody else.
    pub authors: Vec<String>,
    /// Accept only messages whose signature git finds good and that is the committer's.
    pub require_signature: bool,
    /// Most files in a message.
    pub max_files: u64,
    /// Most bytes in all files of a message, in MiB.
    pub max_mib: u64,
    /// Whether a session that starts is told what waits.
    pub session_context: bool,
    /// How a beacon is watched.
    pub watch: BeaconWatch,
    /// The issue on GitHub that says that something waits.
    pub github: BeaconBell,
}

impl Default for Beacon {
    fn default() -> Self {
        Self {
            remote: None,
            folders: vec![".claude/planning".into(), ".claude/implementation".into()],
            authors: Vec::new(),
            require_signature: false,
            max_files: 200,
            max_mib: 20,
            session_context: true,
            watch: BeaconWatch::default(),
            github: BeaconBell::default(),
        }
    }
}

/// How a beacon is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BeaconWatch {
    /// Seconds between two looks, give or take a tenth.
    pub interval_seconds: u64,
    /// Whether what waits is taken in by itself.
    pub pull: bool,
    /// Whether files that were changed here are sent by themselves.
    pub push: bool,
}

impl Default for BeaconWatch {
    fn default() -> Self {
        Self { interval_seconds: 60, pull: false, push: false }
    }
}

/// The issue on GitHub that says that something waits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BeaconBell {
    /// Whether there is one.
    pub enabled: bool,
    /// `owner/name`; `null` for the repository that the remote names.
    pub repository: Option<String>,
    /// Where the interface is; `null` for that of the host the remote names (`https://api.github.com`).
    pub api: Option<String>,
    /// Logins whose issue is taken for the beacon's, beside the user's own.
    pub logins: Vec<String>,
}
