//! Local reads through libgit2. It never writes, and an error from it means "unknown".

use crate::locate::Location;

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

/// An open repository.
pub struct Repository {
    inner: git2::Repository,
}

impl Repository {
    /// Opens the repository at `at`.
    ///
    /// # Errors
    /// Where libgit2 cannot: unknown extensions, another owner, damage.
    pub fn open(at: &Location) -> Result<Self, ReadError> {
        let inner = git2::Repository::open(&at.worktree)
            .map_err(|source| ReadError { what: "the repository".into(), source })?;
        Ok(Self { inner })
    }

    /// Where HEAD is.
    ///
    /// # Errors
    /// Where HEAD is empty or damaged.
    pub fn head(&self) -> Result<Head, ReadError> {
        let _ = &self.inner;
        todo!()
    }

    /// What `branch` follows; `None` where it follows nothing or a local branch.
    ///
    /// # Errors
    /// Where the configuration cannot be read.
    pub fn upstream(&self, _branch: &str) -> Result<Option<Upstream>, ReadError> {
        todo!()
    }

    /// The names of all remotes.
    ///
    /// # Errors
    /// Where the configuration cannot be read.
    pub fn remotes(&self) -> Result<Vec<String>, ReadError> {
        todo!()
    }

    /// Where the remote `name` is; `None` where there is none of that name.
    ///
    /// # Errors
    /// Where the configuration cannot be read.
    pub fn remote_urls(&self, _name: &str) -> Result<Option<RemoteUrls>, ReadError> {
        todo!()
    }

    /// The commit a full ref name is at.
    ///
    /// # Errors
    /// Where the ref is damaged.
    pub fn resolve(&self, _reference: &str) -> Result<Option<String>, ReadError> {
        todo!()
    }

    /// How many commits each of two commits has that the other does not.
    ///
    /// # Errors
    /// Where a commit is missing.
    pub fn ahead_behind(&self, _local: &str, _upstream: &str) -> Result<(usize, usize), ReadError> {
        todo!()
    }
}
