//! Getting to a phase's branch, or to a working tree of its own, without losing a change.

use std::path::Path;

use crate::audit::Outcome;
use crate::book;
use crate::context::Context;
use crate::git::command::{Git, GitError};
use crate::git::fault::Fault;
use crate::git::porcelain;
use crate::git::reads::Reads;
use crate::git::repository::Head;
use crate::locate::{Location, locate};
use crate::ops::engine::fail_point;
use crate::ops::error::{Kind, OpError};
use crate::ops::exclude;
use crate::ops::permit;
use crate::ops::plan::Place;
use crate::ops::plan::execute::Dirty;
use crate::ops::plan::merged::Main;
use crate::permission::{Origin, of, on};
use crate::queue::Trigger;
use crate::sync::quote;
use crate::sync::tell::counted;

/// Where it is noted what was checked out before a switch, until the books have come along.
const FROM: &str = "refs/craft/para-from/";
/// What books and plans lie below; changes there are never in the way of a phase.
const BOOKS: &str = "context";

/// The ways of one command.
pub(super) struct Ways<'w> {
    pub ctx: &'w Context,
    pub place: &'w Place,
    pub git: &'w Git<'w>,
    pub reads: &'w Reads<'w, 'w>,
}

/// How the remote's main branch was asked for.
pub(super) enum News {
    /// It was, or there is nobody to ask.
    Known,
    /// It cannot be reached.
    Offline(String),
    /// It may not be asked.
    Denied(String),
}

impl News {
    /// What to say where it was not.
    pub(super) fn remark(&self, main: &Main) -> Option<String> {
        let remote = main.remote.as_deref().unwrap_or("the remote");
        match self {
            Self::Known => None,
            Self::Offline(why) => {
                Some(format!("{remote} could not be reached, so what was last fetched counts: {why}"))
            }
            Self::Denied(why) => Some(format!("{why}; so what was last fetched counts")),
        }
    }
}

impl Ways<'_> {
    /// Fetches the main branch, if that is allowed.
    pub(super) fn fetch(&self, main: &Main) -> Result<News, OpError> {
        let Some(remote) = &main.remote else { return Ok(News::Known) };
        let at = &self.place.books;
        let item = at.worktree.display().to_string();
        let grant =
            match permit::pass::<on::Git, of::Pull>(self.ctx, Some(at), Origin::Internal, &item, Trigger::Manual) {
                Ok(grant) => grant,
                Err(denied) => return Ok(News::Denied(denied.decision.sentence())),
            };
        let upstream = self.reads.upstream(&main.name)?.filter(|up| up.remote == *remote);
        let branch = upstream.map_or_else(|| main.name.clone(), |up| up.branch);
        let refspec = format!("+refs/heads/{branch}:refs/remotes/{remote}/{branch}");
        let words = [
            "--quiet",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-prune",
            "--no-tags",
            "--refmap=",
            "--",
            remote,
            &refspec,
        ];
        let call = self.git.fetch(grant, words);
        let call = call.setting("fetch.writeCommitGraph=false").setting("transfer.hideRefs=refs/craft");
        let set = self.ctx.env.str("GIT_SSH_COMMAND").map(str::to_owned);
        let set = set.or_else(|| self.reads.setting("core.sshCommand").ok().flatten());
        let set = set.or_else(|| self.ctx.env.str("GIT_SSH").map(quote::word));
        let call = match crate::git::environment::ssh_command(set.as_deref()) {
            Some(command) => call.env("GIT_SSH_COMMAND", command),
            None => call,
        };
        match call.run() {
            Ok(_) => Ok(News::Known),
            // An empty remote, or one that was never told of the branch.
            Err(GitError { fault: Fault::NoSuchBranch(_), .. }) => Ok(News::Known),
            Err(error) => Ok(News::Offline(error.fault.text().to_owned())),
        }
    }

    /// What was checked out when a command was killed that was on its way to `branch`.
    pub(super) fn came_from(&self, branch: &str) -> Result<Option<String>, GitError> {
        self.reads.resolve(&format!("{FROM}{branch}"))
    }

    /// The books have come along.
    pub(super) fn arrived(&self, branch: &str) -> Result<(), GitError> {
        if self.came_from(branch)?.is_some() {
            self.git.write(["update-ref", "-d", &format!("{FROM}{branch}")]).run()?;
        }
        Ok(())
    }

    /// Changes outside of the books.
    fn dirt(&self) -> Result<Vec<String>, OpError> {
        let words = ["status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames"];
        let finished = self.git.read(words).run()?;
        let changes = porcelain::status(&finished.stdout).map_err(|e| OpError::refused(e.to_string()))?;
        let outside = |path: &Path| !path.starts_with(BOOKS) && !path.starts_with(book::WORKTREES);
        Ok(changes.into_iter().filter(|c| outside(&c.path)).map(|c| c.path.display().to_string()).collect())
    }

    /// Deals with changes that are not committed, as the user wishes; the commit of a stash that was made.
    pub(super) fn settle_dirt(
        &self,
        how: Dirty,
        again: &str,
        unit: &str,
        remarks: &mut Vec<String>,
    ) -> Result<Option<String>, OpError> {
        let dirt = self.dirt()?;
        let Some(first) = dirt.first() else { return Ok(None) };
        let count = counted(dirt.len(), "changed file");
        match how {
            Dirty::Stop => Err(OpError::refused(if dirt.len() == 1 {
                format!("{first} is changed and not committed")
            } else {
                format!("{count} are not committed, first {first}")
            })
            .remedy(format!(
                "commit what belongs here, or `{again} --dirty stash` puts it aside, `{again} --dirty carry` takes it along"
            ))),
            Dirty::Carry => {
                remarks.push(format!("{count} taken along, not committed"));
                Ok(None)
            }
            Dirty::Stash => {
                self.stages_no_book()?;
                let message = format!("craft plan: before {unit}");
                let exclude = [BOOKS, book::WORKTREES].map(|folder| format!(":(exclude,top){folder}"));
                let words = ["stash", "push", "--quiet", "--include-untracked", "-m", &message, "--", ":(top)"];
                let words = words.into_iter().chain(exclude.iter().map(String::as_str));
                self.git.write(words).run()?;
                let stash = self.reads.resolve("refs/stash")?;
                let id = stash.as_deref().unwrap_or("refs/stash");
                let short = id.get(..10).unwrap_or(id);
                remarks
                    .push(format!("{count} put aside in a stash; to get them back: git stash apply --index {short}"));
                Ok(stash)
            }
        }
    }

    /// A stash takes the whole index, whatever it is told to leave out, and could then not be applied with it.
    fn stages_no_book(&self) -> Result<(), OpError> {
        let words = ["diff", "--cached", "--name-only", "--no-ext-diff", "--no-renames", "-z", "--", ":(top)context"];
        let finished = self.git.read(words).run()?;
        match porcelain::paths(&finished.stdout).first() {
            None => Ok(()),
            Some(path) => {
                Err(OpError::refused(format!("{} is staged, and a stash would take it along", path.display()))
                    .remedy("git commit -m \"docs: Update the plan\" -- context"))
            }
        }
    }

    /// Makes `branch` from `base` (or goes to it, where there is no base) by one `git switch`.
    pub(super) fn switch(
        &self,
        branch: &str,
        base: Option<&str>,
        follows: Option<&str>,
        remarks: &mut Vec<String>,
    ) -> Result<(), OpError> {
        let head = self.reads.head()?;
        if let Head::Detached { commit } = &head {
            self.is_on_a_branch(commit)?;
        }
        if let Head::Branch { commit: Some(head), .. } | Head::Detached { commit: head } = head {
            self.git.write(["update-ref", &format!("{FROM}{branch}"), &head]).run()?;
        }
        let words = match (base, follows) {
            (Some(base), _) => vec!["--no-track", "--create", branch, base],
            (None, Some(remote)) => vec!["--create", branch, "--track", remote],
            (None, None) => vec!["--no-guess", branch],
        };
        // git takes a file that it ignores for one that anybody can make again.
        let always = ["switch", "--quiet", "--no-overwrite-ignore"];
        let switched = self.git.write(always.into_iter().chain(words)).run();
        if let Err(error) = switched
            && !self.is_there_all_the_same(self.reads, branch, &error, remarks)
        {
            let _ = self.arrived(branch);
            let text = error.finished.stderr.clone();
            let books = text.lines().any(|l| l.trim_start().starts_with(&format!("{BOOKS}/")));
            let refused = OpError::from(error);
            return Err(if books {
                refused.remedy("git add context && git commit -m \"docs: Update the plan\" -- context")
            } else {
                refused.remedy("commit what is in the way, or put it aside with `--dirty stash`")
            });
        }
        fail_point(self.ctx, "plan-switched");
        Ok(())
    }

    /// git fails too where all was done but a `post-checkout` hook of the user's fails or takes too long.
    fn is_there_all_the_same(
        &self,
        reads: &Reads<'_, '_>,
        branch: &str,
        error: &GitError,
        remarks: &mut Vec<String>,
    ) -> bool {
        let there = matches!(reads.head(), Ok(Head::Branch { name, .. }) if name == branch);
        if there {
            remarks.push(format!(
                "{branch} is checked out, but git failed (a post-checkout hook?): {}",
                error.fault.text()
            ));
        }
        there
    }

    /// Commits that no branch or tag has would be hard to find again after a switch.
    fn is_on_a_branch(&self, commit: &str) -> Result<(), OpError> {
        let contains = format!("--contains={commit}");
        let words = ["for-each-ref", "--count=1", &contains, "refs/heads", "refs/remotes", "refs/tags"];
        if self.git.read(words).line()?.is_empty() {
            return Err(OpError::refused("HEAD is on no branch, and has commits that none has")
                .remedy("keep them: git switch -c NAME"));
        }
        Ok(())
    }

    /// Moves the local main branch forward to where the remote's is, if it is checked out nowhere.
    pub(super) fn forward(&self, main: &Main, remarks: &mut Vec<String>) -> Result<(), OpError> {
        let Some(local) = main.local.as_ref().filter(|local| **local != main.tip) else { return Ok(()) };
        let reference = format!("refs/heads/{}", main.name);
        let listed = self.git.read(["worktree", "list", "--porcelain"]).line()?;
        let mut there = "";
        for line in listed.lines() {
            there = line.strip_prefix("worktree ").unwrap_or(there);
            if line.strip_prefix("branch ") == Some(&reference) {
                remarks.push(format!(
                    "{} is checked out in {there} and stays where it is; to move it: git -C {} merge --ff-only {}",
                    main.name,
                    quote::word(there),
                    &main.tip[..main.tip.len().min(10)]
                ));
                return Ok(());
            }
        }
        let moved =
            self.git.write(["update-ref", "-m", "craft plan: fast-forward", &reference, &main.tip, local]).run();
        if let Err(error) = moved {
            remarks.push(format!("{} was not moved forward: {}", main.name, error.fault.text()));
        }
        fail_point(self.ctx, "plan-forwarded");
        Ok(())
    }

    /// Moves main forward where it is checked out here, as far as git does that without touching a change.
    pub(super) fn forward_here(&self, main: &Main, remarks: &mut Vec<String>) -> Result<(), OpError> {
        let on_main = matches!(self.reads.head()?, Head::Branch { name, .. } if name == main.name);
        if !on_main || main.local.as_ref() == Some(&main.tip) {
            return if on_main { Ok(()) } else { self.forward(main, remarks) };
        }
        let words = ["merge", "--quiet", "--ff-only", "--no-overwrite-ignore", &main.tip];
        if let Err(error) = self.git.write(words).run() {
            remarks.push(format!("{} was not moved forward: {}", main.name, error.fault.text()));
        }
        Ok(())
    }

    /// Makes a linked working tree for `branch`; one that is there already is taken. Its path below the top.
    pub(super) fn worktree(
        &self,
        branch: &str,
        base: Option<&str>,
        remarks: &mut Vec<String>,
    ) -> Result<(String, Location), OpError> {
        let name = branch.rsplit('/').next().unwrap_or(branch);
        let path = format!("{}/{name}", book::WORKTREES);
        let folder = self.place.file(&path);
        let top = self.place.file(book::WORKTREES);
        if top.is_symlink() {
            return Err(OpError::refused(format!("{} is a link", book::WORKTREES)).remedy("replace it by a folder"));
        }
        exclude::keep_out_of_git(&top)?;
        if folder.exists() {
            let found =
                locate(&folder).filter(|at| at.worktree == folder && at.common_dir == self.place.books.common_dir);
            let taken = || {
                OpError::refused(format!("{path} is there already, and is no working tree of {branch}"))
                    .remedy(format!("move it away, or remove it with `git worktree remove {}`", quote::word(&path)))
            };
            let at = found.ok_or_else(taken)?;
            let reads = Reads::open(&at, self.git);
            return match reads.head()? {
                Head::Branch { name, .. } if name == branch => Ok((path, at)),
                _ => Err(taken()),
            };
        }
        let words = match base {
            Some(base) => vec!["worktree", "add", "--quiet", "--no-track", "-b", branch, &path, base],
            None => vec!["worktree", "add", "--quiet", &path, branch],
        };
        let made = self.git.write(words).run();
        let at = locate(&folder).filter(|at| at.worktree == folder);
        if let Err(error) = made {
            let there = |at: &Location| self.is_there_all_the_same(&Reads::open(at, self.git), branch, &error, remarks);
            if !at.as_ref().is_some_and(there) {
                return Err(error.into());
            }
        }
        fail_point(self.ctx, "plan-worktree");
        let at = at.ok_or_else(|| OpError::new(Kind::Failed, format!("{path} is no working tree")))?;
        Ok((path, at))
    }

    /// Writes into the journal that something was done in spite of what speaks against it.
    pub(super) fn note_forced(&self, unit: &str, reason: &str) {
        self.place.note(self.ctx, "execute --force", &format!("{unit}: {reason}"), Outcome::Success);
    }
}
