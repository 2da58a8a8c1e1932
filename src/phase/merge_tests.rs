use proptest::prelude::*;

use super::*;
use crate::book::fields::Status;

/// The block that the seed document shows, and its prose.
const SEED: &str = include_str!("../../tests/fixtures/para/seed-executing.md");

fn edited(edit: impl FnOnce(&mut Book)) -> String {
    let mut book = Book::parse(SEED).unwrap();
    edit(&mut book);
    book.text().to_owned()
}

#[track_caller]
fn clean(base: &str, ours: &str, theirs: &str) -> String {
    match merge(base, ours, theirs) {
        Merged::Clean(text) => text,
        Merged::Conflict { text, what } => panic!("conflict in {what}:\n{text}"),
    }
}

#[test]
fn two_sides_that_work_on_the_same_phase_merge() {
    let ours = edited(|b| {
        b.tick(None, 1, true).unwrap();
        b.add_summary("context/summaries/a.md").unwrap();
        b.touch("2025-12-19T10:00:00Z").unwrap();
    });
    let theirs = edited(|b| {
        b.tick(None, 2, true).unwrap();
        b.add_summary("context/summaries/b.md").unwrap();
        b.touch("2025-12-19T12:00:00Z").unwrap();
    });
    let merged = Book::parse(&clean(SEED, &ours, &theirs)).unwrap();
    let done: Vec<_> = merged.list(None).unwrap().todos.iter().filter(|t| t.done).map(|t| t.number).collect();
    assert_eq!(done, [1, 2]);
    assert_eq!(merged.fields().completed_summaries, ["context/summaries/a.md", "context/summaries/b.md"]);
    assert_eq!(merged.fields().last_updated.as_deref(), Some("2025-12-19T12:00:00Z"));
    assert!(
        matches!(text::merge(SEED.as_bytes(), ours.as_bytes(), theirs.as_bytes(), &Marks::default()), Some((_, false))),
        "line by line it is a conflict"
    );
}

#[test]
fn the_status_further_along_wins_and_the_current_phase_follows() {
    let status = |number, status, current, started: &str| {
        edited(|b| {
            b.set_status(number, status).unwrap();
            b.set_current(current).unwrap();
            b.put(&[], "execution_started", &started.into()).unwrap();
            b.put(&[], "execution_branch", &format!("para/x-phase-{}", current.unwrap_or(9)).into()).unwrap();
        })
    };
    let done = status(1, Status::Completed, None, "2025-12-19T10:00:00Z");
    let next = status(2, Status::InProgress, Some(2), "2025-12-19T09:00:00Z");
    for (ours, theirs) in [(&done, &next), (&next, &done)] {
        let book = Book::parse(&clean(SEED, ours, theirs)).unwrap();
        assert_eq!(book.fields().phase(1).unwrap().status, Status::Completed);
        assert_eq!(book.fields().under_way().map(|p| p.phase).collect::<Vec<_>>(), [2]);
        assert_eq!(book.fields().phased_execution.as_ref().unwrap().current_phase, Some(2));
        assert_eq!(book.fields().execution_branch.as_deref(), Some("para/x-phase-2"));
        assert_eq!(book.fields().execution_started.as_deref(), Some("2025-12-19T10:00:00Z"));
    }
    let back = status(1, Status::Pending, None, "2025-12-20T00:00:00Z");
    let book = Book::parse(&clean(SEED, &back, &edited(|b| b.touch("x").unwrap()))).unwrap();
    assert_eq!(book.fields().phase(1).unwrap().status, Status::Pending, "rolled back, and untouched by the other");
    let back = back.replace("x-phase-9", "x-again");
    let book = Book::parse(&clean(SEED, &back, &done)).unwrap();
    assert_eq!(book.fields().phase(1).unwrap().status, Status::Completed);
    assert_eq!(book.fields().execution_branch, None, "nothing is under way");
}

#[test]
fn a_phase_that_was_rolled_back_stays_so_however_far_it_has_come_on_the_other_side() {
    let set = |b: &mut Book, status, current: Option<u32>| {
        b.set_status(1, status).unwrap();
        b.set_current(current).unwrap();
    };
    let back = |b: &mut Book, time: &str, status, current| {
        set(b, status, current);
        b.put_in_phase(1, "rolled_back", &serde_json::json!({"time": time, "reason": "wrong"})).unwrap();
    };
    let (early, late) = ("2025-12-19T00:00:00Z", "2025-12-20T00:00:00Z");
    let completed = edited(|b| set(b, Status::Completed, None));
    let pending = edited(|b| back(b, late, Status::Pending, None));
    let again = edited(|b| back(b, late, Status::InProgress, Some(1)));
    let before = edited(|b| back(b, early, Status::Completed, None));
    for (one, other, status, current) in [
        (&pending, &completed, Status::Pending, None),
        (&again, &completed, Status::InProgress, Some(1)),
        (&pending, &before, Status::Pending, None),
        (&again, &before, Status::InProgress, Some(1)),
    ] {
        for (ours, theirs) in [(one, other), (other, one)] {
            let merged = Book::parse(&clean(SEED, ours, theirs)).unwrap();
            assert_eq!(merged.fields().phase(1).unwrap().status, status);
            assert_eq!(merged.fields().phased_execution.as_ref().unwrap().current_phase, current);
            let record = &merged.value()["phased_execution"]["phases"][0]["rolled_back"];
            assert_eq!(*record, serde_json::json!({"time": late, "reason": "wrong"}));
        }
    }
    // What both knew of decides nothing: the phase went on since.
    let done = before.replace(early, late);
    for (ours, theirs) in [(&again, &done), (&done, &again)] {
        let merged = Book::parse(&clean(&pending, ours, theirs)).unwrap();
        assert_eq!(merged.fields().phase(1).unwrap().status, Status::Completed);
    }
}

#[test]
fn items_are_added_by_both_and_one_that_is_taken_out_stays_where_the_other_ticked_it() {
    let ours = SEED.replace("- [ ] Add indexes for performance\n", "- [ ] Ours\n").replace(
        "- [ ] Test migrations up and down\n",
        "- [ ] Test migrations up and down\n- [ ] Our last\n  with a line\n",
    );
    let theirs = SEED
        .replace("- [ ] Add indexes for performance\n", "- [x] Add indexes for performance\n- [ ] Theirs\n")
        .replace("- [ ] Create seed data for testing\n", "")
        .replace("- [ ] Test migrations up and down\n", "- [ ] Test migrations up and down\n- [ ] Their last\n");
    let merged = clean(SEED, &ours, &theirs);
    let book = Book::parse(&merged).unwrap();
    let words: Vec<_> = book.list(None).unwrap().todos.iter().map(|t| format!("{} {}", t.done, t.text)).collect();
    insta::assert_snapshot!(words.join("\n"), @r"
    false Create users table migration
    false Create refresh_tokens table migration
    false Ours
    true Add indexes for performance
    false Theirs
    false Test migrations up and down
    false Our last
    false Their last
    ");
    assert!(merged.contains("- [ ] Our last\n  with a line\n- [ ] Their last\n\n## Progress"), "{merged}");
}

#[test]
fn an_item_that_both_moved_to_different_places_stands_there_once() {
    let item = "- [ ] Create users table migration\n";
    let moved = |behind: &str| SEED.replace(item, "").replace(behind, &format!("{behind}{item}"));
    let ours = moved("- [ ] Add indexes for performance\n").replace("- [ ] Create users", "- [x] Create users");
    let theirs = moved("- [ ] Test migrations up and down\n");
    for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
        let merged = clean(SEED, ours, theirs);
        assert_eq!(merged.matches("Create users table").count(), 1, "{merged}");
        assert!(merged.contains("- [x] Create users table"), "{merged}");
    }
}

#[test]
fn words_that_one_side_has_several_times_are_no_surplus() {
    let added = |at: &str, new: &str| SEED.replacen(at, &format!("{new}{at}"), 1);
    let ours = added("**Branch", "## To-Do List: Phase 1\n- [ ] same\n");
    let theirs =
        added("Executing", "- [ ] same\n").replace("\n\n## Progress", "\n- [ ] same\n- [ ] same\n\n## Progress");
    let merged = clean(SEED, &ours, &theirs);
    assert!(merged.matches("] same\n").count() >= 3, "{merged}");
    // What stands below an item may be of one side only.
    let base = added("\n## Progress", "    code\n## Notes\n\n    code\n");
    let ours = base.replacen("    code", "- [x] same\n    code", 1);
    let (first, last) = base.rsplit_once("    code").unwrap();
    let theirs = format!("{first}- [ ] same\n    code{last}");
    let merged = clean(&base, &ours, &theirs);
    assert_eq!(merged.matches("    code\n").count(), 2, "{merged}");
}

#[test]
fn a_merge_of_many_lines_comes_to_an_end() {
    let base = SEED.replace("## Progress", &format!("{}## Progress", "## To-Do List\n- [ ] a\n".repeat(20_000)));
    let ours = base.replacen("[ ]", "[x]", 1);
    let theirs = base.replace("_Update", "- [x] a\n_Update");
    assert!(matches!(merge(&base, &ours, &theirs), Merged::Clean(_)));
    let list =
        |word: &str| SEED.replace("- [ ] Add", &format!("{}- [ ] Add", format!("- [ ] {word}\n").repeat(20_000)));
    assert!(matches!(merge(&list("a"), &list("b"), &list("c")), Merged::Conflict { .. }));
}

#[test]
fn a_list_that_moved_below_earlier_work_is_still_ticked() {
    let head = crate::phase::book::Head {
        title: "Implement User Authentication - Phase 2: API Layer".into(),
        phase: Some(2),
        lines: vec![("Branch".into(), "`para/x-phase-2`".into())],
        todos: vec![("Create users table migration".into(), false), ("Write the API".into(), false)],
    };
    let ours = edited(|b| b.begin(&head, "Phase 1: Database Schema & Migrations", false));
    let theirs = edited(|b| {
        b.tick(None, 1, true).unwrap();
    });
    let merged = clean(SEED, &ours, &theirs);
    assert!(merged.contains("- [ ] Create users table migration\n- [ ] Write the API"), "{merged}");
    assert!(merged.contains("- [x] Create users table migration\n- [ ] Create refresh"), "{merged}");
}

#[test]
fn two_phases_that_are_begun_at_the_same_time_both_have_their_list() {
    let begin = |number: u32| {
        let head = crate::phase::book::Head {
            title: format!("Implement User Authentication - Phase {number}: X"),
            phase: Some(number),
            lines: vec![("Branch".into(), format!("`para/x-phase-{number}`"))],
            todos: vec![("Begin".into(), false), (format!("Only {number}"), false)],
        };
        edited(|b| {
            b.begin(&head, "", true);
            b.set_status(number, Status::InProgress).unwrap();
            b.set_current(Some(number)).unwrap();
            b.put(&[], "execution_branch", &format!("para/x-phase-{number}").into()).unwrap();
            b.put(&[], "execution_started", &format!("2026-01-0{number}T00:00:00Z").into()).unwrap();
        })
    };
    for newline in ["\n", "\r\n"] {
        let [base, two, three] = [SEED.to_owned(), begin(2), begin(3)].map(|t| t.replace('\n', newline));
        for (ours, theirs) in [(&two, &three), (&three, &two)] {
            let merged = clean(&base, ours, theirs);
            let book = Book::parse(&merged).unwrap();
            assert_eq!(book.lists().len(), 3, "{merged}");
            for number in [2, 3] {
                let list = book.list(Some(number)).unwrap();
                assert_eq!(list.todos.iter().map(|t| t.text).collect::<Vec<_>>(), ["Begin", &format!("Only {number}")]);
            }
            assert_eq!(book.fields().execution_branch.as_deref(), Some("para/x-phase-3"), "the one begun last");
            assert_eq!(book.fields().phased_execution.as_ref().unwrap().current_phase, Some(3));
            assert_eq!(Ends::of(&merged), Ends::of(&base));
        }
    }
}

#[test]
fn what_contradicts_is_marked_and_nothing_else() {
    let mut book = Book::parse(SEED).unwrap();
    book.put(&[], "workflow", &serde_json::json!({"mode": "a", "other": [1.50, 12_345]})).unwrap();
    let base = book.text().replace("1.5,", "1.50,");
    let ours = base.replace("\"mode\": \"a\"", "\"mode\": \"b\"").replace("- [ ] Add", "- [x] Add");
    let theirs = base.replace("\"mode\": \"a\"", "\"mode\": \"c\"").replace("- [ ] Test", "- [x] Test");
    let marks = Marks { size: 9, style: text::Style::Merge, labels: ["b", "HEAD", "topic"].map(str::to_owned) };
    let Merged::Conflict { text, what } = merge_marked(&base, &ours, &theirs, &marks) else { panic!() };
    assert_eq!(what, "`workflow.mode` of the block");
    let marked = "<<<<<<<<< HEAD\n    \"mode\": \"b\",\n=========\n    \"mode\": \"c\",\n>>>>>>>>> topic\n";
    assert!(text.contains(marked) && text.contains("1.50,"), "{text}");
    assert!(text.contains("- [x] Add") && text.contains("- [x] Test"), "{text}");
    assert_eq!(text.matches("<<<").count(), 3, "one place: {text}");
    let prose = |line: &str| SEED.replace("_Update this section as you complete items._", line);
    let Merged::Conflict { text, what } = merge(SEED, &prose("mine"), &prose("yours")) else { panic!() };
    assert_eq!(what, "the prose");
    assert!(text.contains("<<<<<<< ours\nmine\n=======\nyours\n>>>>>>> theirs\n"), "{text}");
}

#[test]
fn members_that_are_not_known_are_merged_as_they_are_written() {
    let add = |text: &str, member: &str| {
        text.replacen("  \"completed_summaries\"", &format!("  {member},\n  \"completed_summaries\""), 1)
    };
    let ours = add(SEED, "\"ours\": 12345678901234567890123");
    let theirs = add(SEED, "\"theirs\": {\"a\": 1.50}");
    let merged = clean(SEED, &ours, &theirs);
    assert!(merged.contains("12345678901234567890123") && merged.contains("\"theirs\": {\"a\": 1.50}"), "{merged}");
}

#[test]
fn other_line_ends_are_no_conflict_and_a_broken_book_is_merged_as_text() {
    let theirs = edited(|b| drop(b.tick(None, 1, true)));
    let ours = edited(|b| drop(b.tick(None, 2, true))).replace('\n', "\r\n");
    let merged = clean(SEED, &ours, &theirs);
    assert_eq!(merged.matches('\n').count(), merged.matches("\r\n").count());
    assert_eq!(merged.matches("- [x]").count(), 2);
    assert!(matches!(merge("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"), Merged::Clean(t) if t == "A\nb\nC\n"));
    assert!(matches!(merge("", SEED, "x\n"), Merged::Conflict { .. }));
}

/// One change of a book.
#[derive(Debug, Clone)]
enum Change {
    Tick(usize, bool),
    Item(usize, String),
    Take(usize),
    Prose(usize, String),
    Summary(String),
    Status(u32, Status),
    Back(u32, u32),
    Touch(u32),
    Member(String, u32),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let word = "[a-e]{1,3}";
    let status = prop_oneof![Just(Status::Pending), Just(Status::InProgress), Just(Status::Completed)];
    let one = prop_oneof![
        4 => (1..8_usize, any::<bool>()).prop_map(|(n, d)| Change::Tick(n, d)),
        2 => (0..8_usize, word).prop_map(|(n, w)| Change::Item(n, w)),
        1 => (0..8_usize).prop_map(Change::Take),
        1 => (0..12_usize, word).prop_map(|(n, w)| Change::Prose(n, w)),
        2 => word.prop_map(Change::Summary),
        2 => (1..4_u32, status).prop_map(|(n, s)| Change::Status(n, s)),
        1 => (1..4_u32, 10..14_u32).prop_map(|(n, t)| Change::Back(n, t)),
        1 => (10..60_u32).prop_map(Change::Touch),
        1 => (word, 0..3_u32).prop_map(|(k, v)| Change::Member(k, v)),
    ];
    prop::collection::vec(one, 0..6)
}

fn apply(text: &str, changes: &[Change], side: &str) -> String {
    let mut book = Book::parse(text).unwrap();
    for change in changes {
        match change {
            Change::Tick(n, done) => drop(book.tick(None, *n, *done)),
            Change::Item(n, word) => {
                let at = book.list(None).and_then(|l| l.todos.get(*n).map(|t| t.line.start));
                if let Some(at) = at {
                    book.splice_prose(at..at, &format!("- [ ] {word}\n"));
                }
            }
            Change::Take(n) => {
                let line = book.list(None).and_then(|l| l.todos.get(*n).map(|t| t.line.clone()));
                if let Some(line) = line {
                    book.splice_prose(line, "");
                }
            }
            Change::Prose(n, word) => {
                let at = crate::book::markdown::lines(book.prose()).nth(*n).map(|l| l.start);
                if let Some(at) = at {
                    book.splice_prose(at..at, &format!("{side} says {word}.\n"));
                }
            }
            Change::Summary(word) => book.add_summary(word).unwrap(),
            Change::Status(n, status) => book.set_status(*n, *status).unwrap(),
            Change::Back(n, minute) => {
                let time = format!("2026-01-01T00:{minute}:00Z");
                book.put_in_phase(*n, "rolled_back", &serde_json::json!({"time": time})).unwrap();
                book.set_status(*n, Status::Pending).unwrap();
            }
            Change::Touch(minute) => book.touch(&format!("2026-01-01T00:{minute}:00Z")).unwrap(),
            Change::Member(key, value) => book.put(&[], key, &(*value).into()).unwrap(),
        }
    }
    book.text().to_owned()
}

/// All but the order: what the block says with its lists sorted, ticks, and lines.
fn meaning(text: &str) -> (serde_json::Value, Vec<String>) {
    let book = Book::parse(text).unwrap();
    let mut value = book.value();
    if let Some(list) = value["completed_summaries"].as_array_mut() {
        list.sort_by_key(ToString::to_string);
    }
    let mut lines: Vec<String> = book.prose().lines().map(str::to_owned).collect();
    lines.sort();
    (value, lines)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_side_loses_anything(first in changes(), one in changes(), other in changes()) {
        let base = apply(SEED, &first, "base");
        let (ours, theirs) = (apply(&base, &one, "ours"), apply(&base, &other, "theirs"));
        prop_assert_eq!(merge(&base, &ours, &base), Merged::Clean(ours.clone()));
        prop_assert_eq!(merge(&base, &base, &theirs), Merged::Clean(theirs.clone()));
        prop_assert_eq!(merge(&base, &ours, &ours), Merged::Clean(ours.clone()));
        let (there, back) = (merge(&base, &ours, &theirs), merge(&base, &theirs, &ours));
        let (Merged::Clean(there), Merged::Clean(back)) = (&there, &back) else {
            prop_assert!(matches!((&there, &back), (Merged::Conflict { .. }, Merged::Conflict { .. })),
                "clean in one direction only:\n{there:#?}\n{back:#?}");
            return Ok(());
        };
        prop_assert_eq!(meaning(there), meaning(back), "\n{}\n{}", there, back);
        let merged = Book::parse(there).unwrap();
        for (side, changed) in [(&ours, &theirs), (&theirs, &ours)] {
            let [was, is, else_] = [&base, side, changed].map(|t| Book::parse(t).unwrap());
            for line in is.prose().lines().filter(|l| l.contains(" says ")) {
                // A line that the other took out is gone; nobody takes prose out here.
                prop_assert!(merged.prose().lines().any(|l| l == line), "lost {line:?}:\n{there}");
            }
            for summary in &is.fields().completed_summaries {
                prop_assert!(merged.fields().completed_summaries.contains(summary));
            }
            // An item goes only where one side took it out and the other left it alone.
            let find = |b: &Book, text: &str| b.list(None).map(|l| {
                let of = l.todos.iter().filter(|t| t.text == text);
                (of.clone().count(), of.filter(|t| t.done).count())
            }).unwrap_or_default();
            for todo in is.list(None).into_iter().flat_map(|l| l.todos) {
                let [was, is, others, merged] = [&was, &is, &else_, &merged].map(|b| find(b, todo.text));
                if was != is || others.0 >= was.0 {
                    prop_assert!(merged.0 > 0, "lost the item {:?}:\n{there}", todo.text);
                }
                if (was.0, is.0, others.0) == (1, 1, 1) {
                    let wanted = if is.1 == was.1 { others.1 } else { is.1 };
                    prop_assert_eq!(merged.1, wanted, "the box of {:?}:\n{}", todo.text, there);
                }
            }
        }
    }

    #[test]
    fn different_boxes_never_clash(one in prop::collection::btree_set(1..6_usize, 0..5), both in any::<[bool; 5]>()) {
        let tick = |mine: bool| {
            edited(|b| {
                for n in (1..=5).filter(|n| one.contains(n) == mine || both[n - 1]) {
                    b.tick(None, n, true).unwrap();
                }
                b.touch(if mine { "2026-01-01T00:00:00Z" } else { "2026-01-02T00:00:00Z" }).unwrap();
            })
        };
        let merged = clean(SEED, &tick(true), &tick(false));
        prop_assert_eq!(merged, edited(|b| {
            for n in 1..=5 {
                b.tick(None, n, true).unwrap();
            }
            b.touch("2026-01-02T00:00:00Z").unwrap();
        }));
    }
}
