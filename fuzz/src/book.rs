//! The book of a plan and the documents beside it: whatever the bytes, a book that is read is its text, an edit and its
//! reverse give back the bytes, its block is what JSON's own parser reads, and what repair makes of a broken one is a
//! book with the same prose.

use claude_craft::book::fields::Status;
use claude_craft::book::sheet::{block, prose_end};
use claude_craft::phase::book::Book;
use claude_craft::phase::name::PlanName;
use claude_craft::phase::outline::outline;
use claude_craft::phase::rebuild::{Found, PlanFile, rebuild};
use claude_craft::phase::{check, convert, evidence, mark, plan, template};
use serde_json::{Value, json};

/// Any bytes as a book, as a plan, as words.
pub fn body(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    documents(text);
    match Book::parse(text) {
        Err(fault) => {
            assert!(fault.line > 0 && fault.column > 0 && !fault.what.is_empty(), "{fault:?}");
            broken(text);
        }
        Ok(book) => edits(text, &book),
    }
}

fn edits(text: &str, book: &Book) {
    assert_eq!(book.text(), text);
    assert!(text.starts_with(book.prose()));
    let place = block(text).expect("it was read");
    let inner = text[place.inner].trim_start_matches('\u{feff}');
    let value: Value = serde_json::from_str(inner).expect("both parsers agree");
    assert_eq!(book.value(), value);
    for list in book.lists() {
        for todo in &list.todos {
            let mut edited = book.clone();
            // Another list may come first where two have one name; then the number is of that one.
            let Some(found) = book.list(list.phase).and_then(|l| l.todos.into_iter().find(|t| t.number == todo.number))
            else {
                continue;
            };
            assert_eq!(edited.tick(list.phase, todo.number, !found.done), Ok(true));
            assert_ne!(edited.text(), text);
            assert_eq!(edited.tick(list.phase, todo.number, found.done), Ok(true));
            // A capital tick comes back as a small one.
            assert!(edited.text().eq_ignore_ascii_case(text));
            assert!(text.as_bytes()[found.mark] == b'X' || edited.text() == text);
        }
    }
    // What is nested deeper than the parser goes is refused.
    let mut edited = book.clone();
    if value.get("added by us").is_none() && edited.put(&[], "added by us", &json!({"é": [1, {}]})).is_ok() {
        let read = Book::parse(edited.text()).expect("what is written can be read");
        assert_eq!(read.value(), edited.value());
        assert_eq!(read.prose(), book.prose());
        edited.drop_key(&[], "added by us").expect("it is there");
        assert_eq!(edited.value(), value);
    }
    for phase in book.fields().phased_execution.iter().flat_map(|p| &p.phases) {
        let mut edited = book.clone();
        if edited.set_status(phase.phase, Status::Completed).is_ok() {
            let now = edited.fields().phase(phase.phase).map(|p| p.status);
            assert_eq!(now, Some(Status::Completed));
            assert_eq!(Book::parse(edited.text()).expect("a book").value(), edited.value());
        }
    }
}

/// What repair makes of a text that is no book.
fn broken(text: &str) {
    let plans = ["", "-phase-1", "-phase-2"]
        .map(|ending| PlanFile { path: format!("context/plans/2025-12-18-x{ending}.md"), text: String::new() });
    let now = "2025-12-18T10:00:00Z";
    let found = Found { book: Some(text), plans: &plans, summaries: &[], branch: None, prefix: "para/", now };
    if let Some(made) = rebuild(&found) {
        let prose = &text[..prose_end(text, block(text).as_ref())];
        assert!(made.starts_with(prose));
        assert!(Book::parse(&made).is_ok());
    }
}

fn documents(text: &str) {
    let _ = (plan::title(text), plan::objective(text), plan::criteria(text), mark::unfilled(text));
    for name in ["Status", "Dependencies", "Plan"] {
        if let Some((value, at)) = plan::field(text, name) {
            assert_eq!(&text[at], value);
            assert_eq!(plan::with_field(text, name, value), text);
        }
    }
    for part in plan::parts(text) {
        assert!(part.number > 0 && text.get(part.body).is_some());
    }
    let _ = (check::check(text), evidence::evidence(&[text.to_owned()], text));
    let name = PlanName::read("context/plans/2025-12-18-x.md").expect("a plan's name");
    let Ok(phases) = outline(&["One".into(), "Two".into()], &[]) else { return };
    let made = convert::master(text, &name, &phases);
    assert!(made.ends_with(text.trim_start_matches('\u{feff}')), "nothing of it is lost");
    assert_eq!(plan::parts(made.trim_start_matches('\u{feff}')).len().max(2), plan::parts(&made).len().max(2));
    let steps = plan::steps(text);
    let count: usize = convert::dealt(&steps, 3).iter().map(Vec::len).sum();
    assert_eq!(count, steps.len());
    if let Some(title) = template::title(text) {
        let phases = outline(std::slice::from_ref(&title), &[]).expect("it is a title");
        assert!(phases[0].title == title && !title.contains(['\n', '\r', '\u{1b}']));
    }
}
