//! Which files a journal has.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;
use flate2::read::MultiGzDecoder;

use super::lines::{Forward, Piece};
use crate::audit::line;
use crate::clock::{self, Millis};
use crate::fs::layout::Layout;
use crate::fs::{FsError, IoContext, private};

/// A file that was turned over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Archived {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Number of its first line.
    pub(super) first: u64,
    /// The earliest time of its lines.
    pub(super) from: Millis,
    /// The latest.
    pub(super) to: Millis,
    /// Whether it is compressed.
    pub(super) packed: bool,
}

impl Archived {
    /// The name of a file with these lines, without an ending.
    pub(super) fn stem(first: u64, from: Millis, to: Millis) -> String {
        let last = line::LAST_TIME;
        format!("{first:012}-{}-{}", clock::compact(from.min(last)), clock::compact(to.min(last)))
    }

    fn parse(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (stem, packed) = match name.strip_suffix(".jsonl.gz") {
            Some(stem) => (stem, true),
            None => (name.strip_suffix(".jsonl")?, false),
        };
        let mut parts = stem.split('-');
        let (first, from, to) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || first.len() < 12 {
            return None;
        }
        // Names have whole seconds.
        Some(Self { first: first.parse().ok()?, from: compact(from)?, to: compact(to)? + 999, path, packed })
    }

    /// Its name.
    pub(super) fn name(&self) -> String {
        name(&self.path)
    }

    /// Opens it. Where it was packed since it was listed, it is opened as that.
    ///
    /// # Errors
    /// The system's answer.
    pub(super) fn open(&self) -> Result<Box<dyn Read>, FsError> {
        match open(&self.path, self.packed) {
            Err(e) if e.kind() == ErrorKind::NotFound && !self.packed => open(&packed(&self.path), true),
            other => other,
        }
        .at("open", &self.path)
    }

    /// Its lines.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(super) fn lines(&self) -> Result<Lines<'_>, FsError> {
        Ok(Lines { lines: Forward::new(self.open()?), path: &self.path, broken: false })
    }
}

/// The lines of a file that was turned over. One that cannot be unpacked to its end is damaged from there on, and ends.
pub(super) struct Lines<'a> {
    lines: Forward<Box<dyn Read>>,
    path: &'a Path,
    broken: bool,
}

impl Lines<'_> {
    /// The next line; `None` at the end. What cannot be unpacked is one piece without bytes.
    ///
    /// # Errors
    /// Where the system cannot read it.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'_>>, FsError> {
        if self.broken {
            return Ok(None);
        }
        match self.lines.next() {
            Err(e)
                if matches!(e.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof) =>
            {
                self.broken = true;
                Ok(Some(Piece { bytes: b"", whole: false }))
            }
            other => other.at("read", self.path),
        }
    }
}

/// What the packed form of a file is called.
pub(super) fn packed(path: &Path) -> PathBuf {
    path.with_extension("jsonl.gz")
}

/// The last part of a path.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn open(path: &Path, packed: bool) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    Ok(if packed {
        Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(64 * 1024, file)))
    } else {
        Box::new(file)
    })
}

fn compact(text: &str) -> Option<Millis> {
    let time = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok()?;
    Millis::try_from(time.and_utc().timestamp_millis()).ok()
}

/// The files that were turned over, in order of writing. Where one is there in both forms, since packing it was cut
/// off, the packed one counts: it got its name when it was complete.
///
/// # Errors
/// Where the folder is there and cannot be listed.
pub(super) fn archived(layout: &Layout) -> Result<Vec<Archived>, FsError> {
    let folder = layout.journal_archive();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(e) => return Err(e).at("list", &folder),
    };
    let mut all: Vec<_> = entries.flatten().filter_map(|e| Archived::parse(e.path())).collect();
    all.sort_by_key(|a| (a.first, a.path.as_os_str().len()));
    let packed: Vec<_> = all.iter().filter(|a| a.packed).map(|a| a.path.clone()).collect();
    all.retain(|a| a.packed || !packed.contains(&self::packed(&a.path)));
    Ok(all)
}

/// All files of a journal at one moment.
#[derive(Debug)]
pub(super) struct Shelf {
    /// Those that were turned over, in order of writing.
    pub(super) archived: Vec<Archived>,
    /// The one that is written to, and its size then.
    pub(super) active: Option<(File, u64)>,
}

impl Shelf {
    /// Looks at what there is.
    ///
    /// # Errors
    /// Where something is there and cannot be read.
    pub(super) fn look(layout: &Layout) -> Result<Self, FsError> {
        let path = layout.journal();
        // First this one: turned over in between, it would otherwise be seen nowhere.
        let active = match private::options().read(true).open(&path) {
            Ok(file) => {
                let size = file.metadata().at("read", &path)?.len();
                Some((file, size))
            }
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
            Err(e) => return Err(e).at("open", &path),
        };
        let mut archived = archived(layout)?;
        if let Some(first) = active.as_ref().and_then(|(file, _)| first_seq(file)) {
            archived.retain(|a| a.first != first);
        }
        Ok(Self { archived, active })
    }
}

/// Number of the first line that has one.
fn first_seq(file: &File) -> Option<u64> {
    let mut opening = [0; 256];
    let read = std::os::unix::fs::FileExt::read_at(file, &mut opening, 0).ok()?;
    line::link(&opening[..read]).map(|(seq, _)| seq)
}
