//! Packing files that were turned over, and removing those that are too old.

use std::fs::File;
use std::io;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::files::{self, Archived};
use super::head::{self, Held};
use super::write::{self, DAY, Limits, Open};
use crate::clock::Millis;
use crate::fs::layout::Layout;
use crate::fs::{FsError, IoContext, atomic, private, remove_optional};

/// How a journal is kept.
#[derive(Clone, Copy)]
pub struct Trim<'l> {
    /// Now.
    pub now: Millis,
    /// How large a file may become, in bytes.
    pub limit: Limits<'l>,
    /// How many days a file is kept.
    pub days: u64,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Files that were turned over.
    pub turned_over: usize,
    /// Files that were packed.
    pub compressed: usize,
    /// Files that were removed.
    pub removed: usize,
    /// Bytes that are free now.
    pub bytes: u64,
}

/// Whether the journal was not looked over for a day.
#[must_use]
pub fn due(layout: &Layout, now: Millis) -> bool {
    head::peek(layout).is_some_and(|head| is_due(head.looked, now))
}

fn is_due(looked: Millis, now: Millis) -> bool {
    looked.abs_diff(now) >= DAY
}

/// Turns the file over where that is due, packs what was turned over, and once a day removes what is older than it may
/// be. One process at a time does; others find nothing to do.
///
/// # Errors
/// Where a file cannot be written or removed. What was not done is done the next time.
pub fn tidy(layout: &Layout, trim: Trim<'_>) -> Result<Tidied, FsError> {
    let mut done = Tidied::default();
    let folder = layout.journal_archive();
    private::folder(&folder)?;
    let turn = File::open(&folder).at("open", &folder)?;
    // The folder itself is the lock: no file has to be made for it, and none is left behind.
    if fs2::FileExt::try_lock_exclusive(&turn).is_err() {
        return Ok(done);
    }
    sweep(&folder);
    done.turned_over += usize::from(write::turn_over_if_due(layout, trim.now, trim.limit)?);
    for file in files::archived(layout)? {
        if file.packed {
            // It got its name when it was complete; the one it was made of was about to go.
            let plain = file.path.with_extension("");
            let size = std::fs::metadata(&plain).map_or(0, |m| m.len());
            if size > 0 {
                remove_optional(&plain)?;
                done.bytes += size;
            }
        } else {
            done.bytes += pack(&file.path)?;
            done.compressed += 1;
        }
    }
    retain(layout, trim, &mut done)?;
    Ok(done)
}

/// Removes what processes that were killed left of new files. Nobody else makes any here, as long as we have the lock.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if name.starts_with(b".") && name.ends_with(b".tmp") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Packs a file; how many bytes that saves.
fn pack(plain: &Path) -> Result<u64, FsError> {
    let packed = files::packed(plain);
    let mut from = File::open(plain).at("open", plain)?;
    let before = from.metadata().at("read", plain)?.len();
    atomic::stream(&packed, &mut |to: &mut File| {
        let mut encoder = GzEncoder::new(to, Compression::default());
        io::copy(&mut from, &mut encoder)?;
        encoder.finish().map(drop)
    })?;
    remove_optional(plain)?;
    let after = std::fs::metadata(&packed).map_or(0, |m| m.len());
    Ok(before.saturating_sub(after))
}

/// Removes files whose newest line is older than the journal is kept, oldest first and none behind one that stays.
///
/// A file goes only when it was too old at the look before, too: a clock that is far ahead at one look takes nothing
/// away that it would not have taken by the clock before. That is why there is a look once a day and no more.
fn retain(layout: &Layout, trim: Trim<'_>, done: &mut Tidied) -> Result<(), FsError> {
    let held = Held::take(layout)?;
    let mut head = Open::new(layout, &held)?.head;
    let mut oldest = 0;
    if is_due(head.looked, trim.now) {
        oldest = trim.now.min(head.looked).saturating_sub(trim.days.saturating_mul(DAY));
        head.looked = trim.now;
        held.write(&head)?;
    }
    let all = files::archived(layout)?;
    let begins = if head.size > 0 { head.first } else { head.last.seq.saturating_add(1) };
    let next = |n: usize| all.get(n + 1).map_or(begins, |a| a.first);
    // What was about to be removed when a process was killed.
    let mut go: Vec<&Archived> = Vec::new();
    for (n, file) in all.iter().enumerate() {
        let gone = next(n) <= head.base.seq.saturating_add(1) && head.base.seq > 0;
        if !gone && file.to >= oldest {
            break;
        }
        go.push(file);
    }
    let Some(last) = go.last() else { return Ok(()) };
    let end = write::end_of(last)?;
    if end.seq > head.base.seq {
        // Before they go: a crash must not look as if somebody had removed them.
        head.base = end;
        held.write(&head)?;
    }
    drop(held);
    for file in go {
        let size = std::fs::metadata(&file.path).map_or(0, |m| m.len());
        remove_optional(&file.path)?;
        done.removed += 1;
        done.bytes += size;
    }
    Ok(())
}
