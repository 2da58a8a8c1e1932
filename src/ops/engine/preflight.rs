//! Whether a sync may begin: the repository is the one that was enrolled, and nothing is under way.

use std::time::{Duration, SystemTime};

use super::{Engine, Target};
use crate::git::repository::Head;
use crate::git::version;
use crate::locate::Location;
use crate::ops::{enroll, phases};
use crate::scan::redact::holds_credential;
use crate::sync::outcome::{End, Refusal};
use crate::sync::quote;

/// Files and folders that say that an operation of git is under way, and how each is called.
const OPERATIONS: [(&str, &str); 8] = [
    ("MERGE_HEAD", "a merge"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase"),
    ("sequencer", "a cherry-pick or revert of several commits"),
    ("BISECT_LOG", "a bisect"),
    ("AUTO_MERGE", "a merge"),
];

/// An `index.lock` that no process stands behind is removed when it is older than this.
const STALE_AFTER: Duration = Duration::from_secs(600);

/// The operation of git that is under way in a working tree.
pub(crate) fn under_way(at: &Location) -> Option<&'static str> {
    let found = OPERATIONS.iter().find(|(file, _)| at.git_dir.join(file).exists());
    // git leaves AUTO_MERGE behind at times; alone it says nothing.
    found.filter(|(file, _)| *file != "AUTO_MERGE").map(|(_, name)| *name)
}

impl Engine<'_> {
    /// The part of preflight that an undo needs: nothing under way, HEAD on a branch.
    pub(super) fn ready_for_undo(&mut self) -> Result<(), End> {
        self.is_the_enrolled()?;
        self.nothing_under_way()?;
        self.index_is_free()?;
        match self.reads.head().map_err(|e| self.end(&e))? {
            Head::Branch { name, commit } => {
                self.branch = name;
                self.head = commit;
                Ok(())
            }
            Head::Detached { .. } => Err(self.refused(
                Refusal::Detached,
                "HEAD is on no branch".into(),
                self.git_command(&format!("switch {}", quote::word(&self.job.pin.branch))),
            )),
        }
    }

    pub(super) fn preflight(&mut self) -> Result<(), End> {
        self.is_the_enrolled()?;
        self.git_is_new_enough()?;
        self.worktree_is_gits()?;
        self.nothing_under_way()?;
        self.index_is_free()?;
        self.head_is_on_a_pinned_branch()?;
        self.remote_is_the_pinned()
    }

    fn refused(&self, kind: Refusal, reason: String, command: String) -> End {
        End::Refused { kind, reason, command }
    }

    fn git_command(&self, words: &str) -> String {
        format!("git -C {} {words}", quote::path(&self.at.worktree))
    }

    fn is_the_enrolled(&self) -> Result<(), End> {
        if !super::recover::is_there(self.at) || self.job.pin.common_dir != self.at.common_dir {
            let here = quote::path(&self.job.pin.path);
            return Err(self.refused(
                Refusal::NotEnrolled,
                format!("{} is not where it was enrolled", self.at.worktree.display()),
                format!("craft auto-sync disable {here}"),
            ));
        }
        Ok(())
    }

    /// `core.worktree` may make git look at other files than those that were enrolled.
    fn worktree_is_gits(&self) -> Result<(), End> {
        let Some(setting) = self.reads.setting("core.worktree").map_err(|e| self.end(&e))? else { return Ok(()) };
        let gits = std::fs::canonicalize(self.at.git_dir.join(&setting)).ok();
        if gits.as_ref() == Some(&self.at.worktree) || self.at.git_dir != self.at.common_dir {
            return Ok(());
        }
        Err(self.refused(
            Refusal::NotEnrolled,
            format!("core.worktree makes git look at {setting}, and {} was enrolled", self.at.worktree.display()),
            self.git_command("config --unset core.worktree"),
        ))
    }

    fn git_is_new_enough(&self) -> Result<(), End> {
        match version::complaint(self.ctx, self.git) {
            None => Ok(()),
            Some(reason) => Err(self.refused(Refusal::Git, reason, "git --version".into())),
        }
    }

    pub(super) fn nothing_under_way(&self) -> Result<(), End> {
        match under_way(self.at) {
            None => Ok(()),
            Some(name) => Err(self.refused(
                Refusal::InProgress,
                format!("{name} is under way; automatic sync waits until it is finished"),
                self.git_command("status"),
            )),
        }
    }

    /// Waits a moment for another git; takes away a lock nobody stands behind.
    pub(super) fn index_is_free(&mut self) -> Result<(), End> {
        let lock = self.at.git_dir.join("index.lock");
        let mut wait = 50;
        while let Ok(meta) = std::fs::symlink_metadata(&lock) {
            if wait > 800 {
                if self.is_stale(&meta) && !self.rehearsing && !super::locks::is_held(self, &lock) {
                    std::fs::remove_file(&lock).map_err(|e| End::Failed {
                        reason: format!("cannot remove the stale lock {}: {e}", lock.display()),
                        transient: false,
                    })?;
                    self.remarks.push(format!("removed the lock {} of a git that died", lock.display()));
                    return Ok(());
                }
                return Err(super::locks::in_the_way(&lock));
            }
            std::thread::sleep(Duration::from_millis(wait));
            wait *= 2;
        }
        Ok(())
    }

    /// Whether a lock file is so old that its git must have died.
    pub(super) fn is_stale(&self, lock: &std::fs::Metadata) -> bool {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(self.ctx.clock.now_ms());
        lock.modified().is_ok_and(|m| now.duration_since(m).is_ok_and(|age| age >= STALE_AFTER))
    }

    fn head_is_on_a_pinned_branch(&mut self) -> Result<(), End> {
        let head = self.reads.head().map_err(|error| match self.end(&error) {
            End::Failed { .. } => self.refused(
                Refusal::BrokenHead,
                format!("HEAD cannot be read: {}", error.fault.text()),
                self.git_command("symbolic-ref HEAD refs/heads/main"),
            ),
            other => other,
        })?;
        match head {
            Head::Detached { commit } if commit.bytes().all(|b| b == b'0') => Err(self.refused(
                Refusal::BrokenHead,
                "HEAD names no commit".into(),
                self.git_command("symbolic-ref HEAD refs/heads/main"),
            )),
            Head::Detached { commit } => {
                // Nothing is committed here, but nothing shall be lost here either.
                self.head = Some(commit).filter(|c| !c.is_empty());
                if !self.rehearsing && self.job.action.pushes() {
                    self.look()?;
                    if self.work.as_ref().is_some_and(|w| !w.clean()) {
                        self.keep()?;
                    }
                }
                Err(self.refused(
                    Refusal::Detached,
                    "HEAD is on no branch, so there is nothing to sync with".into(),
                    self.git_command(&format!("switch {}", quote::word(&self.job.pin.branch))),
                ))
            }
            Head::Branch { name, commit } => {
                self.branch = name;
                self.head = commit;
                self.branch_is_no_option()?;
                self.branch_is_no_secret()?;
                self.branch_is_pinned()?;
                self.unborn_is_meant()
            }
        }
    }

    /// git makes no branch that looks like an option, and no command that names one means it.
    fn branch_is_no_option(&self) -> Result<(), End> {
        if !self.branch.starts_with('-') {
            return Ok(());
        }
        let name = quote::word(&self.branch);
        let new = quote::word(self.branch.trim_start_matches('-'));
        Err(self.refused(
            Refusal::OtherBranch,
            format!("the branch {} has a name that looks like an option", self.branch),
            self.git_command(&format!("branch -m -- {name} {new}")),
        ))
    }

    /// The name of a branch stands in messages, logs and on the remote.
    fn branch_is_no_secret(&self) -> Result<(), End> {
        if !self.job.config.security.scan || !holds_credential(&self.branch) {
            return Ok(());
        }
        Err(self.refused(
            Refusal::Secret,
            "the name of the branch holds a credential, and nothing is done under such a name".into(),
            self.git_command("branch -m NEW-NAME"),
        ))
    }

    fn branch_is_pinned(&mut self) -> Result<(), End> {
        let pinned = &self.job.pin.branch;
        if enroll::fits(pinned, &self.branch) {
            return Ok(());
        }
        self.phase = phases::is_of_phase(self.at, &self.job.config.plans, pinned, &self.branch);
        if self.phase {
            return Ok(());
        }
        let here = quote::path(&self.at.worktree);
        Err(self.refused(
            Refusal::OtherBranch,
            format!("{} is checked out, and {pinned} is the branch that was enrolled", self.branch),
            format!("craft auto-sync enable {here} --branch {}", quote::word(&self.branch)),
        ))
    }

    /// A branch without a commit is right in a new repository. Where its upstream was seen before, the
    /// branch vanished, and a commit would begin a second history.
    fn unborn_is_meant(&self) -> Result<(), End> {
        if self.head.is_some() {
            return Ok(());
        }
        // A ref that is there and cannot be read is no missing one.
        let reference = self.at.common_dir.join("refs/heads").join(&self.branch);
        let damaged = reference.is_file();
        let had_commits = self.at.common_dir.join("logs/refs/heads").join(&self.branch).is_file();
        if damaged || had_commits {
            return Err(self.refused(
                Refusal::BrokenHead,
                format!("HEAD names the branch {}, which is {}", self.branch, if damaged { "damaged" } else { "gone" }),
                self.git_command("reflog"),
            ));
        }
        Ok(())
    }

    /// Whether the enrolled branch still follows what it followed. Where that is not known, or another
    /// branch of a glob is checked out, anything is right.
    fn is_the_pinned_upstream(&self, branch: &str) -> bool {
        let pin = self.job.pin;
        self.branch != pin.branch || pin.upstream.as_deref().is_none_or(|was| was == branch)
    }

    fn remote_is_the_pinned(&mut self) -> Result<(), End> {
        let pin = self.job.pin;
        let Some(remote) = pin.remote.as_deref() else { return Ok(()) };
        let here = quote::path(&self.at.worktree);
        let again = format!("craft auto-sync enable {here}");
        let urls = self.reads.remote_urls(remote).map_err(|e| self.end(&e))?;
        let Some(urls) = urls else {
            return Err(self.refused(Refusal::RemoteChanged, format!("the remote {remote} is gone"), again));
        };
        let pinned = pin.remote_url.as_deref().unwrap_or_default();
        if urls.fetch != pinned {
            let reason = format!("the URL of {remote} is {}, and {pinned} was enrolled", urls.fetch);
            return Err(self.refused(Refusal::RemoteChanged, reason, again));
        }
        if urls.push != pin.push_url {
            let now = urls.push.as_deref().unwrap_or(&urls.fetch);
            let was = pin.push_url.as_deref().unwrap_or(pinned);
            let reason = format!("pushes to {remote} would go to {now}, and {was} was enrolled");
            return Err(self.refused(Refusal::RemoteChanged, reason, again));
        }
        let upstream = self.reads.upstream(&self.branch).map_err(|e| self.end(&e))?;
        self.target = Some(match upstream {
            // The branch of a phase goes under its own name, though git set it up to follow what it was made from.
            Some(up) if self.phase && (up.remote == remote || up.remote == ".") => {
                Target::new(remote, &self.branch, up.remote == remote && up.branch == self.branch)
            }
            Some(up) if up.remote == remote && self.is_the_pinned_upstream(&up.branch) => {
                Target::new(remote, &up.branch, true)
            }
            Some(up) if up.remote == remote => {
                let was = pin.upstream.as_deref().unwrap_or_default();
                let reason = format!("{} follows {remote}/{}, and {remote}/{was} was enrolled", self.branch, up.branch);
                return Err(self.refused(Refusal::RemoteChanged, reason, again));
            }
            Some(up) => {
                let reason = format!("{} follows {}/{}, and {remote} was enrolled", self.branch, up.remote, up.branch);
                return Err(self.refused(Refusal::RemoteChanged, reason, again));
            }
            None => Target::new(remote, &self.branch, false),
        });
        self.recount()
    }
}
