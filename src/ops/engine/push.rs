//! Sending commits. Never by force: the lease makes the push fail where the remote branch is not the
//! commit we compared with, even where it was moved *back*, which a plain push would undo. A lease that
//! holds also switches git's own fast-forward check off, so what is sent is the very commit that was
//! found to contain the remote's, not whatever the branch is at by then.

use super::{Engine, Flow, Target, fail_point};
use crate::clock;
use crate::git::command::GitError;
use crate::git::fault::Fault;
use crate::git::porcelain::{self, PushedRef};
use crate::permission::of;
use crate::sync::outcome::{End, Pushed, Refusal};
use crate::sync::quote;

impl Engine<'_> {
    /// Pushes HEAD to the remote branch; makes that branch where `publish` says so.
    pub(super) fn push(&mut self, publish: bool) -> Result<Flow, End> {
        let (Some(target), Some(head)) = (self.target.clone(), self.head.clone()) else { return Ok(Flow::On) };
        let reference = format!("refs/heads/{}", target.branch);
        let ahead = match (publish, self.counts) {
            (false, Some((ahead, _))) => ahead,
            _ => self.reads.commits(None, &head, 0).map_err(|e| self.end(&e))?.1,
        };
        let expected = if publish { String::new() } else { self.tip.clone().unwrap_or_default() };
        if !publish && ahead == 0 {
            return Ok(Flow::On);
        }
        if !publish && !self.contains(&head, &expected)? {
            return Err(self.moved_meanwhile());
        }
        self.guard_push(&head, &target.branch)?;
        let refspec = format!("{head}:{reference}");
        let lease = format!("--force-with-lease={reference}:{expected}");
        let words = [
            "--porcelain",
            "--progress",
            "--recurse-submodules=check",
            lease.as_str(),
            "--",
            target.remote.as_str(),
            refspec.as_str(),
        ];
        fail_point(self.ctx, "push-begun");
        let outcome = self.send(&words);
        fail_point(self.ctx, "push-made");
        match outcome {
            Ok(()) => {
                self.seen_tip = Some(head.clone());
                self.tip = Some(head.clone());
                self.counts = Some((0, 0));
                self.missing = None;
                self.pushed = Some(Pushed { commits: ahead, target: target.display(), tip: head, published: publish });
                if !target.configured {
                    self.follow(&target).map_err(|e| self.end(&e))?;
                }
                Ok(Flow::On)
            }
            Err(NotSent::Raced(why)) => {
                // Somebody was faster. Fetch, merge, and try again.
                self.remarks.push(format!("{} moved while we were pushing ({why})", target.display()));
                self.fetched = false;
                self.work = None;
                self.tip = None;
                self.missing = None;
                self.recount()?;
                Ok(Flow::Again)
            }
            Err(NotSent::Ended(end)) => Err(end),
        }
    }

    /// Whether a commit of ours contains what the remote branch is at.
    fn contains(&self, head: &str, tip: &str) -> Result<bool, End> {
        if tip.is_empty() { Ok(false) } else { self.reads.is_ancestor(tip, head).map_err(|e| self.end(&e)) }
    }

    /// Sets the branch up to follow the one just pushed. `push --set-upstream` knows no commits.
    fn follow(&mut self, target: &Target) -> Result<(), GitError> {
        let merge = format!("refs/heads/{}", target.branch);
        self.git.write(["config", &format!("branch.{}.remote", self.branch), &target.remote]).run()?;
        fail_point(self.ctx, "follow-between");
        self.git.write(["config", &format!("branch.{}.merge", self.branch), &merge]).run()?;
        if let Some(target) = &mut self.target {
            target.configured = true;
        }
        Ok(())
    }

    fn send(&mut self, words: &[&str]) -> Result<(), NotSent> {
        let grant = self.leave::<of::Push>().map_err(NotSent::Ended)?;
        let mut call = self.with_ssh(self.git.push(grant, words));
        // Set, it sends every ref there is, our snapshots among them.
        if let Some(remote) = self.target.as_ref().map(|t| &t.remote).filter(|r| !r.contains('=')) {
            call = call.setting(format!("remote.{remote}.mirror=false"));
        }
        let reporter = &mut *self.reporter;
        let error = match call.run_watched(Some(&mut |p| reporter.progress(p))) {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let here = quote::path(&self.at.worktree);
        let by_hand = format!("git -C {here} push");
        Err(match porcelain::push(&error.finished.stdout) {
            Some(PushedRef::Raced(why)) => NotSent::Raced(why),
            // The connection broke off while the remote was still reading.
            Some(PushedRef::Refused(why)) if why.contains("unpacker error") && is_cut_off(&error) => {
                NotSent::Ended(End::Failed { reason: error.to_string(), transient: true })
            }
            Some(PushedRef::Refused(why)) => {
                let text = error.fault.text();
                NotSent::Ended(End::Refused {
                    kind: Refusal::RemoteRefused,
                    reason: format!("{} refused the push: {why}. {text}", self.target_name()),
                    command: by_hand,
                })
            }
            // A hook that says no leaves exit code 1, and its own words on standard error, whatever they
            // may sound like; git fails to reach a remote with 128.
            _ if !error.finished.timed_out
                && (error.finished.code == Some(1) || matches!(error.fault, Fault::Other(_)))
                && self.hook(&["pre-push"]).is_some() =>
            {
                NotSent::Ended(End::Refused {
                    kind: Refusal::Hook,
                    reason: format!("the pre-push hook refused the push: {}", error.fault.text()),
                    command: by_hand,
                })
            }
            _ => NotSent::Ended(self.end(&error)),
        })
    }

    /// Pushes the local side of a conflict to a branch of its own, once for each commit. Never as the
    /// first branch of a remote, which would make it the default one.
    pub(super) fn push_conflict_branch(&mut self) -> Result<Option<String>, End> {
        let (Some(target), Some(head)) = (self.target.clone(), self.head.clone()) else { return Ok(None) };
        if !self.may.push || self.counts.is_none_or(|(ahead, _)| ahead == 0) {
            return Ok(None);
        }
        let marker = format!("refs/craft/conflict/{}", self.branch.replace('%', "%25").replace('/', "%2F"));
        if self.reads.resolve(&marker).map_err(|e| self.end(&e))? == Some(head.clone()) {
            return Ok(None);
        }
        self.guard_push(&head, &self.branch.clone())?;
        let host: String =
            self.ctx.host.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
        let host = if host.trim_matches('-').is_empty() { "machine".to_owned() } else { host };
        let now = self.ctx.clock.now_ms();
        // A name that is taken, by another conflict of the same second, is left alone.
        for later in 0..5 {
            let branch = format!("craft/conflict/{host}/{}", clock::compact(now + later * 1000));
            let refspec = format!("{head}:refs/heads/{branch}");
            let lease = format!("--force-with-lease=refs/heads/{branch}:");
            let words = ["--porcelain", "--recurse-submodules=check", &lease, "--", &target.remote, refspec.as_str()];
            match self.send(&words) {
                Ok(()) => {
                    fail_point(self.ctx, "conflict-pushed");
                    self.git.write(["update-ref", &marker, &head]).run().map_err(|e| self.end(&e))?;
                    return Ok(Some(branch));
                }
                Err(NotSent::Raced(_)) => {}
                Err(NotSent::Ended(end)) => return Err(end),
            }
        }
        Ok(None)
    }
}

/// Whether the remote says that what it was sent has no end.
fn is_cut_off(error: &GitError) -> bool {
    error.finished.stderr.to_lowercase().contains("early eof")
}

/// Why nothing was sent.
enum NotSent {
    /// The remote has moved.
    Raced(String),
    /// The sync ends so.
    Ended(End),
}
