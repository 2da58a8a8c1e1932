//! `craft plan archive`: the book is put away when all is merged, never over another one, and nothing is lost.

use insta::assert_snapshot;

use super::common::{Pair, Phased, read, write};
use super::plan_status::{Desk, TASK, UNIT};

/// All three phases completed, summarized and merged; on main.
fn merged() -> Desk {
    let desk = Desk::new();
    for n in 1..=3 {
        desk.begin(n);
        desk.finish(n);
        desk.merge(&Desk::branch(n));
    }
    desk
}

const FIRST: &str = "context/archives/2025-12-18-context.md";

#[test]
fn a_plan_that_is_merged_is_put_away_and_marked_as_completed() {
    let desk = merged();
    let before = desk.text("context/context.md");
    assert_snapshot!("said", desk.said(&["archive"]));
    assert_eq!(desk.text(FIRST), before, "byte for byte");
    assert_snapshot!("book", desk.text("context/context.md"));
    assert!(desk.text(&format!("context/plans/{TASK}.md")).contains("**Status:** Completed\n"));
    assert_eq!(desk.git(&desk.repo, &["diff", "--name-only", "--cached"]), "", "nothing is staged");
    assert_snapshot!("again", desk.said(&["archive"]));
    assert_snapshot!("then", desk.said(&["status"]));
}

#[test]
fn what_is_missing_is_listed_with_the_command_for_each() {
    let desk = Desk::new();
    desk.begin(1);
    desk.finish(1);
    std::fs::remove_file(desk.repo.join(format!("context/summaries/{TASK}-phase-1-summary.md"))).unwrap();
    desk.begin(2);
    let before = desk.text("context/context.md");
    assert_snapshot!("missing", desk.said(&["archive"]));
    let answer = desk.json(&["archive"]);
    assert_eq!(answer["archive"], serde_json::Value::Null);
    assert_eq!(answer["missing"].as_array().unwrap().len(), 4);
    assert_eq!(desk.text("context/context.md"), before);
    assert!(!desk.repo.join("context/archives").exists());
}

#[test]
fn force_puts_it_away_and_says_in_it_what_was_passed_over() {
    let desk = Desk::new();
    desk.begin(1);
    let before = desk.book().prose().trim_end().to_owned();
    assert_snapshot!("forced", desk.said(&["archive", "--force"]));
    assert_snapshot!("forced_archive", desk.text(FIRST));
    assert!(desk.text(FIRST).starts_with(&before), "no line of the prose is lost");
    assert!(desk.text(&format!("context/plans/{TASK}.md")).contains("**Status:** In Review\n"), "it is not completed");
    let journal = desk.craft(&desk.repo, &["logs", "--json"]).ok().stdout;
    assert!(journal.contains("by force"), "{journal}");
}

#[test]
fn an_archive_never_takes_the_place_of_another() {
    let desk = merged();
    write(desk.repo.join(FIRST), "mine\n");
    let second = "context/archives/2025-12-18-1000-context.md";
    write(desk.repo.join(second), "mine too\n");
    let book = desk.text("context/context.md");
    let answer = desk.json(&["archive"]);
    assert_eq!(answer["archive"], "context/archives/2025-12-18-1000-2-context.md");
    assert_eq!(desk.text("context/archives/2025-12-18-1000-2-context.md"), book);
    assert_eq!((desk.text(FIRST), desk.text(second)), ("mine\n".into(), "mine too\n".into()));
}

#[test]
fn one_that_was_killed_after_the_copy_is_finished_without_a_second_copy() {
    let desk = merged();
    let book = desk.text("context/context.md");
    write(desk.repo.join(FIRST), &book);
    assert_eq!(desk.json(&["archive"])["archive"], FIRST);
    assert_eq!(std::fs::read_dir(desk.repo.join("context/archives")).unwrap().count(), 1);
}

#[test]
fn the_new_book_carries_what_was_asked_for() {
    for (flag, summaries, prose) in [(None, 3, false), (Some("--fresh"), 0, false), (Some("--seed"), 3, true)] {
        let desk = merged();
        desk.run(&[&["archive"][..], flag.as_slice()].concat()).ok();
        let book = desk.book();
        assert_eq!(book.fields().completed_summaries.len(), summaries, "{flag:?}");
        assert_eq!(book.prose().contains("## Earlier: Implement User Authentication\n"), prose, "{flag:?}");
        assert_eq!(book.prose().contains("- [x] Step 3b\n"), prose, "{flag:?}");
        assert_eq!(book.fields().phased_execution, None);
        assert!(desk.said(&["status"]).contains("idle"), "{flag:?}");
    }
}

#[test]
fn clean_working_trees_go_and_others_stay() {
    let desk = Desk::new();
    let tree = desk.begin_linked(1, false);
    write(tree.join("src/part1.rs"), "pub fn part() {}\n");
    desk.commit_in(&tree, "feat: Part 1");
    desk.tick(Some(1), &[1, 2]);
    desk.run(&["summarize", "--phase", "1"]).ok();
    desk.git(&desk.repo, &["merge", "-q", "--no-ff", "-m", "merge", &Desk::branch(1)]);
    // The other phases are not part of this plan any more.
    let mut book = desk.book();
    let phases = ["phased_execution".into(), "phases".into()];
    let first = book.value()["phased_execution"]["phases"][0].clone();
    book.put(&phases[..1], "phases", &vec![first].into()).unwrap();
    write(desk.book_file(), book.text());
    let other = desk.path("elsewhere");
    desk.git(&desk.repo, &["worktree", "add", "-q", "-b", "mine", other.to_str().unwrap()]);

    write(tree.join("left.txt"), "x\n");
    assert_snapshot!("dirty_tree", desk.said(&["archive"]));
    assert_eq!(read(tree.join("left.txt")), b"x\n");
    let from = desk.run_in(&tree, &["archive"]);
    assert!(from.stdout.contains("is where this was started"), "{}{}", from.stdout, from.stderr);
    std::fs::remove_file(tree.join("left.txt")).unwrap();
    // What git ignores is not lost with the tree either, but what a build made is.
    write(desk.repo.join(".git/info/exclude"), "*.env\n/target/\n");
    write(tree.join("local.env"), "x\n");
    write(tree.join("target/out"), "x\n");
    assert!(desk.said(&["archive"]).contains("has files that git ignores: local.env\n"));
    std::fs::remove_file(tree.join("local.env")).unwrap();
    desk.git(&tree, &["switch", "-q", "--detach"]);
    assert!(desk.said(&["archive"]).contains("is on no branch"));
    desk.git(&tree, &["switch", "-q", &Desk::branch(1)]);
    desk.git(&desk.repo, &["worktree", "lock", tree.to_str().unwrap()]);
    assert!(desk.said(&["archive"]).contains("is locked"));
    desk.git(&desk.repo, &["worktree", "unlock", tree.to_str().unwrap()]);
    assert_snapshot!("clean_tree", desk.said(&["archive"]));
    assert!(!tree.exists() && other.join("README.md").exists());
    assert!(!desk.git(&desk.repo, &["worktree", "list"]).contains(UNIT));
}

#[test]
fn a_dirty_tree_stays_where_the_book_is_put_away_by_force() {
    let desk = Desk::new();
    let tree = desk.begin_linked(1, false);
    write(tree.join("left.txt"), "x\n");
    let answer = desk.json(&["archive", "--force"]);
    assert_eq!(answer["kept"], serde_json::json!([format!(".para-worktrees/{UNIT}-phase-1")]));
    assert_eq!(read(tree.join("left.txt")), b"x\n");
    assert_eq!(answer["archive"], FIRST);
}

#[test]
fn it_is_committed_where_that_is_asked_for() {
    let desk = merged();
    let answer = desk.json(&["archive", "--commit"]);
    assert_eq!(answer["commit"], desk.git(&desk.repo, &["rev-parse", "HEAD"]));
    let named = desk.git(&desk.repo, &["show", "--name-only", "--format=%s", "HEAD"]);
    assert!(named.starts_with(&format!("docs: Archive {UNIT}\n")) && named.contains(FIRST), "{named}");
    assert_eq!(desk.git(&desk.repo, &["status", "--porcelain"]), "");
}

#[test]
fn a_simple_plan_is_put_away_once_it_is_summarized_and_merged() {
    let desk = Desk::simple("tidy-up");
    desk.begin_simple("tidy-up");
    desk.tick(None, &[1, 2]);
    assert_snapshot!("simple_missing", desk.said(&["archive"]));
    desk.run(&["summarize"]).ok();
    desk.commit("docs: Summarize tidy-up");
    assert_snapshot!("simple_not_merged", desk.said(&["archive"]));
    desk.merge("para/tidy-up");
    assert_snapshot!("simple_archived", desk.said(&["archive"]));
}

/// A plan of one phase that is completed on its branch, with a remote.
fn finished() -> Phased {
    let r = Phased::planned(Pair::new(), "None");
    let mut book = r.book();
    let first = book.value()["phased_execution"]["phases"][0].clone();
    book.put(&["phased_execution".into()], "phases", &vec![first].into()).unwrap();
    write(r.book_file(), book.text());
    r.commit(&r.a, "docs: Plan");
    r.git(&r.a, &["push", "-q", "origin", "main"]);
    r.finish(1);
    r
}

#[test]
fn a_main_branch_that_is_behind_the_remotes_is_told_with_the_way_to_bring_it_along() {
    let r = finished();
    let behind = "main lacks commits that origin/main has: git pull --ff-only, on main";
    let ran = r.plan(&["archive"]);
    assert!(!ran.stdout.contains("lacks commits"), "{}", ran.stdout);
    r.merge(1, "squash");
    for _ in 0..2 {
        let ran = r.plan(&["archive"]);
        assert!(ran.code == 1 && ran.stdout.contains(behind), "{}", ran.stdout);
    }
    let told: serde_json::Value = serde_json::from_str(&r.plan(&["archive", "--json"]).stdout).unwrap();
    assert_eq!(told["warnings"], serde_json::json!([behind]));
    r.git(&r.a, &["switch", "-q", "main"]);
    r.git(&r.a, &["pull", "-q", "--ff-only"]);
    let ran = r.plan(&["archive"]).ok();
    assert!(!ran.stdout.contains("lacks commits"), "{}", ran.stdout);
}

#[test]
fn what_was_merged_elsewhere_is_known_without_a_fetch_by_hand_and_without_the_remote_it_goes_on() {
    let r = finished();
    let away = r.path("away.git");
    std::fs::rename(&r.remote, &away).unwrap();
    let ran = r.plan(&["archive"]);
    assert_eq!(ran.code, 1);
    for said in ["is not merged into main, as of the last fetch", "origin could not be reached"] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    std::fs::rename(&away, &r.remote).unwrap();
    let ran = r.plan(&["archive"]);
    assert!(!ran.stdout.contains("last fetch") && ran.stdout.contains("is not merged into main"), "{}", ran.stdout);
    r.merge(1, "squash");
    let ran = r.plan(&["archive"]);
    assert!(!ran.stdout.contains("is not merged into"), "{}", ran.stdout);
    assert!(ran.stdout.contains("git switch main && git pull --ff-only"), "{}", ran.stdout);
    r.git(&r.a, &["switch", "-q", "main"]);
    r.git(&r.a, &["pull", "-q", "--ff-only"]);
    std::fs::rename(&r.remote, &away).unwrap();
    let ran = r.plan(&["archive"]).ok();
    assert!(ran.stdout.contains("origin could not be reached"), "{}", ran.stdout);
    assert!(r.a.join(FIRST).exists());
}

#[test]
fn on_the_branch_of_a_phase_that_is_merged_it_is_refused_with_the_way_to_main() {
    let desk = merged();
    desk.git(&desk.repo, &["switch", "-q", &Desk::branch(3)]);
    desk.git(&desk.repo, &["merge", "-q", "--ff-only", "main"]);
    let before = desk.text("context/context.md");
    let answer = desk.json(&["archive"]);
    assert_eq!(answer["archive"], serde_json::Value::Null);
    assert_eq!(answer["missing"][0]["command"], "git switch main");
    assert_eq!(desk.text("context/context.md"), before);
    desk.git(&desk.repo, &["switch", "-q", "main"]);
    assert_eq!(desk.json(&["archive"])["archive"], FIRST);
}
