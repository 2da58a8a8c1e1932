//! Local reads: libgit2 where it can, the git program where it cannot.
//!
//! libgit2 does not know every kind of repository (sha256, reftable, sparse or split index, partial
//! clones). Whatever it fails at is asked again of git; only when git fails too is it an error.

use std::path::PathBuf;

use super::command::{Git, GitError};
use super::environment::ssh_command;
use super::objects::{self, Content};
use super::patches::{self, Same};
use super::porcelain::{self, TreeEntry};
use super::repository::{Head, ReadError, RemoteUrls, Repository, Target, Upstream, upstream_from, urls};
use super::worktrees::{self, Linked};
use crate::env::Env;
use crate::locate::Location;
use crate::sync::outcome::CommitLine;
use crate::sync::quote;

/// Reads of one repository.
pub struct Reads<'g, 'a> {
    fast: Option<Repository>,
    git: &'g Git<'a>,
}

impl<'g, 'a> Reads<'g, 'a> {
    /// Opens the repository at `at`. Never fails: where libgit2 cannot open it, git is asked.
    pub fn open(at: &Location, git: &'g Git<'a>) -> Self {
        Self { fast: Repository::open(at).ok(), git }
    }

    /// Only the git program is asked.
    pub fn slow(git: &'g Git<'a>) -> Self {
        Self { fast: None, git }
    }

    fn either<T>(
        &self,
        fast: impl FnOnce(&Repository) -> Result<T, ReadError>,
        slow: impl FnOnce(&Git<'a>) -> Result<T, GitError>,
    ) -> Result<T, GitError> {
        match self.fast.as_ref().map(fast) {
            Some(Ok(value)) => Ok(value),
            _ => slow(self.git),
        }
    }

    /// See [`Repository::head`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn head(&self) -> Result<Head, GitError> {
        self.either(Repository::head, |git| {
            let commit = git.read(["rev-parse", "--quiet", "--verify", "HEAD^{commit}"]).answer()?;
            match git.read(["symbolic-ref", "--quiet", "HEAD"]).answer()? {
                Some(name) => {
                    let name = name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned();
                    Ok(Head::Branch { name, commit })
                }
                None => Ok(Head::Detached { commit: commit.unwrap_or_default() }),
            }
        })
    }

    /// See [`Repository::upstream`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn upstream(&self, branch: &str) -> Result<Option<Upstream>, GitError> {
        self.either(
            |r| r.upstream(branch),
            |git| {
                let setting = |key: &str| git.read(["config", "--get", &format!("branch.{branch}.{key}")]).answer();
                Ok(upstream_from(setting("remote")?, setting("merge")?))
            },
        )
    }

    /// See [`Repository::remotes`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn remotes(&self) -> Result<Vec<String>, GitError> {
        self.either(Repository::remotes, |git| Ok(git.read(["remote"]).line()?.lines().map(str::to_owned).collect()))
    }

    /// See [`Repository::remote_urls`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn remote_urls(&self, name: &str) -> Result<Option<RemoteUrls>, GitError> {
        self.either(
            |r| r.remote_urls(name),
            |git| match git.read(["remote", "get-url", "--", name]).line() {
                Ok(fetch) => {
                    let push = git.read(["remote", "get-url", "--push", "--all", "--", name]).line()?;
                    Ok(Some(urls(&fetch, Some(&push.replace('\n', " ")))))
                }
                Err(e) if e.finished.code == Some(2) => Ok(None),
                Err(e) => Err(e),
            },
        )
    }

    /// See [`Repository::resolve`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn resolve(&self, reference: &str) -> Result<Option<String>, GitError> {
        self.either(
            |r| r.resolve(reference),
            |git| git.read(["rev-parse", "--quiet", "--verify", &format!("{reference}^{{commit}}")]).answer(),
        )
    }

    /// See [`Repository::target`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn target(&self, reference: &str) -> Result<Option<Target>, GitError> {
        self.either(
            |r| r.target(reference),
            |git| {
                let told = git.read(["for-each-ref", "--format=%(refname) %(objectname) %(objecttype)", reference]);
                let told = told.line()?;
                let mut lines = told.lines().map(|line| line.split(' ').collect::<Vec<_>>());
                Ok(lines.find_map(|words| match words[..] {
                    [name, id, kind] if name == reference => Some(Target { id: id.into(), kind: kind.into() }),
                    _ => None,
                }))
            },
        )
    }

    /// See [`Repository::content`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn content(&self, blob: &str, limit: u64) -> Result<Content, GitError> {
        self.either(
            |r| r.content(blob, limit),
            |git| {
                let mut found = Content::Missing;
                objects::contents(git, &[blob.to_owned()], limit, |_, content| {
                    found = content;
                    Ok::<_, GitError>(())
                })?;
                Ok(found)
            },
        )
    }

    /// See [`Repository::ahead_behind`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn ahead_behind(&self, local: &str, upstream: &str) -> Result<(usize, usize), GitError> {
        self.either(
            |r| r.ahead_behind(local, upstream),
            |git| {
                let text =
                    git.read(["rev-list", "--left-right", "--count", &format!("{local}...{upstream}")]).line()?;
                let mut numbers = text.split_whitespace().map(|n| n.parse().unwrap_or(0));
                Ok((numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)))
            },
        )
    }

    /// See [`Repository::is_ancestor`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn is_ancestor(&self, ancestor: &str, commit: &str) -> Result<bool, GitError> {
        self.either(
            |r| r.is_ancestor(ancestor, commit),
            |git| Ok(git.read(["merge-base", "--is-ancestor", ancestor, commit]).answer()?.is_some()),
        )
    }

    /// See [`Repository::merge_bases`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn merge_bases(&self, one: &str, two: &str) -> Result<Vec<String>, GitError> {
        self.either(
            |r| r.merge_bases(one, two),
            |git| {
                let text = git.read(["merge-base", "--all", one, two]).answer()?.unwrap_or_default();
                Ok(text.lines().map(str::to_owned).collect())
            },
        )
    }

    /// See [`Repository::tree_of`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn tree_of(&self, commit: &str) -> Result<String, GitError> {
        self.either(
            |r| r.tree_of(commit),
            |git| git.read(["rev-parse", "--verify", &format!("{commit}^{{tree}}")]).line(),
        )
    }

    /// See [`Repository::commits`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn commits(&self, base: Option<&str>, tip: &str, limit: usize) -> Result<(Vec<CommitLine>, usize), GitError> {
        self.either(
            |r| r.commits(base, tip, limit),
            |git| {
                let range = base.map_or_else(|| tip.to_owned(), |b| format!("{b}..{tip}"));
                let limit = format!("--max-count={limit}");
                let text =
                    git.read(["log", &limit, "--no-show-signature", "--format=%h%x00%s%x00%an%x00", &range]).line()?;
                let mut fields = text.split('\0').map(|f| f.trim_start_matches('\n').to_owned());
                let mut lines = Vec::new();
                while let (Some(id), Some(subject), Some(author)) = (fields.next(), fields.next(), fields.next()) {
                    lines.push(CommitLine { id, subject, author });
                }
                let count = git.read(["rev-list", "--count", &range]).line()?.parse().unwrap_or(lines.len());
                Ok((lines, count))
            },
        )
    }

    /// See [`Repository::first_parents`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn first_parents(&self, commit: &str, limit: usize) -> Result<Vec<(String, String)>, GitError> {
        self.either(
            |r| r.first_parents(commit, limit),
            |git| {
                let limit = format!("--max-count={limit}");
                let text = git
                    .read(["log", "--first-parent", "--no-show-signature", &limit, "--format=%H %T", commit])
                    .line()?;
                Ok(text.lines().filter_map(|l| l.split_once(' ')).map(|(c, t)| (c.to_owned(), t.to_owned())).collect())
            },
        )
    }

    /// See [`Repository::made_with`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn made_with(&self, action: &str) -> Result<Vec<String>, GitError> {
        self.either(
            |r| r.made_with(action),
            |git| {
                let text = git
                    .read([
                        "log",
                        "--walk-reflogs",
                        "--max-count=1000",
                        "--no-show-signature",
                        "--format=%H %gs",
                        "HEAD",
                    ])
                    .line()?;
                let ours =
                    |l: &str| l.split_once(' ').filter(|(_, m)| m.starts_with(action)).map(|(id, _)| id.to_owned());
                Ok(text.lines().filter_map(ours).collect())
            },
        )
    }

    /// See [`Repository::entries`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn entries(&self, tree: &str, paths: &[&str]) -> Result<Vec<TreeEntry>, GitError> {
        self.either(|r| r.entries(tree, paths), |git| objects::entries(git, tree, paths))
    }

    /// See [`Repository::files`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn files(&self, tree: &str) -> Result<Vec<TreeEntry>, GitError> {
        self.either(|r| r.files(tree), |git| objects::files(git, tree))
    }

    /// See [`Repository::tracked`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn tracked(&self) -> Result<usize, GitError> {
        self.either(Repository::tracked, |git| Ok(porcelain::paths(&git.read(["ls-files", "-z"]).run()?.stdout).len()))
    }

    /// See [`Repository::changed_paths`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn changed_paths(&self, from: &str, to: &str) -> Result<Vec<(u8, PathBuf)>, GitError> {
        self.either(
            |r| r.changed_paths(from, to),
            |git| {
                let finished = git.read(["diff-tree", "-r", "-z", "--raw", "--no-renames", from, to]).run()?;
                Ok(porcelain::raw_diff(&finished.stdout)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|d| (d.status, d.path))
                    .collect())
            },
        )
    }

    /// See [`Repository::setting`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn setting(&self, name: &str) -> Result<Option<String>, GitError> {
        self.either(|r| r.setting(name), |git| git.read(["config", "--get", name]).answer())
    }

    /// The user's ssh command with our bounds; `None` where it is not plainly ssh.
    #[must_use]
    pub fn ssh(&self, env: &Env) -> Option<String> {
        let set = env.str("GIT_SSH_COMMAND").map(str::to_owned);
        let set = set.or_else(|| self.setting("core.sshCommand").ok().flatten());
        let set = set.or_else(|| env.str("GIT_SSH").map(quote::word));
        ssh_command(set.as_deref())
    }

    /// See [`Repository::symbolic`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn symbolic(&self, name: &str) -> Result<Option<String>, GitError> {
        self.either(|r| r.symbolic(name), |git| git.read(["symbolic-ref", "--quiet", name]).answer())
    }

    /// See [`Repository::file`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn file(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        self.either(
            |r| r.file(commit, path),
            |git| match objects::entries(git, commit, &[path])?.first() {
                Some(entry) => Ok(Some(git.read(["cat-file", "blob", &entry.id]).run()?.stdout)),
                None => Ok(None),
            },
        )
    }

    /// See [`Repository::same_patches`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn same_patches(
        &self,
        base: &str,
        tip: &str,
        main: &str,
        without: Option<&str>,
    ) -> Result<Option<Same>, GitError> {
        self.either(
            |r| r.same_patches(base, tip, main, without),
            |git| patches::same_patches(git, base, tip, main, without),
        )
    }

    /// See [`Repository::reverted`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn reverted(&self, base: &str, tip: &str, main: &str, without: &str) -> Result<bool, GitError> {
        self.either(|r| r.reverted(base, tip, main, without), |git| patches::reverted(git, base, tip, main, without))
    }

    /// See [`Repository::worktrees`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn worktrees(&self) -> Result<Vec<Linked>, GitError> {
        self.either(Repository::worktrees, |git| {
            Ok(worktrees::parse(&git.read(["worktree", "list", "--porcelain", "-z"]).run()?.stdout))
        })
    }

    /// See [`Repository::is_shallow`].
    ///
    /// # Errors
    /// Where git cannot tell either.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        self.either(
            |r| Ok(r.is_shallow()),
            |git| Ok(git.read(["rev-parse", "--is-shallow-repository"]).line()? == "true"),
        )
    }
}
