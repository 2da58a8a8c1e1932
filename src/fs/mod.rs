//! Files: where they are, how they are replaced, how they are locked, who may touch them.

pub mod atomic;
pub mod layout;
pub mod lock;
pub mod private;

use std::io;
use std::path::{Path, PathBuf};

/// An input/output error with the path it happened at and what was being done.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {source}", path.display())]
pub struct FsError {
    /// What was being done, as a verb: "read", "replace", "lock".
    pub doing: &'static str,
    /// Where.
    pub path: PathBuf,
    /// The system's answer.
    #[source]
    pub source: io::Error,
}

/// Adds path and verb to an [`io::Error`].
pub trait IoContext<T> {
    /// Turns the error into an [`FsError`].
    ///
    /// # Errors
    /// The same error, with `doing` and `path` added.
    fn at(self, doing: &'static str, path: &Path) -> Result<T, FsError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn at(self, doing: &'static str, path: &Path) -> Result<T, FsError> {
        self.map_err(|source| FsError { doing, path: path.to_owned(), source })
    }
}

/// Reads a whole file; `None` when there is none.
///
/// # Errors
/// Any error but "not found".
pub fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, FsError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e).at("read", path),
    }
}

/// Removes a file; it is no error when there is none.
///
/// # Errors
/// Any error but "not found".
pub fn remove_optional(path: &Path) -> Result<(), FsError> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e).at("remove", path),
        _ => Ok(()),
    }
}
