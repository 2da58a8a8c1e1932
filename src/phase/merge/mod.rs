//! Merging a book that was changed on two sides: its block field by field, its to-dos item by item, and what is left,
//! the prose, line by line.

mod block;
mod items;
pub mod text;

use std::fmt::Write as _;

use self::items::Side;
use self::text::{Marks, Part};
use crate::book::{place, sheet};
use crate::phase::book::Book;

/// Bytes of a block that is merged by its fields at most: each edit reads it anew.
const LARGEST_BLOCK: usize = 64 << 10;

/// How a merge came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// Both sides are in it.
    Clean(String),
    /// The sides contradict each other in places.
    Conflict {
        /// The text, with git's markers around these places and merged everywhere else.
        text: String,
        /// What they are about, in a few words.
        what: String,
    },
}

/// Merges `ours` and `theirs`, which both came from `base`. A text that is no book is merged like any other.
#[must_use]
pub fn merge(base: &str, ours: &str, theirs: &str) -> Merged {
    merge_marked(base, ours, theirs, &Marks::default())
}

/// The same, with conflicts marked in this way.
#[must_use]
pub fn merge_marked(base: &str, ours: &str, theirs: &str, marks: &Marks) -> Merged {
    if ours == theirs || theirs == base {
        return Merged::Clean(ours.to_owned());
    }
    if ours == base {
        return Merged::Clean(theirs.to_owned());
    }
    let texts = [base, ours, theirs];
    let Some(ends) = texts.map(Ends::of).into_iter().collect::<Option<Vec<_>>>() else {
        return books(texts, marks).unwrap_or_else(|| plain(texts, marks));
    };
    if ends.iter().all(|e| *e == ends[0]) {
        return books(texts, marks).unwrap_or_else(|| plain(texts, marks));
    }
    // A side that was written with other line ends differs in every line, and says nothing by it.
    let wanted = if ends[1] == ends[0] { ends[2] } else { ends[1] };
    let even = texts.map(|text| text.replace("\r\n", "\n"));
    match merge_marked(&even[0], &even[1], &even[2], marks) {
        Merged::Clean(text) => Merged::Clean(wanted.put(text)),
        Merged::Conflict { text, what } => Merged::Conflict { text: wanted.put(text), what },
    }
}

/// What all lines of a text end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Lf,
    CrLf,
}

impl Ends {
    /// `None` where some lines end otherwise.
    fn of(text: &str) -> Option<Self> {
        let (feeds, both) = (text.matches('\n').count(), text.matches("\r\n").count());
        match both {
            0 => Some(Self::Lf),
            n if n == feeds => Some(Self::CrLf),
            _ => None,
        }
    }

    fn put(self, text: String) -> String {
        if self == Self::CrLf { text.replace('\n', "\r\n") } else { text }
    }
}

fn plain([base, ours, theirs]: [&str; 3], marks: &Marks) -> Merged {
    let merged = text::merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), marks);
    match merged.and_then(|(bytes, clean)| Some((String::from_utf8(bytes).ok()?, clean))) {
        Some((text, true)) => Merged::Clean(text),
        Some((text, false)) => Merged::Conflict { text, what: "the text".into() },
        None => Merged::Conflict { text: ours.to_owned(), what: "the text, which cannot be merged".into() },
    }
}

/// `None` where one of them is no book, or larger than any that somebody wrote.
fn books(texts: [&str; 3], marks: &Marks) -> Option<Merged> {
    if texts.iter().any(|text| text.len() as u64 > place::MOST) {
        return None;
    }
    let [base, ours, theirs] = texts.map(|text| Book::parse(text).ok().zip(sheet::block(text)));
    let all = [base?, ours?, theirs?];
    let inner = all.each_ref().map(|(book, block)| &book.text()[block.inner.clone()]);
    if inner.iter().any(|block| block.len() > LARGEST_BLOCK) {
        return None;
    }
    let blocks = block::merge(inner[0], inner[1], inner[2]).ok()?;
    let mut fresh = blocks.texts.iter();
    let mut sides = all.map(|(book, block)| {
        let mut text = book.text().to_owned();
        text.replace_range(block.inner.clone(), fresh.next().map_or("", String::as_str));
        Side { end: sheet::prose_end(book.text(), Some(&block)), present: book.unnamed_phase(), text }
    });
    items::tick(&mut sides);
    let newline = crate::book::markdown::newline(&sides[1].text);
    let mut out = [String::new(), String::new(), String::new()];
    let mut places = 0;
    for part in text::parts(sides.each_ref().map(|s| s.text.as_str()))? {
        let pieces = match part {
            Part::Clean(text) => [text.clone(), text.clone(), text],
            Part::Clash([base, ours, theirs]) => match items::settle(&base, &ours, &theirs, newline) {
                Some(text) => [text.clone(), text.clone(), text],
                None => {
                    places += 1;
                    [base, ours, theirs]
                }
            },
        };
        for (out, piece) in out.iter_mut().zip(&pieces) {
            *out += piece;
        }
    }
    if places > 0 {
        return Some(conflict(out.each_ref().map(String::as_str), marks, &blocks.clashes, places));
    }
    let [merged, ..] = out;
    let book = Book::parse(&merged).ok()?;
    let end = sheet::prose_end(&merged, sheet::block(&merged).as_ref());
    let merged = items::once(&merged, end, book.unnamed_phase(), &sides);
    Book::parse(&merged).is_ok().then_some(Merged::Clean(merged))
}

/// The markers are put by the same code that puts git's, around as little as it would.
fn conflict(texts: [&str; 3], marks: &Marks, fields: &[String], places: usize) -> Merged {
    let Merged::Conflict { text, .. } = plain(texts, marks) else { return plain(texts, marks) };
    let mut what = fields.iter().map(|f| format!("`{f}` of the block")).collect::<Vec<_>>().join(", ");
    let prose = places.saturating_sub(fields.len());
    if prose > 0 {
        let _ = match what.is_empty() {
            true => write!(what, "the prose"),
            false => write!(what, " and the prose"),
        };
    }
    Merged::Conflict { text, what }
}

#[cfg(test)]
#[path = "../merge_tests.rs"]
mod tests;
