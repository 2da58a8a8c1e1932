//! What changed in the working tree, and what the gate says to each path.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Engine;
use crate::git::porcelain::{self, Change, ChangeState};
use crate::sync::gate::{Candidate, Rules, beyond_snapshot, has_markers};
use crate::sync::names::{self, Content};
use crate::sync::outcome::{End, LeftOut, LeftOutReason, Refusal};
use crate::sync::quote;

/// The mode of a gitlink in an index or a tree.
pub(super) const GITLINK: &str = "160000";

/// The working tree against HEAD.
pub(crate) struct Work {
    /// Every changed path, and why it is left out where it is.
    entries: Vec<(Change, Option<LeftOutReason>)>,
    /// Files that hold conflict markers HEAD's version does not.
    pub(super) markers: Vec<PathBuf>,
}

impl Work {
    /// What a commit takes.
    pub(super) fn taken(&self) -> impl Iterator<Item = &Change> {
        self.entries.iter().filter(|(_, why)| why.is_none()).map(|(change, _)| change)
    }

    /// All of it.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Change, Option<&LeftOutReason>)> {
        self.entries.iter().map(|(change, why)| (change, why.as_ref()))
    }

    /// What is left out, in the words of a report.
    pub(super) fn left_out(&self) -> impl Iterator<Item = LeftOut> {
        self.entries
            .iter()
            .filter_map(|(change, why)| Some(LeftOut { path: change.path.display().to_string(), why: why.clone()? }))
    }

    /// Whether nothing differs from HEAD at all.
    pub(super) fn clean(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the index differs from HEAD.
    pub(super) fn staged(&self) -> bool {
        self.entries.iter().any(|(change, _)| change.staged())
    }

    /// Whether a snapshot of it holds exactly what a commit of it takes.
    pub(super) fn snapshot_is_commit(&self) -> bool {
        self.entries.iter().all(|(change, why)| match why {
            None => true,
            Some(why) => beyond_snapshot(why) && !change.staged(),
        })
    }

    /// What was taken is committed now.
    pub(super) fn forget_taken(&mut self) {
        self.entries.retain(|(_, why)| why.is_some());
        self.markers.clear();
    }

    /// How many paths differ from HEAD.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl Engine<'_> {
    /// Looks at the working tree.
    pub(super) fn look(&mut self) -> Result<(), End> {
        if self.rules.is_none() {
            let rules = Rules::new(self.job.config).map_err(|e| End::Refused {
                kind: Refusal::Configuration,
                reason: e.to_string(),
                command: "craft auto-sync config edit".into(),
            })?;
            self.rules = Some(rules);
        }
        let changes = self.changes()?;
        if let Some(kept) = &mut self.kept {
            kept.current = false;
        }
        let Some(rules) = &self.rules else { return Ok(()) };
        let submodules = registered_submodules(&self.at.worktree);
        let mut work = Work { entries: Vec::with_capacity(changes.len()), markers: Vec::new() };
        for change in changes {
            let mut candidate = inspect(&self.at.worktree, &change, &submodules);
            let why = rules.leaves_out(&candidate);
            if why.is_none() && candidate.readable && !candidate.deleted {
                candidate.markers = self.brings_markers(&change)?;
                if candidate.markers {
                    work.markers.push(change.path.clone());
                }
            }
            work.entries.push((change, why));
        }
        self.take_large_files_of_lfs(&mut work)?;
        self.work = Some(work);
        Ok(())
    }

    /// A large file that LFS takes care of is a small pointer to git.
    fn take_large_files_of_lfs(&self, work: &mut Work) -> Result<(), End> {
        let large = |why: &Option<LeftOutReason>| matches!(why, Some(LeftOutReason::TooLarge { .. }));
        let paths: Vec<&Path> =
            work.entries.iter().filter(|(_, why)| large(why)).map(|(c, _)| c.path.as_path()).collect();
        if paths.is_empty() {
            return Ok(());
        }
        let call = self.git.read(["check-attr", "-z", "--stdin", "filter"]).input(porcelain::join_paths(paths));
        let finished = call.run().map_err(|e| self.end(&e))?;
        let fields = porcelain::paths(&finished.stdout);
        let lfs: BTreeSet<&Path> =
            fields.chunks_exact(3).filter(|f| f[2].as_os_str() == "lfs").map(|f| f[0].as_path()).collect();
        for (change, why) in &mut work.entries {
            if large(why) && lfs.contains(change.path.as_path()) {
                *why = None;
            }
        }
        Ok(())
    }

    /// Every path that differs from HEAD.
    pub(super) fn changes(&mut self) -> Result<Vec<Change>, End> {
        const STATUS: [&str; 6] =
            ["status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=dirty"];
        let finished = self.git.read(STATUS).run().map_err(|e| self.end(&e))?;
        let changes =
            porcelain::status(&finished.stdout).map_err(|e| End::Failed { reason: e.to_string(), transient: false })?;
        let unmerged: Vec<_> = changes.iter().filter(|c| c.state == ChangeState::Unmerged).collect();
        if let Some(first) = unmerged.first() {
            return Err(End::Refused {
                kind: Refusal::InProgress,
                reason: format!(
                    "{} unmerged, first {}",
                    count(unmerged.len(), "file is", "files are"),
                    first.path.display()
                ),
                command: format!("git -C {} status", quote::path(&self.at.worktree)),
            });
        }
        Ok(changes)
    }

    /// Whether a changed file holds conflict markers that HEAD's version does not (a test fixture or
    /// a document about git may hold them rightly).
    fn brings_markers(&self, change: &Change) -> Result<bool, End> {
        let mut bytes = Vec::new();
        let path = self.at.worktree.join(&change.path);
        let plain = std::fs::symlink_metadata(&path).is_ok_and(|m| m.is_file());
        if !plain || File::open(&path).and_then(|mut f| f.read_to_end(&mut bytes)).is_err() || !has_markers(&bytes) {
            return Ok(false);
        }
        match &change.state {
            ChangeState::Tracked { head: (_, id), .. } if change.in_head() => {
                let before = self.git.read(["cat-file", "blob", id]).run().map_err(|e| self.end(&e))?;
                Ok(!has_markers(&before.stdout))
            }
            _ => Ok(true),
        }
    }

    /// The first path that changed here and that what arrives changes too.
    pub(super) fn overlap(&self) -> Option<&Path> {
        let incoming = Incoming::new(&self.incoming);
        self.work.as_ref()?.taken().find(|c| incoming.touches(&c.path)).map(|c| c.path.as_path())
    }

    /// The first path that is left out and that what arrives would change.
    pub(super) fn left_out_in_the_way(&self) -> Option<&Path> {
        let incoming = Incoming::new(&self.incoming);
        let mut entries = self.work.as_ref()?.entries();
        entries.find(|(c, why)| why.is_some() && incoming.touches(&c.path)).map(|(c, _)| c.path.as_path())
    }
}

/// Incoming paths, to be asked which local paths they touch.
struct Incoming<'i>(BTreeSet<&'i Path>);

impl<'i> Incoming<'i> {
    fn new(paths: &'i [(u8, PathBuf)]) -> Self {
        Self(paths.iter().map(|(_, p)| p.as_path()).collect())
    }

    /// The same path, a folder above it that becomes a file, or files below it that make it a folder.
    fn touches(&self, path: &Path) -> bool {
        path.ancestors().any(|p| self.0.contains(p)) || self.0.range(path..).next().is_some_and(|p| p.starts_with(path))
    }
}

fn inspect(worktree: &Path, change: &Change, submodules: &BTreeSet<PathBuf>) -> Candidate {
    let path = worktree.join(&change.path);
    let deleted = change.deleted();
    let meta = if deleted { None } else { std::fs::symlink_metadata(&path).ok() };
    let is_file = meta.as_ref().is_some_and(std::fs::Metadata::is_file);
    let repository = match &change.state {
        ChangeState::Untracked { folder } => *folder,
        ChangeState::Tracked { index_mode, .. } => {
            index_mode == GITLINK && !change.in_head() && !submodules.contains(&change.path)
        }
        ChangeState::Unmerged => false,
    };
    let new = !change.in_head();
    let (readable, content) = if is_file { begins(&path, new) } else { (true, None) };
    Candidate {
        path: change.path.clone(),
        deleted,
        new,
        bytes: meta.as_ref().filter(|_| is_file).map_or(0, std::fs::Metadata::len),
        readable,
        repository,
        markers: false,
        content,
    }
}

/// Whether a file can be opened, and, where it is new, what it is by how it begins.
fn begins(path: &Path, new: bool) -> (bool, Option<Content>) {
    let Ok(file) = File::open(path) else { return (false, None) };
    if !new {
        return (true, None);
    }
    let mut bytes = Vec::with_capacity(names::BEGINNING);
    let _ = file.take(names::BEGINNING as u64).read_to_end(&mut bytes);
    (true, names::content(&bytes))
}

/// Paths that `.gitmodules` names.
fn registered_submodules(worktree: &Path) -> BTreeSet<PathBuf> {
    let text = std::fs::read_to_string(worktree.join(".gitmodules")).unwrap_or_default();
    let value = |line: &str| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "path").then(|| PathBuf::from(value.trim().trim_matches('"')))
    };
    text.lines().filter_map(value).collect()
}

/// Whether git would run the file as a hook.
pub(super) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// "1 file is", "3 files are".
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_touched_by_itself_by_a_folder_that_becomes_a_file_and_by_files_below_it() {
        let paths: Vec<_> = ["a/b", "c", "d/e/f"].iter().map(|p| (b'M', PathBuf::from(p))).collect();
        let incoming = Incoming::new(&paths);
        for (path, expected) in
            [("a/b", true), ("a", true), ("a/bb", false), ("c/x", true), ("d/e", true), ("d/e.x", false), ("b", false)]
        {
            assert_eq!(incoming.touches(Path::new(path)), expected, "{path}");
        }
    }
}
