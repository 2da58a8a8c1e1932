//! What a command says when it cannot do its work.

use std::io::ErrorKind;
use std::path::Path;

use super::exit_code;
use crate::config::load::ConfigError;
use crate::context::NoHome;
use crate::fs::FsError;
use crate::ops::config_file::EditError;
use crate::ops::enroll::EnrollError;
use crate::ops::error::{Kind, OpError};
use crate::ops::fragments::FragmentsError;
use crate::ops::settings::SettingsError;
use crate::sync::outcome::End;
use crate::sync::tell;

/// An error of the command line: `error: …`, and `hint: …` where there is a way on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// The exit code.
    pub code: u8,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl CommandError {
    /// An error that has no code of its own.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: exit_code::FAILED, message: message.into(), hint: None }
    }

    /// An error of usage or configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: exit_code::USAGE, message: message.into(), hint: None }
    }

    /// Adds a way on.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The folder that a command works in is in no repository.
    #[must_use]
    pub fn no_repository(path: &Path) -> Self {
        EnrollError::NoRepository { path: path.to_owned() }.into()
    }
}

impl From<OpError> for CommandError {
    fn from(error: OpError) -> Self {
        let code = match error.kind {
            Kind::Failed => exit_code::FAILED,
            Kind::Usage => exit_code::USAGE,
            Kind::Gate => exit_code::GATE,
            Kind::Busy => exit_code::BUSY,
            Kind::Conflict => exit_code::CONFLICT,
            Kind::Network => exit_code::NETWORK,
        };
        Self { code, message: error.message, hint: error.remedy }
    }
}

impl From<NoHome> for CommandError {
    fn from(error: NoHome) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<FsError> for CommandError {
    fn from(error: FsError) -> Self {
        let failed = Self::failed(error.to_string());
        match error.source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => failed.hint("make room, then do the same again"),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                failed.hint("see to it that you may write there, then do the same again")
            }
            _ => failed,
        }
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Unreadable(error) => error.into(),
            broken => Self::usage(broken.to_string()).hint("mend it with `craft auto-sync config edit`"),
        }
    }
}

impl From<EditError> for CommandError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Config(error) => error.into(),
            EditError::Fs(error) => error.into(),
            newer @ EditError::Newer { .. } => Self::usage(newer.to_string()).hint("update this claude-craft"),
            busy @ EditError::Busy { .. } => {
                Self { code: exit_code::BUSY, message: busy.to_string(), hint: Some("try again in a moment".into()) }
            }
        }
    }
}

impl From<EnrollError> for CommandError {
    fn from(error: EnrollError) -> Self {
        let message = error.to_string();
        match error {
            EnrollError::Edit(error) => error.into(),
            EnrollError::State(error) => error.into(),
            EnrollError::NoRepository { .. } => {
                Self::failed(message).hint("make one with `git init`, or name another folder")
            }
            EnrollError::Detached { .. } => {
                Self::failed(message).hint("switch to a branch, or name the one to sync with `--branch NAME`")
            }
            EnrollError::NoSuchRemote { there, .. } if there.is_empty() => {
                Self::failed(message).hint("it has no remotes; add one with `git remote add`")
            }
            EnrollError::NoSuchRemote { there, .. } => {
                Self::failed(message).hint(format!("there is {}", there.join(", ")))
            }
            EnrollError::SecretBranch => Self::failed(message).hint("rename it: git branch -m NEW-NAME"),
            EnrollError::BadGlob { .. } => Self::usage(message).hint("use a branch name, or a glob like `feature/*`"),
            EnrollError::NotEnrolled { .. } => {
                Self::failed(message).hint("`craft auto-sync status` lists what is enrolled")
            }
            EnrollError::Bare { .. } | EnrollError::Read(_) => Self::failed(message),
        }
    }
}

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        let message = error.to_string();
        match error {
            SettingsError::Edit(error) => error.into(),
            SettingsError::Unknown { similar, .. } if similar.is_empty() => {
                Self::usage(message).hint("`craft auto-sync config get` shows all settings")
            }
            SettingsError::Unknown { similar, .. } => {
                let names: Vec<_> = similar.iter().map(|s| format!("`{s}`")).collect();
                Self::usage(message).hint(format!("did you mean {}?", names.join(" or ")))
            }
            SettingsError::NotAllowed { .. } => Self::usage(message),
            SettingsError::Overtaken => {
                Self { code: exit_code::BUSY, message, hint: Some("look at it, and edit again".into()) }
            }
            SettingsError::NotAPerson => {
                Self { code: exit_code::GATE, message, hint: Some("do it in a terminal of your own".into()) }
            }
        }
    }
}

impl From<FragmentsError> for CommandError {
    fn from(error: FragmentsError) -> Self {
        use crate::settings::fragment::FragmentError;
        let message = error.to_string();
        let unchanged = "it is as it was; mend that place and try again";
        match error {
            FragmentsError::Fragment(FragmentError::Unknown { .. }) => {
                Self::usage(message).hint("`craft settings list` names them")
            }
            FragmentsError::Broken { .. } | FragmentsError::Refused { .. } => Self::usage(message).hint(unchanged),
            FragmentsError::Doubled(_) => {
                Self::failed(message).hint("take them out there first (`craft settings remove`, or by hand)")
            }
            FragmentsError::NoProgram { .. } => Self::failed(message)
                .hint("`scripts/build.sh` puts all executables into one folder; run the craft there"),
            FragmentsError::Dangling { .. } => {
                Self::failed(message).hint("make the file it leads to, or remove the link")
            }
            FragmentsError::ReadOnly { .. } => {
                Self::failed(message).hint("make it writable, or put the settings into another scope (`--scope`)")
            }
            FragmentsError::Newer { .. } => Self::usage(message).hint("update this claude-craft"),
            FragmentsError::Busy { .. } | FragmentsError::Contended { .. } => {
                Self { code: exit_code::BUSY, message, hint: Some("try again in a moment".into()) }
            }
            FragmentsError::Fs(error) => error.into(),
            FragmentsError::Fragment(_) | FragmentsError::NoFile { .. } | FragmentsError::Foreign { .. } => {
                Self::failed(message)
            }
        }
    }
}

impl From<End> for CommandError {
    fn from(end: End) -> Self {
        let code = exit_code::of(&end);
        let (message, hint) = match end {
            End::Done => ("nothing was done".into(), None),
            End::Conflict { files, .. } => (format!("both sides changed {}", files.join(", ")), None),
            End::Refused { reason, command, .. } => (reason, Some(command).filter(|c| !c.is_empty())),
            End::Offline { reason } | End::Busy { reason } | End::Failed { reason, .. } => (reason, None),
        };
        Self { code, message: tell::clean(&message), hint: hint.map(|h| tell::clean(&h)) }
    }
}
