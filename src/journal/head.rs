//! The head: where the chain of lines ends and where it begins, and the lock that lets one write at a time.
//!
//! It is written in place, padded with blanks and without a sync, since replacing a file with every line would cost
//! more than the line. Whatever it says is held against the size of the file that is written to; where the two do not
//! agree, the file counts.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::audit::line::Point;
use crate::clock::Millis;
use crate::fs::layout::Layout;
use crate::fs::{FsError, IoContext, private};

/// Bytes that hold any head.
const ROOM: usize = 512;
/// A line is written in microseconds; who waits this long waits for something broken.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Head {
    /// Format version; 1.
    pub(super) version: u32,
    /// The last line.
    pub(super) last: Point,
    /// Size of the file that is written to, in bytes.
    pub(super) size: u64,
    /// Number of its first line.
    pub(super) first: u64,
    /// When that was written.
    pub(super) began: Millis,
    /// The earliest time of its lines.
    pub(super) from: Millis,
    /// The latest.
    pub(super) to: Millis,
    /// The last line that was removed for its age; the chain begins behind it.
    pub(super) base: Point,
    /// When files were last looked over for their age.
    pub(super) looked: Millis,
}

/// The head's file, locked until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    file: File,
    path: PathBuf,
}

impl Held {
    /// Takes the lock.
    ///
    /// # Errors
    /// Where the file cannot be made, is a symlink or another user's, and where another process keeps the lock.
    #[expect(clippy::disallowed_methods, reason = "a wait is bounded by the monotonic clock")]
    pub(super) fn take(layout: &Layout) -> Result<Self, FsError> {
        let path = layout.journal_head();
        let file = private::open(&path, private::options().read(true).write(true).create(true).truncate(false))?;
        private::close(&file, &path)?;
        let begun = Instant::now();
        let mut pause = Duration::from_micros(50);
        loop {
            match fs2::FileExt::try_lock_exclusive(&file) {
                Ok(()) => return Ok(Self { file, path }),
                Err(_) if begun.elapsed() < PATIENCE => std::thread::sleep(pause),
                Err(e) => return Err(e).at("lock", &path),
            }
            pause = (pause * 2).min(Duration::from_millis(2));
        }
    }

    /// What it says; `None` where it says nothing that can be understood.
    ///
    /// # Errors
    /// Where it cannot be read, and where a newer version wrote it: then nothing may be written.
    pub(super) fn read(&self) -> Result<Option<Head>, FsError> {
        let mut bytes = [0; 2 * ROOM];
        let mut filled = 0;
        loop {
            match self.file.read_at(&mut bytes[filled..], filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e).at("read", &self.path),
            }
        }
        let head = parse(&bytes[..filled]);
        match head {
            Some(Head { version: 2.., .. }) => {
                let newer = "a newer version of claude-craft wrote it; update this one";
                Err(std::io::Error::other(newer)).at("use", &self.path)
            }
            head => Ok(head),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// Where that fails.
    pub(super) fn write(&self, head: &Head) -> Result<(), FsError> {
        let text = serde_json::to_string(head).unwrap_or_default();
        self.file.write_all_at(format!("{text:ROOM$}").as_bytes(), 0).at("write", &self.path)?;
        // What stood behind it (ours never has anything there) would make it unreadable.
        match self.file.metadata() {
            Ok(meta) if meta.len() > text.len().max(ROOM) as u64 => {
                self.file.set_len(text.len().max(ROOM) as u64).at("write", &self.path)
            }
            _ => Ok(()),
        }
    }
}

/// What the head says, without a lock: a line that is being written at this moment may not be counted yet.
pub(super) fn peek(layout: &Layout) -> Option<Head> {
    let text = std::fs::read(layout.journal_head()).ok()?;
    parse(text.get(..2 * ROOM).unwrap_or(&text))
}

fn parse(bytes: &[u8]) -> Option<Head> {
    serde_json::from_slice::<Head>(bytes).ok().filter(|head| head.version > 0)
}
