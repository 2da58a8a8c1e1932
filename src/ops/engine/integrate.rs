//! Taking in what arrived: the outcome is computed in memory first, and only one that is known to be
//! clean is applied, by a fast-forward that is written down before it begins.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Engine, Flow, NAMED_COMMITS, NAMED_FILES, REFLOG_ACTION, fail_point, journal};
use crate::config::model::ConflictPolicy;
use crate::git::command::GitError;
use crate::git::fault::Fault;
use crate::git::porcelain::{self, Trial};
use crate::git::repository::Head;
use crate::permission::{Grant, of, on};
use crate::sync::outcome::{End, Pulled, Refusal};
use crate::sync::quote;

impl Engine<'_> {
    /// Finds out whether the work, once committed, merges cleanly with what arrived. Makes objects
    /// and nothing else.
    pub(super) fn rehearse_merge(&mut self) -> Result<(), End> {
        let Some(tip) = self.tip.clone() else { return Ok(()) };
        let work = self.work.as_ref().is_some_and(|w| w.taken().next().is_some());
        let Some(head) = self.head.clone() else {
            // Nothing of ours has a history yet: what lies in the way is the user's to move.
            let first = self.overlap().map(|p| p.display().to_string());
            return first.map_or(Ok(()), |path| Err(self.in_the_way(Refusal::UntrackedInTheWay, &path)));
        };
        let ours = if work {
            let tree = self.patiently(|e| e.tree_of_work()).map_err(|e| self.end(&e))?;
            let message = "craft: what a commit would hold";
            let made =
                self.git.write(["commit-tree", &tree, "-p", &head]).setting("commit.gpgSign=false").input(message);
            made.line().map_err(|e| self.end(&e))?
        } else {
            head
        };
        self.trial(&ours, &tip).map(drop)
    }

    /// Merges two commits in memory; the tree of the result. A conflict ends the sync, unless the
    /// configuration says whose side to take.
    fn trial(&mut self, ours: &str, theirs: &str) -> Result<String, End> {
        self.merge_base(ours, theirs)?;
        let words = ["merge-tree", "--write-tree", "-z", "--no-messages", ours, theirs];
        let (clean, output) = match self.git.write(words).run() {
            Ok(finished) => (true, finished.stdout),
            // Exit code 1 says that there are conflicts.
            Err(error) if error.finished.code == Some(1) => (false, error.finished.stdout),
            Err(error) => return Err(self.end(&error)),
        };
        let trial =
            porcelain::merge_tree(&output).map_err(|e| End::Failed { reason: e.to_string(), transient: false })?;
        match trial {
            Trial::Clean(tree) if clean => Ok(tree),
            // A conflict need not be in a file: a folder renamed in two ways has no stages.
            Trial::Clean(_) => {
                let files = self.paths_without_stages(ours, theirs)?;
                Err(self.conflict(files))
            }
            Trial::Conflicts { tree, stages } => match self.resolve(&tree, &stages)? {
                Some(tree) => {
                    // Whose side wins is said of files; what else is in conflict stays one.
                    let mut others = self.paths_without_stages(ours, theirs)?;
                    others.retain(|path| !stages.iter().any(|s| s.path.display().to_string() == *path));
                    if others.is_empty() { Ok(tree) } else { Err(self.conflict(others)) }
                }
                None => {
                    let mut files: Vec<String> = stages.iter().map(|s| s.path.display().to_string()).collect();
                    files.dedup();
                    Err(self.conflict(files))
                }
            },
        }
    }

    /// What a conflict that is in no file is about, from git's messages.
    fn paths_without_stages(&self, ours: &str, theirs: &str) -> Result<Vec<String>, End> {
        let words = ["merge-tree", "--write-tree", "-z", "--messages", ours, theirs];
        let output = match self.git.write(words).run() {
            Ok(finished) => finished.stdout,
            Err(error) if error.finished.code == Some(1) => error.finished.stdout,
            Err(error) => return Err(self.end(&error)),
        };
        Ok(porcelain::conflicts_in_messages(&output).iter().map(|p| p.display().to_string()).collect())
    }

    fn conflict(&mut self, files: Vec<String>) -> End {
        let branch = match self.job.config.conflict.policy {
            ConflictPolicy::Branch if !self.rehearsing => match self.push_conflict_branch() {
                Ok(branch) => branch,
                Err(end) => {
                    let why = match &end {
                        End::Refused { kind: Refusal::Secret | Refusal::Unscanned, reason, .. } => reason.as_str(),
                        other => other.word(),
                    };
                    self.remarks.push(format!("the local side could not be pushed to a branch of its own: {why}"));
                    None
                }
            },
            _ => None,
        };
        End::Conflict { files, branch }
    }

    /// Makes the merge commit that the fast-forward then goes to.
    pub(super) fn merge(&mut self) -> Result<(), End> {
        let (Some(head), Some(tip)) = (self.head.clone(), self.tip.clone()) else { return Ok(()) };
        let tree = self.trial(&head, &tip)?;
        let message = format!("Auto-sync: Merge {} into {}", self.target_name(), self.branch);
        let mut words = vec!["commit-tree", tree.as_str(), "-p", head.as_str(), "-p", tip.as_str()];
        // commit-tree does not look at commit.gpgSign by itself.
        if self.signs().map_err(|e| self.end(&e))? {
            words.push("-S");
        }
        let commit = self.git.write(words).input(message).line().map_err(|e| self.end(&e))?;
        fail_point(self.ctx, "merge-made");
        self.merge = Some(commit);
        Ok(())
    }

    fn signs(&self) -> Result<bool, GitError> {
        match self.reads.setting("commit.gpgSign")? {
            None => Ok(false),
            Some(_) => Ok(self.git.read(["config", "--type=bool", "--get", "commit.gpgSign"]).answer()?.as_deref()
                == Some("true")),
        }
    }

    /// Moves branch, index and working tree forward.
    pub(super) fn fast_forward(&mut self, _grant: Grant<on::Git, of::Pull>) -> Result<Flow, End> {
        let Some(tip) = self.tip.clone() else { return Ok(Flow::On) };
        let merged = self.merge.take();
        let to = merged.clone().unwrap_or_else(|| tip.clone());
        if let Some(path) = self.left_out_in_the_way().map(|p| p.display().to_string()) {
            return Err(self.in_the_way(Refusal::UntrackedInTheWay, &path));
        }
        if let Some(path) = self.ignored_in_the_way()?.first() {
            return Err(self.in_the_way(Refusal::IgnoredInTheWay, &path.display().to_string()));
        }
        self.keep()?;
        if !self.head_is_ours()? {
            return Err(self.moved_meanwhile());
        }
        self.open_journal(journal::Kind::Forward, &to)?;
        fail_point(self.ctx, "forward-begun");
        let options = format!("branch.{}.mergeOptions=", self.branch);
        let words = ["merge", "--ff-only", "--no-overwrite-ignore", "--no-autostash", "--no-squash", "--quiet", &to];
        let moved = self.patiently(|engine| {
            engine.git.write(words).setting(options.as_str()).env("GIT_REFLOG_ACTION", REFLOG_ACTION).run().map(drop)
        });
        fail_point(self.ctx, "forward-made");
        if let Err(error) = moved {
            // The branch moves last. Where it did, git was stopped in a hook that comes behind it.
            let there = Head::Branch { name: self.branch.clone(), commit: Some(to.clone()) };
            if self.reads.head().map_err(|e| self.end(&e))? != there {
                return self.not_forwarded(&error);
            }
            self.remarks.push(format!("what git ran after the fast-forward did not end well: {error}"));
        }
        self.close_journal();
        fail_point(self.ctx, "forward-recorded");
        self.report_pull(&tip, &to, merged.is_some())?;
        self.head = Some(to);
        self.was_left_out = self.left_out();
        self.work = None;
        self.incoming.clear();
        self.recount()?;
        Ok(Flow::On)
    }

    /// git checks everything before it touches the tree, so a refusal left all as it was; a git that
    /// was stopped did not, and the journal stays for the next run.
    fn not_forwarded(&mut self, error: &GitError) -> Result<Flow, End> {
        match &error.fault {
            Fault::InTheWay(text) => {
                // Somebody edited or made a file after we looked. Look again.
                self.close_journal();
                self.look()?;
                if self.overlap().is_some() || self.left_out_in_the_way().is_some() {
                    self.remarks.push(format!("edited meanwhile: {text}"));
                    return Ok(Flow::Again);
                }
                // Or git ignores it, or was told not to look at it (assume-unchanged, skip-worktree):
                // looking again will not help.
                let path = first_named(error);
                let ignored =
                    self.git.read(["check-ignore", "--quiet", "--", &path]).answer().is_ok_and(|a| a.is_some());
                let kind = if ignored { Refusal::IgnoredInTheWay } else { Refusal::UntrackedInTheWay };
                Err(self.in_the_way(kind, &path))
            }
            Fault::TimedOut(_) | Fault::Signalled(_) | Fault::DiskFull(_) => {
                let end = self.end(error);
                // Half the files may be new: mend it now if that is possible, else the next run does.
                let _ = self.recover();
                Err(end)
            }
            _ => {
                let end = self.end(error);
                // A filter that fails or a folder that cannot be written stops git in the middle.
                if self.tree_was_touched() {
                    let _ = self.recover();
                } else {
                    self.close_journal();
                }
                Err(end)
            }
        }
    }

    /// Whether a fast-forward that failed changed files: before it, none that arrives was different.
    /// What cannot be looked at may have been.
    fn tree_was_touched(&mut self) -> bool {
        self.work = None;
        self.look().is_err() || self.overlap().is_some() || self.left_out_in_the_way().is_some()
    }

    /// Files that git ignores where new ones would go: at their place, in a folder there, or where
    /// one of their folders would be. git's own check covers a fast-forward, but neither the first one
    /// of an unborn branch nor an undo.
    pub(super) fn ignored_in_the_way(&self) -> Result<Vec<PathBuf>, End> {
        let new = self.incoming.iter().filter(|(status, _)| *status == b'A').map(|(_, path)| path.as_path());
        let there = what_lies_at(&self.at.worktree, new);
        if there.is_empty() {
            return Ok(Vec::new());
        }
        let input = porcelain::join_paths(there.iter().map(PathBuf::as_path));
        match self.git.read(["check-ignore", "-z", "--stdin"]).input(input).run() {
            Ok(finished) => Ok(porcelain::paths(&finished.stdout)),
            Err(error) if error.finished.code == Some(1) => Ok(Vec::new()),
            Err(error) => Err(self.end(&error)),
        }
    }

    fn in_the_way(&self, kind: Refusal, path: &str) -> End {
        let why = match kind {
            Refusal::IgnoredInTheWay => "which git ignores here",
            _ => "which is not committed",
        };
        let file = quote::path(&self.at.worktree.join(path));
        End::Refused {
            kind,
            reason: format!("{} brings {path}, {why}; pulling would overwrite it", self.target_name()),
            command: format!("mv {file} {}", quote::word(&format!("{}.mine", self.at.worktree.join(path).display()))),
        }
    }

    fn report_pull(&mut self, tip: &str, to: &str, merged: bool) -> Result<(), End> {
        let from = self.head.clone();
        let (commits, count) = self.reads.commits(from.as_deref(), tip, NAMED_COMMITS).map_err(|e| self.end(&e))?;
        let files = self.incoming.iter().take(NAMED_FILES).map(|(_, p)| p.display().to_string()).collect();
        self.tell_notable(from.as_deref(), tip);
        let from = match &self.pulled {
            Some(earlier) => earlier.from.clone(),
            None => from.unwrap_or_default(),
        };
        self.pulled =
            Some(Pulled { commits, count, files, file_count: self.incoming.len(), from, to: to.to_owned(), merged });
        Ok(())
    }
}

/// The first path git names in a refusal: each stands on a line of its own behind a tab.
fn first_named(error: &GitError) -> String {
    error.finished.stderr.lines().find_map(|l| l.strip_prefix('\t')).unwrap_or_default().to_owned()
}

/// What lies where `new` files would go, relative to `top`: files and symlinks, never folders.
fn what_lies_at<'p>(top: &Path, new: impl Iterator<Item = &'p Path>) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders: BTreeSet<&Path> = BTreeSet::new();
    for path in new {
        let above: Vec<&Path> = path.ancestors().skip(1).take_while(|p| !p.as_os_str().is_empty()).collect();
        let mut open = true;
        for folder in above.into_iter().rev() {
            if folders.contains(folder) {
                continue;
            }
            match std::fs::symlink_metadata(top.join(folder)) {
                Ok(meta) if meta.is_dir() => {
                    folders.insert(folder);
                }
                Ok(_) => {
                    found.insert(folder.to_owned());
                    open = false;
                }
                Err(_) => open = false,
            }
            if !open {
                break;
            }
        }
        if open {
            add_files_at(top, path, &mut found);
        }
    }
    found
}

fn add_files_at(top: &Path, path: &Path, found: &mut BTreeSet<PathBuf>) {
    let Ok(meta) = std::fs::symlink_metadata(top.join(path)) else { return };
    if !meta.is_dir() {
        found.insert(path.to_owned());
        return;
    }
    for entry in std::fs::read_dir(top.join(path)).into_iter().flatten().filter_map(Result::ok) {
        add_files_at(top, &path.join(entry.file_name()), found);
    }
}
