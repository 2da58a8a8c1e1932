//! Files and folders that are ours alone: made so that no other user reads or changes them, and never
//! written through a link or in a place that somebody else prepared.
//!
//! The modes are given when a file is made, so that there is no moment in which others can open it, and
//! the umask can only take more away. What was made by an earlier version is closed when it is written
//! again. A folder that was there already keeps its mode: it may be the user's.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::{FsError, IoContext};
use crate::sys;

/// The mode of a file of ours.
pub const FILE: u32 = 0o600;
/// The mode of a folder that we make.
pub const FOLDER: u32 = 0o700;

/// Why something of ours is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Whoever owns it decides what it holds.
    #[error("it belongs to another user (id {0}); make it yours with `sudo chown -R`, or remove it")]
    Foreign(u32),
    /// Somebody else may have said where it leads.
    #[error("it is a symbolic link, and none is followed here; remove it")]
    Link,
    /// Something else has taken the name.
    #[error("it is no folder; remove it")]
    NoFolder,
}

/// The options to which a file of ours is opened: mode 0600 where it is made; a link is an error, and so is
/// a pipe that nobody reads, which would otherwise be waited for.
#[must_use]
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(FILE).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options
}

/// Opens a file of ours, and makes missing folders where `options` make the file.
///
/// # Errors
/// The system's answer, or [`Distrust::Link`].
pub fn open(path: &Path, options: &OpenOptions) -> Result<File, FsError> {
    match options.open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            if let Some(parent) = path.parent() {
                folder(parent)?;
            }
            options.open(path).map_err(|e| explain(path, e)).at("open", path)
        }
        other => other.map_err(|e| explain(path, e)).at("open", path),
    }
}

/// Makes a folder and those above it, where they are missing, for this user only.
///
/// # Errors
/// The system's answer.
pub fn folder(path: &Path) -> Result<(), FsError> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path).at("create", path)
}

/// Takes other users' access to an open file of ours away, where an earlier version gave it.
///
/// # Errors
/// [`Distrust::Foreign`].
pub fn close(file: &File, path: &Path) -> Result<(), FsError> {
    let meta = file.metadata().at("look at", path)?;
    owned(&meta).at("use", path)?;
    if meta.mode() & 0o077 != 0 && meta.is_file() {
        // It is still ours to write where the filesystem knows no modes.
        let _ = file.set_permissions(fs::Permissions::from_mode(FILE));
    }
    Ok(())
}

/// Reads a whole file that steers what we do; `None` where there is none. It may be a link, but whoever
/// owns what it leads to must be this user or root.
///
/// # Errors
/// Any error but "not found", and [`Distrust::Foreign`].
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, FsError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return Err(e).at("read", path),
    };
    let meta = file.metadata().at("read", path)?;
    owned(&meta).at("use", path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0).saturating_add(1));
    // `take` keeps std from asking for the size once more.
    file.take(u64::MAX).read_to_end(&mut bytes).at("read", path)?;
    Ok(Some(bytes))
}

/// Whether the folder at `path`, which may be a link of the user's, is this user's; a missing one is.
///
/// # Errors
/// [`Distrust`], or the system's answer.
pub fn check(path: &Path) -> Result<(), FsError> {
    judge(path, fs::metadata(path))
}

/// As [`check`] for a folder in a place that others may be able to write to: it must be no link either.
///
/// # Errors
/// As [`check`].
pub fn check_exact(path: &Path) -> Result<(), FsError> {
    judge(path, fs::symlink_metadata(path))
}

/// What `meta` is of belongs to this user, or to root, who needs no such tricks.
///
/// # Errors
/// [`Distrust::Foreign`].
pub fn owned(meta: &Metadata) -> io::Result<()> {
    let owner = meta.uid();
    if owner == 0 || owner == sys::effective_user() { Ok(()) } else { Err(distrust(Distrust::Foreign(owner))) }
}

/// What is not trusted, where that is why `error` came.
#[must_use]
pub fn distrusted(error: &FsError) -> Option<Distrust> {
    error.source.get_ref()?.downcast_ref::<Distrust>().copied()
}

fn judge(path: &Path, meta: io::Result<Metadata>) -> Result<(), FsError> {
    let verdict = match meta {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => Err(e),
        Ok(meta) if meta.is_symlink() => Err(distrust(Distrust::Link)),
        Ok(meta) if !meta.is_dir() => Err(distrust(Distrust::NoFolder)),
        Ok(meta) => owned(&meta),
    };
    verdict.at("use", path)
}

/// Tells a link that was not followed from a chain of links that has no end.
pub(super) fn explain(path: &Path, error: io::Error) -> io::Error {
    let link = error.raw_os_error() == Some(libc::ELOOP) && path.is_symlink();
    if link { distrust(Distrust::Link) } else { error }
}

fn distrust(why: Distrust) -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_closed_and_what_was_there_stays() {
        let tmp = tempfile::tempdir().unwrap();
        fs::set_permissions(tmp.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = tmp.path().join("a/b/file");
        let file = open(&path, options().append(true).create(true)).unwrap();
        assert_eq!([mode(&path), mode(path.parent().unwrap()), mode(&tmp.path().join("a"))], [0o600, 0o700, 0o700]);
        assert_eq!(mode(tmp.path()), 0o755);
        file.set_permissions(fs::Permissions::from_mode(0o644)).unwrap();
        close(&file, &path).unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_link_is_named_and_not_followed() {
        let tmp = tempfile::tempdir().unwrap();
        let (victim, link) = (tmp.path().join("victim"), tmp.path().join("link"));
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        let error = open(&link, options().write(true).create(true)).unwrap_err();
        assert_eq!(distrusted(&error), Some(Distrust::Link), "{error}");
        assert!(!victim.exists());
        fs::create_dir(&victim).unwrap();
        assert_eq!(check_exact(&link).map_err(|e| distrusted(&e)), Err(Some(Distrust::Link)));
        check(&link).unwrap();
        check(&tmp.path().join("missing")).unwrap();
    }
}
