//! Local reads through libgit2. It never writes, and an error from it means "unknown": the git
//! program is asked then (see [`reads`](super::reads)), and nothing is ever taken for 0 or clean.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid};

use super::compare::compare;
use super::objects::Content;
use super::porcelain::TreeEntry;
use super::worktrees::{Linked, branch_of};
use crate::locate::Location;
use crate::scan::redact::{hush, without_credentials};
use crate::sync::outcome::CommitLine;

/// libgit2 could not read something; the git program must be asked, or the user told.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {what}: {}", source.message())]
pub struct ReadError {
    /// What was being read.
    pub what: String,
    /// libgit2's answer.
    #[source]
    pub source: git2::Error,
}

/// Where HEAD is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// On a branch, at a commit (none on an unborn branch).
    Branch {
        /// The branch's short name.
        name: String,
        /// The commit.
        commit: Option<String>,
    },
    /// On no branch.
    Detached {
        /// The commit.
        commit: String,
    },
}

/// The branch a branch follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// The remote's name.
    pub remote: String,
    /// The branch's short name there.
    pub branch: String,
}

/// Where a remote is, without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteUrls {
    /// Where is fetched from.
    pub fetch: String,
    /// Where is pushed to, if that is another place.
    pub push: Option<String>,
}

/// What a ref is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The object's id.
    pub id: String,
    /// `commit`, `tree`, `blob` or `tag`.
    pub kind: String,
}

/// An open repository.
pub struct Repository {
    pub(super) inner: git2::Repository,
}

pub(super) trait Reading<T> {
    fn reading(self, what: &str) -> Result<T, ReadError>;
}

impl<T> Reading<T> for Result<T, git2::Error> {
    fn reading(self, what: &str) -> Result<T, ReadError> {
        self.map_err(|source| ReadError { what: what.into(), source })
    }
}

pub(super) fn optional<T>(result: Result<T, git2::Error>) -> Result<Option<T>, git2::Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

impl Repository {
    /// Opens the repository at `at`.
    ///
    /// # Errors
    /// Where libgit2 cannot: unknown extensions, another owner, damage.
    pub fn open(at: &Location) -> Result<Self, ReadError> {
        let inner = git2::Repository::open(&at.worktree).reading("the repository")?;
        Ok(Self { inner })
    }

    /// Where HEAD is.
    ///
    /// # Errors
    /// Where HEAD is empty or damaged.
    pub fn head(&self) -> Result<Head, ReadError> {
        let head = self.inner.find_reference("HEAD").reading("HEAD")?;
        if let Some(commit) = head.target() {
            return Ok(Head::Detached { commit: commit.to_string() });
        }
        let damaged = || git2::Error::from_str("HEAD names no branch");
        let target = head.symbolic_target().ok().flatten().ok_or_else(damaged).reading("HEAD")?;
        let name = target.strip_prefix("refs/heads/").ok_or_else(damaged).reading("HEAD")?;
        Ok(Head::Branch { name: name.to_owned(), commit: self.resolve(target)? })
    }

    /// What `branch` follows; `None` where it follows nothing or a local branch.
    ///
    /// # Errors
    /// Where the configuration cannot be read.
    pub fn upstream(&self, branch: &str) -> Result<Option<Upstream>, ReadError> {
        let remote = self.setting(&format!("branch.{branch}.remote"))?;
        let merge = self.setting(&format!("branch.{branch}.merge"))?;
        Ok(upstream_from(remote, merge))
    }

    /// The names of all remotes.
    ///
    /// # Errors
    /// Where the configuration cannot be read.
    pub fn remotes(&self) -> Result<Vec<String>, ReadError> {
        let names = self.inner.remotes().reading("the remotes")?;
        Ok(names.iter().filter_map(|n| n.ok().flatten().map(str::to_owned)).collect())
    }

    /// Where the remote `name` is; `None` where there is none of that name.
    ///
    /// # Errors
    /// Where the configuration cannot be read.
    pub fn remote_urls(&self, name: &str) -> Result<Option<RemoteUrls>, ReadError> {
        let Some(remote) = optional(self.inner.find_remote(name)).reading("the remote")? else { return Ok(None) };
        let url = remote.url().reading("the remote's URL")?.to_owned();
        let push = remote.pushurl().reading("the remote's push URL")?.map(str::to_owned);
        // git pushes to every URL of a list, of which libgit2 tells one.
        let (all, pushed) =
            (self.settings(&format!("remote.{name}.url"))?, self.settings(&format!("remote.{name}.pushurl"))?);
        if all.len() > 1 || pushed.len() > 1 {
            let list = if pushed.is_empty() { &all } else { &pushed };
            let first = all.first().map_or(url.as_str(), String::as_str);
            return Ok(Some(urls(first, Some(&list.join(" ")))));
        }
        Ok(Some(urls(&url, push.as_deref())))
    }

    /// The commit a full ref name is at.
    ///
    /// # Errors
    /// Where the ref is damaged.
    pub fn resolve(&self, reference: &str) -> Result<Option<String>, ReadError> {
        Ok(optional(self.inner.refname_to_id(reference)).reading(reference)?.map(|id| id.to_string()))
    }

    /// What a full ref name is at, whatever it is: the object and its kind.
    ///
    /// # Errors
    /// Where the ref is damaged, or the object missing.
    pub fn target(&self, reference: &str) -> Result<Option<Target>, ReadError> {
        let Some(id) = optional(self.inner.refname_to_id(reference)).reading(reference)? else { return Ok(None) };
        let (_, kind) = self.inner.odb().and_then(|odb| odb.read_header(id)).reading("an object")?;
        Ok(Some(Target { id: id.to_string(), kind: kind.str().to_owned() }))
    }

    /// The bytes of a blob, unless it has more than `limit`: then they are not read.
    ///
    /// # Errors
    /// Where it is missing.
    pub fn content(&self, blob: &str, limit: u64) -> Result<Content, ReadError> {
        let id = oid(blob)?;
        let (size, _) = self.inner.odb().and_then(|odb| odb.read_header(id)).reading("a file")?;
        if size as u64 > limit {
            return Ok(Content::TooLarge(size as u64));
        }
        Ok(Content::Bytes(self.inner.find_blob(id).reading("a file")?.content().to_owned()))
    }

    /// How many commits each of two commits has that the other does not.
    ///
    /// # Errors
    /// Where a commit is missing.
    pub fn ahead_behind(&self, local: &str, upstream: &str) -> Result<(usize, usize), ReadError> {
        self.inner.graph_ahead_behind(oid(local)?, oid(upstream)?).reading("the history")
    }

    /// Whether `ancestor` is `commit` or in its history.
    ///
    /// # Errors
    /// Where a commit is missing.
    pub fn is_ancestor(&self, ancestor: &str, commit: &str) -> Result<bool, ReadError> {
        let (ancestor, commit) = (oid(ancestor)?, oid(commit)?);
        self.inner.find_commit(ancestor).reading("a commit")?;
        Ok(ancestor == commit || self.inner.graph_descendant_of(commit, ancestor).reading("the history")?)
    }

    /// The common ancestors of two commits.
    ///
    /// # Errors
    /// Where a commit is missing.
    pub fn merge_bases(&self, one: &str, two: &str) -> Result<Vec<String>, ReadError> {
        let found = optional(self.inner.merge_bases(oid(one)?, oid(two)?)).reading("the history")?;
        Ok(found.map(|ids| ids.iter().map(ToString::to_string).collect()).unwrap_or_default())
    }

    /// The tree of a commit.
    ///
    /// # Errors
    /// Where it is missing.
    pub fn tree_of(&self, commit: &str) -> Result<String, ReadError> {
        let commit = self.inner.find_commit(oid(commit)?).reading("a commit")?;
        Ok(commit.tree_id().to_string())
    }

    /// Commits of `tip` that `base` does not have, newest first, at most `limit`, and how many in all.
    ///
    /// # Errors
    /// Where a commit is missing.
    pub fn commits(&self, base: Option<&str>, tip: &str, limit: usize) -> Result<(Vec<CommitLine>, usize), ReadError> {
        let mut walk = self.inner.revwalk().reading("the history")?;
        walk.push(oid(tip)?).reading("the history")?;
        if let Some(base) = base {
            walk.hide(oid(base)?).reading("the history")?;
        }
        let mut lines = Vec::new();
        let mut count = 0;
        for id in walk {
            let id = id.reading("the history")?;
            count += 1;
            if lines.len() < limit {
                let commit = self.inner.find_commit(id).reading("a commit")?;
                let subject = commit.summary().ok().flatten().unwrap_or_default().to_owned();
                let author = String::from_utf8_lossy(commit.author().name_bytes()).into_owned();
                lines.push(CommitLine { id: id.to_string()[..7].to_owned(), subject, author });
            }
        }
        Ok((lines, count))
    }

    /// The first-parent history of `commit`, itself first: each commit with its tree, at most `limit`.
    ///
    /// # Errors
    /// Where a commit is missing.
    pub fn first_parents(&self, commit: &str, limit: usize) -> Result<Vec<(String, String)>, ReadError> {
        let mut found = Vec::new();
        let mut next = Some(self.inner.find_commit(oid(commit)?).reading("a commit")?);
        while let Some(commit) = next.filter(|_| found.len() < limit) {
            found.push((commit.id().to_string(), commit.tree_id().to_string()));
            next = if commit.parent_count() == 0 { None } else { optional(commit.parent(0)).reading("a commit")? };
        }
        Ok(found)
    }

    /// Who made a commit, as opposed to who wrote what is in it: name and e-mail address.
    ///
    /// # Errors
    /// Where the commit is missing.
    pub fn committer(&self, commit: &str) -> Result<(String, String), ReadError> {
        let commit = self.inner.find_commit(oid(commit)?).reading("a commit")?;
        let who = commit.committer();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((text(who.name_bytes()), text(who.email_bytes())))
    }

    /// The commits that HEAD's log says were made with `action` in front of the message.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub fn made_with(&self, action: &str) -> Result<Vec<String>, ReadError> {
        let log = self.inner.reflog("HEAD").reading("HEAD's log")?;
        let ours = |e: &git2::ReflogEntry<'_>| e.message_bytes().is_some_and(|m| m.starts_with(action.as_bytes()));
        Ok(log.iter().take(1000).filter(ours).map(|e| e.id_new().to_string()).collect())
    }

    /// Those of `paths` that are files in a tree or commit: path, mode and object.
    ///
    /// # Errors
    /// Where an object is missing.
    pub fn entries(&self, tree: &str, paths: &[&str]) -> Result<Vec<TreeEntry>, ReadError> {
        let object = self.inner.find_object(oid(tree)?, None).reading("a tree")?;
        let tree = object.peel_to_tree().reading("a tree")?;
        let mut found = Vec::new();
        for path in paths {
            if let Some(entry) = optional(tree.get_path(Path::new(path))).reading("a tree")? {
                let mode = format!("{:06o}", entry.filemode_raw());
                found.push(TreeEntry { mode, id: entry.id().to_string(), path: path.into() });
            }
        }
        Ok(found)
    }

    /// How many files the index has.
    ///
    /// # Errors
    /// Where the index has an extension libgit2 does not know.
    pub fn tracked(&self) -> Result<usize, ReadError> {
        Ok(self.inner.index().reading("the index")?.len())
    }

    /// Paths that differ between two trees or commits: status letter and path.
    ///
    /// # Errors
    /// Where an object is missing.
    pub fn changed_paths(&self, from: &str, to: &str) -> Result<Vec<(u8, PathBuf)>, ReadError> {
        let tree = |id: &str| -> Result<git2::Tree<'_>, ReadError> {
            let object = self.inner.find_object(oid(id)?, None).reading("a tree")?;
            object.peel_to_tree().reading("a tree")
        };
        let found = compare(&self.inner, Some(&tree(from)?), &tree(to)?, |_| true)?;
        Ok(found.into_iter().map(|delta| (delta.letter(), delta.path)).collect())
    }

    /// A setting; `None` where it is not set.
    ///
    /// # Errors
    /// Where the configuration cannot be read.
    pub fn setting(&self, name: &str) -> Result<Option<String>, ReadError> {
        let config = self.inner.config().reading("the configuration")?;
        optional(config.get_string(name)).reading(name)
    }

    /// All values of a setting that may be given several times.
    ///
    /// # Errors
    /// Where the configuration cannot be read.
    pub fn settings(&self, name: &str) -> Result<Vec<String>, ReadError> {
        let config = self.inner.config().reading("the configuration")?;
        let Some(entries) = optional(config.multivar(name, None)).reading(name)? else { return Ok(Vec::new()) };
        let mut values = Vec::new();
        entries.for_each(|e| values.extend(e.value().ok().map(str::to_owned))).reading(name)?;
        Ok(values)
    }

    /// Whether git ignores `path`, which is relative to the top of the working tree.
    ///
    /// # Errors
    /// Where the rules cannot be read.
    pub fn ignores(&self, path: &Path) -> Result<bool, ReadError> {
        self.inner.is_path_ignored(path).reading("what is ignored")
    }

    /// The linked working trees.
    ///
    /// # Errors
    /// Where their list cannot be read.
    pub fn worktrees(&self) -> Result<Vec<Linked>, ReadError> {
        let names = self.inner.worktrees().reading("the working trees")?;
        let names: Vec<_> = names.iter().filter_map(|n| n.ok().flatten()).collect();
        let mut found = Vec::new();
        for name in names {
            let tree = self.inner.find_worktree(name).reading("a working tree")?;
            let locked = tree.is_locked().reading("a working tree")?;
            let head = self.inner.commondir().join("worktrees").join(name).join("HEAD");
            found.push(Linked {
                path: tree.path().to_owned(),
                branch: std::fs::read_to_string(head).ok().as_deref().and_then(branch_of),
                locked: !matches!(locked, git2::WorktreeLockStatus::Unlocked),
                prunable: tree.is_prunable(None).reading("a working tree")?,
            });
        }
        Ok(found)
    }

    /// Whether the history was cut off by a shallow clone.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.inner.is_shallow()
    }
}

/// Interprets `branch.<name>.remote` and `.merge`.
pub(super) fn upstream_from(remote: Option<String>, merge: Option<String>) -> Option<Upstream> {
    let remote = remote.filter(|r| !r.is_empty() && r != ".")?;
    let branch = merge?.strip_prefix("refs/heads/")?.to_owned();
    Some(Upstream { remote, branch })
}

/// Takes the credentials out, and the push URL where it is the same.
pub(super) fn urls(fetch: &str, push: Option<&str>) -> RemoteUrls {
    // A token may also stand in a path or a query.
    let bare = |url: &str| hush(&without_credentials(url));
    let fetch = bare(fetch);
    let push = push.map(bare).filter(|p| *p != fetch);
    RemoteUrls { fetch, push }
}

pub(super) fn oid(text: &str) -> Result<Oid, ReadError> {
    Oid::from_str(text).reading(text)
}
