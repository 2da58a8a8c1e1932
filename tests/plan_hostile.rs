//! What could lose work of the user's, or take something for what it is not, on the way through a plan.

use claude_craft::book::fields::Status;

use crate::common::phased::branch;
use crate::common::{Phased, read, script, write};

/// Sets the branch that the book records for phase 1.
fn records(r: &Phased, name: &str) {
    let mut book = r.book();
    book.put_in_phase(1, "branch", &name.into()).unwrap();
    write(r.book_file(), book.text());
}

#[test]
fn files_that_git_ignores_are_not_written_over_by_a_switch() {
    let r = Phased::new();
    r.b_pushes_after_pull(".env", "theirs\n");
    write(r.a.join(".git/info/exclude"), ".env\n");
    write(r.a.join(".env"), "mine\n");
    let ran = r.plan(&["execute", "--phase=1"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains(".env"), "{}", ran.stderr);
    assert_eq!(read(r.a.join(".env")), b"mine\n");
    assert_eq!(r.git(&r.a, &["branch", "--show-current"]), "main");
    assert_eq!(r.git(&r.a, &["branch", "--list", "para/*"]), "");
}

#[test]
fn a_hook_that_fails_after_the_switch_leaves_nothing_half_way() {
    for (words, dirty) in [(&["--dirty", "stash"][..], true), (&["--worktree"], false)] {
        let r = Phased::new();
        script(r.a.join(".git/hooks/post-checkout"), "exit 2");
        if dirty {
            r.edit(&r.a, "one.txt", 1, "mine");
        }
        let ran = r.plan(&[&["execute", "--phase=1"], words].concat()).ok();
        assert!(ran.stdout.contains("post-checkout"), "{}", ran.stdout);
        assert_eq!(r.git(&r.a, &["rev-list", "--count", &format!("main..{}", branch(1))]), "1", "{words:?}");
        assert_eq!(r.fields().phase(1).unwrap().status, Status::InProgress);
        if dirty {
            assert_eq!(r.changes(), "");
            assert!(r.git(&r.a, &["stash", "list"]).contains("craft plan: before"));
            assert!(ran.stdout.contains("put aside in a stash"), "{}", ran.stdout);
        }
    }
}

#[test]
fn what_a_hook_adds_to_the_commit_of_a_beginning_is_not_taken_back_by_the_next_commit() {
    let r = Phased::new();
    script(r.a.join(".git/hooks/pre-commit"), "echo made > made.txt; echo more >> one.txt; git add made.txt one.txt");
    write(r.a.join("two.txt"), "mine\n");
    r.git(&r.a, &["add", "two.txt"]);
    r.plan(&["execute", "--phase=1", "--dirty", "carry"]).ok();
    assert_eq!(r.changes(), "M  two.txt");
    assert!(r.git(&r.a, &["show", "--name-only", "--format=", "HEAD"]).contains("made.txt"));
}

#[test]
fn a_book_cannot_name_the_main_branch_or_what_git_takes_for_another_one() {
    let r = Phased::new();
    let main = r.rev(&r.a, "main");
    for name in ["main", "@", "@{-1}", "refs/heads/x", "HEAD"] {
        records(&r, name);
        for more in [&[][..], &["--existing", "continue"], &["--worktree"]] {
            let ran = r.plan(&[&["execute", "--phase=1"], more].concat());
            assert_eq!(ran.code, 2, "{name} {more:?}: {}{}", ran.stdout, ran.stderr);
        }
        assert_eq!(r.rev(&r.a, "main"), main, "{name}");
        assert_eq!(r.git(&r.a, &["for-each-ref", "refs/craft", "refs/heads/refs"]), "");
    }
}

#[test]
fn a_book_alone_does_not_name_a_branch_to_publish() {
    let r = Phased::new();
    r.git(&r.a, &["switch", "-q", "-c", "private"]);
    write(r.a.join("diary.txt"), "mine\n");
    r.commit(&r.a, "mine");
    r.git(&r.a, &["switch", "-q", "main"]);
    records(&r, "private");
    let gh = r.path("bin");
    script(gh.join("gh"), "echo https://example.org/pull/1");
    r.set("PATH", format!("{}:{}", gh.display(), std::env::var("PATH").unwrap()));
    let ran = r.plan(&["pr", "--phase=1"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("private") && ran.stderr.contains("git switch private"), "{}", ran.stderr);
    assert!(!r.remote_refs().contains("private"));
}

#[test]
fn gh_is_none_of_the_repositorys_files_and_has_to_say_where_the_request_is() {
    let r = Phased::new();
    r.finish(1);
    r.git(&r.a, &["push", "-q", "origin", "--delete", &branch(1)]);
    let run = r.path("run");
    script(r.a.join("gh"), &format!("touch '{}'", run.display()));
    let path = std::env::var("PATH").unwrap();
    let without = std::env::split_paths(&path).filter(|folder| !folder.join("gh").exists());
    let without = std::env::join_paths(without).unwrap().into_string().unwrap();
    r.set("PATH", format!(".:{without}:"));
    let ran = r.plan(&["pr", "--phase=1"]).ok();
    assert!(ran.stdout.contains("`gh` is not there"), "{}", ran.stdout);
    assert!(!run.exists());
    script(r.path("bin").join("gh"), "echo 'made it'");
    r.set("PATH", format!("{}:{without}", r.path("bin").display()));
    let ran = r.plan(&["pr", "--phase=1"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("did not say where") && ran.stderr.contains("gh pr view"), "{}", ran.stderr);
}

#[test]
fn staged_changes_of_the_books_do_not_go_into_a_stash() {
    let r = Phased::new();
    r.edit(&r.a, "one.txt", 1, "mine");
    write(r.a.join("context/notes.md"), "notes\n");
    r.git(&r.a, &["add", "context/notes.md"]);
    let ran = r.plan(&["execute", "--phase=1", "--dirty", "stash"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("context/notes.md is staged"), "{}", ran.stderr);
    assert_eq!(r.changes(), "A  context/notes.md\n M one.txt");
    assert_eq!(r.git(&r.a, &["stash", "list"]), "");
}

#[test]
fn a_linked_tree_that_was_made_by_a_killed_command_gets_its_first_commit() {
    for step in ["plan-worktree", "plan-book"] {
        let r = Phased::new();
        r.set("CRAFT_INTERNAL__KILL_AT", step);
        assert_eq!(r.plan(&["execute", "--phase=1", "--worktree"]).code, 128 + 9, "{step}");
        r.unset("CRAFT_INTERNAL__KILL_AT");
        r.plan(&["execute", "--phase=1", "--worktree"]).ok();
        let log = r.git(&r.a, &["log", "--format=%s", &format!("main..{}", branch(1))]);
        assert_eq!(log, "chore: Initialize execution context for implement-user-authentication-phase-1", "{step}");
        assert!(r.fields().phase(1).unwrap().worktree_path.is_some());
        let before = r.rev(&r.a, &branch(1));
        r.plan(&["execute", "--phase=1", "--worktree"]).ok();
        assert_eq!(r.rev(&r.a, &branch(1)), before);
    }
}

#[test]
fn a_tick_that_was_killed_before_its_commit_is_committed_by_the_same_command() {
    let r = Phased::new();
    r.plan(&["execute", "--phase=1"]).ok();
    write(r.a.join("x.txt"), "x\n");
    r.set("CRAFT_INTERNAL__KILL_AT", "plan-ticked");
    assert_eq!(r.plan(&["todo", "done", "1", "--commit", "feat: x"]).code, 128 + 9);
    r.unset("CRAFT_INTERNAL__KILL_AT");
    r.plan(&["todo", "done", "1", "--commit", "feat: x"]).ok();
    assert_eq!(r.git(&r.a, &["show", "--name-only", "--format=%s", "HEAD"]), "feat: x\n\ncontext/context.md\nx.txt");
    assert_eq!(r.changes(), "");
}
