//! `craft plan summarize`: what git knows of a phase becomes its summary, and what somebody wrote there stays.

use insta::assert_snapshot;
use serde_json::json;

use super::common::{read, write};
use super::plan_status::{Desk, TASK, UNIT};

fn summary(n: u32) -> String {
    format!("context/summaries/{TASK}-phase-{n}-summary.md")
}

/// A summary without the ids of commits.
fn without_ids(text: &str) -> String {
    let commits = text.split_once("### Commits\n\n").map_or("", |(_, rest)| rest.split_once("\n\n").unwrap().0);
    let bare: Vec<_> = commits.lines().map(|l| format!("- `COMMIT`{}", &l["- `1234567`".len()..])).collect();
    text.replace(commits, &bare.join("\n"))
}

/// Phase 1 with a change of each kind.
fn worked() -> Desk {
    let desk = Desk::new();
    desk.begin(1);
    write(desk.repo.join("migrations/001_create_users_table.sql"), "create table users (\n  id uuid\n);\n");
    write(desk.repo.join("logo.png"), b"\x89PNG\r\n\x1a\n\0\0");
    desk.commit("feat: Add users table migration");
    write(desk.repo.join("README.md"), "# App\n\nTwo.\nThree.\n");
    std::fs::remove_file(desk.repo.join("old.txt")).unwrap();
    write(desk.repo.join("Cargo.toml"), "[package]\nname = \"app\"\n\n[dependencies]\nserde = \"1.1\"\njwt = \"2\"\n");
    write(desk.repo.join("tests/users.rs"), "#[test]\nfn one() {}\n\n#[test]\nfn two() {}\n");
    write(desk.repo.join("src/lib.rs"), "pub fn f() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn f() {}\n}\n");
    desk.tick(Some(1), &[1, 2]);
    desk.commit("test: Verify migrations `work`");
    desk
}

#[test]
fn a_phase_is_summarized_from_what_git_knows() {
    let desk = worked();
    let before = desk.text("context/context.md");
    assert_snapshot!("said", desk.said(&["summarize", "--phase", "1"]));
    assert_snapshot!("summary", without_ids(&desk.text(&summary(1))));
    let book = desk.book();
    let phased = book.fields().phased_execution.clone().unwrap();
    assert_eq!((phased.phases[0].status.word(), phased.current_phase), ("completed", None));
    assert_eq!(book.fields().completed_summaries, [summary(1)]);
    assert_eq!(book.fields().last_updated.as_deref(), Some("2025-12-18T10:00:00Z"));
    assert!(before.starts_with(book.prose()), "the prose is as it was");
    assert!(desk.text(&format!("context/plans/{TASK}-phase-1.md")).contains("**Status:** Completed\n"));
    assert_eq!(
        desk.git(&desk.repo, &["rev-parse", &format!("refs/craft/para/{}", Desk::branch(1))]),
        desk.git(&desk.repo, &["rev-parse", "HEAD"])
    );
}

#[test]
fn words_in_a_summary_stay_and_a_second_run_commits() {
    let desk = worked();
    desk.run(&["summarize"]).ok();
    let marked = desk.text(&summary(1));
    let (before, after) = marked.split_once("_To be written: what the changes do").unwrap();
    let written =
        format!("{before}Tables for users.{}", after.split_once('\n').map(|(_, rest)| format!("\n{rest}")).unwrap());
    write(desk.repo.join(summary(1)), &written);
    write(desk.repo.join("staged.txt"), "mine\n");
    desk.git(&desk.repo, &["add", "staged.txt"]);
    let said = desk.said(&["summarize", "--phase", "1", "--commit"]);
    let id = desk.git(&desk.repo, &["rev-parse", "--short=7", "HEAD"]);
    assert_snapshot!("again", said.replace(&id, "COMMIT"));
    assert_eq!(desk.text(&summary(1)), written);
    let named = desk.git(&desk.repo, &["show", "--name-only", "--format=%s", "HEAD"]);
    assert!(named.starts_with(&format!("docs: Summarize {UNIT}-phase-1\n")), "{named}");
    for path in ["context/context.md".to_owned(), summary(1), format!("context/plans/{TASK}-phase-1.md")] {
        assert!(named.contains(&path), "{named}");
    }
    assert!(!desk.git(&desk.repo, &["status", "--porcelain"]).contains("context/"));
}

#[test]
fn what_is_open_or_not_committed_is_told() {
    let desk = Desk::new();
    desk.begin(1);
    desk.tick(Some(1), &[1]);
    write(desk.repo.join("new file.txt"), "x\n");
    write(desk.repo.join("README.md"), "# Other\n");
    assert_snapshot!("partial", desk.said(&["summarize"]));
    let text = desk.text(&summary(1));
    assert!(
        text.contains("**Status:** ⚠️ Partial\n") && text.contains("### To-Dos Not Done\n\n- [ ] Step 1b\n"),
        "{text}"
    );
    assert_eq!(read(desk.repo.join("new file.txt")), b"x\n");
}

#[test]
fn a_phase_in_a_linked_tree_is_summarized_from_there() {
    let desk = Desk::new();
    let tree = desk.begin_linked(1, false);
    desk.begin_linked(2, true);
    write(tree.join("src/part1.rs"), "pub fn part() {}\n");
    desk.commit_in(&tree, "feat: Part 1");
    write(tree.join("left.txt"), "x\n");
    desk.tick(Some(1), &[1, 2]);
    let ran = desk.run_in(&tree, &["summarize", "--json"]).ok();
    let done: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&done["phase"], &done["uncommitted"]), (&json!(1), &json!(["left.txt"])));
    assert!(desk.text(&summary(1)).contains("- `src/part1.rs` - +1\n"));
    let phased = desk.book().fields().phased_execution.clone().unwrap();
    assert_eq!(phased.current_phase, Some(2), "the other one is still under way");
    assert!(!tree.join("context/summaries").exists());
}

#[test]
fn a_phase_that_was_merged_before_still_has_its_changes() {
    let desk = worked();
    desk.git(&desk.repo, &["switch", "-q", "main"]);
    desk.git(&desk.repo, &["merge", "-q", "--ff-only", &Desk::branch(1)]);
    desk.git(&desk.repo, &["switch", "-q", &Desk::branch(1)]);
    desk.run(&["summarize"]).ok();
    let text = desk.text(&summary(1));
    assert!(text.contains("- `migrations/001_create_users_table.sql` - +3\n"), "{text}");
    assert!(text.contains("feat: Add users table migration") && !text.contains("docs: Plan"), "{text}");
}

#[test]
fn what_cannot_be_summarized_is_refused_and_nothing_is_written() {
    let desk = Desk::bare();
    assert_snapshot!("no_book", desk.said(&["summarize"]));
    let desk = Desk::new();
    let before = desk.text("context/context.md");
    assert_snapshot!("not_begun", desk.said(&["summarize", "--phase", "2"]));
    assert_snapshot!("no_such_phase", desk.said(&["summarize", "--phase", "7"]));
    assert_snapshot!("none_under_way", desk.said(&["summarize"]));
    assert_eq!(desk.text("context/context.md"), before);
    desk.begin(1);
    let book = desk.text("context/context.md");
    desk.git(&desk.repo, &["switch", "-q", "main"]);
    write(desk.book_file(), book);
    assert_snapshot!("elsewhere", desk.said(&["summarize", "--phase", "1"]));
    desk.git(&desk.repo, &["branch", "-qD", &Desk::branch(1)]);
    assert_snapshot!("branch_gone", desk.said(&["summarize", "--phase", "1"]));
    assert!(!desk.repo.join("context/summaries").exists());
}

#[test]
fn a_simple_plan_leaves_the_present_work_with_its_summary() {
    let desk = Desk::simple("tidy-up");
    desk.begin_simple("tidy-up");
    desk.tick(None, &[1, 2]);
    write(desk.repo.join("broom.txt"), "1\n");
    desk.commit("feat: Sweep");
    assert_snapshot!("simple_said", desk.said(&["summarize"]));
    assert_snapshot!("simple_summary", without_ids(&desk.text("context/summaries/2025-12-18-tidy-up-summary.md")));
    assert_snapshot!("simple_book", desk.text("context/context.md"));
    let id = |said: String| said.replace(&desk.git(&desk.repo, &["rev-parse", "--short=7", "HEAD"]), "COMMIT");
    assert_snapshot!("simple_again", id(desk.said(&["summarize", "--commit"])));
    assert_eq!(desk.git(&desk.repo, &["log", "-1", "--format=%s"]), "docs: Summarize tidy-up");
    assert_snapshot!("simple_status", desk.said(&["status"]));
}

#[test]
fn of_several_simple_plans_the_one_under_way_is_summarized() {
    let desk = Desk::simple("tidy-up");
    desk.begin_simple("tidy-up");
    desk.simple_plan("second");
    desk.edit(|book| {
        let both = ["tidy-up", "second"].map(|task| format!("context/plans/2025-12-18-{task}.md"));
        book.set_active(&both).unwrap();
    });
    let status = desk.json(&["status"]);
    assert_eq!(status["plan"]["path"], "context/plans/2025-12-18-tidy-up.md");
    desk.tick(None, &[1, 2]);
    let done = desk.json(&["summarize"]);
    assert_eq!(done["summary"], "context/summaries/2025-12-18-tidy-up-summary.md");
    assert_eq!(desk.book().fields().active_context, ["context/plans/2025-12-18-second.md"]);
    let again = desk.json(&["summarize", "--commit"]);
    assert_eq!(
        (&again["summary"], again["next"][1].as_str()),
        (&done["summary"], Some("craft plan summarize --commit"))
    );
    desk.git(&desk.repo, &["remote", "add", "origin", "https://127.0.0.1:1/x.git"]);
    desk.git(&desk.repo, &["config", "branch.main.remote", "origin"]);
    let request = desk.json(&["pr", "--dry-run"]);
    assert_eq!(request["branch"], "para/tidy-up", "its pull request can still be opened");
}

#[test]
fn a_summary_is_complete_once_its_boxes_are_ticked() {
    let desk = Desk::new();
    desk.begin(1);
    desk.run(&["summarize"]).ok();
    let partial = desk.text(&summary(1));
    assert!(partial.contains("**Status:** ⚠️ Partial\n") && partial.contains("- [ ] "), "{partial}");
    let ticked = partial.replace("- [ ] ", "- [x] ");
    write(desk.repo.join(summary(1)), &ticked);
    desk.run(&["summarize", "--commit"]).ok();
    assert_eq!(desk.text(&summary(1)), ticked.replace("⚠️ Partial", "✅ Completed"), "all else is as it was");
    write(desk.repo.join(summary(1)), ticked.replace("⚠️ Partial", "Done, mostly"));
    desk.run(&["summarize"]).ok();
    assert!(desk.text(&summary(1)).contains("**Status:** Done, mostly\n"), "words of others stay");
}
