//! What a job said: `craft/log/jobs/<id>.log`.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::clock;
use crate::context::Context;
use crate::fs::{FsError, IoContext, atomic};
use crate::schedule::Kind;
use crate::sync::tell;

/// Bytes after which a log is turned over, once, to `<id>.log.1`.
const TURN_OVER: u64 = 1 << 20;
/// No more than this is read of a log's end, in bytes.
const READ: u64 = 1 << 20;

/// Adds a line; failing to fails nothing.
pub(super) fn write(ctx: &Context, kind: Kind, text: &str) {
    let path = ctx.layout.job_log(kind.word());
    if std::fs::metadata(&path).is_ok_and(|m| m.len() > TURN_OVER) {
        let _ = atomic::rename(&path, &path.with_extension("log.1"));
    }
    let _ = atomic::append_line(&path, &format!("{} {}", clock::rfc3339(ctx.clock.now_ms()), tell::clean(text)));
}

/// Reads a log, and goes on as it grows.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    /// The file that was read, and how far.
    at: Option<(u64, u64)>,
}

impl Reader {
    /// The last `count` lines of a job's log, and a reader of what comes after them.
    ///
    /// # Errors
    /// Where the log is there and cannot be read.
    pub fn tail(ctx: &Context, kind: Kind, count: usize) -> Result<(Vec<String>, Self), FsError> {
        let mut reader = Self { path: ctx.layout.job_log(kind.word()), at: None };
        let mut lines = reader.more()?;
        // Right after a turn the last lines are in the file before.
        if lines.len() < count {
            let mut former = Self { path: reader.path.with_extension("log.1"), at: None };
            let mut all = former.more()?;
            all.append(&mut lines);
            lines = all;
        }
        lines.drain(..lines.len().saturating_sub(count));
        Ok((lines, reader))
    }

    /// Whole lines that came since.
    ///
    /// # Errors
    /// Where the log is there and cannot be read.
    pub fn more(&mut self) -> Result<Vec<String>, FsError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e).at("open", &self.path),
        };
        let meta = file.metadata().at("read", &self.path)?;
        let (inode, size) = (meta.ino(), meta.len());
        // Another file, or a shorter one: it was turned over.
        let known = self.at.filter(|(of, upto)| *of == inode && *upto <= size).map(|(_, upto)| upto);
        let from = known.unwrap_or_else(|| size.saturating_sub(READ));
        file.seek(SeekFrom::Start(from)).at("read", &self.path)?;
        let mut bytes = Vec::new();
        file.take(READ).read_to_end(&mut bytes).at("read", &self.path)?;
        // A line that is being written has no end yet.
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        self.at = Some((inode, from + whole as u64));
        let text = String::from_utf8_lossy(&bytes[..whole]).into_owned();
        // The first line of what is read from the middle may be half a line.
        let half = usize::from(known.is_none() && from > 0);
        Ok(text.lines().skip(half).map(tell::clean).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn a_log_is_read_from_its_end_followed_and_turned_over_once_it_is_large() {
        let tmp = tempfile::tempdir().unwrap();
        let env = Env::from_pairs([
            ("CLAUDE_CONFIG_DIR", tmp.path().as_os_str()),
            ("CRAFT_INTERNAL__NOW_MS", "1756728000000".as_ref()),
        ]);
        let ctx = Context::new(env).unwrap();
        let kind = Kind::LogRotation;
        let (lines, mut reader) = Reader::tail(&ctx, kind, 3).unwrap();
        assert_eq!((lines.len(), reader.more().unwrap().len()), (0, 0));
        for n in 0..5 {
            write(&ctx, kind, &format!("line {n}\n\u{1b}[31m"));
        }
        assert_eq!(reader.more().unwrap().len(), 5);
        let (lines, _) = Reader::tail(&ctx, kind, 2).unwrap();
        assert_eq!(lines[1], "2025-09-01T12:00:00Z line 4 \\u{1b}[31m");
        assert_eq!(lines.len(), 2);

        let path = ctx.layout.job_log(kind.word());
        let long = "x".repeat(usize::try_from(TURN_OVER).unwrap());
        atomic::append_line(&path, &long).unwrap();
        assert_eq!(reader.more().unwrap().len(), 0, "a line of that length has no end within what is read");
        write(&ctx, kind, "after the turn");
        assert_eq!(reader.more().unwrap(), ["2025-09-01T12:00:00Z after the turn"]);
        assert!(path.with_extension("log.1").metadata().unwrap().len() > TURN_OVER);
        let (lines, _) = Reader::tail(&ctx, kind, 1).unwrap();
        assert_eq!(lines, ["2025-09-01T12:00:00Z after the turn"]);
    }
}
