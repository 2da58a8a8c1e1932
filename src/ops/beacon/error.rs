//! What keeps a beacon's command from being done.

use crate::config::load::ConfigError;
use crate::fs::FsError;
use crate::git::command::GitError;
use crate::git::fault::Fault as Failure;
use crate::ops::permit::Denied;

/// What kind of thing it is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It failed, or is refused.
    Failed,
    /// Wrong words.
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

/// Why a command was not done, and the way on. Nothing was lost where one is returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BeaconError {
    /// The kind.
    pub kind: Kind,
    /// What is wrong, with the place.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl BeaconError {
    /// An error of a kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: None }
    }

    /// It is refused, or failed.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// Wrong words.
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

impl From<FsError> for BeaconError {
    fn from(error: FsError) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<GitError> for BeaconError {
    fn from(error: GitError) -> Self {
        let kind = match error.fault {
            Failure::Offline(_) | Failure::Broken(_) | Failure::TimedOut(_) => Kind::Network,
            Failure::Locked(_) => Kind::Busy,
            _ => Kind::Failed,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<ConfigError> for BeaconError {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string()).remedy("mend it with `craft auto-sync config edit`")
    }
}

impl From<Denied> for BeaconError {
    fn from(denied: Denied) -> Self {
        Self::new(Kind::Gate, denied.decision.sentence()).remedy("`craft permissions` shows what may be done")
    }
}
