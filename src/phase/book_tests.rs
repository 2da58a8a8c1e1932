use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The block that the seed document shows, and its prose.
const SEED: &str = include_str!("../../tests/fixtures/para/seed-executing.md");

#[test]
fn the_seeds_own_book_is_read() {
    let book = Book::parse(SEED).unwrap();
    assert_eq!(book.fields().under_way().map(|p| p.phase).collect::<Vec<_>>(), [1]);
    assert_eq!(book.unnamed_phase(), Some(1));
    assert_eq!(book.list(Some(1)).unwrap().todos.len(), 5);
    assert_eq!(book.list(None), book.list(Some(1)));
    assert_eq!(book.list(Some(2)), None);
}

#[test]
fn edits_change_what_they_mean_and_nothing_else() {
    let mut book = Book::parse(SEED).unwrap();
    assert_eq!(book.tick(None, 2, true), Ok(true));
    assert_eq!(book.tick(Some(1), 2, true), Ok(false));
    assert_eq!(book.tick(None, 6, true), Err(NoSuchTodo { number: 6, count: 5 }));
    book.set_status(1, Status::Completed).unwrap();
    book.set_current(None).unwrap();
    book.add_summary("context/summaries/s.md").unwrap();
    book.add_summary("context/summaries/s.md").unwrap();
    let wanted = SEED
        .replace("- [ ] Create refresh_tokens table migration", "- [x] Create refresh_tokens table migration")
        .replace("\"in_progress\"", "\"completed\"")
        .replace("\"current_phase\": 1", "\"current_phase\": null")
        .replace("\"completed_summaries\": []", "\"completed_summaries\": [\n    \"context/summaries/s.md\"\n  ]");
    assert_eq!(book.text(), wanted);
    book.tick(None, 2, false).unwrap();
    book.set_status(1, Status::InProgress).unwrap();
    book.set_current(Some(1)).unwrap();
    book.put(&[], "completed_summaries", &json!([])).unwrap();
    assert_eq!(book.text(), SEED, "and back");
}

#[test]
fn what_is_wrong_is_named_by_its_line_in_the_file() {
    let at = |text: &str| Book::parse(text).map(drop).unwrap_err().to_string();
    assert_eq!(at("# X\n"), "2:1: there is no block of JSON");
    assert_eq!(at("# X\n---\n```json\n{\n  \"a\": 1,\n}\n```\n").split(": ").next().unwrap(), "5:9");
    assert_eq!(at("# X\n\n```json\n{\"an\": \"example\"}\n```\n"), "6:1: there is no block of JSON");
    assert_eq!(at("# X\n```json\n{\n  \"active_context\": 3\n}\n```\n").split(": ").next().unwrap(), "4:21");
    assert_eq!(at("```json\n{}\n"), "1:1: the block of JSON is not closed");
}

#[test]
fn the_markers_of_a_merge_are_named_as_such() {
    let text = SEED.replace("  \"completed", "<<<<<<< ours\n  \"completed");
    let fault = Book::parse(&text).unwrap_err();
    assert_eq!((fault.line, fault.what.as_str()), (29, MARKERS));
}

#[test]
fn blanks_that_lines_begin_and_end_with_stay_and_a_phase_that_begins_again_has_one_list() {
    let block = "---\n\n```json\n{\"active_context\": []}\n```\n";
    let head = |n| Head {
        title: format!("X - Phase {n}"),
        phase: Some(n),
        lines: Vec::new(),
        todos: vec![("new".into(), false)],
    };
    let mut book = Book::parse(&format!("# Current Work Summary\n\n    code\n\ttab\nbreak  \n\n{block}")).unwrap();
    book.begin(&head(1), "Earlier", false);
    assert!(book.text().contains("## Earlier\n\n    code\n\ttab\nbreak  \n\n---"), "{}", book.text());
    book.begin(&head(2), "", true);
    book.tick(Some(2), 1, true).unwrap();
    book.begin(&head(2), "", true);
    let lists: Vec<_> = book.lists().iter().map(|l| (l.phase, l.todos[0].done)).collect();
    assert_eq!(lists, [(None, false), (Some(2), false)]);
    assert!(
        book.text().contains("\n### To-Do List: Phase 2\n\nExecuting: X - Phase 2\n\n\n- [x] new\n"),
        "{}",
        book.text()
    );
}

#[test]
fn what_was_under_way_keeps_its_lines_when_the_next_begins() {
    let mut book = Book::parse(SEED).unwrap();
    let head = Head {
        title: "Implement User Authentication - Phase 2: API Layer".into(),
        phase: Some(2),
        lines: vec![("Branch".into(), "`para/x`".into())],
        todos: vec![("One".into(), false)],
    };
    book.begin(&head, "Phase 1: Database Schema & Migrations", false);
    let text = book.text();
    for line in SEED.lines().filter(|l| !l.trim().is_empty()) {
        assert!(text.contains(line.trim_start_matches('#')), "{line}");
    }
    assert_eq!(book.unnamed_phase(), Some(2));
    assert_eq!(book.lists().len(), 1);
    assert!(Book::parse(text).is_ok());

    let mut book = Book::parse(SEED).unwrap();
    book.begin(&head, "", true);
    assert_eq!((book.unnamed_phase(), book.list(Some(2)).unwrap().todos.len()), (Some(1), 1));
    assert_eq!(book.list(Some(1)).unwrap().todos.len(), 5);
}

proptest! {
    #[test]
    fn a_book_that_is_read_is_its_text(prose in "[ a-z#\\-\\[\\]x\r\n`~]{0,80}", unknown in "[a-z]{1,6}", n in any::<i32>()) {
        let text = format!("{prose}\n---\n\n```json\n{{ \"{unknown}_\" : {n},\r\n\"active_context\":[ ]}}\n```\n{prose}");
        if let Ok(book) = Book::parse(&text) {
            prop_assert_eq!(book.text(), text.as_str());
        }
    }
}
