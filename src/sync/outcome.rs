//! How a sync ended. Typed, so that nothing is "in sync" by accident.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::config::model::Action;
use crate::queue::Trigger;
use crate::scan::redact::hush_json;
pub use crate::scan::report::Entry as Spotted;

/// How one sync of one repository ended, with all that is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The working tree.
    pub repository: String,
    /// The branch; empty where HEAD is on none.
    pub branch: String,
    /// The remote branch, `origin/main`; empty where there is none.
    #[serde(default)]
    pub remote: String,
    /// What was asked for.
    pub action: Action,
    /// What made it happen.
    pub trigger: Trigger,
    /// The session, where one made it.
    #[serde(default)]
    pub session: Option<String>,
    /// How it ended.
    pub end: End,
    /// The commit that was made of local work.
    #[serde(default)]
    pub committed: Option<Committed>,
    /// What was taken in.
    #[serde(default)]
    pub pulled: Option<Pulled>,
    /// What was sent.
    #[serde(default)]
    pub pushed: Option<Pushed>,
    /// Paths that were left out of the commit, and why.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// The snapshot that `undo` can bring back.
    #[serde(default)]
    pub snapshot: Option<String>,
    /// What the secret scan stopped it for, at most 50 of them; never a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Spotted>,
    /// What a pull changed of all that runs or instructs here, and who changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notable: Option<String>,
    /// What was decided, where nothing was synced: a finding that was let pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Things worth a word that are no failure.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// When it ended.
    pub ended: Millis,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// The ends a sync can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "status")]
pub enum End {
    /// All that was asked for is done (which may have been nothing).
    Done,
    /// The remote cannot be reached. Local work is committed and goes out at the next occasion.
    Offline {
        /// What git said.
        reason: String,
    },
    /// Both sides changed the same lines. The tree is as it was.
    Conflict {
        /// The files.
        files: Vec<String>,
        /// The branch on the remote that holds the local side, where the policy is `branch`.
        #[serde(default)]
        branch: Option<String>,
    },
    /// It would not be right to go on without the user.
    Refused {
        /// Why, in one word.
        kind: Refusal,
        /// Why, in one sentence.
        reason: String,
        /// The one command that mends it or leads on.
        command: String,
    },
    /// Another process holds the lock or the index; nothing was changed.
    Busy {
        /// Who.
        reason: String,
    },
    /// It went wrong.
    Failed {
        /// What went wrong.
        reason: String,
        /// Whether it may pass by itself.
        transient: bool,
    },
}

/// Why a sync refused to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The folder is no repository, or not the one that was enrolled.
    NotEnrolled,
    /// HEAD is on no branch.
    Detached,
    /// HEAD cannot be read, or names a branch that vanished.
    BrokenHead,
    /// HEAD is on another branch than the pinned one.
    OtherBranch,
    /// A merge, rebase, cherry-pick, revert or bisect is under way, or files are unmerged.
    InProgress,
    /// The remote or its URL is not the one that was enrolled.
    RemoteChanged,
    /// The branch is not on the remote, and publishing it was not asked for.
    Unpublished,
    /// The branch was deleted on the remote.
    UpstreamGone,
    /// The remote branch was rewritten.
    UpstreamRewritten,
    /// An old tracking ref lies where the branch's own would go.
    StaleRef,
    /// The two sides have no common ancestor.
    Unrelated,
    /// A file that git ignores lies where an incoming one would go.
    IgnoredInTheWay,
    /// An untracked file that takes no part lies where an incoming one would go.
    UntrackedInTheWay,
    /// Files contain conflict markers.
    ConflictMarkers,
    /// Too many files would be deleted.
    MassDeletion,
    /// The tree is that of an earlier commit.
    AncestorTree,
    /// A credential would be committed or pushed.
    Secret,
    /// What would be committed or pushed could not be scanned for credentials.
    Unscanned,
    /// The user's own hook said no.
    Hook,
    /// The remote said no (protected branch, receive hook).
    RemoteRefused,
    /// A submodule's commit is not on its remote.
    Submodule,
    /// The remote does not accept our credentials.
    Authentication,
    /// The server's host key is unknown or has changed.
    HostKey,
    /// The remote repository is not there.
    RemoteMissing,
    /// A commit could not be signed.
    Signing,
    /// git knows neither name nor mail address.
    Identity,
    /// The repository belongs to another user.
    Ownership,
    /// The repository cannot be written.
    ReadOnly,
    /// The disk is full.
    DiskFull,
    /// An undo was interrupted and could not be completed.
    UndoInterrupted,
    /// The git program is missing or too old.
    Git,
    /// A configuration file is broken.
    Configuration,
    /// Automatic sync of this repository is paused.
    Paused,
    /// The configuration does not allow to send, or to take in.
    Permission,
}

impl Refusal {
    /// Whether a gate refused, rather than the state of the repository.
    #[must_use]
    pub fn by_gate(self) -> bool {
        matches!(
            self,
            Self::ConflictMarkers
                | Self::MassDeletion
                | Self::AncestorTree
                | Self::Secret
                | Self::Unscanned
                | Self::Permission
        )
    }

    /// The word used in files and messages.
    #[must_use]
    pub fn word(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

impl Report {
    /// The same without credentials in any of its texts, which come from git, hooks, servers and names.
    #[must_use]
    pub fn hushed(self) -> Self {
        let (action, trigger) = (self.action, self.trigger);
        let hushed = serde_json::to_value(self).map(hush_json).and_then(serde_json::from_value);
        let end = End::Failed { reason: "the report cannot be shown".into(), transient: false };
        hushed.unwrap_or_else(|_| Self::bare(action, trigger, end))
    }

    /// A report of nothing but its end.
    #[must_use]
    pub fn bare(action: Action, trigger: Trigger, end: End) -> Self {
        Self {
            repository: String::new(),
            branch: String::new(),
            remote: String::new(),
            action,
            trigger,
            session: None,
            end,
            committed: None,
            pulled: None,
            pushed: None,
            left_out: Vec::new(),
            snapshot: None,
            findings: Vec::new(),
            notable: None,
            note: None,
            remarks: Vec::new(),
            ended: 0,
            duration_ms: 0,
        }
    }
}

/// The rule that stands for "this file could not be scanned".
pub const UNSCANNED: &str = "unscanned";

/// Whether a finding says that its file could not be scanned.
#[must_use]
pub fn is_unscanned(spotted: &Spotted) -> bool {
    spotted.finding.rule == UNSCANNED
}

impl End {
    /// The word that the state file and the log use.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "success",
            Self::Offline { .. } => "offline",
            Self::Conflict { .. } => "conflict",
            Self::Refused { .. } => "refused",
            Self::Busy { .. } => "busy",
            Self::Failed { .. } => "failed",
        }
    }
}

/// A commit made of local work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// Its id.
    pub commit: String,
    /// Its first line.
    pub subject: String,
    /// The files in it.
    pub files: Vec<String>,
}

/// What a pull took in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulled {
    /// Commits the local branch did not have, newest first, at most 50 of them.
    pub commits: Vec<CommitLine>,
    /// How many there were.
    pub count: usize,
    /// The files they changed, at most 200 of them.
    pub files: Vec<String>,
    /// How many there were.
    pub file_count: usize,
    /// HEAD before.
    pub from: String,
    /// HEAD after.
    pub to: String,
    /// Whether a merge commit was made, because both sides had moved.
    pub merged: bool,
}

/// A commit as people are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitLine {
    /// Abbreviated id.
    pub id: String,
    /// First line of its message.
    pub subject: String,
    /// Name of its author.
    pub author: String,
}

/// What a push sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// How many commits.
    pub commits: usize,
    /// Where to, for people: `origin/main`.
    pub target: String,
    /// The commit the remote branch is now at.
    pub tip: String,
    /// Whether the branch was made there.
    pub published: bool,
}

/// A path that was left out of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// The path, relative to the top of the working tree.
    pub path: String,
    /// Why.
    pub why: LeftOutReason,
}

/// Why a path was left out of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "reason")]
pub enum LeftOutReason {
    /// Larger than `limits.maxFileMib`.
    TooLarge {
        /// Its size in bytes.
        bytes: u64,
    },
    /// A repository of its own.
    NestedRepository,
    /// One of Claude Code's working trees below `.claude/worktrees/`.
    AgentWorktree,
    /// Its name says that it holds secrets.
    SecretName,
    /// It is the memory of a program that crashed.
    CoreDump,
    /// It is a database.
    Database,
    /// It is a store of keys or passwords.
    KeyStore,
    /// It cannot be read.
    Unreadable,
    /// `paths.include` or `paths.exclude` says so.
    Outside,
}
