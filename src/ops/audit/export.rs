//! Writing what was found to a file, as it is found: there may be more of it than memory.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::Value;

use crate::audit::Query;
use crate::audit::line::{Line, stamped};
use crate::context::Context;
use crate::fs::{FsError, IoContext, atomic};
use crate::journal::{self, Passed};

/// What the file looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One array.
    Json,
    /// Lines as they stand in the journal.
    Lines,
    /// A table with a heading.
    Csv,
}

impl Form {
    /// The form that a file's name asks for.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        [("json", Self::Json), ("jsonl", Self::Lines), ("csv", Self::Csv)]
            .into_iter()
            .find(|(e, _)| *e == ending)
            .map(|f| f.1)
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exported {
    /// It was written.
    Written(Passed),
    /// There is a file of that name, and it is not to be replaced.
    Exists,
}

/// Writes what `query` asks for to `path`; a file that is there stays, unless `replace`. It is complete or not there.
///
/// # Errors
/// Where the journal cannot be read or the file not written.
pub fn export(ctx: &Context, query: &Query, path: &Path, form: Form, replace: bool) -> Result<Exported, FsError> {
    if !replace && path.symlink_metadata().is_ok() {
        return Ok(Exported::Exists);
    }
    let mut passed = Passed::default();
    let mut trouble = None;
    let mut fill = |file: &mut File| {
        let mut out = Out::new(BufWriter::with_capacity(256 * 1024, file), form)?;
        let mut failed = None;
        let found = journal::query(&ctx.layout, query, &mut |row| match out.line(row.bytes, &row.line) {
            Ok(()) => ControlFlow::Continue(()),
            Err(e) => {
                failed = Some(e);
                ControlFlow::Break(())
            }
        });
        match (failed, found) {
            (Some(e), _) => Err(e),
            (None, Ok(found)) => {
                passed = found;
                out.end()
            }
            (None, Err(e)) => {
                trouble = Some(e);
                Err(io::Error::other("the journal cannot be read"))
            }
        }
    };
    let written = if replace { atomic::stream(path, &mut fill) } else { atomic::stream_new(path, &mut fill) };
    match (written, trouble) {
        (_, Some(trouble)) => Err(trouble),
        (Err(e), None) if !replace && e.source.kind() == ErrorKind::AlreadyExists => Ok(Exported::Exists),
        (Err(e), None) => Err(e.source).at("write", path),
        (Ok(()), None) => Ok(Exported::Written(passed)),
    }
}

const HEADING: [&str; 16] = [
    "timestamp",
    "seq",
    "platform",
    "operation",
    "item",
    "result",
    "reason",
    "durationMs",
    "commits",
    "files",
    "trigger",
    "session",
    "user",
    "host",
    "context",
    "prev",
];

enum Out<W: Write> {
    Json(W, bool),
    Lines(W),
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> Out<W> {
    fn new(mut to: W, form: Form) -> io::Result<Self> {
        Ok(match form {
            Form::Json => {
                to.write_all(b"[")?;
                Self::Json(to, false)
            }
            Form::Lines => Self::Lines(to),
            Form::Csv => {
                let mut table = csv::Writer::from_writer(to);
                table.write_record(HEADING)?;
                Self::Csv(Box::new(table))
            }
        })
    }

    fn line(&mut self, bytes: &[u8], line: &Line) -> io::Result<()> {
        match self {
            Self::Json(to, more) => {
                to.write_all(if std::mem::replace(more, true) { b",\n" } else { b"\n" })?;
                to.write_all(bytes)
            }
            Self::Lines(to) => {
                to.write_all(bytes)?;
                to.write_all(b"\n")
            }
            Self::Csv(table) => Ok(table.write_record(cells(line).iter().map(|cell| guarded(cell)))?),
        }
    }

    fn end(self) -> io::Result<()> {
        match self {
            Self::Json(mut to, _) => {
                to.write_all(b"\n]\n")?;
                to.flush()
            }
            Self::Lines(mut to) => to.flush(),
            Self::Csv(mut table) => table.flush(),
        }
    }
}

fn cells(line: &Line) -> [String; 16] {
    let entry = &line.entry;
    let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    let context =
        if entry.context.is_empty() { String::new() } else { Value::Object(entry.context.clone()).to_string() };
    [
        stamped(entry.timestamp),
        line.seq.to_string(),
        entry.platform.clone(),
        entry.operation.clone(),
        entry.item.clone().unwrap_or_default(),
        entry.result.word().to_owned(),
        entry.reason.clone().unwrap_or_default(),
        number(entry.duration_ms),
        number(entry.changes.map(|c| c.commits)),
        number(entry.changes.map(|c| c.files)),
        entry.actor.trigger.clone(),
        entry.actor.session.clone().unwrap_or_default(),
        entry.actor.user.clone(),
        entry.actor.host.clone(),
        context,
        line.prev.to_string(),
    ]
}

/// A cell that a spreadsheet would take for a formula gets a quote in front, which makes it a text.
fn guarded(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}
