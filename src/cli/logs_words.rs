//! What `craft logs` says.

use std::fmt::Write as _;

use console::measure_text_width;

use super::ui::Look;
use crate::audit::chain::{Fault, Kind, Verdict};
use crate::audit::{Entry, Outcome, Query};
use crate::clock::{self, Millis};
use crate::plain;
use crate::sync::tell::counted;

/// An entry in one line: when, what, how it ended, where, why.
pub(super) fn line(entry: &Entry, look: &Look) -> String {
    let at = clock::rfc3339(entry.timestamp).replace('T', " ");
    let at = at.trim_end_matches('Z');
    let what = plain::line(&format!("{} {}", entry.platform, entry.operation));
    let head = format!("{at}  {what:<18} ");
    let result = format!("{:<7}  ", entry.result.word());
    let mut text = item(entry);
    if let Some(reason) = &entry.reason {
        text = if text.is_empty() { plain::line(reason) } else { format!("{text}: {}", plain::line(reason)) };
    }
    if let Some(ms) = entry.duration_ms {
        let _ = write!(text, " ({})", took(ms));
    }
    let text = look.cut(text.trim_start(), measure_text_width(&head) + measure_text_width(&result));
    let (result, text) = match entry.result {
        Outcome::Success => (result, text),
        Outcome::Skipped => (look.faint(&result), text),
        Outcome::Denied => (look.alarm(&result), look.alarm(&text)),
        Outcome::Error => (look.error(&result), look.alarm(&text)),
    };
    format!("{}{result}{text}", look.faint(&head)).trim_end().to_owned()
}

/// What it was done to; of a path the last part, since lines are short.
fn item(entry: &Entry) -> String {
    let item = entry.item.as_deref().unwrap_or_default();
    let short =
        if item.starts_with('/') { item.rsplit('/').find(|part| !part.is_empty()).unwrap_or(item) } else { item };
    plain::line(short)
}

/// A length of time as people say it.
pub(super) fn took(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
    }
}

/// How many, with its noun.
pub(super) fn entries(n: usize) -> String {
    if n == 1 { "1 entry".into() } else { format!("{n} entries") }
}

/// Which time was asked for.
pub(super) fn range(query: &Query, by_default: bool) -> String {
    let at = |ms: Millis| clock::rfc3339(ms);
    match (query.since, query.until) {
        _ if by_default => "of the last 24 hours".into(),
        (Some(since), Some(until)) => format!("from {} to {}", at(since), at(until)),
        (Some(since), None) => format!("since {}", at(since)),
        (None, Some(until)) => format!("until {}", at(until)),
        (None, None) => String::new(),
    }
}

/// A fault and its place.
pub(super) fn fault(fault: &Fault) -> String {
    let place = match fault.line {
        0 => plain::line(&fault.file),
        line => format!("{} line {line}", plain::line(&fault.file)),
    };
    let seq = fault.seq;
    let span = |first: u64, last: u64| match (last - first).saturating_add(1) {
        1 => (format!("entry {first}"), "is", "was"),
        n => (format!("entries {first} to {last} ({n})"), "are", "were"),
    };
    let what = match &fault.kind {
        Kind::Altered => format!("entry {seq} was altered after it was written"),
        Kind::Missing { first, last } => {
            let (gone, are, _) = span(*first, *last);
            format!("{gone} before it {are} missing")
        }
        Kind::RemovedAtBeginning { first, last } => {
            let (gone, _, were) = span(*first, *last);
            format!("{gone} before it {were} removed")
        }
        Kind::CutOff { first, last } => {
            let (gone, _, were) = span(*first, *last);
            format!("it ends with entry {seq}; {gone} {were} cut off")
        }
        Kind::OutOfOrder => format!("entry {seq} stands behind a later one"),
        Kind::Damaged if seq == 0 => "this is no entry, and nobody wrote it here".into(),
        Kind::Damaged => format!("what was entry {seq} cannot be read any more"),
        Kind::NoHead => "journal.head is missing or damaged, so nobody can tell whether the end was cut off".into(),
        Kind::Unreadable { why } => format!("it cannot be read to its end: {}", plain::line(why)),
    };
    format!("{place}: {what}")
}

/// What came of it, in a sentence.
pub(super) fn verdict(verdict: &Verdict) -> String {
    if verdict.lines == 0 && verdict.faults.is_empty() {
        return "the journal is empty".into();
    }
    let at = |ms: Option<Millis>| ms.map(clock::rfc3339).unwrap_or_default();
    let entries = entries(usize::try_from(verdict.lines).unwrap_or(usize::MAX));
    let range = match (verdict.from, verdict.to) {
        (None, None) => entries,
        (from, to) => format!("{entries}, from {} to {}", at(from), at(to)),
    };
    let mut text = match verdict.faults.len() as u64 + verdict.more {
        0 => format!("ok: {range}, none altered or missing"),
        n => format!("{} in {range}", counted(usize::try_from(n).unwrap_or(usize::MAX), "fault")),
    };
    if verdict.more > 0 {
        let _ = write!(text, " ({} of them not listed)", verdict.more);
    }
    let torn = usize::try_from(verdict.torn).unwrap_or(usize::MAX);
    if torn > 0 {
        let _ = write!(text, "; {} that a crash cut off", counted(torn, "line"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_is_gone_has_a_fault_and_no_times() {
        let kind = Kind::CutOff { first: 1, last: 9 };
        let gone = Fault { file: "journal.jsonl".into(), line: 0, seq: 0, kind };
        let gone = Verdict { faults: vec![gone], ..Verdict::default() };
        assert_eq!(verdict(&gone), "1 fault in 0 entries");
    }

    #[test]
    fn a_line_fits_a_terminal_and_shows_no_character_that_steers_it() {
        let look = Look { width: Some(80), ..Look::default() };
        let entry =
            Entry::new("git", "push", Outcome::Error).item("/home/ann/work/app").reason("x\u{1b}[2J ".repeat(20));
        let entry = Entry { timestamp: 1_756_728_000_000, duration_ms: Some(1234), ..entry };
        let text = line(&entry, &look);
        assert_eq!(measure_text_width(&text), 80);
        assert!(text.starts_with("2025-09-01 12:00:00  git push           error    app: x\\u{1b}[2J x"), "{text}");
        let short = Entry { reason: Some("pushed".into()), duration_ms: Some(61_000), ..entry };
        assert!(line(&short, &look).ends_with("error    app: pushed (1 min 1 s)"));
    }
}
