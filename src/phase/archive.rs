//! Putting a book away: the name it gets, and the book that takes its place.

use std::fmt::Write as _;

use serde_json::json;

use super::book::{HEADING, IDLE, bare, deeper};
use super::name::ARCHIVES;
use crate::book::markdown::{headings, newline};

/// The names for a book that is put away at `now` (RFC 3339), the first that is free is its own:
/// `YYYY-MM-DD-context.md`, `YYYY-MM-DD-HHMM-context.md`, `YYYY-MM-DD-HHMM-2-context.md`, and so on.
pub fn names(now: &str) -> impl Iterator<Item = String> + use<> {
    let day = now.get(..10).unwrap_or("0000-00-00").to_owned();
    let time: String = now.get(11..16).unwrap_or("00:00").chars().filter(|c| *c != ':').collect();
    (0_u32..).map(move |at| match at {
        0 => format!("{ARCHIVES}/{day}-context.md"),
        1 => format!("{ARCHIVES}/{day}-{time}-context.md"),
        n => format!("{ARCHIVES}/{day}-{time}-{n}-context.md"),
    })
}

/// What a new book takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried<'a> {
    /// Nothing.
    Nothing,
    /// The list of summaries.
    Summaries,
    /// The same, and the prose, below a heading with this title.
    Prose(&'a str),
}

/// The book that takes the place of the one with this prose, with that one's line ends.
#[must_use]
pub fn successor(prose: &str, summaries: &[String], carried: Carried<'_>, now: &str) -> String {
    let summaries = if carried == Carried::Nothing { &[] } else { summaries };
    let mut body = format!("{HEADING}\n\n{IDLE}\n\n");
    if let Carried::Prose(title) = carried {
        let top = headings(prose).into_iter().find(|h| h.level == 1);
        let (before, kept) = top.map_or(("", prose), |h| (&prose[..h.start], &prose[h.end..]));
        // What a former book said in this place is not carried from book to book.
        let kept = kept.trim_start().strip_prefix(IDLE).unwrap_or(kept);
        let kept = deeper(kept).replace("\r\n", "\n");
        let whole = format!("{}\n\n{}", bare(&before.replace("\r\n", "\n")), bare(&kept));
        if !whole.trim().is_empty() {
            let _ = write!(body, "## Earlier: {title}\n\n{}\n\n", bare(&whole));
        }
    }
    let block = json!({"active_context": [], "completed_summaries": summaries, "last_updated": now});
    let block = serde_json::to_string_pretty(&block).unwrap_or_default();
    let text = format!("{body}---\n\n```json\n{block}\n```\n");
    if newline(prose) == "\r\n" { text.replace('\n', "\r\n") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::book::Book;

    #[test]
    fn names_go_by_day_then_by_minute_then_by_number() {
        let found: Vec<_> = names("2025-12-18T09:05:00Z").take(4).collect();
        let short: Vec<_> = found.iter().map(|n| n.strip_prefix("context/archives/2025-12-18").unwrap()).collect();
        assert_eq!(short, ["-context.md", "-0905-context.md", "-0905-2-context.md", "-0905-3-context.md"]);
    }

    #[test]
    fn a_new_book_carries_what_was_asked_for() {
        let prose = "# Current Work Summary\r\n\r\nExecuting: X - Phase 1\r\n\r\n## To-Do List\r\n\r\n- [x] a\r\n";
        let summaries = vec!["context/summaries/a.md".to_owned()];
        let of = |carried| successor(prose, &summaries, carried, "2025-12-18T10:00:00Z");
        let parsed = |text: &str| Book::parse(text).unwrap().fields().completed_summaries.clone();
        assert_eq!(parsed(&of(Carried::Nothing)), Vec::<String>::new());
        assert_eq!(parsed(&of(Carried::Summaries)), summaries);
        let seeded = of(Carried::Prose("X"));
        assert_eq!(parsed(&seeded), summaries);
        assert!(
            seeded.contains(
                "## Earlier: X\r\n\r\nExecuting: X - Phase 1\r\n\r\n### To-Do List\r\n\r\n- [x] a\r\n\r\n---"
            )
        );
        assert!(Book::parse(&seeded).unwrap().lists().is_empty(), "what is done is no list of the present work");
        assert!(!seeded.replace("\r\n", "").contains('\n'));
        insta::assert_snapshot!(of(Carried::Summaries).replace("\r\n", "\n"));
        let again = successor(Book::parse(&seeded).unwrap().prose(), &summaries, Carried::Prose("Y"), "n");
        assert_eq!(again.matches(IDLE).count(), 1);
        assert!(again.contains("### Earlier: X") && again.contains("#### To-Do List"));
    }
}
