//! What keeps a plan's command from being done.

use std::path::Path;

use crate::book;
use crate::config::load::ConfigError;
use crate::fs::FsError;
use crate::git::command::GitError;
use crate::git::fault::Fault as Failure;
use crate::json::document::Fault;
use crate::ops::permit::Denied;
use crate::phase::book::MARKERS;
use crate::plain;
use crate::sync::outcome::End;

/// What kind of thing it is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It failed, or is refused for a reason of the plan.
    Failed,
    /// Wrong words, or a file that is not of its form.
    Usage,
    /// A gate: a credential, a permission.
    Gate,
    /// Another process is at it.
    Busy,
    /// Both sides changed the same lines.
    Conflict,
    /// It may pass by itself.
    Network,
}

/// Why a command was not done, and the way on. Nothing was lost where one is returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PlanError {
    /// The kind.
    pub kind: Kind,
    /// What is wrong, with the place.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl PlanError {
    /// An error of a kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: None }
    }

    /// Refused for a reason of the plan.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// Wrong words, or a broken file.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Adds the way on.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The book cannot be understood.
    #[must_use]
    pub fn broken(path: &Path, fault: &Fault) -> Self {
        let name = plain::name(&path.to_string_lossy());
        if fault.what == MARKERS {
            return Self::new(Kind::Conflict, format!("{name}:{fault}"))
                .remedy(format!("keep of each what holds, without the markers, then `git add {}`", book::FILE));
        }
        Self::usage(format!("{name}:{fault}"))
            .remedy("mend it by hand, or let `craft plan repair` show what it would make of the plan files")
    }
}

impl From<FsError> for PlanError {
    fn from(error: FsError) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<GitError> for PlanError {
    fn from(error: GitError) -> Self {
        let kind = match error.fault {
            Failure::Offline(_) | Failure::Broken(_) | Failure::TimedOut(_) => Kind::Network,
            Failure::Locked(_) => Kind::Busy,
            _ => Kind::Failed,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<ConfigError> for PlanError {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string()).remedy("mend it with `craft auto-sync config edit`")
    }
}

impl From<Denied> for PlanError {
    fn from(denied: Denied) -> Self {
        Self::new(Kind::Gate, denied.decision.reason).remedy("`craft permissions` shows what may be done")
    }
}

impl From<End> for PlanError {
    fn from(end: End) -> Self {
        match end {
            End::Busy { reason } => Self::new(Kind::Busy, reason).remedy("try again in a moment"),
            End::Offline { reason } => Self::new(Kind::Network, reason),
            End::Failed { reason, transient } => {
                Self::new(if transient { Kind::Network } else { Kind::Failed }, reason)
            }
            End::Refused { kind, reason, command } => {
                Self::new(if kind.by_gate() { Kind::Gate } else { Kind::Failed }, reason).remedy(command)
            }
            End::Conflict { files, .. } => {
                Self::new(Kind::Conflict, format!("both sides changed {}", files.join(", ")))
            }
            End::Done => Self::refused("nothing was done"),
        }
    }
}
