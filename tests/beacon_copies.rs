//! Copies of theirs and git: while a conflict is open nobody commits them, also in linked working trees; and files that
//! may not be written.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use claude_craft::locate::locate;
use claude_craft::ops::beacon::pull::Became;
use claude_craft::ops::beacon::resolve::{With, resolve};
use claude_craft::ops::beacon::{Place, place};
use claude_craft::queue::Trigger;
use serde_json::{Value, json};

use super::common::desk::{Desk, Item};
use super::common::{Ran, read, write};
use super::faults::rights::plain;

const A: &str = ".claude/planning/a.md";
const COPY: &str = ".claude/planning/a.md.theirs";
const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n";

fn line(number: u32, text: &str) -> String {
    LINES.replace(&format!("{number}\n"), &format!("{text}\n"))
}

fn excluded(desk: &Desk) -> String {
    String::from_utf8(read(desk.a.join(".git/info/exclude"))).unwrap()
}

/// `craft beacon pull`, by way of another program.
fn pull_by(desk: &Desk, by: &[&str]) -> Ran {
    let words = [by, &[env!("CARGO_BIN_EXE_craft"), "beacon", "pull", "--json"]].concat();
    let mut command = desk.command(words[0], &desk.a);
    command.args(&words[1..]);
    desk.run(command, b"")
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_sync_commits_the_users_file_and_never_a_copy_of_theirs_beside_it() {
    let desk = Desk::new();
    desk.auto_sync(&desk.a, &["enable"]);
    desk.post(&[Item::new(A, LINES)]);
    desk.pull();
    write(desk.a.join(A), line(2, "ours"));
    desk.post(&[Item::new(A, line(2, "theirs")).from(LINES)]);
    assert_eq!(desk.pull().conflicts, [A]);
    desk.auto_sync(&desk.a, &["force"]);
    let pushed = |what: &str| desk.git(&desk.remote, &["show", &format!("main:{what}")]) + "\n";
    let names = || desk.git(&desk.remote, &["ls-tree", "-r", "--name-only", "main", ".claude"]);
    assert_eq!((names().as_str(), pushed(A)), (A, line(2, "ours")));
    assert_eq!((desk.changes().as_str(), desk.text(COPY)), ("", line(2, "theirs")));
    // Not by a hook's worker either, which runs the same engine, and not when there is something else to commit.
    write(desk.a.join("one.txt"), "more\n");
    desk.auto_sync(&desk.a, &["force", "sync"]);
    assert_eq!((names().as_str(), pushed("one.txt")), (A, "more\n".into()));
    let ctx = desk.context();
    resolve(&ctx, &desk.place(&ctx), A, With::Theirs).unwrap();
    desk.auto_sync(&desk.a, &["force"]);
    assert_eq!((names().as_str(), pushed(A)), (A, line(2, "theirs")));
    desk.whole();
}

#[test]
fn working_trees_of_one_repository_keep_their_copies_out_of_git_as_long_as_each_needs_it() {
    let desk = Desk::new();
    desk.git(&desk.a, &["worktree", "add", "-q", "-b", "linked", "../linked"]);
    let linked = desk.path("linked");
    let at = locate(&linked).unwrap();
    let identity = place::files(&desk.context(), &at).beacon();
    write(
        &identity,
        json!({"version": 1, "id": "11ce11ce11ce11ce", "name": "Code", "channel": "main", "worktree": linked})
            .to_string(),
    );
    set_mode(identity.parent().unwrap(), 0o700);
    set_mode(&identity, 0o600);
    let ctx = desk.context();
    let other = Place::find(&ctx, &linked, None, Trigger::Manual).unwrap();
    let pull_there = || claude_craft::ops::beacon::pull::pull(&ctx, &other, false).unwrap();
    for top in [&desk.a, &linked] {
        write(top.join(A), line(2, "ours"));
    }
    desk.post(&[Item::new(A, line(2, "theirs"))]);
    assert_eq!((desk.pull().conflicts, pull_there().conflicts), (vec![A.to_owned()], vec![A.to_owned()]));
    let untracked = |top: &Path| desk.git(top, &["status", "--porcelain", "-uall", "--", "*.theirs"]);
    assert_eq!((untracked(&desk.a), untracked(&linked)), (String::new(), String::new()));
    assert_eq!(excluded(&desk).matches(COPY).count(), 1);
    resolve(&ctx, &desk.place(&ctx), A, With::Ours).unwrap();
    assert!(linked.join(COPY).exists());
    assert_eq!(untracked(&linked), "", "it is still needed there");
    resolve(&ctx, &other, A, With::Ours).unwrap();
    assert!(!excluded(&desk).contains(COPY));
}

#[test]
fn a_list_of_what_git_ignores_that_may_not_be_written_is_named_before_anything_is_changed() {
    let desk = Desk::new();
    let Some(by) = plain(&desk) else { return };
    desk.post(&[Item::new(A, LINES)]);
    desk.pull();
    write(desk.a.join(A), line(2, "ours"));
    desk.post(&[Item::new(A, line(2, "theirs")).from(LINES)]);
    let list = desk.a.join(".git/info/exclude");
    set_mode(&list, 0o444);
    let ran = pull_by(&desk, &by);
    assert!(ran.code == 1 && ran.stderr.contains("info/exclude") && ran.stderr.contains("let that file"), "{ran:?}");
    assert_eq!((desk.text(A), desk.text(COPY)), (line(2, "ours"), "-".into()));
    set_mode(&list, 0o644);
    assert_eq!(pull_by(&desk, &by).code, 3);
    assert_eq!(desk.text(COPY), line(2, "theirs"));
}

#[test]
fn one_folder_that_may_not_be_written_keeps_nothing_else_from_arriving() {
    let good = ".claude/planning/good.md";
    for (closed, mode, path) in [
        (".claude/implementation", 0o555, ".claude/implementation/x"),
        (".claude/implementation", 0o000, ".claude/implementation/x"),
        (".claude/implementation", 0o555, ".claude/implementation/new/x"),
        (A, 0o000, A),
    ] {
        let desk = Desk::new();
        let Some(by) = plain(&desk) else { return };
        // A version that git has here, so that theirs can be merged from it.
        let old = desk.text("one.txt");
        write(desk.a.join(A), &old);
        std::fs::create_dir_all(desk.a.join(".claude/implementation")).unwrap();
        set_mode(&desk.a.join(closed), mode);
        desk.post(&[Item::new(path, "x").from(&old)]);
        desk.post(&[Item::new(good, "good")]);
        let ran = pull_by(&desk, &by);
        let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        let why = told["held"][0]["why"].as_str().unwrap();
        assert!(why.contains(path) && why.contains("cannot be written here"), "{why}");
        assert_eq!((told["held"][0]["seq"].as_u64(), desk.text(good)), (Some(1), "good".into()));
        set_mode(&desk.a.join(closed), if closed == A { 0o644 } else { 0o755 });
        assert_eq!(pull_by(&desk, &by).code, 0);
        assert_eq!(desk.text(path), "x");
    }
}

#[test]
fn a_file_for_reading_only_a_hard_link_and_a_mode_alone_are_each_what_they_should_be() {
    let desk = Desk::new();
    let (run, other) = (".claude/planning/run.sh", desk.path("other-name"));
    desk.post(&[Item::new(A, LINES), Item::new(run, "x"), Item::new(".claude/planning/empty", "")]);
    desk.pull();
    set_mode(&desk.a.join(A), 0o444);
    std::fs::hard_link(desk.a.join(A), &other).unwrap();
    desk.post(&[
        Item::new(A, line(2, "theirs")).from(LINES),
        Item::new(run, "x").from("x").executable(),
        Item::new(".claude/planning/empty", "").from("").executable(),
    ]);
    assert_eq!(desk.pulled().iter().map(|(_, became)| *became).collect::<Vec<_>>(), [Became::Updated; 3]);
    let mode = |path: &str| desk.a.join(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((desk.text(A), mode(A)), (line(2, "theirs"), 0o444));
    assert_eq!(read(&other), LINES.as_bytes(), "what has another name is another file");
    assert_eq!((mode(run) & 0o100, mode(".claude/planning/empty") & 0o100), (0o100, 0o100));
}

#[test]
fn names_that_look_the_same_are_two_files_where_the_file_system_has_two() {
    let desk = Desk::new();
    let (one, two) = (".claude/planning/\u{e9}.md", ".claude/planning/e\u{301}.md");
    desk.post(&[Item::new(one, "composed")]);
    desk.post(&[Item::new(two, "with a mark")]);
    desk.pull();
    assert_eq!((desk.text(one), desk.text(two)), ("composed".into(), "with a mark".into()));
}
