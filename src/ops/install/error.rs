//! Why an install, or an uninstall, cannot be done.

use std::path::PathBuf;

use super::survey::Presence;
use crate::fs::FsError;
use crate::host::HostError;
use crate::install::Version;
use crate::ops::fragments;

/// It could not be installed or taken away.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The client cannot be asked.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A settings file cannot be changed.
    #[error(transparent)]
    Settings(#[from] fragments::FragmentsError),
    /// An executable is not beside this one.
    #[error("{program} is not beside {}", craft.display())]
    Incomplete {
        /// The one that is missing.
        program: String,
        /// This program.
        craft: PathBuf,
    },
    /// The hooks would run twice.
    #[error("the hooks are already known to Claude Code through {}; they would run twice", there.place.display())]
    Doubled {
        /// What is there.
        there: Presence,
    },
    /// Something that is not ours stands where ours would.
    #[error("{} is there already and is not claude-craft's", path.display())]
    Foreign {
        /// Where.
        path: PathBuf,
    },
    /// A project's install was asked for outside of one.
    #[error("{} is in no git repository, so there is no project to install for", folder.display())]
    NoProject {
        /// Where one stands.
        folder: PathBuf,
    },
    /// The client is too old for what was asked.
    #[error("Claude Code {found} does not load a plugin from the folder `skills`; {needed} and later do")]
    TooOld {
        /// Its version.
        found: Version,
        /// The first that can.
        needed: Version,
    },
    /// The plugin's folder is a git checkout or a link to one.
    #[error("{} is a link or a git checkout; its files are not claude-craft's to replace", path.display())]
    Checkout {
        /// Where.
        path: PathBuf,
    },
    /// What is to be purged is still needed.
    #[error("another install still needs configuration and state: {}", place.display())]
    StillNeeded {
        /// Where that install is.
        place: PathBuf,
    },
    /// The folder of the client's settings is not told by an absolute path.
    #[error("CLAUDE_CONFIG_DIR is {}, which is another folder for each program that reads it", path.display())]
    Relative {
        /// What it says.
        path: PathBuf,
    },
    /// A newer program keeps the record.
    #[error("{} was written by a newer claude-craft", path.display())]
    Newer {
        /// The record.
        path: PathBuf,
    },
    /// Another install or uninstall runs.
    #[error("another `craft install` or `craft uninstall` is running")]
    Busy,
}
