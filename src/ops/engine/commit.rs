//! The gate and the commit of what changed.

use super::changes::{count, is_executable};
use super::stage::{Scope, io_error};
use super::{Engine, NAMED_FILES, REFLOG_ACTION, fail_point, journal};
use crate::env::HOME;
use crate::git::command::GitError;
use crate::git::fault::Fault;
use crate::git::repository::Head;
use crate::sync::names::windows_cannot_hold;
use crate::sync::outcome::{Committed, End, Refusal};
use crate::sync::quote;

/// How far back the gate looks for a commit with the same tree.
const ANCESTORS: usize = 200;
/// The user's hooks that can refuse a commit.
pub(super) const COMMIT_HOOKS: [&str; 3] = ["pre-commit", "prepare-commit-msg", "commit-msg"];

impl Engine<'_> {
    /// Commits the work, if the gate lets it through.
    pub(super) fn commit(&mut self) -> Result<(), End> {
        if self.work.is_none() {
            // The tree moved since it was looked at.
            self.look()?;
            if self.work.as_ref().is_none_or(|w| w.taken().next().is_none()) {
                return Ok(());
            }
        }
        self.gate()?;
        self.keep()?;
        let index = self.index_tree().map_err(|e| self.end(&e))?;
        if !self.head_is_ours()? {
            return Err(self.moved_meanwhile());
        }
        let files: Vec<String> =
            self.work.iter().flat_map(|w| w.taken()).map(|c| c.path.display().to_string()).collect();
        self.remark_names();
        let message = self.message(files.len());
        self.open_journal(journal::Kind::Commit, "")?;
        fail_point(self.ctx, "commit-begun");
        let staged = self.patiently(|engine| engine.stage(None, Scope::Commit));
        fail_point(self.ctx, "commit-staged");
        let guarded = staged.is_ok().then(|| self.guard_commit()).transpose();
        let made = match &guarded {
            Ok(Some(())) => self.patiently(|engine| engine.try_commit(&message)),
            Ok(None) | Err(_) => staged,
        };
        let free = self.free_after_a_stop();
        let outcome = match (guarded, made) {
            // The work stays where it is, and so does the index.
            (Err(end), _) => self.restore_index(&index).map_err(|e| self.end(&e)).and(Err(end)),
            (Ok(_), Ok(())) => self.moved_head(&message, files),
            (Ok(_), Err(error)) => self.commit_refused(&error, &index, &message, files),
        };
        if free {
            self.close_journal();
        }
        fail_point(self.ctx, "commit-recorded");
        outcome
    }

    /// New names that a clone on Windows would fail at are committed, and worth a word.
    fn remark_names(&mut self) {
        let new = self.work.iter().flat_map(|w| w.taken()).filter(|c| !c.in_head() && !c.deleted());
        let odd: Vec<_> = new.filter(|c| windows_cannot_hold(&c.path)).map(|c| c.path.display().to_string()).collect();
        if let Some(first) = odd.first() {
            let names = count(odd.len(), "new name", "new names");
            self.remarks.push(format!("{names} cannot exist on Windows, first {first}"));
        }
    }

    fn try_commit(&mut self, message: &str) -> Result<(), GitError> {
        self.git
            .write(["commit", "--quiet", "--cleanup=whitespace", "--file=-"])
            .env("GIT_REFLOG_ACTION", REFLOG_ACTION)
            .input(message)
            .run()?;
        fail_point(self.ctx, "commit-made");
        Ok(())
    }

    /// Reads where HEAD is now: a commit is only reported when there is one.
    fn moved_head(&mut self, message: &str, files: Vec<String>) -> Result<(), End> {
        let Head::Branch { name, commit: Some(now) } = self.reads.head().map_err(|e| self.end(&e))? else {
            return Err(End::Failed { reason: "git commit said nothing and made no commit".into(), transient: false });
        };
        if name != self.branch {
            return Err(self.moved_meanwhile());
        }
        if self.head.as_ref() == Some(&now) {
            return Err(End::Failed { reason: "git commit said nothing and made no commit".into(), transient: false });
        }
        let subject = message.lines().next().unwrap_or_default().to_owned();
        let files = files.into_iter().take(NAMED_FILES).collect();
        self.committed = Some(Committed { commit: now.clone(), subject, files });
        self.head = Some(now);
        self.recount()?;
        // What was taken is committed; what was left out still lies there.
        if let Some(work) = &mut self.work {
            work.forget_taken();
        }
        Ok(())
    }

    /// git did not commit: nothing to do after all, a hook that said no, or a failure. The index is
    /// given back as it was before, which was `index`.
    fn commit_refused(&mut self, error: &GitError, index: &str, message: &str, files: Vec<String>) -> Result<(), End> {
        if !self.head_is_ours()? {
            // The index of before would take back what was committed since.
            return self.committed_after_all(error, message, files);
        }
        let answered = error.command.starts_with("commit") && error.is_an_answer();
        let nothing_staged = answered && self.nothing_staged().unwrap_or(false);
        self.restore_index(index).map_err(|e| self.end(&e))?;
        if nothing_staged {
            // Only file times or line ends differed: there was nothing to commit.
            if let Some(work) = &mut self.work {
                work.forget_taken();
            }
            return Ok(());
        }
        if answered && let Some(hook) = self.hook(&COMMIT_HOOKS) {
            return Err(End::Refused {
                kind: Refusal::Hook,
                reason: format!("the {hook} hook refused the commit: {}", error.fault.text()),
                command: format!("git -C {} commit", quote::path(&self.at.worktree)),
            });
        }
        Err(match &error.fault {
            Fault::TimedOut(_) => End::Failed {
                reason: format!(
                    "the commit took longer than {} s (limits.commitSeconds), probably in a hook",
                    self.job.config.limits.commit_seconds
                ),
                transient: false,
            },
            _ => self.end(error),
        })
    }

    /// HEAD moved, and git still ended badly: it was stopped after the commit, in a hook that comes
    /// behind it; or somebody else committed.
    fn committed_after_all(&mut self, error: &GitError, message: &str, files: Vec<String>) -> Result<(), End> {
        let Head::Branch { name, commit: Some(now) } = self.reads.head().map_err(|e| self.end(&e))? else {
            return Err(self.moved_meanwhile());
        };
        let ours = self.reads.made_with(REFLOG_ACTION).map_err(|e| self.end(&e))?;
        if name != self.branch || !ours.contains(&now) {
            return Err(self.moved_meanwhile());
        }
        self.remarks.push(format!("the commit was made, but what git ran after it did not end well: {error}"));
        self.moved_head(message, files)
    }

    /// The tree of the index as it is now.
    fn index_tree(&mut self) -> Result<String, GitError> {
        match &self.kept {
            Some(kept) if kept.head == self.head => Ok(kept.index.clone()),
            // HEAD moved since the snapshot, and the index with it.
            _ => {
                let copy = self.copy_index().map_err(|e| io_error("copy the index", &e))?;
                self.patiently(|e| e.write_tree(copy.path()))
            }
        }
    }

    fn nothing_staged(&self) -> Result<bool, GitError> {
        match &self.head {
            Some(_) => Ok(self.git.read(["diff-index", "--cached", "--quiet", "HEAD", "--"]).answer()?.is_some()),
            None => Ok(self.git.read(["ls-files", "--cached"]).line()?.is_empty()),
        }
    }

    /// Gives the index back; the working tree is not touched.
    fn restore_index(&mut self, index: &str) -> Result<(), GitError> {
        self.patiently(|engine| engine.git.write(["read-tree", "-m", index]).run().map(drop))
    }

    /// The first of `names` that the user has as an executable hook.
    pub(super) fn hook(&self, names: &[&'static str]) -> Option<&'static str> {
        let folder = match self.reads.setting("core.hooksPath") {
            Ok(Some(path)) => match (path.strip_prefix("~/"), self.ctx.env.path(HOME)) {
                (Some(below), Some(home)) => home.join(below),
                _ => self.at.worktree.join(path),
            },
            _ => self.at.common_dir.join("hooks"),
        };
        names.iter().copied().find(|name| is_executable(&folder.join(name)))
    }

    /// Stops what should not be committed without the user.
    pub(super) fn gate(&mut self) -> Result<(), End> {
        let here = quote::path(&self.at.worktree);
        let accepted = |kind| self.job.accept.contains(&kind);
        let (Some(work), Some(rules)) = (&self.work, &self.rules) else { return Ok(()) };
        let accept = |kind: Refusal| format!("craft auto-sync force push {here} --accept {}", kind.word());

        if let Some(first) = work.markers.first().filter(|_| !accepted(Refusal::ConflictMarkers)) {
            let file = first.display();
            return Err(End::Refused {
                kind: Refusal::ConflictMarkers,
                reason: format!(
                    "{} conflict markers: {file}{}",
                    count(work.markers.len(), "file has", "files have"),
                    if work.markers.len() > 1 { " and others" } else { "" }
                ),
                command: format!("grep -n '^<<<<<<< ' {}", quote::path(&self.at.worktree.join(first))),
            });
        }
        let deleted = work.taken().filter(|c| c.deleted()).count();
        let added = work.taken().filter(|c| !c.in_head()).count();
        if deleted > 0 && !accepted(Refusal::MassDeletion) {
            let tracked = self.reads.tracked().map_err(|e| self.end(&e))?;
            // Files whose deletion is staged are not in the index any more.
            let tracked = tracked.max(deleted);
            if rules.is_mass_deletion(deleted, added, tracked) {
                return Err(End::Refused {
                    kind: Refusal::MassDeletion,
                    reason: format!("{deleted} of {tracked} files would be deleted"),
                    command: accept(Refusal::MassDeletion),
                });
            }
        }
        if !accepted(Refusal::AncestorTree)
            && let Some(ancestor) = self.ancestor_with_this_tree()?
        {
            return Err(End::Refused {
                kind: Refusal::AncestorTree,
                reason: format!(
                    "the files are exactly those of the earlier commit {}, as after a checkout that broke off; \
                     committing them would take back what came since",
                    &ancestor[..ancestor.len().min(7)]
                ),
                command: accept(Refusal::AncestorTree),
            });
        }
        Ok(())
    }

    /// An earlier commit whose tree is what would be committed, unless all that it would take back
    /// was committed by the engine itself: undoing one's own last edit is everyday work.
    fn ancestor_with_this_tree(&mut self) -> Result<Option<String>, End> {
        let Some(head) = self.head.clone() else { return Ok(None) };
        // Something new that no ancestor can have is the common case, and costs nothing to see.
        if self.work.as_ref().is_none_or(|w| w.taken().next().is_none()) {
            return Ok(None);
        }
        let parents = self.reads.first_parents(&head, ANCESTORS).map_err(|e| self.end(&e))?;
        if parents.len() < 2 {
            return Ok(None);
        }
        let tree = self.patiently(|e| e.tree_of_work()).map_err(|e| self.end(&e))?;
        let Some(at) = parents.iter().skip(1).position(|(_, t)| *t == tree) else { return Ok(None) };
        let ours = self.reads.made_with(REFLOG_ACTION).unwrap_or_default();
        let taken_back = &parents[..=at];
        if taken_back.iter().all(|(commit, _)| ours.contains(commit)) {
            return Ok(None);
        }
        Ok(parents.get(at + 1).map(|(commit, _)| commit.clone()))
    }
}

impl GitError {
    /// Whether git gave an answer of its own, rather than failing at something we know. A commit that
    /// a hook refuses ends with 1, whatever the hook's words may sound like; what git fails at, with 128.
    pub(super) fn is_an_answer(&self) -> bool {
        !self.finished.timed_out
            && (self.finished.code == Some(1)
                || (matches!(self.fault, Fault::Other(_)) && self.finished.code.is_some()))
    }
}
