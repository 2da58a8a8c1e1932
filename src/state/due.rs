//! `craft/jobs.due`: when a worker has to look at the recurring jobs next.
//!
//! Read by hooks, at each prompt, so it is 16 bytes and not the schedule itself: where there is no such file, as
//! while the scheduler is off, that costs one `open` that fails.

use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::clock::Millis;
use crate::fs::{FsError, IoContext, private, remove_optional};

/// A file that was written this much later than it is now tells that the clock was set back since.
const SET_BACK: Millis = 60_000;

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// From when on there is something to do; 0 is never.
    pub at: Millis,
    /// When that was written.
    pub written: Millis,
}

impl Due {
    /// Whether a worker is to look now: the time has come, or the clock was set back, so that it says nothing.
    #[must_use]
    pub fn has_come(self, now: Millis) -> bool {
        self.at != 0 && (self.at <= now || self.written > now.saturating_add(SET_BACK))
    }
}

/// What the file at `path` says; `None` where there is none.
#[must_use]
pub fn read(path: &Path) -> Option<Due> {
    let mut bytes = [0; 16];
    // Whatever lies there, a hook must not wait for it.
    private::options().read(true).open(path).ok()?.read_exact_at(&mut bytes, 0).ok()?;
    let (at, written) = bytes.split_at(8);
    let number = |half: &[u8]| half.try_into().map_or(0, Millis::from_le_bytes);
    Some(Due { at: number(at), written: number(written) })
}

/// Writes it, in place: next to nothing is to be done for it, and a torn one only starts a worker that looks.
///
/// # Errors
/// Where the file cannot be made or written.
pub fn write(path: &Path, due: Due) -> Result<(), FsError> {
    let file = private::open(path, private::options().write(true).create(true).truncate(false))?;
    private::close(&file, path)?;
    let bytes = [due.at.to_le_bytes(), due.written.to_le_bytes()].concat();
    file.write_all_at(&bytes, 0).at("write", path)
}

/// Nothing will be due: takes the file away.
///
/// # Errors
/// Where it is there and cannot be removed.
pub fn clear(path: &Path) -> Result<(), FsError> {
    remove_optional(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_time_has_come_when_it_is_past_or_when_the_clock_was_set_back_since() {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("craft/jobs.due");
        assert_eq!(read(&path), None);
        let due = Due { at: 2_000_000, written: 1_000_000 };
        write(&path, due).unwrap();
        assert_eq!(read(&path), Some(due));
        for (now, come) in [
            (1_000_000, false),
            (1_999_999, false),
            (2_000_000, true),
            (9_000_000, true),
            (940_000, false),
            (939_999, true),
            (0, true),
        ] {
            assert_eq!(due.has_come(now), come, "{now}");
        }
        assert!(!Due { at: 0, ..due }.has_come(9_000_000));
        std::fs::File::options().write(true).open(&path).unwrap().set_len(8).unwrap();
        assert_eq!(read(&path), None);
        clear(&path).unwrap();
        clear(&path).unwrap();
        assert!(!path.exists());
    }
}
