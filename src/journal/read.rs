//! Finding lines.
//!
//! Where only the newest are asked for, a first pass goes back from the end until there are enough, and a second one
//! goes forward from there: neither keeps a line, so that the journal may be of any size. Files whose names say that
//! nothing in them is meant are not opened.

use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom, Take};
use std::ops::ControlFlow;

use super::files::{Archived, Shelf};
use super::lines::{Backward, Forward};
use crate::audit::line::Line;
use crate::audit::query::{Match, Matcher, Query};
use crate::fs::layout::Layout;
use crate::fs::{FsError, IoContext};

/// A line that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// As it stands in the file, without the line feed.
    pub bytes: &'a [u8],
    /// What it says.
    pub line: Line,
}

/// What a walk came by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// Lines that were given.
    pub found: usize,
    /// Lines that are none of a journal.
    pub damaged: usize,
}

/// Gives each line that `query` asks for to `each`, in order of writing, until it breaks off. A last line that has no
/// end yet is not looked at.
///
/// # Errors
/// Where a file is there and cannot be read.
pub fn query(
    layout: &Layout,
    query: &Query,
    each: &mut dyn FnMut(Row<'_>) -> ControlFlow<()>,
) -> Result<Passed, FsError> {
    let mut shelf = Shelf::look(layout)?;
    shelf.archived.retain(|a| query.reaches(a.from, a.to));
    let matcher = query.matcher();
    let mut passed = Passed::default();
    let mut start = match query.limit {
        Some(limit) => start(layout, &shelf, &matcher, limit)?,
        None => Start::default(),
    };
    for (index, file) in shelf.archived.iter().enumerate().skip(start.file) {
        if start.nothing.contains(&index) {
            continue;
        }
        let mut lines = match file.lines() {
            Err(e) if e.source.kind() == std::io::ErrorKind::NotFound => continue,
            lines => lines?,
        };
        while let Some(piece) = lines.next()? {
            match matcher.look(piece.bytes) {
                Match::Hit(_) if start.leave > 0 => start.leave -= 1,
                found => {
                    if give(piece.bytes, found, &mut passed, each).is_break() {
                        return Ok(passed);
                    }
                }
            }
        }
    }
    let Some((file, size)) = &shelf.active else { return Ok(passed) };
    let path = layout.journal();
    let mut lines = Forward::new(from(file, start.offset, *size).at("read", &path)?);
    while let Some(piece) = lines.next().at("read", &path)? {
        if piece.whole && give(piece.bytes, matcher.look(piece.bytes), &mut passed, each).is_break() {
            break;
        }
    }
    Ok(passed)
}

fn from(file: &File, offset: u64, size: u64) -> std::io::Result<Take<&File>> {
    let mut file = file;
    file.seek(SeekFrom::Start(offset))?;
    Ok(file.take(size.saturating_sub(offset)))
}

fn give(
    bytes: &[u8],
    found: Match,
    passed: &mut Passed,
    each: &mut dyn FnMut(Row<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match found {
        Match::Hit(line) => {
            passed.found += 1;
            each(Row { bytes, line: *line })
        }
        Match::Damaged => {
            passed.damaged += 1;
            ControlFlow::Continue(())
        }
        Match::Other => ControlFlow::Continue(()),
    }
}

/// Where the newest lines begin.
#[derive(Debug, Default)]
struct Start {
    /// The file, as an index; one beyond the last is the one that is written to.
    file: usize,
    /// So many of the lines in it that are meant are too old.
    leave: usize,
    /// The same for the file that is written to, as a place in it.
    offset: u64,
    /// Files in which nothing is meant, as indices.
    nothing: Vec<usize>,
}

fn start(layout: &Layout, shelf: &Shelf, matcher: &Matcher<'_>, limit: usize) -> Result<Start, FsError> {
    let mut found = 0;
    let mut start = Start::default();
    if let Some((file, size)) = &shelf.active {
        let path = layout.journal();
        let mut offset = *size;
        let mut lines = Backward::new(file, *size).at("read", &path)?;
        while found < limit {
            let Some((at, line)) = lines.next().at("read", &path)? else { break };
            if matches!(matcher.look(line), Match::Hit(_)) {
                found += 1;
                offset = at;
            }
        }
        start.offset = offset;
        if found == limit {
            return Ok(Start { file: shelf.archived.len(), ..start });
        }
    }
    for (index, file) in shelf.archived.iter().enumerate().rev() {
        let here = count(file, matcher)?;
        found += here.found;
        if here == Passed::default() {
            start.nothing.push(index);
        }
        if found >= limit {
            return Ok(Start { file: index, leave: found - limit, ..start });
        }
    }
    Ok(start)
}

fn count(file: &Archived, matcher: &Matcher<'_>) -> Result<Passed, FsError> {
    let mut here = Passed::default();
    let mut lines = match file.lines() {
        Err(e) if e.source.kind() == std::io::ErrorKind::NotFound => return Ok(here),
        lines => lines?,
    };
    while let Some(piece) = lines.next()? {
        match matcher.look(piece.bytes) {
            Match::Hit(_) => here.found += 1,
            Match::Damaged => here.damaged += 1,
            Match::Other => {}
        }
    }
    Ok(here)
}

/// The newest `count` lines of which `pick` makes something, newest last. Each line is shown to it as bytes, so that it
/// can turn most away before they are taken apart.
///
/// # Errors
/// Where a file is there and cannot be read.
pub fn newest<T>(layout: &Layout, count: usize, pick: &mut dyn FnMut(&[u8]) -> Option<T>) -> Result<Vec<T>, FsError> {
    let shelf = Shelf::look(layout)?;
    let mut found = Vec::new();
    if let Some((file, size)) = &shelf.active {
        let path = layout.journal();
        let mut lines = Backward::new(file, *size).at("read", &path)?;
        while found.len() < count {
            let Some((_, line)) = lines.next().at("read", &path)? else { break };
            found.extend(pick(line));
        }
    }
    for file in shelf.archived.iter().rev() {
        let room = count - found.len();
        if room == 0 {
            break;
        }
        let mut here = std::collections::VecDeque::new();
        let mut lines = match file.lines() {
            Err(e) if e.source.kind() == std::io::ErrorKind::NotFound => continue,
            lines => lines?,
        };
        while let Some(piece) = lines.next()? {
            if let Some(one) = pick(piece.bytes) {
                if here.len() == room {
                    here.pop_front();
                }
                here.push_back(one);
            }
        }
        found.extend(here.into_iter().rev());
    }
    found.reverse();
    Ok(found)
}
