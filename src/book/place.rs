//! Which file is the book of a folder, and reading it. A repository comes from elsewhere: its book may be a link, a
//! pipe or a device, or have no end.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{FILE, WORKTREES};
use crate::locate::{Location, locate};

/// Bytes of a book that hooks read at most; a larger one is not read at all.
pub const MOST: u64 = 1 << 20;

/// The working tree whose book holds for work in `here`: the same, or the main one where `here` is a phase's own
/// working tree below `.para-worktrees/`.
#[must_use]
pub fn books(here: &Location) -> Location {
    let main = here.common_dir.parent().map(|top| (top.join(WORKTREES), top));
    let books = match main {
        Some((phases, top)) if here.git_dir != here.common_dir && here.worktree.starts_with(&phases) => {
            locate(top).filter(|at| at.git_dir == at.common_dir)
        }
        _ => None,
    };
    books.unwrap_or_else(|| here.clone())
}

/// A book that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file, without symlinks.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Why a book that is there is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It has too many bytes, of a book more than [`MOST`].
    #[error("is larger than {} MiB", MOST >> 20)]
    TooLarge,
    /// It is no ordinary file, or one outside of the working tree.
    #[error("is no ordinary file of this working tree")]
    NoFile,
    /// The system does not let us.
    #[error("cannot be read")]
    Unreadable,
}

/// The book of the working tree `top`, which holds no symlink; `None` where there is none. Where there is none, it
/// costs one look for the file.
///
/// # Errors
/// See [`Unfit`].
pub fn read(top: &Path) -> Result<Option<Found>, Unfit> {
    let file = top.join(FILE);
    if fs::symlink_metadata(&file).is_err() {
        return Ok(None);
    }
    let path = fs::canonicalize(&file).map_err(|_| Unfit::NoFile)?;
    if !is_within(top, &path) {
        return Err(Unfit::NoFile);
    }
    let bytes = ordinary(&path, MOST)?;
    Ok(Some(Found { path, bytes }))
}

/// Whether `path`, which holds no symlink, is of the working tree `top`, and not git's own.
#[must_use]
pub fn is_within(top: &Path, path: &Path) -> bool {
    path.strip_prefix(top).is_ok_and(|below| !below.iter().any(|part| part.eq_ignore_ascii_case(".git")))
}

/// What the ordinary file `path` holds, which is no symlink and has at most `most` bytes.
///
/// # Errors
/// See [`Unfit`].
pub fn ordinary(path: &Path, most: u64) -> Result<Vec<u8>, Unfit> {
    // Asked before it is opened: to open a device may do something.
    if !fs::metadata(path).is_ok_and(|m| m.is_file()) {
        return Err(Unfit::NoFile);
    }
    // And a pipe that was put there just now must not hold us.
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|_| Unfit::Unreadable)?;
    let meta = file.metadata().map_err(|_| Unfit::Unreadable)?;
    if !meta.is_file() {
        return Err(Unfit::NoFile);
    }
    if meta.len() > most {
        return Err(Unfit::TooLarge);
    }
    let mut bytes = Vec::new();
    let read = file.take(most + 1).read_to_end(&mut bytes).map_err(|_| Unfit::Unreadable)?;
    if read as u64 > most { Err(Unfit::TooLarge) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::fs::atomic;

    #[test]
    fn only_an_ordinary_file_of_the_tree_that_is_not_too_large_is_read() {
        let tmp = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(tmp.path()).unwrap();
        let (outside, tree) = (top.join("secret"), top.join("r"));
        atomic::create(&outside, b"secret").unwrap();
        assert_eq!(read(&tree), Ok(None));
        let book = tree.join(FILE);
        let place = |bytes: &[u8]| atomic::replace(&book, bytes).unwrap();
        place(b"# X");
        assert_eq!(read(&tree).unwrap().unwrap(), Found { path: book.clone(), bytes: b"# X".to_vec() });
        place(&vec![b' '; 1 << 20]);
        assert_eq!(read(&tree).unwrap().unwrap().bytes.len(), 1 << 20);
        place(&vec![b' '; (1 << 20) + 1]);
        assert_eq!(read(&tree), Err(Unfit::TooLarge));

        let link = |to: &Path| {
            fs::remove_file(&book).unwrap();
            symlink(to, &book).unwrap();
        };
        for elsewhere in [outside.as_path(), Path::new("/dev/zero"), Path::new("gone")] {
            link(elsewhere);
            assert_eq!(read(&tree), Err(Unfit::NoFile), "{elsewhere:?}");
        }
        atomic::create(&tree.join("context/other.md"), b"inside").unwrap();
        atomic::create(&tree.join(".git/x"), b"git's own").unwrap();
        link(Path::new("../.git/x"));
        assert_eq!(read(&tree), Err(Unfit::NoFile));
        link(Path::new("other.md"));
        assert_eq!(read(&tree).unwrap().unwrap().path, tree.join("context/other.md"));
    }
}
