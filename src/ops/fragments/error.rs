//! Why a settings file could not be changed.

use std::path::PathBuf;

use crate::fs::FsError;
use crate::json::document::Fault;
use crate::settings::fragment::FragmentError;

/// The same executable would be run from another place as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Double {
    /// The settings file.
    pub file: PathBuf,
    /// Where in it.
    pub place: String,
    /// The command.
    pub command: String,
}

/// A settings file could not be changed. It is as it was, unless said otherwise.
#[derive(Debug, thiserror::Error)]
pub enum FragmentsError {
    /// No such fragment, or it cannot be filled in.
    #[error(transparent)]
    Fragment(#[from] FragmentError),
    /// The file is no strict JSON, or something else stands where ours should.
    #[error("{}:{fault}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What and where.
        fault: Fault,
    },
    /// The client leaves the whole file out.
    #[error("{}:{fault}{}; Claude Code ignores the whole file", path.display(), and_more(*more))]
    Refused {
        /// The file.
        path: PathBuf,
        /// The first fault.
        fault: Fault,
        /// How many more there are.
        more: usize,
    },
    /// The hooks would run twice.
    #[error("the hooks would run twice: `{}` of {} runs {}", .0.place, .0.file.display(), .0.command)]
    Doubled(Double),
    /// An executable that the fragment runs is not there.
    #[error("{} does not exist", path.display())]
    NoProgram {
        /// Where it should be.
        path: PathBuf,
    },
    /// A link that leads nowhere.
    #[error("{} is a link to {}, which does not exist", path.display(), target.display())]
    Dangling {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// Something else has the file's name.
    #[error("{} is {}", path.display(), if *folder { "a folder" } else { "no ordinary file" })]
    NoFile {
        /// What has it.
        path: PathBuf,
        /// Whether it is a folder.
        folder: bool,
    },
    /// The file is not to be written.
    #[error("{} is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Replacing the file would take it from its owner.
    #[error("{} belongs to another user (id {owner})", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// A newer program wrote the record of what was put in.
    #[error("{} has version {version}, written by a newer claude-craft", path.display())]
    Newer {
        /// The record.
        path: PathBuf,
        /// The version found.
        version: u32,
    },
    /// Another process of ours is at it.
    #[error("another process is changing settings ({holder})")]
    Busy {
        /// Who.
        holder: String,
    },
    /// Somebody else has been changing the file all the time.
    #[error("{} was changed by another program each time it was to be written", path.display())]
    Contended {
        /// The file.
        path: PathBuf,
    },
    /// Something cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
}

fn and_more(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" (and {more} more)") }
}
