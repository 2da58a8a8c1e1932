//! A time in a file of 8 bytes, written in place.
//!
//! A prompt that leads to nothing must cost next to nothing. Replacing a file costs more than
//! starting the hook; a `pwrite` of 8 bytes is free, and 8 aligned bytes are never seen half-written.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::clock::Millis;
use crate::fs::{FsError, IoContext, private};

/// What [`claim`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The last time is long enough ago; it is now `now`, and this process was the one to set it.
    Granted,
    /// It was within the window, or another process is claiming at this very moment.
    TooSoon,
}

/// Sets the time in `path` to `now` unless it is less than `window` ago. Of several processes at the
/// same moment one is granted, whichever of them looked at its clock first. A time further in the future
/// than `window` (the clock was set back) counts as long ago.
///
/// # Errors
/// Where the file cannot be made or written.
pub fn claim(path: &Path, now: Millis, window: Millis) -> Result<Claim, FsError> {
    let file = open(path)?;
    if fs2::FileExt::try_lock_exclusive(&file).is_err() {
        return Ok(Claim::TooSoon);
    }
    let last = value(&file);
    if now.abs_diff(last) < window {
        return Ok(Claim::TooSoon);
    }
    // Not before: a prompt that is too soon asks for nothing more.
    private::close(&file, path)?;
    file.write_all_at(&now.to_le_bytes(), 0).at("write", path)?;
    Ok(Claim::Granted)
}

/// Sets the time in `path`.
///
/// # Errors
/// Where the file cannot be made or written.
pub fn set(path: &Path, now: Millis) -> Result<(), FsError> {
    open(path)?.write_all_at(&now.to_le_bytes(), 0).at("write", path)
}

/// The time in `path`; 0 where there is none.
#[must_use]
pub fn read(path: &Path) -> Millis {
    File::open(path).map_or(0, |f| value(&f))
}

fn value(file: &File) -> Millis {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, 0).map_or(0, |()| Millis::from_le_bytes(bytes))
}

fn open(path: &Path) -> Result<File, FsError> {
    private::open(path, private::options().read(true).write(true).create(true).truncate(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_granted_once_a_window_and_a_clock_set_back_does_not_block() {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("r/tick");
        assert_eq!(read(&path), 0);
        assert_eq!(claim(&path, 10_000, 5_000).unwrap(), Claim::Granted);
        assert_eq!(claim(&path, 14_999, 5_000).unwrap(), Claim::TooSoon);
        assert_eq!(claim(&path, 15_000, 5_000).unwrap(), Claim::Granted);
        assert_eq!(read(&path), 15_000);
        assert_eq!(
            claim(&path, 14_999, 5_000).unwrap(),
            Claim::TooSoon,
            "it looked at its clock first and came second"
        );
        assert_eq!(claim(&path, 3_000, 5_000).unwrap(), Claim::Granted);
        assert_eq!(claim(&path, 3_000, 0).unwrap(), Claim::Granted);
    }

    #[test]
    fn of_two_at_once_one_is_granted() {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("tick");
        let other = open(&path).unwrap();
        fs2::FileExt::lock_exclusive(&other).unwrap();
        assert_eq!(claim(&path, 10_000, 0).unwrap(), Claim::TooSoon);
    }
}
