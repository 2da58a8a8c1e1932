//! Finishing what an earlier run was killed in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::changes::GITLINK;
use super::locks::{in_the_way, is_held};
use super::stage::{copies, io_error};
use super::{Engine, REFLOG_ACTION, fail_point, journal, undo};
use crate::git::command::GitError;
use crate::git::fault::Fault;
use crate::git::porcelain::{self, Difference};
use crate::git::repository::Head;
use crate::locate::{Location, locate};
use crate::sync::outcome::{End, Refusal};

impl Engine<'_> {
    /// Finishes an open journal entry; nothing where there is none.
    pub(super) fn recover(&mut self) -> Result<(), End> {
        let Some(entry) = journal::read(&self.at.common_dir) else { return Ok(()) };
        if !is_there(self.at) {
            return Ok(());
        }
        if entry.git_dir != self.at.git_dir {
            // It happened in another working tree of this repository: finish it there.
            let Some(there) = where_it_happened(&entry, &self.at.common_dir) else {
                journal::close(&self.at.common_dir);
                return Ok(());
            };
            let git = super::git_for(self.ctx, &there, self.job.config);
            let mut silent = crate::sync::step::Silent;
            let mut engine = Engine::new(self.ctx, &there, self.job, &git, &mut silent);
            engine.run.clone_from(&self.run);
            engine.hear_starts();
            return engine.recover();
        }
        self.remove_leftovers(&entry)?;
        fail_point(self.ctx, "recover-begun");
        match entry.kind {
            // The work is in the tree as it was; at most the index is ahead of HEAD.
            journal::Kind::Commit => {}
            journal::Kind::Forward => self.finish_forward(&entry)?,
            journal::Kind::Undo => {
                undo::finish(self, &entry.to)?;
            }
        }
        fail_point(self.ctx, "recover-made");
        journal::close(&self.at.common_dir);
        self.remarks.push("an interrupted sync was finished first".into());
        Ok(())
    }

    /// Removes what a git of this run left that had to be stopped. Where a process still stands behind it, the
    /// journal has to stay open, and the answer is no.
    pub(super) fn free_after_a_stop(&mut self) -> bool {
        let entry = journal::read(&self.at.common_dir).filter(|_| self.git.had_to_be_stopped());
        entry.is_none_or(|entry| self.remove_leftovers(&entry).is_ok())
    }

    /// Removes the locks and index copies the interrupted run left. They are known to be its own: the
    /// journal says it was at work here, and no git runs here now.
    fn remove_leftovers(&mut self, entry: &journal::Entry) -> Result<(), End> {
        // Besides the index and HEAD, a merge sets ORIG_HEAD and deletes AUTO_MERGE, for which git also locks
        // the packed refs.
        let names = ["index.lock", "HEAD.lock", "ORIG_HEAD.lock", "AUTO_MERGE.lock"];
        let mut locks: Vec<PathBuf> = names.iter().map(|n| self.at.git_dir.join(n)).collect();
        locks.extend(["packed-refs.lock", "packed-refs.new"].map(|n| self.at.common_dir.join(n)));
        if !entry.branch.is_empty() {
            locks.push(self.at.common_dir.join(format!("refs/heads/{}.lock", entry.branch)));
        }
        for lock in locks {
            if lock.exists() {
                if is_held(self, &lock) {
                    return Err(in_the_way(&lock));
                }
                let _ = std::fs::remove_file(&lock);
            }
        }
        self.remove_copies();
        Ok(())
    }

    /// Removes index copies whose process is gone. One that only computes what a sync would do holds no lock of
    /// ours, and may be at work.
    pub(super) fn remove_copies(&self) {
        let files = std::fs::read_dir(copies(&self.at.git_dir)).into_iter().flatten().filter_map(Result::ok);
        for file in files {
            let name = file.file_name();
            let Some(rest) = name.to_str().and_then(|n| n.strip_prefix("index.")) else { continue };
            let maker = rest.split('.').next().and_then(|pid| pid.parse().ok());
            if maker.is_none_or(|pid| pid == std::process::id() || !crate::sys::process_exists(pid)) {
                let _ = std::fs::remove_file(file.path());
            }
        }
    }

    /// A fast-forward writes the files, then the index, then the branch. Where it broke off, each file
    /// it meant to change is old, new, missing or half-written, or was edited since. If none was
    /// edited it is finished; else it is taken back, and the edits go through an ordinary merge.
    fn finish_forward(&mut self, entry: &journal::Entry) -> Result<(), End> {
        let head = match self.reads.head().map_err(|e| self.end(&e))? {
            Head::Branch { name, commit } if name == entry.branch => commit.unwrap_or_default(),
            // The user went elsewhere since; what is there now is theirs.
            _ => return Ok(()),
        };
        if head != entry.from {
            return Ok(());
        }
        // A merge the user began since is theirs to end first.
        self.nothing_under_way()?;
        self.branch.clone_from(&entry.branch);
        self.head = Some(head).filter(|h| !h.is_empty());
        self.look()?;
        self.keep()?;
        let moved = match self.try_finish(entry, true) {
            // It cannot be finished, as where a filter fails: then it is taken back.
            Err(e) if !matches!(e.fault, Fault::Locked(_) | Fault::TimedOut(_) | Fault::Signalled(_)) => {
                self.try_finish(entry, false).map_err(|_| self.end(&e))
            }
            other => other.map_err(|e| self.end(&e)),
        };
        // The snapshot of this run is taken anew: the state it may have to undo begins here.
        self.kept = None;
        self.work = None;
        self.head = None;
        self.branch.clear();
        self.reads = crate::git::reads::Reads::open(self.at, self.git);
        moved
    }

    fn try_finish(&mut self, entry: &journal::Entry, forward: bool) -> Result<(), GitError> {
        let empty;
        let from = if entry.from.is_empty() {
            empty = self.git.write(["hash-object", "-w", "-t", "tree", "--stdin"]).line()?;
            empty.as_str()
        } else {
            &entry.from
        };
        let meant = self.differences(from, &entry.to)?;
        // What the files are now, as git would store them.
        let copy = self.copy_index().map_err(|e| io_error("copy the index", &e))?;
        self.add_as_found(Some(copy.path()), &meant)?;
        let now = self.write_tree(copy.path())?;
        let against_old: BTreeMap<PathBuf, Difference> =
            self.differences(from, &now)?.into_iter().map(|d| (d.path.clone(), d)).collect();

        let mut edited = Vec::new();
        for wanted in &meant {
            let ours = match against_old.get(&wanted.path) {
                // As before the fast-forward.
                None => true,
                Some(is) => {
                    let done = is.id == wanted.id && is.mode == wanted.mode;
                    // git removes a file before it writes it anew.
                    let there = std::fs::symlink_metadata(self.at.worktree.join(&wanted.path)).is_ok();
                    let missing = is.status == b'D' && !there;
                    done || missing || self.is_torn(&is.id, &wanted.id)?
                }
            };
            if !ours {
                edited.push(wanted.path.clone());
            }
        }
        let forward = forward && edited.is_empty();
        let goal = if forward { entry.to.as_str() } else { from };
        // The index first says what the files are, so that git may overwrite them; then both go to
        // the goal in one step of git's own.
        self.patiently(|e| e.add_as_found(None, &meant))?;
        fail_point(self.ctx, "recover-staged");
        let mut target = Vec::new();
        for wanted in meant.iter().filter(|d| forward || !edited.contains(&d.path)) {
            let (mode, id) = if forward { (&wanted.mode, &wanted.id) } else { (&wanted.old_mode, &wanted.old_id) };
            let mode = if mode.trim_matches('0').is_empty() { "0" } else { mode };
            target.extend_from_slice(format!("{mode} {id}\t").as_bytes());
            target.extend_from_slice(wanted.path.as_os_str().as_encoded_bytes());
            target.push(0);
        }
        self.set_entries(Some(copy.path()), target)?;
        let reached = self.write_tree(copy.path())?;
        self.patiently(|e| e.git.write(["read-tree", "-m", "-u", &now, &reached]).run().map(drop))?;
        fail_point(self.ctx, "recover-tree");
        if forward {
            let branch = format!("refs/heads/{}", entry.branch);
            self.git.write(["update-ref", "-m", REFLOG_ACTION, &branch, goal, &entry.from]).run()?;
        } else {
            let unstage: Vec<u8> = meant
                .iter()
                .filter(|d| edited.contains(&d.path))
                .flat_map(|d| {
                    let mode = if d.old_mode.trim_matches('0').is_empty() { "0" } else { &d.old_mode };
                    let mut line = format!("{mode} {}\t", d.old_id).into_bytes();
                    line.extend_from_slice(d.path.as_os_str().as_encoded_bytes());
                    line.push(0);
                    line
                })
                .collect();
            self.patiently(|e| e.set_entries(None, unstage.clone()))?;
        }
        Ok(())
    }

    /// Puts what lies at the paths into an index. Where there is no file (it is gone, it became a
    /// folder, or its folder became a file or a symlink) the entry goes, since git would refuse to look.
    fn add_as_found(&self, index: Option<&Path>, meant: &[Difference]) -> Result<(), GitError> {
        let mut files = Vec::new();
        let mut gone = Vec::new();
        for difference in meant {
            let path = &difference.path;
            let place = self.at.worktree.join(path);
            let above = path.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty());
            let reachable = above
                .into_iter()
                .all(|p| std::fs::symlink_metadata(self.at.worktree.join(p)).map_or(true, |m| m.is_dir()));
            let submodule = difference.mode == GITLINK || difference.old_mode == GITLINK;
            match std::fs::symlink_metadata(&place) {
                Ok(meta) if reachable && !meta.is_dir() => files.push(path.as_path()),
                Ok(_) if reachable && submodule => {
                    // Its commit is what its own HEAD says; where it is not checked out, the index knows.
                    if place.join(".git").exists() {
                        files.push(path.as_path());
                    }
                }
                Err(_) if reachable => files.push(path.as_path()),
                _ => {
                    gone.extend_from_slice(format!("0 {}\t", "0".repeat(difference.id.len())).as_bytes());
                    gone.extend_from_slice(path.as_os_str().as_encoded_bytes());
                    gone.push(0);
                }
            }
        }
        self.set_entries(index, gone)?;
        self.add_files(index, &files)
    }

    fn differences(&self, from: &str, to: &str) -> Result<Vec<Difference>, GitError> {
        let finished = self.git.read(["diff-tree", "-r", "-z", "--raw", "--no-renames", from, to]).run()?;
        porcelain::raw_diff(&finished.stdout)
            .map_err(|e| io_error(&e.to_string(), &std::io::ErrorKind::InvalidData.into()))
    }

    /// Whether one blob is the beginning of another: a file that was being written.
    fn is_torn(&self, is: &str, wanted: &str) -> Result<bool, GitError> {
        if wanted.trim_matches('0').is_empty() || is.trim_matches('0').is_empty() {
            return Ok(false);
        }
        let blob = |id: &str| self.git.read(["cat-file", "blob", id]).run().map(|f| f.stdout);
        let (is, wanted) = (blob(is)?, blob(wanted)?);
        Ok(is.len() < wanted.len() && wanted.starts_with(&is))
    }

    /// The sync may not begin before an interrupted undo is finished.
    pub(super) fn undo_interrupted(&self, id: &str, why: &End) -> End {
        let again = format!("craft auto-sync undo {id}");
        let (reason, command) = match why {
            End::Refused { reason, command, .. } => (reason.as_str(), command.clone()),
            End::Busy { reason } | End::Failed { reason, .. } => (reason.as_str(), again),
            other => (other.word(), again),
        };
        let reason = format!("an undo was interrupted and could not be finished: {reason}");
        End::Refused { kind: Refusal::UndoInterrupted, reason, command }
    }
}

/// Whether the working tree is still the one of its git folder. A plain folder in the place of a
/// linked one that was removed belongs to the working tree around it.
pub(crate) fn is_there(at: &Location) -> bool {
    locate(&at.worktree).as_ref() == Some(at)
}

/// Where the working tree of an entry is now, if it is still there; it may have been moved.
pub(crate) fn where_it_happened(entry: &journal::Entry, common_dir: &Path) -> Option<Location> {
    let written = std::fs::read_to_string(entry.git_dir.join("gitdir")).unwrap_or_default();
    let moved = Path::new(written.trim_end()).parent().map(Path::to_owned);
    let candidates = [Some(entry.worktree.clone()), moved].into_iter().flatten();
    let mut found = candidates.filter_map(|worktree| locate(&worktree));
    found.find(|at| at.git_dir == entry.git_dir && at.common_dir == common_dir)
}
