//! Making plans and looking at them, with the real program: what is written and what is printed, in books of our own
//! and in those of the originals.

use std::path::{Path, PathBuf};

use claude_craft::book::fields::Status;
use claude_craft::book::markdown::headings;
use claude_craft::phase::book::Book;
use claude_craft::phase::{mark, plan};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::{Ran, TestEnv, read, write};

/// 2025-12-18T10:00:00Z, the day of the seed document.
const SEED_DAY: &str = "1766052000000";
const BOOK: &str = "context/context.md";
const SEED_PLAN: &str = "context/plans/2025-12-18-implement-user-authentication";

/// A repository on the day of the seed.
struct Work {
    env: TestEnv,
    top: PathBuf,
}

impl Work {
    fn new() -> Self {
        let env = TestEnv::new();
        env.set("CRAFT_INTERNAL__NOW_MS", SEED_DAY);
        let top = env.path("app");
        env.git(env.root(), &["init", "-q", "app"]);
        Self { env, top }
    }

    /// With the documents that an original left.
    fn of(original: &str) -> Self {
        let work = Self::new();
        let from = fixtures().join(original);
        for file in files(&from) {
            write(work.top.join(&file), std::fs::read(from.join(&file)).unwrap());
        }
        work
    }

    fn plan(&self, args: &[&str]) -> Ran {
        self.env.craft(&self.top, &[&["plan"], args].concat())
    }

    #[track_caller]
    fn says(&self, args: &[&str]) -> String {
        self.plan(args).ok().stdout
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.says(&[args, &["--json"]].concat())).unwrap()
    }

    /// What is said where it is refused, with the exit code.
    #[track_caller]
    fn refuses(&self, args: &[&str]) -> String {
        let before = self.everything();
        let ran = self.plan(args);
        assert_ne!(ran.code, 0, "{}", ran.stdout);
        assert_eq!(ran.stdout, "");
        assert_eq!(self.everything(), before, "what is refused writes nothing");
        format!("{}: {}", ran.code, ran.stderr.replace(self.top.to_str().unwrap(), "APP"))
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(std::fs::read(self.top.join(path)).unwrap()).unwrap()
    }

    fn book(&self) -> Book {
        Book::parse(&self.text(BOOK)).unwrap()
    }

    /// Every file but those of git.
    fn everything(&self) -> Vec<(PathBuf, Vec<u8>)> {
        files(&self.top).into_iter().map(|f| (f.clone(), std::fs::read(self.top.join(&f)).unwrap())).collect()
    }

    fn seed(&self) {
        let titles = ["Database Schema & Migrations", "API Layer", "Frontend Integration"];
        self.says(&[&["new", "implement-user-authentication", "--phases"], titles.as_slice()].concat());
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/para")
}

/// The files below `top`, relative to it, without git's.
fn files(top: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![top.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with(".git") {
                open.push(path);
            } else if path.is_file() {
                found.push(path.strip_prefix(top).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn init_makes_the_book_once_and_keeps_what_is_there() {
    let work = Work::new();
    write(work.top.join(".gitignore"), "target/\r\n*.log");
    assert_snapshot!(work.says(&["init"]));
    assert_eq!(work.text(".gitignore"), "target/\r\n*.log", "a change of it would be in the way of the first phase");
    assert_eq!(work.book().value()["last_updated"], "2025-12-18T10:00:00Z");
    let made = work.everything();
    assert_snapshot!(work.says(&["init"]));
    assert_eq!(work.everything(), made);
    assert_eq!(work.json(&["init"])["kept"], json!([BOOK]));
    // What somebody else wrote stays, whatever it is.
    write(work.top.join(BOOK), "mine\n");
    work.says(&["init"]);
    assert_eq!(work.text(BOOK), "mine\n");
}

#[test]
fn a_phased_plan_has_the_files_and_the_book_of_the_seed() {
    let work = Work::new();
    let titles = ["Database Schema & Migrations", "API Layer", "Frontend Integration"];
    assert_snapshot!(work.says(&[&["new", "implement-user-authentication", "--phases"], titles.as_slice()].concat()));
    assert_snapshot!(work.text(BOOK));
    assert_snapshot!(work.text(&format!("{SEED_PLAN}.md")));
    assert_snapshot!(work.text(&format!("{SEED_PLAN}-phase-2.md")));
    assert!(!mark::unfilled(&work.text(&format!("{SEED_PLAN}-phase-3.md"))).is_empty());
}

#[test]
fn simple_plans_may_be_several_and_the_books_prose_stays() {
    let work = Work::new();
    work.says(&["init"]);
    let prose = work.text(BOOK).replace("No work is under way.", "Mine, with a `---`:\n\n---\n\nand more.");
    write(work.top.join(BOOK), &prose);
    let made = work.json(&["new", "Don't", "log", "tokens!"]);
    assert_eq!(made["plan"], "context/plans/2025-12-18-dont-log-tokens.md");
    assert_eq!(made["title"], "Don't log tokens!");
    assert_eq!(made["next"], "craft plan execute");
    assert_snapshot!(work.text("context/plans/2025-12-18-dont-log-tokens.md"));
    work.says(&["new", "second"]);
    let book = work.book();
    assert_eq!(book.fields().active_context.len(), 2);
    assert!(book.text().starts_with(prose.split("```").next().unwrap()));
}

#[test]
fn what_makes_no_plan_is_refused_with_the_way_on() {
    let work = Work::new();
    let mut said = vec![
        work.refuses(&["new", "…"]),
        work.refuses(&["new", "cleanup phase 2"]),
        work.refuses(&["new", "x", "--depends", "2:1"]),
        work.refuses(&["new", "x", "--phases", "A", " "]),
        work.refuses(&["new", "x", "--phases", "A", "B", "--depends", "1:2"]),
        work.refuses(&["new", "x", "--phases", "A", "B", "--depends", "2:3"]),
        work.refuses(&[&["new", "x", "--phases"], ["P"; 21].as_slice()].concat()),
        work.refuses(&["graph"]),
        work.refuses(&["repair"]),
        work.refuses(&["convert", "--phases", "A", "B"]),
    ];
    work.says(&["new", "small"]);
    said.push(work.refuses(&["new", "Small"]));
    said.push(work.refuses(&["graph"]));
    work.says(&["new", "other"]);
    said.push(work.refuses(&["convert", "--phases", "A", "B"]));
    said.push(work.refuses(&["convert", "--phases", "A", "--plan", "none"]));
    work.seed();
    said.push(work.refuses(&["new", "third"]));
    said.push(work.refuses(&["convert", "--phases", "A", "B"]));
    write(work.top.join(BOOK), work.text(BOOK).replacen("],", "]", 1));
    said.push(work.refuses(&["new", "fourth"]));
    assert_snapshot!(said.join("\n"));
}

#[test]
fn a_plan_that_was_ended_before_the_book_is_gone_on_with() {
    let work = Work::new();
    work.seed();
    let made = work.everything();
    // As it is when it ended before the last file and the book were written.
    std::fs::remove_file(work.top.join(BOOK)).unwrap();
    std::fs::remove_file(work.top.join(format!("{SEED_PLAN}-phase-3.md"))).unwrap();
    work.seed();
    assert_eq!(work.everything(), made);
    // What somebody has written since is not taken for ours.
    std::fs::remove_file(work.top.join(BOOK)).unwrap();
    write(work.top.join(format!("{SEED_PLAN}.md")), "# Mine\n");
    assert!(work.refuses(&["new", "implement-user-authentication"]).contains("there is a plan of that name"));
}

#[test]
fn nothing_is_written_through_a_link_that_leads_away() {
    let work = Work::new();
    let away = work.env.path("away");
    std::fs::create_dir_all(&away).unwrap();
    std::os::unix::fs::symlink(&away, work.top.join("context")).unwrap();
    for args in [["init"].as_slice(), &["new", "x"], &["repair"]] {
        let ran = work.plan(args);
        assert!(ran.code != 0 && ran.stderr.contains("leads out of"), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(files(&away), Vec::<PathBuf>::new());
}

#[test]
fn a_pipe_or_gits_own_files_in_the_place_of_a_document_are_refused_and_not_waited_for() {
    let work = Work::new();
    work.says(&["new", "x"]);
    let book = work.top.join("context/context.md");
    std::fs::remove_file(&book).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &book, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    for args in [["status"].as_slice(), &["repair"], &["new", "y"]] {
        let ran = work.plan(args);
        assert!(
            ran.code != 0 && ran.stderr.contains("context/context.md is no ordinary file"),
            "{args:?}: {}",
            ran.stderr
        );
    }
    std::fs::remove_file(&book).unwrap();
    let config = read(work.top.join(".git/config"));
    std::os::unix::fs::symlink("../.git/config", &book).unwrap();
    let ran = work.plan(&["repair", "--write"]);
    assert!(ran.code != 0 && ran.stderr.contains("leads out of"), "{}", ran.stderr);
    assert_eq!(read(work.top.join(".git/config")), config);
}

#[test]
fn the_markers_of_a_merge_in_the_block_are_told_with_the_way_on() {
    let work = Work::new();
    work.seed();
    let text = work.text("context/context.md");
    let marked = text.replacen("  \"last_updated", "<<<<<<< ours\n=======\n>>>>>>> theirs\n  \"last_updated", 1);
    write(work.top.join("context/context.md"), &marked);
    let said = work.refuses(&["status"]);
    assert!(said.contains("a merge left the markers") && said.contains("git add context/context.md"), "{said}");
    assert_eq!(work.text("context/context.md"), marked);
}

#[test]
fn evidence_shows_layers_migrations_and_words() {
    let work = Work::new();
    for file in [
        "migrations/001_users.sql",
        "server/routes/auth.ts",
        "server/routes/auth.test.ts",
        "web/pages/Login.tsx",
        "web/pages/Home.tsx",
        "README.md",
        ".github/workflows/ci.yml",
    ] {
        write(work.top.join(file), "x\n");
    }
    assert_snapshot!(work.says(&["evidence", "implement-user-authentication"]));
    work.env.git(&work.top, &["add", "-A"]);
    assert_snapshot!(work.says(&["evidence", "implement-user-authentication"]));
    let known = work.json(&["evidence", "fix a typo in the readme"]);
    assert_eq!((&known["recommended"], &known["files"], &known["complete"]), (&json!(false), &json!(7), &json!(true)));
}

#[test]
fn check_says_use_or_skip_and_why() {
    let work = Work::new();
    let said: Vec<_> =
        ["add a login page", "where is the add button", "how does it work?", "set up CI", "migrate it", "hm"]
            .iter()
            .map(|request| work.says(&["check", request]))
            .collect();
    assert_snapshot!(said.join(""));
    assert_eq!(
        work.json(&["check", "please", "fix", "it"]),
        json!({"version": 1, "verdict": "use", "category": "Code Changes", "word": "fix", "reason": "asks for a change"})
    );
}

#[test]
fn the_graph_shows_levels_and_what_may_begin() {
    let work = Work::new();
    let commit = |name: &str| {
        work.env.git(&work.top, &["add", "-A"]);
        work.env.git(&work.top, &["commit", "-q", "--allow-empty", "-m", name]);
    };
    work.says(&[
        "new",
        "web shop",
        "--phases",
        "Tables",
        "API \"v2\" <beta>",
        "Pages",
        "Launch",
        "--depends",
        "3:1",
        "4:2,3",
    ]);
    commit("plan");
    assert_snapshot!(work.says(&["graph"]));
    // Phase 1 is done and merged.
    work.env.git(&work.top, &["checkout", "-q", "-b", "para/web-shop-phase-1"]);
    commit("tables");
    work.env.git(&work.top, &["checkout", "-q", "main"]);
    work.env.git(&work.top, &["merge", "-q", "--no-ff", "-m", "merge", "para/web-shop-phase-1"]);
    let mut book = work.book();
    book.set_status(1, Status::Completed).unwrap();
    write(work.top.join(BOOK), book.text());
    let known = work.json(&["graph"]);
    assert_eq!((&known["ready"], &known["levels"]), (&json!([2, 3]), &json!([[1], [2, 3], [4]])));
    assert_eq!(known["next"], "craft plan execute --phase=2");
    assert_snapshot!(work.says(&["graph", "--mermaid"]));

    let master = "context/plans/2025-12-18-web-shop.md";
    let text = work.text(master).replace("Phases 2 and 3 must", "Phases 4, 5 and 7 must").replacen(
        "Phase 1 must",
        "Phase 3 must",
        1,
    );
    write(work.top.join(master), text.replacen("**Dependencies:** Phase 1 must", "**Dependencies:** Phase 2 must", 1));
    assert_snapshot!(work.says(&["graph"]).replace("merged     ", "completed  "));
}

#[test]
fn a_simple_plan_gets_phases_before_it_is_begun() {
    let work = Work::new();
    work.says(&["new", "small"]);
    let path = "context/plans/2025-12-18-small.md";
    let simple = work.text(path).replace(
        "- [ ] _To be written: steps, each as large as one commit_",
        "- [ ] One\n- [x] Two\n- [ ] Three\n  with more words\n- [ ] Four",
    );
    write(work.top.join(path), &simple);
    assert_snapshot!(work.says(&["convert", "--phases", "First", "Second", "Third", "--depends", "3:1"]));
    assert!(work.text(path).ends_with(&simple));
    let of = |n: u32| {
        let steps = plan::steps(&work.text(&format!("context/plans/2025-12-18-small-phase-{n}.md")));
        steps.into_iter().map(|s| (s.text, s.done)).collect::<Vec<_>>()
    };
    let step = |text: &str, done| (text.to_owned(), done);
    assert_eq!(of(1), [step("Two", true), step("One", false)]);
    assert_eq!((of(2), of(3)), (vec![step("Three", false)], vec![step("Four", false)]));
    let fields = work.book().fields().clone();
    assert_eq!(fields.active_context.len(), 4);
    assert!(fields.phased_execution.unwrap().phases.iter().all(|p| p.status == Status::Pending));
}

#[test]
fn a_simple_plan_that_is_under_way_becomes_phase_one_with_its_branch_and_worktree() {
    let work = Work::of("v3");
    let (book, plan_text) = (work.book(), work.text("context/plans/2026-04-02-quieter-logs.md"));
    let said = work.says(&["convert", "--phases", "Levels", "Documents"]);
    assert_snapshot!(said);
    assert_snapshot!(work.text(BOOK));
    let new = work.book();
    for line in book.prose().lines().filter(|l| !l.trim().is_empty()) {
        assert!(new.prose().contains(line), "{line}");
    }
    assert_eq!(new.value()["x_team"], book.value()["x_team"]);
    assert!(work.text("context/plans/2026-04-02-quieter-logs.md").ends_with(&plan_text));

    // Ended before the book was written: the same command goes on.
    let done = work.everything();
    write(work.top.join(BOOK), book.text());
    assert_eq!(work.says(&["convert", "--phases", "Levels", "Documents"]), said);
    assert_eq!(work.everything(), done);
}

#[test]
fn a_broken_book_is_shown_and_written_only_when_told() {
    let work = Work::new();
    work.seed();
    assert_eq!(work.says(&["repair"]), "nothing is wrong with context/context.md\n");
    let good = work.text(BOOK);
    let broken = good.replace("No work is under way.", "Mine.").replacen("],", "]", 1);
    write(work.top.join(BOOK), &broken);
    let before = work.everything();
    assert_snapshot!(work.says(&["repair"]));
    assert_eq!(work.everything(), before);
    let told = work.json(&["repair", "--write"]);
    assert_eq!(told["kept"], "context/archives/2025-12-18-context-broken.md");
    assert_eq!(work.text("context/archives/2025-12-18-context-broken.md"), broken);
    assert_eq!(work.text(BOOK), good.replace("No work is under way.", "Mine."));

    // Another one on the same day, on the branch of a phase, behind a summary.
    write(
        work.top.join("context/summaries/2025-12-18-implement-user-authentication-phase-1-summary.md"),
        "# Summary\n",
    );
    work.env.git(&work.top, &["checkout", "-q", "-b", "para/implement-user-authentication-phase-2"]);
    write(work.top.join(BOOK), "# Only prose\r\n");
    let told = work.json(&["repair", "--write"]);
    assert_eq!(told["kept"], "context/archives/2025-12-18-context-broken-2.md");
    assert!(work.text(BOOK).starts_with("# Only prose\r\n\r\n---\r\n\r\n```json\r\n{\r\n"));
    let fields = work.book().fields().clone();
    let statuses: Vec<_> = fields.phased_execution.unwrap().phases.iter().map(|p| p.status).collect();
    assert_eq!(statuses, [Status::Completed, Status::InProgress, Status::Pending]);
    assert_eq!(fields.completed_summaries.len(), 1);

    // And without any.
    std::fs::remove_file(work.top.join(BOOK)).unwrap();
    assert_eq!(work.json(&["repair", "--write"])["kept"], Value::Null);
    assert_eq!(work.book().fields().phased_execution.as_ref().unwrap().current_phase, Some(2));
}

#[test]
fn documents_of_the_originals_are_read_and_keep_every_byte() {
    for original in ["v1", "v2", "v3", "pret"] {
        let folder = fixtures().join(original);
        let text = String::from_utf8(std::fs::read(folder.join(BOOK)).unwrap()).unwrap();
        let book = Book::parse(&text).unwrap();
        assert_eq!(book.text(), text, "{original}");
        // Every field can be written and be what it was again.
        for (key, value) in book.value().as_object().unwrap() {
            let mut edited = book.clone();
            edited.put(&[], key, value).unwrap();
            edited.touch("now").unwrap();
            let last = book.value()["last_updated"].clone();
            edited.put(&[], "last_updated", &last).unwrap();
            assert_eq!(edited.text(), text, "{original}: {key}");
        }
        let work = Work::of(original);
        let kept = |work: &Work| work.book().value();
        let before = work.everything();
        work.says(&["init"]);
        assert_eq!(work.says(&["repair"]), "nothing is wrong with context/context.md\n");
        assert_eq!(work.everything(), before, "{original}");
        assert_eq!(kept(&work), book.value());
    }
}

#[test]
fn phases_titles_and_dependencies_of_the_originals_are_understood() {
    let graph = |original: &str| Work::of(original).json(&["graph"]);
    let v1 = graph("v1");
    assert_eq!(v1["title"], "Tidy The Mail Queue");
    let of = |known: &Value| -> Vec<(Value, Value, Value)> {
        let phases = known["phases"].as_array().unwrap();
        phases.iter().map(|p| (p["title"].clone(), p["status"].clone(), p["depends"].clone())).collect()
    };
    assert_eq!(
        of(&v1),
        [
            (json!("Queue Table"), json!("completed"), json!([])),
            (json!("Retry Worker"), json!("in_progress"), json!([1])),
            (json!("Report Page"), json!("pending"), json!([1, 2])),
        ]
    );
    let v2 = graph("v2");
    assert_eq!(v2["title"], "Faster Search");
    assert_eq!(
        of(&v2),
        [(json!("Index"), json!("in_progress"), json!([])), (json!("Ranking"), json!("pending"), json!([1]))]
    );
    let steps = |original: &str, path: &str| -> Vec<String> {
        let text =
            String::from_utf8(std::fs::read(fixtures().join(original).join("context/plans").join(path)).unwrap());
        plan::steps(&text.unwrap()).into_iter().map(|s| s.text).collect()
    };
    assert_eq!(
        steps("v1", "2025-11-03-tidy-mail-queue-phase-2.md"),
        ["Read due mails in order", "Give up after five tries", "Count what was given up"]
    );
    assert_eq!(
        steps("v2", "2026-01-15-faster-search-phase-2.md"),
        ["feat: Add the ranking", "test: Compare the answers"]
    );
    assert_eq!(steps("pret", "2026-02-20-sharper-icons.md"), ["Draw them as vectors", "Make the sizes from these"]);
    // Without the master plan the phases' own documents tell.
    let work = Work::of("v1");
    std::fs::remove_file(work.top.join("context/plans/2025-11-03-tidy-mail-queue.md")).unwrap();
    let alone = work.json(&["graph"]);
    assert_eq!(of(&alone), of(&v1));
    assert_eq!(alone["title"], "Tidy Mail Queue");
}

#[test]
fn what_is_not_known_in_a_book_of_the_originals_outlives_every_verb() {
    for (original, verb) in [
        ("v3", ["convert", "--phases", "One", "Two"].as_slice()),
        ("v3", &["new", "another"]),
        ("pret", &["convert", "--phases", "One", "Two"]),
        ("pret", &["new", "another"]),
    ] {
        let work = Work::of(original);
        let before = work.book();
        let behind = |book: &Book| book.text().rsplit("```").next().unwrap().to_owned();
        work.says(verb);
        let after = work.book();
        let known = ["active_context", "phased_execution", "last_updated", "worktree_path"];
        let keys = |book: &Book| -> Vec<_> { book.value().as_object().unwrap().keys().cloned().collect() };
        for key in keys(&before).iter().filter(|k| !known.contains(&k.as_str())) {
            assert_eq!(after.value()[key], before.value()[key], "{original} {verb:?}: {key}");
        }
        let order: Vec<_> = keys(&after).into_iter().filter(|k| keys(&before).contains(k)).collect();
        assert_eq!(order, keys(&before));
        assert_eq!(behind(&after), behind(&before));
        for line in before.prose().lines().filter(|l| !l.trim().is_empty()) {
            assert!(after.prose().contains(line), "{original} {verb:?}: {line}");
        }
    }
    // A phased one keeps others from being begun beside it, and is not touched by that.
    for original in ["v1", "v2"] {
        let said = Work::of(original).refuses(&["new", "another"]);
        assert!(said.contains("is under way") && said.contains("craft plan archive"), "{said}");
    }
}

#[test]
fn the_masters_of_all_forms_have_headings_that_are_found() {
    let text =
        String::from_utf8(std::fs::read(fixtures().join("v2/context/plans/2026-01-15-faster-search.md")).unwrap());
    let text = text.unwrap();
    assert_eq!(plan::parts(&text).iter().map(|p| p.title.as_str()).collect::<Vec<_>>(), ["Index", "Ranking"]);
    assert!(headings(&text).len() > 5);
}
