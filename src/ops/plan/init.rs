//! `craft plan init`: the book. The folders beside it come with their first file: git keeps no empty folder, so a
//! clone would be without them in any case.

use crate::audit::Outcome;
use crate::book;
use crate::context::Context;
use crate::fs::atomic::{self, Durability};
use crate::fs::read_optional;
use crate::ops::plan::{Kind, Place, PlanError, place, store};
use crate::phase::template;

/// Where git is told what to ignore, for everybody.
const IGNORE: &str = ".gitignore";

/// What was made, and what was there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Made {
    /// Files that were made or got a line.
    pub made: Vec<String>,
    /// Files that stay as they were.
    pub kept: Vec<String>,
}

/// Makes what is not there yet: the book, and a line for `.para-worktrees/` in `.gitignore`.
///
/// # Errors
/// Where a file cannot be made, or leads out of the repository.
pub fn init(ctx: &Context, place: &Place) -> Result<Made, PlanError> {
    let _guard = store::lock(ctx, place)?;
    let mut made = Made::default();
    let ignored = ignore(place)?;
    let book = store::create(place, book::FILE, &template::book(&place::now(ctx)))?;
    for (file, new) in [(book::FILE, book), (IGNORE, ignored)] {
        if new { &mut made.made } else { &mut made.kept }.push(file.to_owned());
    }
    if !made.made.is_empty() {
        place.note(ctx, "init", "", Outcome::Success);
    }
    Ok(made)
}

/// Has git ignore the working trees of phases; whether the line was not there.
///
/// # Errors
/// Where the file cannot be read or written.
pub fn ignore(place: &Place) -> Result<bool, PlanError> {
    let file = store::inside(place, IGNORE)?;
    let was = read_optional(&file)?;
    let Some(text) = with_line(was.as_deref().unwrap_or_default()) else { return Ok(false) };
    let written = if was.is_none() {
        atomic::place_new(&file, &text)?
    } else {
        atomic::replace_if(&file, &text, Durability::Full, || Ok(read_optional(&file)? == was))?
    };
    if !written {
        return Err(PlanError::new(Kind::Busy, format!("{IGNORE} was changed by somebody else just now"))
            .remedy("nothing was written; do the same again"));
    }
    Ok(true)
}

/// `text` with the line, and every other byte as it was; `None` where it has it.
fn with_line(text: &[u8]) -> Option<Vec<u8>> {
    let said = |line: &[u8]| {
        let line = line.trim_ascii();
        let line = line.strip_prefix(b"/").unwrap_or(line);
        line.strip_suffix(b"/").unwrap_or(line) == book::WORKTREES.as_bytes()
    };
    if text.split(|b| *b == b'\n').any(said) {
        return None;
    }
    let end: &[u8] = if text.windows(2).any(|w| w == b"\r\n") { b"\r\n" } else { b"\n" };
    let mut new = text.to_vec();
    if !text.is_empty() && !text.ends_with(b"\n") {
        new.extend_from_slice(end);
    }
    new.extend_from_slice(format!("{}/", book::WORKTREES).as_bytes());
    new.extend_from_slice(end);
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_added_once_and_no_other_byte_changes() {
        let with = |text: &[u8]| with_line(text).map(|t| String::from_utf8_lossy(&t).into_owned());
        assert_eq!(with(b"").as_deref(), Some(".para-worktrees/\n"));
        assert_eq!(with(b"a\r\nb").as_deref(), Some("a\r\nb\r\n.para-worktrees/\r\n"));
        assert_eq!(with_line(b"\xff\n").unwrap(), b"\xff\n.para-worktrees/\n");
        for there in [".para-worktrees/\n", "x\n/.para-worktrees", " .para-worktrees/ \r\n"] {
            assert_eq!(with(there.as_bytes()), None);
        }
        assert!(with(b"# .para-worktrees/\n").is_some());
    }
}
