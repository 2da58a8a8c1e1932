//! Whether the work of a phase has reached the main branch.

use crate::config::model::Config;
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::ops::plan::documents::PhaseDocument;
use crate::ops::plan::{Place, PlanError};

/// The branch that phases are merged into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Main {
    /// Its name: `main`.
    pub name: String,
    /// The remote it follows, where there is one.
    pub remote: Option<String>,
    /// The commit of the local branch.
    pub local: Option<String>,
    /// The commit where the remote's was last seen.
    pub upstream: Option<String>,
    /// The newest of both, which has the other in its history; the remote's where they have come apart.
    pub tip: String,
    /// Whether both have commits that the other lacks.
    pub diverged: bool,
}

/// How the work has got there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The branch is in the history: a merge commit, or a fast-forward.
    Merge,
    /// One commit has the same patch as the whole branch.
    Squash,
    /// Each commit of the branch has one with the same patch.
    Rebase,
    /// To merge the branch would change nothing.
    Contained,
    /// The branch is gone, and the book on the main branch says that the phase is completed.
    Recorded,
}

/// How a phase stands with regard to the main branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The branch's commit: the local one, else the remote's; `None` where there is none any more.
    pub tip: Option<String>,
    /// Commits that the branch has and the main branch lacks, and the other way round.
    pub ahead_behind: Option<(usize, usize)>,
    /// How it was merged; `None` where it was not, or has nothing that could be.
    pub merged: Option<Way>,
}

/// The main branch: `plans.mainBranch`, else what the remote's HEAD names, else `main` or `master`.
///
/// # Errors
/// Where there is none, or git cannot tell.
pub fn main(_config: &Config, _reads: &Reads<'_, '_>) -> Result<Main, PlanError> {
    Err(PlanError::refused("SKELETON"))
}

/// How the branch of a phase stands. Local reads only, nearly all of them by libgit2.
///
/// # Errors
/// Where git cannot tell.
pub fn standing(
    _place: &Place,
    _git: &Git<'_>,
    _reads: &Reads<'_, '_>,
    _main: &Main,
    _phase: &PhaseDocument,
) -> Result<Standing, PlanError> {
    Err(PlanError::refused("SKELETON"))
}
