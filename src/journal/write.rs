//! Adding a line, and turning the file over.

use std::fs::File;
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::files::{self, Archived};
use super::head::{Head, Held};
use super::lines::Forward;
use crate::audit::Entry;
use crate::audit::line::{self, Hash, Line, Point};
use crate::clock::Millis;
use crate::fs::layout::Layout;
use crate::fs::{FsError, IoContext, atomic, private};

pub(super) const DAY: Millis = 86_400_000;

/// When a file is turned over. Asked only where a file is so large that it could be.
pub type Limits<'l> = &'l dyn Fn() -> u64;

/// What is always small enough, in bytes: less than any limit.
const SMALL: u64 = 1 << 20;

/// What came of adding a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Its number.
    pub seq: u64,
    /// What was put in order first, where something was.
    pub mended: Option<&'static str>,
}

/// Adds an entry in one `write`. `now` is the clock's time, whatever the entry's is: at the first line of a day (UTC),
/// and where the file has more bytes than `limit` says, a new file is begun.
///
/// # Errors
/// Where it cannot be written, where another process keeps the lock, and where a newer version wrote the journal.
pub fn append(layout: &Layout, entry: &Entry, now: Millis, limit: Limits<'_>) -> Result<Appended, FsError> {
    let held = Held::take(layout)?;
    let mut open = Open::new(layout, &held)?;
    if open.is_due(now, limit) {
        turn_over(layout, &held, &mut open)?;
    }
    let Open { mut head, file, mended } = open;
    let path = layout.journal();
    let mut file = file.map_or_else(|| active(&path), Ok)?;
    let text = line::write(head.last, entry);
    let hash = Hash::of(text.as_bytes());
    let bytes = text + "\n";
    file.write_all(bytes.as_bytes()).at("append to", &path)?;
    head.last = Point { seq: head.last.seq.saturating_add(1), hash };
    let at = entry.timestamp.min(line::LAST_TIME);
    if head.size == 0 {
        (head.first, head.began, head.from, head.to) = (head.last.seq, now, at, at);
    }
    head.size += bytes.len() as u64;
    head.from = head.from.min(at);
    head.to = head.to.max(at);
    held.write(&head)?;
    Ok(Appended { seq: head.last.seq, mended })
}

/// Begins a new file where the clock or the size says so. Whether it did.
///
/// # Errors
/// As [`append`].
pub(super) fn turn_over_if_due(layout: &Layout, now: Millis, limit: Limits<'_>) -> Result<bool, FsError> {
    let held = Held::take(layout)?;
    let mut open = Open::new(layout, &held)?;
    let due = open.is_due(now, limit);
    if due {
        turn_over(layout, &held, &mut open)?;
    }
    Ok(due)
}

/// The file that is written to, with a head that agrees with it.
pub(super) struct Open {
    pub(super) head: Head,
    file: Option<File>,
    mended: Option<&'static str>,
}

impl Open {
    pub(super) fn new(layout: &Layout, held: &Held) -> Result<Self, FsError> {
        let path = layout.journal();
        let said = held.read()?;
        let file = match private::open(&path, private::options().read(true).append(true)) {
            Ok(file) => {
                private::close(&file, &path)?;
                Some(file)
            }
            Err(e) if e.source.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        let meta = file.as_ref().map(File::metadata).transpose().at("read", &path)?;
        if meta.as_ref().is_some_and(|m| !m.is_file()) {
            return Err(std::io::Error::other("it is no file")).at("use", &path);
        }
        let size = meta.map_or(0, |m| m.len());
        match said {
            Some(head) if head.size == size && is_ended(file.as_ref(), size).at("read", &path)? => {
                Ok(Self { head, file, mended: None })
            }
            said => mend(layout, held, said, file, size),
        }
    }

    fn is_due(&self, now: Millis, limit: Limits<'_>) -> bool {
        let size = self.head.size;
        size > 0 && (self.head.began / DAY != now / DAY || (size > SMALL && size > limit()))
    }
}

/// Whether a line that is added begins a line. Where it does not, the two would become one that is none.
fn is_ended(file: Option<&File>, size: u64) -> std::io::Result<bool> {
    let Some((file, last)) = file.zip(size.checked_sub(1)) else { return Ok(true) };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte == *b"\n")
}

fn active(path: &Path) -> Result<File, FsError> {
    let file = private::open(path, private::options().read(true).append(true).create(true))?;
    private::close(&file, path)?;
    Ok(file)
}

fn turn_over(layout: &Layout, held: &Held, open: &mut Open) -> Result<(), FsError> {
    let folder = layout.journal_archive();
    // Where there is no place for old files the present one goes on to grow: a line that is not written is worse.
    if private::folder(&folder).is_err() {
        return Ok(());
    }
    let head = &mut open.head;
    let stem = Archived::stem(head.first, head.from, head.to);
    let target = folder.join(format!("{stem}.jsonl"));
    // A copy that somebody put back is not written over; the file goes on to grow.
    if target.exists() || files::packed(&target).exists() {
        return Ok(());
    }
    atomic::rename(&layout.journal(), &target)?;
    (head.size, head.first, head.began, head.from, head.to) = (0, 0, 0, 0, 0);
    open.file = None;
    held.write(head)
}

/// Puts file and head in order after a crash between the two writes, in the middle of one, or while the file was
/// turned over. No byte is taken away: a line that was cut off is ended, so that it takes no other with it. Where the
/// head knows of lines that are gone, the next one is numbered after them, so that the hole stays to be seen.
fn mend(layout: &Layout, held: &Held, said: Option<Head>, file: Option<File>, size: u64) -> Result<Open, FsError> {
    let path = layout.journal();
    let known = said.is_some();
    let mut head = match said {
        Some(head) => head,
        None => begun_anew(layout)?,
    };
    let nothing = !known && size == 0 && head.last.seq == 0;
    let mended = match (known, size.cmp(&head.size)) {
        _ if nothing => None,
        (true, std::cmp::Ordering::Greater) => Some("the head was behind"),
        (true, std::cmp::Ordering::Equal) => Some("the last line had no end"),
        (true, std::cmp::Ordering::Less) => Some("the journal was shorter than its head says"),
        (false, _) => Some("the head was missing or damaged"),
    };
    let from = if known && head.size > 0 && size > head.size { head.size } else { 0 };
    if from == 0 {
        (head.size, head.first, head.began, head.from, head.to) = (0, 0, 0, 0, 0);
    }
    head.size = size;
    let mut ended = true;
    if let Some(mut file) = file.as_ref() {
        file.seek(SeekFrom::Start(from)).at("read", &path)?;
        let mut lines = Forward::new(file);
        let mut tip = if from > 0 { head.last.seq } else { 0 };
        while let Some(piece) = lines.next().at("read", &path)? {
            ended = piece.whole;
            match Line::parse(piece.bytes) {
                Some(line) => {
                    tip = line.seq;
                    if line.seq > head.last.seq {
                        head.last = Point { seq: line.seq, hash: Hash::of(piece.bytes) };
                    }
                    let at = line.entry.timestamp;
                    if head.first == 0 {
                        (head.first, head.began, head.from, head.to) = (line.seq, at, at, at);
                    }
                    head.from = head.from.min(at);
                    head.to = head.to.max(at);
                }
                None if tip >= head.last.seq => head.last.hash = Hash::of(piece.bytes),
                None => {}
            }
        }
    }
    if size > 0 && head.first == 0 {
        // Nothing in it is a line; it is turned over with the next number all the same.
        head.first = head.last.seq.saturating_add(1);
    }
    if let Some(mut file) = file.as_ref().filter(|_| !ended) {
        file.write_all(b"\n").at("append to", &path)?;
        head.size += 1;
    }
    held.write(&head)?;
    Ok(Open { head, file, mended })
}

/// A head made of the files that were turned over, where the one that was there cannot be read.
fn begun_anew(layout: &Layout) -> Result<Head, FsError> {
    let mut head = Head { version: 1, ..Head::default() };
    let all = files::archived(layout)?;
    if let Some(newest) = all.last() {
        head.last = end_of(newest)?;
    }
    let first = match all.first() {
        Some(oldest) => first_of(oldest)?,
        None => match private::options().read(true).open(layout.journal()) {
            Ok(file) => first_line(Forward::new(file)).at("read", &layout.journal())?,
            Err(_) => None,
        },
    };
    if let Some((seq, prev)) = first {
        head.base = Point { seq: seq - 1, hash: prev };
    }
    Ok(head)
}

/// Damage in a file that was turned over is no reason to write nothing more: it has no line then.
fn first_of(file: &Archived) -> Result<Option<(u64, Hash)>, FsError> {
    let mut lines = file.lines()?;
    while let Some(piece) = lines.next()? {
        if let Some(link) = line::link(piece.bytes) {
            return Ok(Some(link));
        }
    }
    Ok(None)
}

fn first_line<R: std::io::Read>(mut lines: Forward<R>) -> std::io::Result<Option<(u64, Hash)>> {
    while let Some(piece) = lines.next()? {
        if let Some(link) = line::link(piece.bytes) {
            return Ok(Some(link));
        }
    }
    Ok(None)
}

/// The last line of a file: its number, and the hash of the last bytes, which may be none of ours.
pub(super) fn end_of(file: &Archived) -> Result<Point, FsError> {
    let mut lines = file.lines()?;
    let (mut seq, mut last) = (file.first.saturating_sub(1), Vec::new());
    while let Some(piece) = lines.next()? {
        last.clear();
        last.extend_from_slice(piece.bytes);
        seq = line::link(piece.bytes).map_or(seq, |(seq, _)| seq);
    }
    Ok(Point { seq, hash: Hash::of(&last) })
}
