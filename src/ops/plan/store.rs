//! Reading and writing the book and the documents beside it. Whoever changes the book holds its lock from reading to
//! writing, so that of two sessions neither loses what the other wrote.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::book::place::{Unfit, is_within, ordinary};
use crate::context::Context;
use crate::fs::atomic::{self, Durability};
use crate::fs::layout::repo_key;
use crate::fs::lock::{self, LockGuard};
use crate::fs::{IoContext, read_optional};
use crate::json::document::Fault;
use crate::ops::error::{Kind, OpError};
use crate::ops::plan::Place;
use crate::ops::sync;
use crate::phase::book::{Book, MARKERS};
use crate::plain;

/// How long another command may hold the book.
const PATIENCE: Duration = Duration::from_secs(5);
/// Larger files are no books or plans.
const LARGEST: u64 = 4 << 20;

/// The book, held: nobody else of ours writes it.
pub struct Held {
    /// The book.
    pub book: Book,
    was: String,
    _guard: LockGuard,
}

/// The text of a document; `None` where there is none.
///
/// # Errors
/// Where it cannot be read, is no UTF-8 or is larger than 4 MiB.
pub fn text(place: &Place, path: &str) -> Result<Option<String>, OpError> {
    let file = inside(place, path)?;
    let bytes = match std::fs::canonicalize(&file).map(|real| ordinary(&real, LARGEST)) {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(Unfit::NoFile)) if file.exists() => {
            return Err(OpError::refused(format!("{} is no ordinary file", plain::name(path)))
                .remedy("move it away; a document is a file of text"));
        }
        Ok(Err(Unfit::TooLarge)) => {
            return Err(OpError::usage(format!("{} is larger than {} MiB", plain::name(path), LARGEST >> 20)));
        }
        // None, or the reason.
        _ => match read_optional(&file)? {
            Some(bytes) => bytes,
            None => return Ok(None),
        },
    };
    String::from_utf8(bytes).map(Some).map_err(|e| {
        let line = e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        OpError::usage(format!("{path}:{line}: this is not UTF-8")).remedy("save it as UTF-8")
    })
}

/// The paths of the documents (`*.md`) in a folder, in the order of their names; none where there is no such folder.
///
/// # Errors
/// Where it cannot be read, or leads out of the working tree.
pub fn list(place: &Place, folder: &str) -> Result<Vec<String>, OpError> {
    let path = inside(place, folder)?;
    let entries = match std::fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e).at("read", &path).map_err(OpError::from),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.at("read", &path)?;
        let name = entry.file_name().into_string().ok().filter(|n| n.ends_with(".md"));
        found.extend(name.filter(|_| entry.path().is_file()).map(|name| format!("{folder}/{name}")));
    }
    found.sort();
    Ok(found)
}

/// Where a document is. A repository comes from elsewhere: a link in it must not make us read or write outside of it.
///
/// # Errors
/// Where its path leads out of the working tree.
pub fn inside(place: &Place, path: &str) -> Result<PathBuf, OpError> {
    let top = &place.books.worktree;
    let file = top.join(path);
    let plain = Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
    let real = file.ancestors().find_map(|p| std::fs::canonicalize(p).ok());
    // A link that leads nowhere would be followed by the next one who writes.
    let dangling = file.is_symlink() && !file.exists();
    if plain && !dangling && real.is_some_and(|real| is_within(top, &real)) {
        return Ok(file);
    }
    Err(OpError::refused(format!("{} leads out of {}", plain::name(path), top.display()))
        .remedy("replace the link by a folder or file of this repository"))
}

/// The book of this name cannot be understood.
#[must_use]
pub fn broken(path: &Path, fault: &Fault) -> OpError {
    let name = plain::name(&path.to_string_lossy());
    if fault.what == MARKERS {
        return OpError::new(Kind::Conflict, format!("{name}:{fault}"))
            .remedy(format!("keep of each what holds, without the markers, then `git add {}`", crate::book::FILE));
    }
    OpError::usage(format!("{name}:{fault}"))
        .remedy("mend it by hand, or let `craft plan repair` show what it would make of the plan files")
}

/// The book; `None` where there is none.
///
/// # Errors
/// Where it cannot be read or understood.
pub fn read(place: &Place) -> Result<Option<Book>, OpError> {
    let Some(text) = text(place, crate::book::FILE)? else { return Ok(None) };
    Book::parse(&text).map(Some).map_err(|fault| broken(Path::new(crate::book::FILE), &fault))
}

/// The book.
///
/// # Errors
/// As [`read`], and where there is none.
pub fn need(place: &Place) -> Result<Book, OpError> {
    read(place)?.ok_or_else(|| no_book(place))
}

fn no_book(place: &Place) -> OpError {
    OpError::refused(format!("there is no {} in {}", crate::book::FILE, place.books.worktree.display()))
        .remedy("`craft plan init` makes one")
}

/// Locks the books of this repository.
///
/// # Errors
/// Busy, or the lock cannot be made.
pub fn lock(ctx: &Context, place: &Place) -> Result<LockGuard, OpError> {
    let path = ctx.layout.repo(&repo_key(&place.books.common_dir)).plan_lock();
    let guard = lock::exclusive_within(&path, &sync::me(ctx, "plan"), PATIENCE)?;
    guard.ok_or_else(|| {
        OpError::new(Kind::Busy, "another command is writing the plan's book").remedy("try again in a moment")
    })
}

/// Takes the book to change it.
///
/// # Errors
/// As [`need`] and [`lock()`].
pub fn hold(ctx: &Context, place: &Place) -> Result<Held, OpError> {
    let guard = lock(ctx, place)?;
    let book = need(place)?;
    Ok(Held { was: book.text().to_owned(), book, _guard: guard })
}

impl Held {
    /// Writes the book, if it was changed. A book that somebody else changed in between is not written over.
    ///
    /// # Errors
    /// Where it cannot be written, or is not what was read any more.
    pub fn write(&mut self, place: &Place) -> Result<(), OpError> {
        if self.book.text() == self.was {
            return Ok(());
        }
        replace(place, crate::book::FILE, &self.was, self.book.text())?;
        self.was = self.book.text().to_owned();
        Ok(())
    }
}

/// Puts a document's new text in the place of `was`, which was read before.
///
/// # Errors
/// Where it cannot be written, or is not `was` any more: then it stays as it is.
pub fn replace(place: &Place, path: &str, was: &str, text: &str) -> Result<(), OpError> {
    let file = inside(place, path)?;
    let still = || Ok(self::text(place, path).is_ok_and(|is| is.as_deref() == Some(was)));
    if atomic::replace_if(&file, text.as_bytes(), Durability::Full, still)? {
        return Ok(());
    }
    Err(OpError::new(Kind::Busy, format!("{path} was changed by somebody else just now"))
        .remedy("nothing was written; do the same again"))
}

/// Makes a document that does not exist; whether it was made. One that exists is left alone.
///
/// # Errors
/// Where it cannot be made.
pub fn create(place: &Place, path: &str, text: &str) -> Result<bool, OpError> {
    Ok(atomic::place_new(&inside(place, path)?, text.as_bytes())?)
}
