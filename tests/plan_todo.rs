//! Ticking to-dos, committing with them, and opening pull requests.

use crate::common::phased::branch;
use crate::common::{Pair, Phased, read, script, write};

/// Phase 1 has begun.
fn begun() -> Phased {
    let r = Phased::new();
    r.plan(&["execute", "--phase=1"]).ok();
    r
}

fn text(r: &Phased) -> String {
    String::from_utf8(read(r.book_file())).unwrap()
}

#[test]
fn to_dos_are_listed_ticked_and_unticked_by_number() {
    let r = begun();
    let before = text(&r);
    let listed = r.plan(&["todo", "list"]).ok();
    assert_eq!(
        listed.stdout,
        "  1. [ ] First of 1\n  2. [ ] Second of 1\n0 of 2 done\nnext: craft plan todo done 1 --phase=1\n"
    );
    assert_eq!(r.plan(&["todo"]).ok().stdout, listed.stdout);
    let done = r.plan_json(&["todo", "done", "2", "1"]);
    assert_eq!((&done["done"], &done["changed"]), (&2.into(), &serde_json::json!([2, 1])));
    assert_eq!(done["next"], serde_json::json!(["craft plan summarize --phase=1"]));
    r.plan(&["todo", "undo", "1", "2"]).ok();
    assert_eq!(text(&r), before, "the clock stands still, and not a byte is another one");
    let ran = r.plan(&["todo", "done", "1", "3"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("there is no to-do 3; the list has 2"), "{}", ran.stderr);
    assert_eq!(text(&r), before, "none was ticked");
}

#[test]
fn the_phase_is_told_by_the_branch_or_by_its_number() {
    let r = Phased::planned(Pair::new(), "None");
    r.plan(&["execute", "--phase=1"]).ok();
    r.plan(&["execute", "--phase=3"]).ok();
    assert_eq!(r.plan_json(&["todo", "done", "1"])["phase"], 3, "its branch is checked out");
    assert_eq!(r.plan_json(&["todo", "done", "2", "--phase=1"])["phase"], 1);
    r.commit(&r.a, "chore: Tick");
    r.git(&r.a, &["switch", "-q", "-c", "elsewhere"]);
    let ran = r.plan(&["todo", "list"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("1 and 3 are under way"), "{}", ran.stderr);
}

#[test]
fn a_tick_commits_what_is_staged_or_all_that_was_changed_with_the_book() {
    let r = begun();
    write(r.a.join("a.txt"), "a\n");
    write(r.a.join("b.txt"), "b\n");
    r.git(&r.a, &["add", "a.txt"]);
    r.plan(&["todo", "done", "1", "--commit", "feat(db): Add a"]).ok();
    assert_eq!(
        r.git(&r.a, &["show", "--name-only", "--format=%s", "HEAD"]),
        "feat(db): Add a\n\na.txt\ncontext/context.md"
    );
    assert_eq!(r.changes(), "?? b.txt");
    let node = r.a.join("nested");
    r.git(r.root(), &["init", "-q", node.to_str().unwrap()]);
    write(r.a.join(".env.local"), "x=1\n");
    r.plan(&["todo", "done", "2", "--commit", "feat: Add the rest"]).ok();
    assert_eq!(
        r.git(&r.a, &["show", "--name-only", "--format=%s", "HEAD"]),
        "feat: Add the rest\n\nb.txt\ncontext/context.md"
    );
    assert_eq!(r.git(&r.a, &["rev-parse", &format!("refs/craft/para/{}", branch(1))]), r.rev(&r.a, "HEAD"));
    let left = r.changes();
    assert!(left.contains("nested/") && left.contains(".env.local"), "what a sync leaves out is left out: {left}");
}

#[test]
fn when_the_commit_fails_the_ticks_are_taken_back_and_the_index_is_as_it_was() {
    let r = begun();
    let before = text(&r);
    let head = r.rev(&r.a, "HEAD");
    let failed = |message: &str, code: i32, says: &str| {
        let index = r.git(&r.a, &["ls-files", "--stage"]);
        let ran = r.plan(&["todo", "done", "1", "--commit", message]);
        assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
        assert_eq!(text(&r), before);
        assert_eq!(r.rev(&r.a, "HEAD"), head);
        assert_eq!(r.git(&r.a, &["ls-files", "--stage"]), index);
        ran.stderr
    };
    failed("Add it", 2, "is no message of a conventional commit");
    write(r.a.join("key.txt"), format!("key = AKIA{}\n", "Z7QKX3M5N2PLWV4T"));
    let said = failed("feat: key", 4, "the to-dos are as they were");
    assert!(said.contains("key.txt:1") && said.contains("craft scan allow"), "{said}");
    r.git(&r.a, &["add", "key.txt"]);
    failed("feat: key", 4, "key.txt:1");
    r.git(&r.a, &["reset", "-q"]);
    std::fs::remove_file(r.a.join("key.txt")).unwrap();
    write(r.a.join("c.txt"), "<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n");
    failed("feat: c", 4, "conflict markers");
    write(r.a.join("c.txt"), "c\n");
    script(r.a.join(".git/hooks/pre-commit"), "echo no such thing; exit 1");
    failed("feat: c", 1, "the pre-commit hook refused the commit");
    std::fs::remove_file(r.a.join(".git/hooks/pre-commit")).unwrap();
    write(r.a.join(".git/MERGE_HEAD"), format!("{head}\n"));
    failed("feat: c", 1, "a merge is under way");
    std::fs::remove_file(r.a.join(".git/MERGE_HEAD")).unwrap();
    r.plan(&["todo", "done", "1", "--commit", "feat: c"]).ok();
}

#[test]
fn a_commit_of_paths_leaves_what_else_is_staged_and_takes_what_a_hook_made_of_them() {
    let r = Phased::new();
    write(r.a.join("staged.txt"), "staged\n");
    r.git(&r.a, &["add", "staged.txt"]);
    script(r.a.join(".git/hooks/pre-commit"), "echo '- by the hook' >> context/context.md; git add context/context.md");
    r.plan(&["execute", "--phase=1", "--dirty=carry"]).ok();
    assert_eq!(r.changes(), "A  staged.txt");
    assert!(r.git(&r.a, &["show", "HEAD:context/context.md"]).ends_with("- by the hook"));
}

/// A `gh` that writes down what it was asked, and knows of the pull requests in a file.
fn with_gh(r: &Phased) {
    let log = r.path("gh.log");
    script(
        r.path("bin/gh"),
        &format!(
            "printf '%s\\n' \"$*\" >> '{0}'\ncase \"$2\" in\nview) [ -e '{1}' ] && cat '{1}' || exit 1;;\n\
             create) cat >> '{0}'; [ -e '{2}' ] && {{ echo 'no such repository' >&2; exit 1; }}; echo https://example.org/pr/7;;\nesac",
            log.display(),
            r.path("gh.there").display(),
            r.path("gh.broken").display()
        ),
    );
    r.set("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", r.path("bin").display()));
}

#[test]
fn a_pull_request_is_opened_by_gh_with_words_from_plan_and_summary() {
    let r = begun();
    r.work(1);
    r.complete(1);
    with_gh(&r);
    let dry = r.plan(&["pr", "--dry-run"]).ok();
    let title = "feat: Implement User Authentication - Phase 1 (Database Schema & Migrations)";
    assert!(dry.stdout.contains(title), "{}", dry.stdout);
    assert!(!r.path("gh.log").exists() && !r.remote_refs().contains("para/"));
    write(r.path("gh.broken"), "");
    let ran = r.plan(&["pr"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("no such repository")
            && ran.stderr.contains("hint: by hand: craft plan pr --phase=1 --dry-run"),
        "{}",
        ran.stderr
    );
    std::fs::remove_file(r.path("gh.broken")).unwrap();
    std::fs::remove_file(r.path("gh.log")).unwrap();
    let ran = r.plan(&["pr"]).ok();
    assert!(ran.stdout.contains("opened: https://example.org/pr/7"), "{}", ran.stdout);
    let log = String::from_utf8(read(r.path("gh.log"))).unwrap();
    let wanted = format!(
        "pr create --base main --head {} --title {title} --body-file -\n## Objective\n\nDo 1.\n\n## Changes Made\n",
        branch(1)
    );
    assert!(log.contains(&wanted), "{log}");
    assert_eq!(r.rev(&r.remote, &branch(1)), r.rev(&r.a, "HEAD"));
    assert_eq!(r.git(&r.a, &["rev-parse", "--abbrev-ref", "@{u}"]), format!("origin/{}", branch(1)));
    write(r.path("gh.there"), "{\"url\": \"https://example.org/pr/7\", \"state\": \"OPEN\"}\n");
    let again = r.plan(&["pr"]).ok();
    assert!(again.stdout.contains("it is open already: https://example.org/pr/7"), "{}", again.stdout);
    let merged = format!(
        "{{\"url\": \"https://example.org/pr/7\", \"state\": \"MERGED\", \"headRefOid\": \"{}\"}}\n",
        r.rev(&r.a, "HEAD")
    );
    write(r.path("gh.there"), merged);
    let again = r.plan(&["pr"]);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("is merged already: https://example.org/pr/7\nhint: git fetch"), "{}", again.stderr);
}

#[test]
fn a_pull_request_says_each_thing_once_and_what_is_still_open() {
    let r = begun();
    r.work(1);
    r.plan(&["summarize", "--phase=1"]).ok();
    let ran = r.plan(&["pr", "--dry-run"]).ok();
    assert_eq!(ran.stdout.matches("Objective").count(), 1, "{}", ran.stdout);
    assert!(!ran.stdout.contains("**Status:**"), "{}", ran.stdout);
    for said in ["still waits for words", "is not committed: craft plan summarize --phase=1 --commit"] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    r.plan(&["summarize", "--phase=1", "--commit"]).ok();
    assert!(!r.plan(&["pr", "--dry-run"]).ok().stdout.contains("is not committed"));
    r.git(&r.a, &["push", "-q", "origin", &format!("HEAD:{}", "main")]);
    r.git(&r.a, &["fetch", "-q"]);
    let ran = r.plan(&["pr"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
}

#[test]
fn without_gh_the_commands_are_told_and_nothing_is_sent() {
    let r = begun();
    r.work(1);
    script(r.path("bin/git"), "PATH=/usr/local/bin:/usr/bin:/bin exec git \"$@\"");
    r.set("PATH", r.path("bin"));
    let ran = r.plan(&["pr"]).ok();
    for said in [
        "`gh` is not there",
        "there is no summary yet: craft plan summarize --phase=1",
        &format!("next: git push -u origin {}", branch(1)),
        "--title 'feat: Implement User Authentication - Phase 1 (Database Schema & Migrations)' --body '## Objective",
    ] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    assert!(!r.remote_refs().contains("para/"));
}

#[test]
fn nothing_is_pushed_that_holds_a_credential_or_may_not_be() {
    let r = begun();
    with_gh(&r);
    write(r.a.join("key.txt"), format!("key = AKIA{}\n", "Z7QKX3M5N2PLWV4T"));
    r.commit(&r.a, "feat: by hand");
    let ran = r.plan(&["pr"]);
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("key.txt:1"), "{}", ran.stderr);
    assert!(!r.remote_refs().contains("para/") && !r.path("gh.log").exists());
    r.git(&r.a, &["reset", "-q", "--hard", "HEAD^"]);
    r.work(1);
    r.configure(serde_json::json!({"permissions": {"git": {"overrides": {"push": false}}}}));
    let ran = r.plan(&["pr"]);
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("push on git is not allowed"), "{}", ran.stderr);
}
