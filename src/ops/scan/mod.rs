//! Scanning for credentials: what a sync would commit and push, and what somebody asks for by hand.
//!
//! A scan that cannot run, or cannot look at a file, is never taken for one that found nothing.

pub mod allow;
mod cache;
pub mod found;
pub mod hand;
mod known;
mod lfs;
mod policy;
mod salt;
mod sift;
mod walk;

pub(crate) use known::Known;
pub(crate) use policy::{Policy, Source};
pub(crate) use salt::{of_repository as salt_of_repository, passing as passing_salt};
pub(crate) use sift::{Comments, Item, Sieve, Sifted, list};

use crate::fs::FsError;
use crate::git::command::GitError;

/// The name under which a scanner is given the message of a commit.
pub const MESSAGE: &str = "commit message";
/// The name under which a scanner is given who made a commit, and what else its headers say.
pub const AUTHOR: &str = "author of a commit";
/// The name under which a scanner is given the name of a file.
pub const NAME: &str = "name of a file";
/// The name under which a scanner is given the name of a branch.
pub const BRANCH: &str = "branch name";

/// Why a scan could not run at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScanError(pub String);

impl From<GitError> for ScanError {
    fn from(error: GitError) -> Self {
        Self(error.to_string())
    }
}

impl From<FsError> for ScanError {
    fn from(error: FsError) -> Self {
        Self(error.to_string())
    }
}
