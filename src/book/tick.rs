//! Ticking the boxes of a book that an answer names. All or nothing, and only what is there without any doubt: a box
//! is one byte, and so is all that changes but for the time of the last change.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::fields::{Broken, Fields};
use super::head::head;
use super::marker::Marker;
use super::sheet::{Block, prose_end};
use super::todo::{self, List};
use super::{FILE, brief};

/// Numbers that are named in a line at most.
const NAMED: usize = 10;

/// A book with boxes ticked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticked {
    /// Its text, as long as it was.
    pub text: String,
    /// What was ticked, in words.
    pub told: String,
}

/// Why nothing is ticked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The block cannot be understood.
    #[error("{FILE}:{line} is broken")]
    Broken {
        /// Where.
        line: usize,
    },
    /// There is no list that could be meant.
    #[error("{FILE} has no to-dos that are under way")]
    NoList,
    /// There is no list of that phase.
    #[error("{FILE} has no to-dos of phase {phase}")]
    NoPhase {
        /// The phase.
        phase: u32,
    },
    /// There are several lists that could be meant.
    #[error("{FILE} has several lists of to-dos; a line `para: done phase 1: 3` names one")]
    Several,
    /// There is no box of that number.
    #[error("there is no to-do {number}; the list has {count}")]
    NoSuchTodo {
        /// The number.
        number: u32,
        /// How many there are.
        count: usize,
    },
}

impl From<Broken> for Fault {
    fn from(Broken { line }: Broken) -> Self {
        Self::Broken { line }
    }
}

/// Ticks what `markers` name in the book `text`; `None` where all of it was ticked before. `now` is the time as books
/// have it, RFC 3339 to the second.
///
/// # Errors
/// See [`Fault`]; nothing is ticked then.
pub fn tick(text: &str, markers: &[Marker], now: &str) -> Result<Option<Ticked>, Fault> {
    let (fields, block) = Fields::read(text)?;
    let end = prose_end(text, Some(&block));
    let lists = todo::lists(text, end);
    let unnamed = fields.unnamed(head(&text[..end]).and_then(|h| h.phase).map(|(number, _)| number));
    let mut open = BTreeSet::new();
    for marker in markers {
        let at = chosen(&fields, &lists, unnamed, marker.phase)?;
        let todos = &lists[at].todos;
        for number in &marker.numbers {
            let todo = todos.iter().find(|t| t.number == *number as usize);
            let todo = todo.ok_or(Fault::NoSuchTodo { number: *number, count: todos.len() })?;
            if !todo.done {
                open.insert((at, todo.number));
            }
        }
    }
    if open.is_empty() {
        return Ok(None);
    }
    let mut new = text.to_owned();
    for (at, number) in &open {
        let mark = lists[*at].todos[number - 1].mark;
        new.replace_range(mark..=mark, "x");
    }
    stamp(&mut new, &block, &fields, now);
    let phased = fields.phased_execution.is_some();
    let told = lists.iter().enumerate().filter_map(|(at, list)| {
        let numbers: Vec<_> = open.iter().filter(|(of, _)| *of == at).map(|(_, number)| *number).collect();
        let phase = list.phase.or(unnamed).filter(|_| phased);
        (!numbers.is_empty()).then(|| words(list, phase, &numbers))
    });
    Ok(Some(Ticked { told: told.collect::<Vec<_>>().join("; "), text: new }))
}

/// Which of `lists` a marker means.
fn chosen(fields: &Fields, lists: &[List<'_>], unnamed: Option<u32>, phase: Option<u32>) -> Result<usize, Fault> {
    let under_way: BTreeSet<u32> = fields.under_way().map(|p| p.phase).collect();
    let phased = fields.phased_execution.is_some();
    let of = |list: &List<'_>| list.phase.or(unnamed);
    let meant = |list: &List<'_>| match (phase, of(list)) {
        (Some(phase), of) => of == Some(phase),
        (None, Some(of)) if phased => under_way.contains(&of),
        (None, _) => !phased,
    };
    let mut found = lists.iter().enumerate().filter(|(_, l)| meant(l)).map(|(at, _)| at);
    match (found.next(), found.next(), phase) {
        (Some(at), None, _) => Ok(at),
        (Some(_), Some(_), _) => Err(Fault::Several),
        (None, _, Some(phase)) => Err(Fault::NoPhase { phase }),
        (None, _, None) => Err(Fault::NoList),
    }
}

/// `to-do 3 "Add indexes" of phase 1, 3 of 5 done`
fn words(list: &List<'_>, phase: Option<u32>, numbers: &[usize]) -> String {
    let done = list.todos.iter().filter(|t| t.done || numbers.contains(&t.number)).count();
    let mut said = match numbers {
        [one] => {
            let text = list.todos.get(one - 1).map_or("", |t| t.text);
            format!("to-do {one} {}", brief::quoted(text, brief::TODO))
        }
        many => {
            let named: Vec<_> = many.iter().take(NAMED).map(usize::to_string).collect();
            let more = if many.len() > NAMED { ", …" } else { "" };
            format!("to-dos {}{more}", named.join(", "))
        }
    };
    if let Some(phase) = phase {
        let _ = write!(said, " of phase {phase}");
    }
    let _ = write!(said, ", {done} of {} done", list.todos.len());
    said
}

/// Writes `now` over the time of the last change, where it stands there once and in the same form.
fn stamp(text: &mut String, block: &Block, fields: &Fields, now: &str) {
    const KEY: &str = "\"last_updated\"";
    let same_form = |was: &str| {
        was.len() == now.len()
            && was.bytes().zip(now.bytes()).all(|(a, b)| if b.is_ascii_digit() { a.is_ascii_digit() } else { a == b })
    };
    let Some(was) = fields.last_updated.as_deref().filter(|was| same_form(was)) else { return };
    let inner = &text[block.inner.clone()];
    let mut keys = inner.match_indices(KEY);
    let (Some((at, _)), None) = (keys.next(), keys.next()) else { return };
    let behind = &inner[at + KEY.len()..];
    let value = behind.trim_start().strip_prefix(':').map(str::trim_start).and_then(|v| v.strip_prefix('"'));
    let Some(value) = value.filter(|v| v.starts_with(was)) else { return };
    let start = block.inner.end - value.len();
    text.replace_range(start..start + was.len(), now);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::book::marker::markers;

    const BOOK: &str = include_str!("../../tests/fixtures/para/seed-executing.md");
    const NOW: &str = "2025-12-19T08:07:06Z";

    fn ticked(text: &str, answer: &str) -> Result<Option<Ticked>, String> {
        tick(text, &markers(answer), NOW).map_err(|f| f.to_string())
    }

    #[test]
    fn one_byte_a_box_and_the_time_change_and_nothing_else() {
        let found = ticked(BOOK, "para: done 3, 1").unwrap().unwrap();
        assert_eq!(found.told, "to-dos 1, 3 of phase 1, 2 of 5 done");
        let expected = BOOK
            .replace("- [ ] Create users", "- [x] Create users")
            .replace("- [ ] Add indexes", "- [x] Add indexes")
            .replace("\"last_updated\": \"2025-12-18T10:00:00Z\"", &format!("\"last_updated\": \"{NOW}\""));
        assert_eq!(found.text, expected);
        assert_eq!(ticked(&found.text, "para: done 3").unwrap(), None, "it was ticked before");
        let crlf = BOOK.replace('\n', "\r\n");
        let found = ticked(&crlf, "para: done phase 1: 3").unwrap().unwrap();
        assert_eq!(found.told, "to-do 3 \"Add indexes for performance\" of phase 1, 1 of 5 done");
        assert_eq!(found.text.matches('\r').count(), crlf.matches('\r').count());
        let other_form = BOOK.replace("10:00:00Z\"\n}", "10:00:00.5Z\"\n}");
        let found = ticked(&other_form, "para: done 1").unwrap().unwrap();
        assert!(found.text.contains("10:00:00.5Z"), "what has another form stays");
    }

    #[test]
    fn what_is_not_certain_ticks_nothing() {
        let fault = |text: &str, answer: &str| ticked(text, answer).unwrap_err();
        assert_eq!(fault(BOOK, "para: done 1\npara: done 6"), "there is no to-do 6; the list has 5");
        assert_eq!(fault(BOOK, "para: done 0"), "there is no to-do 0; the list has 5");
        assert_eq!(fault(BOOK, "para: done phase 2: 1"), "context/context.md has no to-dos of phase 2");
        let both = BOOK
            .replacen("\"pending\"", "\"in_progress\"", 1)
            .replace("## Progress", "## To-Do List: Phase 2\n\n- [ ] b\n\n## Progress");
        assert!(fault(&both, "para: done 1").contains("several lists"));
        assert_eq!(
            ticked(&both, "para: done phase 2: 1").unwrap().unwrap().told,
            "to-do 1 \"b\" of phase 2, 1 of 1 done"
        );
        let done = BOOK.replace("in_progress", "completed");
        assert!(fault(&done, "para: done 1").contains("no to-dos that are under way"));
        assert_eq!(fault(&BOOK.replace("\"phases\"", "phases"), "para: done 1"), "context/context.md:34 is broken");
    }

    proptest! {
        #[test]
        fn no_book_makes_it_panic_and_only_boxes_and_the_time_change(
            text in "(- \\[[ x]\\] a|## To-Do List|: Phase [12]|Executing: a - Phase [12]|\n|```json\n|\\{\"last_updated\": \"2025-12-18T10:00:00Z\"\\}|```|é|---){0,30}",
            answer in "(para: done [1-3]\n){1,3}",
        ) {
            if let Ok(Some(found)) = ticked(&text, &answer) {
                prop_assert_eq!(found.text.len(), text.len());
                let changed = text.bytes().zip(found.text.bytes()).filter(|(a, b)| a != b);
                prop_assert!(changed.clone().all(|(a, b)| (a, b) == (b' ', b'x') || a.is_ascii_digit() && b.is_ascii_digit()));
            }
        }
    }
}
