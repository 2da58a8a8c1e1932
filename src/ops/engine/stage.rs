//! Putting working-tree content into an index: the real one for a commit, a copy for everything that
//! is only computed.
//!
//! Paths are given one by one (`update-index --stdin`), so the cost grows with what changed, and no
//! pathspec can match more than was decided.

use std::path::{Path, PathBuf};

use super::{Engine, fail_point};
use crate::fs::private;
use crate::git::command::GitError;
use crate::git::porcelain::{ChangeState, join_paths};
use crate::sync::gate::beyond_snapshot;

/// What is staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// What a commit takes; what is left out goes back to what HEAD has.
    Commit,
    /// All that can be kept, for a snapshot.
    Snapshot,
}

/// A copy of the index that goes away with this value.
pub(super) struct IndexCopy {
    path: PathBuf,
}

impl IndexCopy {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for IndexCopy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Where index copies lie.
pub(super) fn copies(git_dir: &Path) -> PathBuf {
    git_dir.join("craft")
}

impl Engine<'_> {
    /// Copies the index, with all it knows of file times. An unborn branch may have none: the copy
    /// is then a name without a file, which git takes for an empty index.
    pub(super) fn copy_index(&mut self) -> std::io::Result<IndexCopy> {
        let folder = copies(&self.at.git_dir);
        let ours = private::check_exact(&folder).and_then(|()| private::folder(&folder));
        ours.map_err(|e| std::io::Error::new(e.source.kind(), e))?;
        let path = folder.join(format!("index.{}.{:08x}", std::process::id(), self.dice.token()));
        let index = self.at.git_dir.join("index");
        // Before the copy: of an index that is replaced in between, the older time is the careful one.
        let written = std::fs::metadata(&index).and_then(|m| m.modified());
        let named = |e: std::io::Error| std::io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        match std::fs::copy(&index, &path) {
            Ok(_) => {
                // git takes an entry whose file is as young as the index for perhaps changed, and looks
                // at its content. A copy that looks younger than the index would hide an edit made in
                // the same tick of the clock.
                std::fs::File::options()
                    .write(true)
                    .open(&path)
                    .and_then(|copy| copy.set_modified(written?))
                    .map_err(named)?;
                Ok(IndexCopy { path })
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(IndexCopy { path }),
            Err(e) => Err(named(e)),
        }
    }

    /// Stages the work into `index` (the real one where `None`).
    pub(super) fn stage(&self, index: Option<&Path>, scope: Scope) -> Result<(), GitError> {
        let Some(work) = &self.work else { return Ok(()) };
        let mut entries = Vec::new();
        let mut files: Vec<&Path> = Vec::new();
        for (change, why) in work.entries() {
            let path = change.path.as_os_str().as_encoded_bytes();
            let taken = match why {
                None => true,
                Some(why) => scope == Scope::Snapshot && !beyond_snapshot(why),
            };
            let mut set = |mode: &str, id: &str| {
                entries.extend_from_slice(format!("{mode} {id}\t").as_bytes());
                entries.extend_from_slice(path);
                entries.push(0);
            };
            match &change.state {
                ChangeState::Tracked { head: (_, id), .. } if taken && change.deleted() => {
                    set("0", &"0".repeat(id.len()));
                }
                _ if taken => files.push(&change.path),
                ChangeState::Tracked { head: (mode, id), .. } if change.staged() && scope == Scope::Commit => {
                    // Staged by hand, and left out: the index gets back what HEAD has.
                    if change.in_head() { set(mode, id) } else { set("0", &"0".repeat(id.len())) }
                }
                _ => {}
            }
        }
        // Removals first: a file that became a folder must be gone before what is below it comes.
        self.set_entries(index, entries)?;
        fail_point(self.ctx, "stage-between");
        self.add_files(index, &files)
    }

    /// Sets entries of an index: `mode id TAB path NUL` each, mode 0 to remove one.
    pub(super) fn set_entries(&self, index: Option<&Path>, entries: Vec<u8>) -> Result<(), GitError> {
        if entries.is_empty() {
            return Ok(());
        }
        self.on_index(index, &["update-index", "-z", "--index-info"], entries)
    }

    /// Puts files of the working tree into an index as they are; those that are gone are removed, but
    /// not those that a sparse checkout leaves out.
    pub(super) fn add_files(&self, index: Option<&Path>, files: &[&Path]) -> Result<(), GitError> {
        if files.is_empty() {
            return Ok(());
        }
        let input = join_paths(files.iter().copied());
        const WORDS: [&str; 7] =
            ["update-index", "-z", "--add", "--replace", "--remove", "--ignore-skip-worktree-entries", "--stdin"];
        self.on_index(index, &WORDS, input)
    }

    /// The tree of an index.
    pub(super) fn write_tree(&self, index: &Path) -> Result<String, GitError> {
        // --missing-ok: in a partial clone not every object is here, and none must be fetched.
        self.copied(self.git.write(["write-tree", "--missing-ok"]).index(Some(index))).line()
    }

    /// The tree a commit of the work would have.
    pub(super) fn tree_of_work(&mut self) -> Result<String, GitError> {
        if let (Some(kept), Some(work)) = (&self.kept, &self.work)
            && kept.current
            && kept.head == self.head
            && work.snapshot_is_commit()
        {
            return Ok(kept.worktree.clone());
        }
        let copy = self.copy_index().map_err(|e| io_error("copy the index", &e))?;
        self.stage(Some(copy.path()), Scope::Commit)?;
        self.write_tree(copy.path())
    }

    fn on_index(&self, index: Option<&Path>, words: &[&str], input: Vec<u8>) -> Result<(), GitError> {
        let call = self.git.write(words).index(index).input(input);
        let call = if index.is_some() { self.copied(call) } else { call };
        call.run().map(drop)
    }

    /// Settings for a copy of the index: it must not be split into a shared file of the repository, and need
    /// not survive.
    fn copied<'g, 'a>(&self, call: crate::git::command::Call<'g, 'a>) -> crate::git::command::Call<'g, 'a> {
        let call = call.setting("core.splitIndex=false").setting("core.fsmonitor=false");
        if self.git.is_durable() { call.setting("core.fsync=committed") } else { call }
    }
}

/// An input/output error in the form of a failed command.
pub(super) fn io_error(doing: &str, error: &std::io::Error) -> GitError {
    use crate::git::fault::Fault;
    let text = format!("cannot {doing}: {error}");
    let fault = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Fault::DiskFull(text.clone()),
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Fault::ReadOnly(text.clone()),
        _ => Fault::Other(text.clone()),
    };
    let finished = crate::git::process::Finished::never_started(text);
    GitError { command: doing.to_owned(), finished, fault }
}
