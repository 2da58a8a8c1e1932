//! What keeps an operation from being done.

use crate::config::load::ConfigError;
use crate::fs::FsError;
use crate::git::command::GitError;
use crate::git::fault::Fault as Failure;
use crate::ops::permit::Denied;
use crate::sync::outcome::End;

/// What kind of thing it is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It failed, or is refused for a reason of what it is about.
    Failed,
    /// Wrong words, or a file that is not of its form.
    Usage,
    /// A gate: a credential, a permission, an author.
    Gate,
    /// Another process is at it.
    Busy,
    /// Both sides changed the same.
    Conflict,
    /// It may pass by itself.
    Network,
}

/// Why an operation was not done, and the way on. Nothing was lost where one is returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OpError {
    /// The kind.
    pub kind: Kind,
    /// What is wrong, with the place.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl OpError {
    /// An error of a kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: None }
    }

    /// It is refused, or failed.
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
}

impl From<FsError> for OpError {
    fn from(error: FsError) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<GitError> for OpError {
    fn from(error: GitError) -> Self {
        let kind = match error.fault {
            Failure::Offline(_) | Failure::Broken(_) | Failure::TimedOut(_) => Kind::Network,
            Failure::Locked(_) => Kind::Busy,
            _ => Kind::Failed,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<ConfigError> for OpError {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string()).remedy("mend it with `craft auto-sync config edit`")
    }
}

impl From<Denied> for OpError {
    fn from(denied: Denied) -> Self {
        Self::new(Kind::Gate, denied.decision.sentence()).remedy("`craft permissions` shows what may be done")
    }
}

impl From<End> for OpError {
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
