//! The book of a plan, changed on two machines: `craft merge-book`, as git calls it, and syncs that use it.

use std::path::Path;

use claude_craft::install::driver;
use claude_craft::phase::book::Book;

use super::common::{Pair, Ran, TestEnv, read, write};

const BOOK: &str = "context/context.md";
const SEED: &str = include_str!("fixtures/para/seed-executing.md");

/// The book of `text` with a box ticked and a summary added.
fn worked(text: &str, number: usize, summary: &str) -> String {
    let mut book = Book::parse(text).unwrap();
    book.tick(None, number, true).unwrap();
    book.add_summary(summary).unwrap();
    book.touch(&format!("2026-01-0{number}T00:00:00Z")).unwrap();
    book.text().to_owned()
}

/// The numbers of ticked boxes, and the summaries.
fn stands(text: &str) -> (Vec<usize>, Vec<String>) {
    let book = Book::parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let ticked = book.list(None).unwrap().todos.iter().filter(|t| t.done).map(|t| t.number).collect();
    (ticked, book.fields().completed_summaries.clone())
}

/// Runs the driver by hand over three texts, in a folder without anything else; the answer and what became of ours.
fn by_hand(env: &TestEnv, texts: [&[u8]; 3], more: &[&str]) -> (Ran, Vec<u8>) {
    let folder = env.path("by hand");
    for (name, text) in ["base", "ours", "theirs"].iter().zip(texts) {
        write(folder.join(name), text);
    }
    let mut command = env.command(env!("CARGO_BIN_EXE_craft"), &folder);
    command.env_remove("HOME").env_remove("XDG_CONFIG_HOME");
    command.args(["merge-book", "base", "ours", "theirs"]).args(more);
    let ran = env.run(command, b"");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3, "nothing is left beside the files");
    (ran, read(folder.join("ours")))
}

#[test]
fn the_driver_needs_no_home_and_ends_as_git_wants_it() {
    let env = TestEnv::new();
    let (ours, theirs) = (worked(SEED, 1, "s/a.md"), worked(SEED, 2, "s/b.md"));
    let (ran, merged) = by_hand(&env, [SEED.as_bytes(), ours.as_bytes(), theirs.as_bytes()], &[]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    assert_eq!(stands(&String::from_utf8(merged).unwrap()), (vec![1, 2], vec!["s/a.md".into(), "s/b.md".into()]));

    let clash = |word: &str| SEED.replace("_Update this section as you complete items._", word);
    let (ours, theirs) = (worked(&clash("mine"), 1, "s/a.md"), worked(&clash("theirs"), 2, "s/b.md"));
    let more = ["--marker-size", "9", "--path", "context/\u{1b}[31mcontext.md", "--labels", "%S", "HEAD", "topic"];
    let (ran, merged) = by_hand(&env, [SEED.as_bytes(), ours.as_bytes(), theirs.as_bytes()], &more);
    let merged = String::from_utf8(merged).unwrap();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.ends_with("context.md: both sides changed the prose\n"), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\u{1b}'));
    assert!(merged.contains("<<<<<<<<< HEAD\nmine\n=========\ntheirs\n>>>>>>>>> topic\n"), "{merged}");
    assert_eq!(merged.matches("- [x]").count(), 2, "what fits together is merged all the same");
    env.git(env.root(), &["config", "--global", "merge.conflictStyle", "diff3"]);
    let (_, merged) = by_hand(&env, [SEED.as_bytes(), ours.as_bytes(), theirs.as_bytes()], &more);
    let merged = String::from_utf8(merged).unwrap();
    assert!(merged.contains("mine\n||||||||| base\n_Update this"), "{merged}");
}

#[test]
fn what_is_no_book_is_merged_as_git_would_and_what_cannot_be_read_is_left() {
    let env = TestEnv::new();
    type Case<'a> = ([&'a [u8]; 3], i32, &'a [u8]);
    let cases: [Case<'_>; 4] = [
        ([b"a\n\xff\nc\n", b"A\n\xff\nc\n", b"a\n\xff\nC\n"], 0, b"A\n\xff\nC\n"),
        ([b"", b"x\n", b"y\n"], 1, b"<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n"),
        ([b"a\0", b"b\0", b"c\0"], 1, b"b\0"),
        ([b"long\nlong\n", b"long\nlong\n", b"s\n"], 0, b"s\n"),
    ];
    for (texts, code, wanted) in cases {
        let (ran, merged) = by_hand(&env, texts, &[]);
        assert_eq!((ran.code, merged.as_slice()), (code, wanted), "{}", ran.stderr);
    }
    let (ran, _) = by_hand(&env, [b"", b"", b""], &["--marker-size", "none"]);
    assert_eq!(ran.code, 2, "neither clean nor a conflict: git's own merge comes next");
    let gone = env.craft(&env.path("by hand"), &["merge-book", "gone", "ours", "theirs"]);
    assert_eq!(gone.code, 2, "{}", gone.stderr);
}

/// Both clones have the book; `b` pushed its work, `a` has its own in the working tree.
fn two_machines(craft: Option<&Path>) -> Pair {
    let pair = Pair::enrolled();
    if let Some(craft) = craft {
        let home = pair.home();
        pair.git(&home, &["config", "--global", driver::COMMAND_KEY, &driver::command(craft)]);
        write(home.join(".config/git/attributes"), format!("{}\n", driver::line()));
    }
    pair.b_pushes(BOOK, SEED);
    pair.force("sync").done();
    pair.b_pushes(BOOK, worked(SEED, 2, "context/summaries/b.md"));
    write(pair.a.join(BOOK), worked(SEED, 1, "context/summaries/a.md"));
    pair
}

#[test]
fn two_machines_that_tick_different_boxes_are_in_step_after_a_sync() {
    let pair = two_machines(Some(Path::new(env!("CARGO_BIN_EXE_craft"))));
    pair.force("sync").done();
    let merged = pair.remote_file(BOOK);
    let summaries = ["context/summaries/a.md", "context/summaries/b.md"].map(str::to_owned).to_vec();
    assert_eq!(stands(&merged), (vec![1, 2], summaries));
    assert_eq!(String::from_utf8_lossy(read(pair.a.join(BOOK)).as_ref()), merged);
    assert!(merged.contains("\"last_updated\": \"2026-01-02T00:00:00Z\""), "{merged}");
    pair.whole();
}

#[test]
fn without_the_driver_the_same_work_is_a_conflict() {
    let pair = two_machines(None);
    let before = pair.state().tree;
    assert_eq!(pair.force("sync").conflict(), [BOOK]);
    assert_eq!(pair.state().tree, before);
}

#[test]
fn a_merge_by_hand_uses_the_driver_and_its_conflicts_are_settled_as_usual() {
    let pair = two_machines(Some(Path::new(env!("CARGO_BIN_EXE_craft"))));
    let note = |text: String, word: &str| text.replace("_Update this section as you complete items._", word);
    pair.b_pushes(BOOK, note(worked(SEED, 2, "s/b.md"), "theirs"));
    write(pair.a.join(BOOK), note(worked(SEED, 1, "s/a.md"), "mine"));
    pair.commit(&pair.a, "a");
    pair.git(&pair.a, &["fetch", "-q"]);
    let ran = pair.git_try(&pair.a, &["merge", "origin/main"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("context/context.md: both sides changed the prose"), "{}", ran.stderr);
    let text = String::from_utf8(read(pair.a.join(BOOK))).unwrap();
    assert!(text.contains("<<<<<<< HEAD\nmine\n=======\ntheirs\n>>>>>>> origin/main\n"), "{text}");
    let settled = text.replace("<<<<<<< HEAD\n", "").replace("=======\n", "").replace(">>>>>>> origin/main\n", "");
    write(pair.a.join(BOOK), &settled);
    pair.commit(&pair.a, "settled");
    pair.force("sync").done();
    assert_eq!(stands(&pair.remote_file(BOOK)), (vec![1, 2], vec!["s/a.md".into(), "s/b.md".into()]));
}

#[test]
fn a_program_that_is_gone_or_dies_leaves_what_git_would_have_done_without_it() {
    for broken in ["missing", "dies", "says no"] {
        let env = TestEnv::new();
        let craft = env.path("it's 5% craft");
        match broken {
            "dies" => super::common::script(&craft, "kill -9 $$"),
            "says no" => super::common::script(&craft, "exit 2"),
            _ => {}
        }
        let pair = two_machines(Some(&craft));
        let before = pair.state().tree;
        assert_eq!(pair.force("sync").conflict(), [BOOK], "{broken}");
        assert_eq!(pair.state().tree, before, "nothing is lost where nothing was merged");
        pair.whole();
        pair.git(&pair.a, &["add", "-A"]);
        pair.git_try(&pair.a, &["commit", "-qm", "mine"]);
        assert_eq!(pair.git_try(&pair.a, &["merge", "origin/main"]).code, 1, "{broken}");
        let text = String::from_utf8(read(pair.a.join(BOOK))).unwrap();
        assert!(text.contains("<<<<<<< ours\n- [x] Create users") && text.contains("summaries/b.md"), "{text}");
        pair.git(&pair.a, &["merge", "--abort"]);
        // What git can merge, it merges.
        pair.git(&pair.a, &["reset", "-q", "--hard", "HEAD~1"]);
        let theirs = pair.remote_file(BOOK);
        write(pair.a.join(BOOK), SEED.replace("# Current Work Summary", "# Current Work Summary\n\nMine."));
        pair.force("sync").done();
        let merged = pair.remote_file(BOOK);
        assert_eq!(merged.replace("\n\nMine.", ""), theirs, "{broken}");
    }
}

#[test]
fn a_driver_that_git_only_half_knows_stops_a_sync_without_loss() {
    let pair = two_machines(None);
    let home = pair.home();
    write(home.join(".config/git/attributes"), format!("{}\n", driver::line()));
    let before = pair.state().tree;
    // An attribute without a driver is none.
    assert_eq!(pair.force("sync").conflict(), [BOOK]);
    // A driver with a title only is refused by git.
    pair.git(&home, &["config", "--global", driver::TITLE_KEY, driver::TITLE]);
    let forced = pair.force("sync");
    assert_ne!(forced.code, 0, "{:?}", forced.report.end);
    assert_eq!(pair.state().tree, before);
    pair.whole();
}
