//! The linked working trees of a plan: where a phase's branch is checked out, what is stale and what nobody records.

use std::path::{Path, PathBuf};

use crate::book::WORKTREES;
use crate::git::command::GitError;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::git::worktrees::Linked;
use crate::locate::{Location, locate};
use crate::ops::plan::Place;

/// How a working tree stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It is there, and recorded.
    Active,
    /// It is recorded, and gone.
    Stale,
    /// It lies below `.para-worktrees/`, and nothing records it.
    Orphaned,
}

/// A working tree of the plan.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tree {
    /// Where it is; below the top of the repository where it lies there.
    pub path: String,
    /// Its phase, where it is recorded for one.
    pub phase: Option<u32>,
    /// The branch that is checked out there.
    pub branch: Option<String>,
    /// How it stands.
    pub health: Health,
    /// Whether git knows it as a working tree of this repository.
    pub linked: bool,
    /// Whether git was told to keep it.
    pub locked: bool,
}

/// The working trees that are recorded (with their phases), and those that lie where such lie.
///
/// # Errors
/// Where git cannot tell which there are.
pub fn survey(place: &Place, reads: &Reads<'_, '_>, recorded: &[(Option<u32>, String)]) -> Result<Vec<Tree>, GitError> {
    let folder = place.file(WORKTREES);
    let mut there: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map(|entries| entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect())
        .unwrap_or_default();
    if recorded.is_empty() && there.is_empty() {
        return Ok(Vec::new());
    }
    there.sort();
    let linked = reads.worktrees()?;
    let known = |path: &Path| linked.iter().find(|l| same(&l.path, path));
    let tree = |path: &Path, phase, health| {
        let known = known(path);
        Tree {
            path: path.strip_prefix(&place.books.worktree).unwrap_or(path).to_string_lossy().into_owned(),
            phase,
            branch: known.and_then(|l| l.branch.clone()),
            health,
            linked: known.is_some(),
            locked: known.is_some_and(|l| l.locked),
        }
    };
    let mut found: Vec<Tree> = Vec::new();
    for (phase, path) in recorded {
        let path = place.file(path);
        found.push(tree(&path, *phase, if path.is_dir() { Health::Active } else { Health::Stale }));
    }
    let recorded: Vec<_> = recorded.iter().map(|(_, path)| place.file(path)).collect();
    let nobodys = there.iter().filter(|path| !recorded.iter().any(|r| same(r, path)));
    found.extend(nobodys.map(|path| tree(path, None, Health::Orphaned)));
    Ok(found)
}

/// Whether two paths lead to the same place.
pub(super) fn same(one: &Path, two: &Path) -> bool {
    one == two || std::fs::canonicalize(one).ok().zip(std::fs::canonicalize(two).ok()).is_some_and(|(a, b)| a == b)
}

/// The working tree in which `branch` is checked out: the one of the books, else a linked one.
///
/// # Errors
/// Where git cannot tell.
pub fn of_branch(place: &Place, reads: &Reads<'_, '_>, branch: &str) -> Result<Option<Location>, GitError> {
    if on_branch(reads)?.as_deref() == Some(branch) {
        return Ok(Some(place.books.clone()));
    }
    let linked: Vec<Linked> = reads.worktrees()?;
    let of = linked.iter().filter(|l| l.branch.as_deref() == Some(branch));
    Ok(of.filter_map(|l| locate(&l.path)).find(|at| at.common_dir == place.books.common_dir))
}

/// The branch that HEAD is on.
///
/// # Errors
/// Where git cannot tell.
pub fn on_branch(reads: &Reads<'_, '_>) -> Result<Option<String>, GitError> {
    Ok(match reads.head()? {
        Head::Branch { name, .. } => Some(name),
        Head::Detached { .. } => None,
    })
}
