//! Advisory file locks, released by the kernel together with the process that holds them.
//!
//! The lock is the `flock`; the JSON inside the file only tells people who holds it. Lock files are
//! never deleted: deleting one while another process waits on it would give two holders.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fs2::FileExt;
use serde::{Deserialize, Serialize};

use super::{FsError, IoContext, private};
use crate::clock::Millis;

/// Who holds a lock, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Name of the machine.
    pub host: String,
    /// When the lock was taken.
    pub started: Millis,
    /// What for: "worker", "force", "undo", "look".
    pub purpose: String,
}

/// Bytes that hold the description of any holder; a host's name has at most 255.
const ROOM: usize = 512;

/// A lock that was taken. Dropping it releases it.
#[derive(Debug)]
pub struct LockGuard {
    file: File,
    path: PathBuf,
}

impl LockGuard {
    /// The lock file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes who holds it, over all that stood there: cutting the file off would cost more than
    /// everything else here.
    fn describe(&self, text: &str) {
        // The text is information, never the truth: failing to write it fails nothing.
        let _ = self.file.write_all_at(format!("{text:ROOM$}").as_bytes(), 0);
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        self.describe("");
        let _ = FileExt::unlock(&self.file);
    }
}

/// Takes the lock at `path` if it is free; `None` when another process holds it.
///
/// # Errors
/// Where the lock file cannot be made or opened, and where it is a symlink or another user's.
pub fn try_exclusive(path: &Path, holder: &Holder) -> Result<Option<LockGuard>, FsError> {
    let file = open(path)?;
    match FileExt::try_lock_exclusive(&file) {
        Ok(()) => {
            let guard = LockGuard { file, path: path.to_owned() };
            guard.describe(&serde_json::to_string(holder).unwrap_or_default());
            Ok(Some(guard))
        }
        Err(e)
            if e.kind() == ErrorKind::WouldBlock || e.raw_os_error() == fs2::lock_contended_error().raw_os_error() =>
        {
            Ok(None)
        }
        Err(e) => Err(e).at("lock", path),
    }
}

/// Takes the lock at `path`, waiting at most `patience`; `None` when it stayed busy.
///
/// # Errors
/// As [`try_exclusive`].
pub fn exclusive_within(path: &Path, holder: &Holder, patience: Duration) -> Result<Option<LockGuard>, FsError> {
    within(patience, || try_exclusive(path, holder))
}

/// Tries until something is there, at most for `patience`.
#[expect(clippy::disallowed_methods, reason = "a wait is bounded by the monotonic clock, which no test needs to move")]
fn within<T>(
    patience: Duration,
    mut attempt: impl FnMut() -> Result<Option<T>, FsError>,
) -> Result<Option<T>, FsError> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(found) = attempt()? {
            return Ok(Some(found));
        }
        let Some(left) = patience.checked_sub(begun.elapsed()) else { return Ok(None) };
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// A folder that was locked. Dropping it releases it.
#[derive(Debug)]
pub struct FolderLock(File);

impl Drop for FolderLock {
    fn drop(&mut self) {
        let _ = FileExt::unlock(&self.0);
    }
}

/// Locks a folder of others, which is made where it is missing, for a file in it that is replaced as a whole: nothing is
/// written for the lock itself.
///
/// # Errors
/// Where it cannot be made or opened, or another process has it for longer than `patience`.
pub fn folder(path: &Path, patience: Duration) -> Result<FolderLock, FsError> {
    std::fs::create_dir_all(path).at("create", path)?;
    let file = File::open(path).at("open", path)?;
    let taken = within(patience, || match FileExt::try_lock_exclusive(&file) {
        Ok(()) => Ok(Some(())),
        Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(e) => Err(e).at("lock", path),
    })?;
    if taken.is_none() {
        return Err(ErrorKind::WouldBlock.into()).at("lock", path);
    }
    Ok(FolderLock(file))
}

/// Who holds the lock at `path`, as far as the file tells.
#[must_use]
pub fn holder(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    File::open(path).ok()?.take(4096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Who holds the lock at `path`, where that is a process of this machine that lives. The lock itself is
/// not touched: taking it, even for a moment and even shared, would turn a worker away that then relies
/// on us to do its work.
#[must_use]
pub fn living_holder(path: &Path, host: &str) -> Option<Holder> {
    holder(path).filter(|h| h.host == host && crate::sys::process_exists(h.pid))
}

fn open(path: &Path) -> Result<File, FsError> {
    let file = private::open(path, private::options().read(true).write(true).create(true).truncate(false))?;
    private::close(&file, path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Holder {
        Holder { pid: std::process::id(), host: "here".into(), started: 1, purpose: "test".into() }
    }

    #[test]
    fn a_second_taker_is_turned_away_until_the_first_lets_go() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/lock");
        let first = try_exclusive(&path, &me()).unwrap().expect("free");
        assert!(try_exclusive(&path, &me()).unwrap().is_none());
        assert!(exclusive_within(&path, &me(), Duration::from_millis(5)).unwrap().is_none());
        assert_eq!(holder(&path), Some(me()));
        assert_eq!(living_holder(&path, "here"), Some(me()));
        assert_eq!(living_holder(&path, "elsewhere"), None);
        first.describe(&serde_json::to_string(&Holder { pid: 4_194_305, ..me() }).unwrap());
        assert_eq!(living_holder(&path, "here"), None, "killed, it could not blank its name");
        drop(first);
        assert_eq!(holder(&path), None);
        assert!(try_exclusive(&path, &me()).unwrap().is_some());
        assert!(path.exists(), "lock files stay");
    }
}
