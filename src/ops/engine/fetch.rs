//! Asking the remote, and noticing when it tells another story than before.

use std::time::Duration;

use super::{Engine, Target, fail_point};
use crate::git::command::{Call, GitError};
use crate::git::fault::Fault;
use crate::git::process::Finished;
use crate::ops::phases;
use crate::permission::of;
use crate::sync::outcome::{End, Refusal};
use crate::sync::quote;

/// How long a fetch that is not needed any more may go on.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much further back a shallow clone is deepened at a time.
const DEEPEN: [&str; 3] = ["--deepen=50", "--deepen=500", "--unshallow"];

impl<'e> Engine<'e> {
    /// Starts the fetch that is certain to come, so that the working tree is looked at and committed
    /// while the remote thinks. A failure to start shows when it is waited for.
    pub(super) fn fetch_ahead(&mut self) -> Result<(), End> {
        let Some(target) = self.target.clone() else { return Ok(()) };
        if target.configured || self.may_publish() {
            let before = self.reads.resolve(&target.tracking).map_err(|e| self.end(&e))?;
            let started = self.fetch_call(&target, &self.destination(&target), before.as_deref(), &[])?.start();
            self.ahead = Some((before, started.map_err(|e| self.end(&e))?));
            fail_point(self.ctx, "fetch-begun");
        }
        Ok(())
    }

    /// Fetches the one branch, into its tracking ref.
    pub(super) fn fetch(&mut self) -> Result<(), End> {
        let Some(target) = self.target.clone() else { return Ok(()) };
        self.fetched = true;
        self.missing = None;
        if !target.configured && !self.may_publish() {
            // Without an upstream nobody said that the branch of this name over there is ours.
            let empty = self.remote_is_empty()?;
            self.missing = Some(empty);
            return Ok(());
        }
        if self.ahead.is_none() {
            self.fetch_ahead()?;
        }
        let Some((before, started)) = self.ahead.take() else { return Ok(()) };
        let reporter = &mut *self.reporter;
        let fetched = started.finish(Some(&mut |p| reporter.progress(p)));
        fail_point(self.ctx, "fetched");
        let fetched = match fetched {
            // Another git fetched at the same moment: an editor's, or that of a sync that was killed.
            Err(GitError { fault: Fault::Locked(_), .. }) => self.fetch_patiently(&target, before.as_deref())?,
            other => other,
        };
        let fetched = match fetched {
            // A lock that is still there after so long may belong to a git that died.
            Err(error) if matches!(error.fault, Fault::Locked(_)) && !self.rehearsing => {
                let stopped = self.stopped_record();
                self.clear_locks(stopped.as_ref());
                self.fetch_call(&target, &self.destination(&target), before.as_deref(), &[])?.run()
            }
            other => other,
        };
        match fetched {
            Ok(_) => {}
            Err(GitError { fault: Fault::NoSuchBranch(_), .. }) => {
                let known = before.is_some() || self.reads.resolve(&target.remembered()).is_ok_and(|r| r.is_some());
                return self.branch_is_missing(known);
            }
            Err(error) => return Err(self.end(&error)),
        }
        let destination = self.destination(&target);
        self.tip = self.reads.resolve(&destination).map_err(|e| self.end(&e))?;
        self.forget_rehearsal(&destination);
        self.not_rewritten(before)?;
        self.compare()
    }

    /// Fetches again for a short while, where another git holds the lock. The outer error is the gate's.
    fn fetch_patiently(&mut self, target: &Target, before: Option<&str>) -> Result<Result<Finished, GitError>, End> {
        let mut denied = None;
        let fetched = self.patiently(|e| match e.fetch_call(target, &e.destination(target), before, &[]) {
            Ok(call) => call.run().map(Some),
            Err(end) => {
                denied = Some(end);
                Ok(None)
            }
        });
        match (fetched, denied) {
            (Ok(Some(finished)), _) => Ok(Ok(finished)),
            (_, Some(end)) => Err(end),
            (Ok(None), None) => Ok(Ok(Finished::never_started(String::new()))),
            (Err(error), None) => Ok(Err(error)),
        }
    }

    /// Ends a fetch that was started early and is not needed any more. A git that is stopped may leave a
    /// lock behind, so it gets time to end by itself first.
    pub(super) fn abandon_fetch(&mut self) {
        if let Some((_, started)) = self.ahead.take() {
            started.abandon(PATIENCE);
        }
    }

    /// Where a fetch puts what it finds: a rehearsal must not move the tracking ref.
    fn destination(&self, target: &Target) -> String {
        if self.rehearsing { format!("refs/craft/rehearsal/{}", std::process::id()) } else { target.tracking.clone() }
    }

    fn forget_rehearsal(&self, destination: &str) {
        if self.rehearsing {
            let _ = self.git.write(["update-ref", "-d", destination]).run();
        }
    }

    /// The fetch of the one branch. Each asks the gate: to take in, or else to see what a push would meet.
    fn fetch_call(
        &self,
        target: &Target,
        destination: &str,
        before: Option<&str>,
        more: &[&str],
    ) -> Result<Call<'_, 'e>, End> {
        let refspec = format!("+refs/heads/{}:{destination}", target.branch);
        let tips: Vec<_> =
            self.head.as_deref().into_iter().chain(before).map(|tip| format!("--negotiation-tip={tip}")).collect();
        let mut words = vec![
            "--progress",
            // Invisible to others, and to the user's own FETCH_HEAD.
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-prune",
            "--no-prune-tags",
            // Only this branch, whatever remote.<name>.fetch says.
            "--refmap=",
        ];
        // The remote need not hear of the user's other branches, nor of our snapshots.
        words.extend(tips.iter().map(String::as_str));
        words.extend(more);
        // All tags may be set up to come along; one that was moved over there would fail the fetch.
        if self.reads.setting(&format!("remote.{}.tagOpt", target.remote)).is_ok_and(|t| t.as_deref() == Some("--tags"))
        {
            words.push("--no-tags");
        }
        words.extend(["--", &target.remote, &refspec]);
        // What a git that is killed while it writes the graph leaves behind would fail every later fetch.
        let call = if self.may.pull {
            self.git.fetch(self.leave::<of::Pull>()?, words)
        } else {
            self.git.fetch(self.leave::<of::Push>()?, words)
        };
        let call = call.setting("fetch.writeCommitGraph=false").setting("transfer.hideRefs=refs/craft");
        Ok(self.with_ssh(call))
    }

    /// Adds our bounds to the user's ssh command.
    pub(super) fn with_ssh<'c>(&self, call: Call<'c, 'e>) -> Call<'c, 'e> {
        call.ssh(self.reads.ssh(&self.ctx.env))
    }

    fn may_publish(&self) -> bool {
        // The branch of a phase is made to be seen by others.
        self.job.publish || self.job.pin.publish || self.phase
    }

    /// Whether the remote has no branch at all. Publishing to an empty remote is the first step that
    /// every new repository takes; a branch beside others is for the user to make.
    fn remote_is_empty(&mut self) -> Result<bool, End> {
        let Some(target) = self.target.clone() else { return Ok(false) };
        let words = ["--heads", "--", &target.remote];
        let call = if self.may.pull {
            self.git.ls_remote(self.leave::<of::Pull>()?, words)
        } else {
            self.git.ls_remote(self.leave::<of::Push>()?, words)
        };
        Ok(self.with_ssh(call).line().map_err(|e| self.end(&e))?.is_empty())
    }

    fn branch_is_missing(&mut self, known: bool) -> Result<(), End> {
        let empty = self.remote_is_empty()?;
        let Some(target) = &self.target else { return Ok(()) };
        if known {
            let here = quote::path(&self.at.worktree);
            if self.phase {
                // Most often because it was merged. What was not is still on the branch here.
                let command = if self.at.git_dir == self.at.common_dir {
                    let main = phases::main_branch(&self.job.config.plans, &self.job.pin.branch);
                    format!("git -C {here} switch {}", quote::word(main))
                } else {
                    format!("git -C {} worktree remove {here}", quote::path(&self.job.pin.path))
                };
                return Err(End::Refused {
                    kind: Refusal::UpstreamGone,
                    reason: format!(
                        "{}, the branch of a phase, was deleted on the remote, as after a merge; nothing is published \
                         again unasked",
                        target.display()
                    ),
                    command,
                });
            }
            return Err(End::Refused {
                kind: Refusal::UpstreamGone,
                reason: format!("{} was deleted on the remote; nothing is published again unasked", target.display()),
                command: format!("git -C {here} push {} {}", quote::word(&target.remote), quote::word(&self.branch)),
            });
        }
        if self.phase && empty {
            // The first branch of a remote becomes its default one.
            self.missing = Some(false);
            self.counts = None;
            if !self.job.action.pushes() {
                return Ok(());
            }
            let here = quote::path(&self.at.worktree);
            let main = phases::main_branch(&self.job.config.plans, &self.job.pin.branch);
            return Err(End::Refused {
                kind: Refusal::Unpublished,
                reason: format!("{} has no branch yet, and that of a phase shall not be its first", target.remote),
                command: format!("git -C {here} push -u {} {}", quote::word(&target.remote), quote::word(main)),
            });
        }
        self.missing = Some(empty || self.may_publish());
        self.counts = None;
        Ok(())
    }

    /// Stops where the remote branch lost commits that are still here: pushing would put back what
    /// somebody took away, perhaps for a good reason.
    fn not_rewritten(&mut self, before: Option<String>) -> Result<(), End> {
        let (Some(target), Some(tip)) = (self.target.clone(), self.tip.clone()) else { return Ok(()) };
        let remembered = self.reads.resolve(&target.remembered()).map_err(|e| self.end(&e))?;
        // Both: what we took in last, and what anybody fetched last.
        for old in [remembered, before].into_iter().flatten().filter(|old| *old != tip) {
            let forward = match self.reads.is_ancestor(&old, &tip) {
                Ok(forward) => forward,
                // A shallow history may not reach back to the old commit; then nothing can be said.
                Err(_) if self.reads.is_shallow().map_err(|e| self.end(&e))? => true,
                Err(error) => return Err(self.end(&error)),
            };
            if !forward && self.holds_removed(&old, &tip)? {
                // The tracking ref has moved on; what it was must not be forgotten until this is settled.
                let end = self.rewritten(&target, &old);
                self.seen_tip = Some(old);
                return Err(end);
            }
        }
        self.seen_tip = Some(tip);
        Ok(())
    }

    fn rewritten(&self, target: &Target, old: &str) -> End {
        let here = quote::path(&self.at.worktree);
        let upstream = quote::word(&target.display());
        let mine = self.head.as_deref() != Some(old);
        End::Refused {
            kind: Refusal::UpstreamRewritten,
            reason: format!(
                "{} was rewritten: commits you have were removed there, and syncing would put them back",
                target.display()
            ),
            command: if mine {
                format!("git -C {here} rebase --onto {upstream} {}", &old[..old.len().min(12)])
            } else {
                format!("git -C {here} reset --keep {upstream}")
            },
        }
    }

    /// Whether HEAD holds commits of `old` that `tip` does not.
    fn holds_removed(&self, old: &str, tip: &str) -> Result<bool, End> {
        let Some(head) = &self.head else { return Ok(false) };
        for base in self.reads.merge_bases(head, old).map_err(|e| self.end(&e))? {
            if !self.reads.is_ancestor(&base, tip).map_err(|e| self.end(&e))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes what the remote branch was last seen at, if that has changed: once, at the end of a sync.
    pub(super) fn remember(&mut self) -> Result<(), GitError> {
        let (Some(target), Some(tip)) = (&self.target, self.seen_tip.take()) else { return Ok(()) };
        if self.rehearsing || self.reads.resolve(&target.remembered())?.as_ref() == Some(&tip) {
            return Ok(());
        }
        self.git.write(["update-ref", &target.remembered(), &tip]).run()?;
        fail_point(self.ctx, "remembered");
        Ok(())
    }

    /// Counts what each side has, and lists what arrives.
    fn compare(&mut self) -> Result<(), End> {
        let Some(tip) = self.tip.clone() else { return Ok(()) };
        self.incoming.clear();
        let Some(head) = self.head.clone() else {
            let (_, behind) = self.reads.commits(None, &tip, 0).map_err(|e| self.end(&e))?;
            self.counts = Some((0, behind));
            let tree = self.git.read(["ls-tree", "-r", "-z", "--name-only", &tip]).run().map_err(|e| self.end(&e))?;
            self.incoming = crate::git::porcelain::paths(&tree.stdout).into_iter().map(|p| (b'A', p)).collect();
            return Ok(());
        };
        if head == tip {
            self.counts = Some((0, 0));
            return Ok(());
        }
        let (ahead, behind) = self.reads.ahead_behind(&head, &tip).map_err(|e| self.end(&e))?;
        self.counts = Some((ahead, behind));
        if behind == 0 {
            return Ok(());
        }
        let base = self.merge_base(&head, &tip)?;
        self.incoming = self.reads.changed_paths(&base, &tip).map_err(|e| self.end(&e))?;
        Ok(())
    }

    /// Counts again after HEAD or the tracking ref moved here.
    pub(super) fn recount(&mut self) -> Result<(), End> {
        let Some(target) = &self.target else { return Ok(()) };
        let tip = match (&self.tip, self.fetched) {
            (Some(tip), true) => Some(tip.clone()),
            _ => self.reads.resolve(&target.tracking).map_err(|e| self.end(&e))?,
        };
        self.counts = match (&self.head, tip) {
            (Some(head), Some(tip)) if *head == tip => Some((0, 0)),
            (Some(head), Some(tip)) => Some(self.reads.ahead_behind(head, &tip).map_err(|e| self.end(&e))?),
            _ => None,
        };
        Ok(())
    }

    /// The common ancestor of two commits; a shallow clone is deepened until there is one.
    pub(super) fn merge_base(&mut self, one: &str, two: &str) -> Result<String, End> {
        let mut further = DEEPEN.iter();
        loop {
            let found = self.reads.merge_bases(one, two).map_err(|e| self.end(&e))?;
            if let Some(base) = found.into_iter().next() {
                return Ok(base);
            }
            let shallow = self.reads.is_shallow().map_err(|e| self.end(&e))?;
            let (Some(more), true, Some(target)) = (further.next(), shallow, self.target.clone()) else { break };
            let destination = self.destination(&target);
            self.fetch_call(&target, &destination, None, &[more])?.run().map_err(|e| self.end(&e))?;
            self.forget_rehearsal(&destination);
            // libgit2 keeps the old boundary in memory.
            self.reads = crate::git::reads::Reads::open(self.at, self.git);
        }
        Err(End::Refused {
            kind: Refusal::Unrelated,
            reason: format!("{} and {} have no common history", self.branch, self.target_name()),
            command: format!(
                "git -C {} log --oneline --graph {} {}",
                quote::path(&self.at.worktree),
                quote::word(&self.branch),
                quote::word(&self.target_name())
            ),
        })
    }
}
