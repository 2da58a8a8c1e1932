//! `craft plan status`: how a plan stands in every state of it, with whatever lies in the repository.

use std::fmt::Write as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use claude_craft::book::fields::Status;
use claude_craft::phase::book::{Book, Head};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::common::{FakeGit, Ran, TestEnv, read, write};

pub const TASK: &str = "2025-12-18-implement-user-authentication";
pub const UNIT: &str = "implement-user-authentication";
const TITLES: [&str; 3] = ["Database Schema & Migrations", "API Layer", "Frontend Integration"];
const DEPENDS: [&str; 3] =
    ["None (foundational phase)", "Phase 1 must be complete and merged", "Phase 2 must be complete and merged"];

/// A repository with the plan of the seed in three phases, on 2025-12-18 at 10:00.
pub struct Desk {
    env: TestEnv,
    pub repo: PathBuf,
}

impl Deref for Desk {
    type Target = TestEnv;

    fn deref(&self) -> &TestEnv {
        &self.env
    }
}

impl Desk {
    /// A repository with one commit and no plan.
    pub fn bare() -> Self {
        let env = TestEnv::new();
        env.set("CRAFT_INTERNAL__NOW_MS", "1766052000000");
        for name in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
            env.set(name, "2025-12-18T10:00:00Z");
        }
        let repo = env.path("app");
        env.git(env.root(), &["init", "-q", "app"]);
        write(repo.join("README.md"), "# App\n\nOne.\n");
        write(repo.join("Cargo.toml"), "[package]\nname = \"app\"\n\n[dependencies]\nserde = \"1.0\"\n");
        write(repo.join("old.txt"), "1\n2\n3\n4\n");
        write(repo.join(".gitignore"), ".para-worktrees/\n");
        env.git(&repo, &["add", "-A"]);
        env.git(&repo, &["commit", "-qm", "first"]);
        Self { env, repo }
    }

    /// With the plan, nothing of it begun.
    pub fn new() -> Self {
        let desk = Self::bare();
        let mut master =
            "# Master Plan: Implement User Authentication\n\n**Date:** 2025-12-18\n**Status:** In Review\n\
                          **Type:** Phased Plan\n\n## Phase Breakdown\n"
                .to_owned();
        for (at, title) in TITLES.iter().enumerate() {
            let n = at + 1;
            writeln!(master, "\n### Phase {n}: {title}\n\n**Dependencies:** {}", DEPENDS[at]).unwrap();
            let plan = format!(
                "# Phase {n}: {title}\n\n**Date:** 2025-12-18\n**Status:** Pending\n\n## Phase Objective\n\nBuild part {n}.\n\n\
                 ## Detailed Implementation Steps\n\n1. Step {n}a\n2. Step {n}b\n\n## Success Criteria\n\n- [x] Part {n} works\n",
            );
            write(desk.plan(Some(n as u32)), plan);
        }
        write(desk.plan(None), master);
        let phases: Vec<_> = (1..=3)
            .map(|n| json!({"phase": n, "plan": format!("context/plans/{TASK}-phase-{n}.md"), "status": "pending"}))
            .collect();
        desk.book_of(&json!({
            "active_context": [format!("context/plans/{TASK}.md")],
            "completed_summaries": [],
            "phased_execution": {
                "master_plan": format!("context/plans/{TASK}.md"), "phases": phases, "current_phase": null,
            },
            "last_updated": "2025-12-18T09:00:00Z",
        }));
        desk.commit("docs: Plan");
        desk
    }

    /// With a simple plan, `2025-12-18-<task>.md`.
    pub fn simple(task: &str) -> Self {
        let desk = Self::bare();
        desk.simple_plan(task);
        desk.book_of(&json!({
            "active_context": [format!("context/plans/2025-12-18-{task}.md")], "completed_summaries": [],
        }));
        desk.commit("docs: Plan");
        desk
    }

    pub fn simple_plan(&self, task: &str) {
        let text = "# Plan: Tidy Up\n\n**Date:** 2025-12-18\n**Status:** In Review\n\n## Objective\n\nTidy up.\n\n\
                    ## Implementation Steps\n\n1. Sweep\n2. Mop\n\n## Success Criteria\n\n- [ ] It is clean\n";
        write(self.repo.join(format!("context/plans/2025-12-18-{task}.md")), text);
    }

    pub fn book_of(&self, fields: &Value) {
        let block = serde_json::to_string_pretty(fields).unwrap();
        write(self.book_file(), format!("# Current Work Summary\n\nPlanned.\n\n---\n\n```json\n{block}\n```\n"));
    }

    pub fn book_file(&self) -> PathBuf {
        self.repo.join("context/context.md")
    }

    pub fn book(&self) -> Book {
        Book::parse(&self.text("context/context.md")).unwrap()
    }

    pub fn text(&self, path: &str) -> String {
        String::from_utf8(read(self.repo.join(path))).unwrap()
    }

    /// The path of the master plan, or of a phase's.
    pub fn plan(&self, phase: Option<u32>) -> PathBuf {
        let phase = phase.map(|n| format!("-phase-{n}")).unwrap_or_default();
        self.repo.join(format!("context/plans/{TASK}{phase}.md"))
    }

    pub fn branch(n: u32) -> String {
        format!("para/{UNIT}-phase-{n}")
    }

    pub fn commit(&self, subject: &str) {
        self.commit_in(&self.repo, subject);
    }

    pub fn commit_in(&self, dir: &Path, subject: &str) {
        self.git(dir, &["add", "-A"]);
        self.git(dir, &["commit", "-qm", subject]);
    }

    pub fn edit(&self, change: impl FnOnce(&mut Book)) {
        let mut book = self.book();
        change(&mut book);
        write(self.book_file(), book.text());
    }

    /// The book as it is when a phase was begun.
    fn begun(&self, n: u32, beside: bool) {
        let title = TITLES[n as usize - 1];
        let head = Head {
            title: format!("Implement User Authentication - Phase {n}: {title}"),
            phase: Some(n),
            lines: vec![("Branch".into(), format!("`{}`", Self::branch(n)))],
            todos: vec![(format!("Step {n}a"), false), (format!("Step {n}b"), false)],
        };
        self.edit(|book| {
            book.begin(&head, &format!("Phase {}: {}", n.max(2) - 1, TITLES[n.max(2) as usize - 2]), beside);
            book.set_status(n, Status::InProgress).unwrap();
            book.set_current(Some(n)).unwrap();
            book.put(&[], "execution_branch", &Self::branch(n).into()).unwrap();
        });
    }

    /// Begins a phase on its branch.
    pub fn begin(&self, n: u32) {
        self.git(&self.repo, &["switch", "-qc", &Self::branch(n)]);
        self.begun(n, false);
        self.commit(&format!("chore: Initialize execution context for {UNIT}-phase-{n}"));
    }

    /// Begins a phase in a linked working tree; where that is.
    pub fn begin_linked(&self, n: u32, beside: bool) -> PathBuf {
        let path = format!(".para-worktrees/{UNIT}-phase-{n}");
        self.git(&self.repo, &["worktree", "add", "-q", "-b", &Self::branch(n), &path]);
        let at = self.repo.join(&path);
        let message = format!("chore: Initialize execution context for {UNIT}-phase-{n}");
        self.git(&at, &["commit", "-q", "--allow-empty", "-m", &message]);
        self.begun(n, beside);
        self.edit(|book| book.put_in_phase(n, "worktree_path", &path.as_str().into()).unwrap());
        at
    }

    /// Begins the simple plan on its branch.
    pub fn begin_simple(&self, task: &str) {
        let branch = format!("para/{task}");
        self.git(&self.repo, &["switch", "-qc", &branch]);
        let plan = format!("context/plans/2025-12-18-{task}.md");
        let head = Head {
            title: "Tidy Up".into(),
            phase: None,
            lines: vec![("Branch".into(), format!("`{branch}`")), ("Plan".into(), plan)],
            todos: vec![("Sweep".into(), false), ("Mop".into(), false)],
        };
        self.edit(|book| {
            book.begin(&head, "Earlier", false);
            book.put(&[], "execution_branch", &branch.as_str().into()).unwrap();
            book.put(&[], "execution_started", &"2025-12-18T10:00:00Z".into()).unwrap();
        });
        self.commit(&format!("chore: Initialize execution context for {task}"));
    }

    pub fn tick(&self, phase: Option<u32>, numbers: &[usize]) {
        self.edit(|book| {
            for number in numbers {
                book.tick(phase, *number, true).unwrap();
            }
        });
    }

    /// Merges a branch into main by a merge commit, and stays there.
    pub fn merge(&self, branch: &str) {
        self.git(&self.repo, &["switch", "-q", "main"]);
        self.git(&self.repo, &["merge", "-q", "--no-ff", "-m", "merge", branch]);
    }

    /// Runs `craft plan …`.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_in(&self.repo, args)
    }

    pub fn run_in(&self, dir: &Path, args: &[&str]) -> Ran {
        self.craft(dir, &[&["plan"], args].concat())
    }

    /// What `craft plan …` says, errors too, without what differs from run to run.
    pub fn said(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        self.plain(&format!("[{}]\n{}{}", ran.code, ran.stdout, ran.stderr))
    }

    pub fn plain(&self, text: &str) -> String {
        text.replace(self.root().to_str().unwrap(), "ROOT").trim_end().to_owned()
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--json"]].concat());
        serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", ran.stdout, ran.stderr))
    }

    /// Works on a phase to its end: ticks, a file, a commit, the summary, a commit.
    pub fn finish(&self, n: u32) {
        self.tick(Some(n), &[1, 2]);
        write(self.repo.join(format!("src/part{n}.rs")), format!("pub fn part{n}() {{}}\n"));
        self.commit(&format!("feat: Part {n}"));
        self.run(&["summarize", "--phase", &n.to_string()]).ok();
        self.commit(&format!("docs: Summarize {UNIT}-phase-{n}"));
    }
}

#[test]
fn each_stage_of_a_plan_is_told_with_the_next_command() {
    let desk = Desk::bare();
    assert_snapshot!("stage_none", desk.said(&["status"]));
    desk.book_of(&json!({"active_context": [], "completed_summaries": []}));
    assert_snapshot!("stage_idle", desk.said(&[]));

    let desk = Desk::new();
    assert_snapshot!("stage_planning", desk.said(&["status"]));
    desk.begin(1);
    desk.tick(Some(1), &[1]);
    assert_snapshot!("stage_executing", desk.said(&["status", "--verbose"]));
    desk.finish(1);
    assert_snapshot!("stage_summarized", desk.said(&["status"]));
    desk.merge(&Desk::branch(1));
    desk.begin(2);
    assert_snapshot!("stage_second_phase", desk.said(&["status"]));
}

#[test]
fn the_json_has_all_of_it() {
    let desk = Desk::new();
    desk.begin(1);
    desk.finish(1);
    desk.merge(&Desk::branch(1));
    desk.begin(2);
    desk.tick(Some(2), &[2]);
    let status = desk.json(&["status"]);
    assert_snapshot!("json", desk.plain(&serde_json::to_string_pretty(&status).unwrap()));
}

#[test]
fn simple_plans_are_told_all_and_the_last_is_the_one() {
    let desk = Desk::simple("tidy-up");
    desk.simple_plan("second");
    desk.book_of(&json!({"active_context": [
        "context/plans/2025-12-18-tidy-up.md", "context/data/notes.md", "context/plans/2025-12-18-second.md",
    ], "completed_summaries": []}));
    assert_snapshot!("several_simple", desk.said(&["status"]));

    let desk = Desk::simple("tidy-up");
    desk.begin_simple("tidy-up");
    desk.tick(None, &[1]);
    assert_snapshot!("simple_executing", desk.said(&["status", "--verbose"]));
}

#[test]
fn a_broken_book_is_told_with_its_place_and_what_mends_it() {
    let desk = Desk::new();
    let text = desk.text("context/context.md").replace("\"completed_summaries\": [],", "\"completed_summaries\": [,");
    write(desk.book_file(), &text);
    assert_snapshot!("broken", desk.said(&["status"]));
    let ran = desk.run(&["status", "--json"]);
    let status: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, 2);
    assert!(status["error"]["message"].as_str().unwrap().starts_with("context/context.md:"), "{status}");
    assert_eq!(status["next"], "craft plan repair");
    assert_eq!(desk.text("context/context.md"), text, "nothing is rewritten");
}

#[test]
fn working_trees_that_are_gone_or_nobodys_are_told() {
    let desk = Desk::new();
    desk.begin_linked(1, false);
    let second = desk.begin_linked(2, true);
    std::fs::remove_dir_all(&second).unwrap();
    std::fs::create_dir_all(desk.repo.join(".para-worktrees/left")).unwrap();
    let said = desk.said(&["status", "--verbose"]);
    assert_snapshot!("working_trees", said);
    let trees = desk.json(&["status"])["worktrees"].clone();
    let health: Vec<_> =
        trees.as_array().unwrap().iter().map(|t| (t["phase"].as_u64(), t["health"].as_str())).collect();
    assert_eq!(health, [(Some(1), Some("active")), (Some(2), Some("stale")), (None, Some("orphaned"))]);
    // From within a phase's own tree the same book is told.
    let from = desk.run_in(&desk.repo.join(format!(".para-worktrees/{UNIT}-phase-1")), &["status", "--verbose"]).ok();
    let same = |text: &str| text.rsplit_once('\n').unwrap().0.to_owned();
    assert_eq!(same(&desk.plain(&from.stdout)), same(said.split_once('\n').unwrap().1));
    assert!(from.stdout.ends_with("next: craft plan todo done 1 --phase=1\n"), "{}", from.stdout);
}

#[test]
fn what_the_repository_says_cannot_steer_a_terminal() {
    let desk = Desk::new();
    let master = desk.text(&format!("context/plans/{TASK}.md"));
    write(desk.plan(None), master.replace("Implement User", "\u{1b}[2JEvil\u{202e}").replace("API Layer", "\u{9b}31m"));
    std::fs::create_dir_all(desk.repo.join(".para-worktrees/a\u{1b}[2J\n")).unwrap();
    desk.begin(1);
    desk.tick(Some(1), &[1]);
    let book = desk.text("context/context.md").replace("Step 1b", "\u{1b}]0;x\u{7}");
    write(desk.book_file(), book);
    for args in [&["status", "--verbose"][..], &["status", "--json"]] {
        let ran = desk.run(args).ok();
        // JSON is data: what it must escape is escaped, and the rest is as it was.
        let json = args.contains(&"--json");
        let steers = |c: char| c != '\n' && (c.is_ascii_control() || (!json && (c.is_control() || c == '\u{202e}')));
        assert!(!ran.stdout.contains(steers), "{args:?}: {:?}", ran.stdout);
    }
}

#[test]
fn places_that_wait_for_words_are_counted() {
    let desk = Desk::new();
    desk.begin(1);
    desk.finish(1);
    let status = desk.json(&["status"]);
    let wanted = json!([{"path": format!("context/summaries/{TASK}-phase-1-summary.md"), "count": 2}]);
    assert_eq!(status["unfilled"], wanted);
}

#[test]
fn where_nothing_was_squashed_no_process_is_started() {
    let desk = Desk::new();
    desk.begin(1);
    let fake = FakeGit::install(&desk, &[]);
    desk.run(&["status"]).ok();
    assert_eq!(fake.calls(""), Vec::<String>::new());
}
