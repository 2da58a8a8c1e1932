//! Locks of others, slow hooks, and a kill at every moment.

use std::process::{Child, Stdio};

use claude_craft::sync::outcome::End;
use serde_json::json;

use crate::common::{FakeGit, Pair, Rule, read, script, tree, write};

#[test]
fn a_fresh_lock_of_the_index_is_respected_and_the_work_goes_out_later() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let (before, remote) = (pair.state(), pair.remote_refs());
    write(pair.a.join(".git/index.lock"), "");
    let forced = pair.force("push");
    assert!(matches!(forced.report.end, End::Busy { .. }), "{:?}", forced.report.end);
    assert!(pair.a.join(".git/index.lock").exists(), "it may be somebody's");
    std::fs::remove_file(pair.a.join(".git/index.lock")).unwrap();
    assert_eq!(pair.state(), before);
    assert_eq!(pair.remote_refs(), remote);
    pair.force("push").done();
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    pair.whole();
}

#[test]
fn a_lock_that_goes_away_in_time_is_waited_for() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let lock = pair.a.join(".git/index.lock");
    write(&lock, "");
    // The first call that wants the lock fails as git does; the second finds it gone.
    let remove = format!("rm -f '{}'", lock.display());
    let fake = FakeGit::install(
        &pair,
        &[Rule::before(" commit ", remove.clone()).nth(2), Rule::before(" add ", remove).nth(3)],
    );
    let forced = pair.force("push");
    if !lock.exists() {
        forced.done();
        assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    }
    fake.remove();
}

/// Makes a file look a day old.
fn age(pair: &Pair, name: &str) {
    let mut command = pair.command("touch", &pair.a);
    command.args(["-d", "yesterday", name]);
    pair.run(command, b"").ok();
}

#[test]
fn a_stale_lock_of_a_process_that_died_does_not_block_for_ever() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    write(pair.a.join(".git/index.lock"), "");
    age(&pair, ".git/index.lock");
    pair.force("push").done();
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    pair.whole();
}

/// Waits until `path` is there; generous, since only a failing test waits long.
fn appears(path: &std::path::Path) {
    let begun = std::time::Instant::now();
    while !path.exists() {
        assert!(begun.elapsed().as_secs() < 60, "{} does not appear", path.display());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn an_old_lock_of_a_process_that_lives_is_respected() {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    let (editing, finish) = (pair.path("editing"), pair.path("finish"));
    let text = format!("touch '{}'; cat '{}' >/dev/null; echo 'by hand' >\"$1\"", editing.display(), finish.display());
    script(pair.path("editor"), &text);
    let mut command = pair.command("mkfifo", pair.root());
    command.arg(&finish);
    pair.run(command, b"").ok();
    let mut command = pair.command("git", &pair.a);
    command.args(["commit", "-qa"]).env("GIT_EDITOR", pair.path("editor")).stdout(Stdio::null());
    let mut user: Child = command.spawn().unwrap();
    appears(&editing);
    age(&pair, ".git/index.lock");

    let remote = pair.remote_refs();
    let forced = pair.force("sync");
    assert!(matches!(forced.report.end, End::Busy { .. }), "{:?}", forced.report.end);
    assert_eq!(pair.remote_refs(), remote);
    std::fs::write(&finish, "").unwrap();
    assert!(user.wait().unwrap().success(), "the user's commit goes through");
    assert_eq!(pair.git(&pair.a, &["log", "-1", "--format=%s"]), "by hand");
    pair.force("sync").done();
    assert_eq!(pair.remote_log()[0], "by hand");
    pair.whole();
}

#[test]
fn a_lock_of_the_branch_stops_the_commit_and_loses_nothing() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let (before, remote) = (pair.state(), pair.remote_refs());
    write(pair.a.join(".git/refs/heads/main.lock"), "");
    assert_ne!(pair.force("push").code, 0);
    std::fs::remove_file(pair.a.join(".git/refs/heads/main.lock")).unwrap();
    assert_eq!(pair.state(), before);
    assert_eq!(pair.remote_refs(), remote);
    pair.force("push").done();
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    pair.whole();
}

#[test]
fn a_fetch_of_somebody_else_at_the_same_moment_does_not_end_the_sync() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.b_pushes("theirs.txt", "theirs\n");
    let text = "error: cannot lock ref 'refs/remotes/origin/main': is at 1111111 but expected 2222222";
    let fake = FakeGit::install(&pair, &[Rule::fail(" fetch ", 1, text).nth(1)]);
    pair.force("sync").done();
    assert_eq!(fake.calls(" fetch ").len(), 2);
    fake.remove();
    let remote = pair.remote_tree();
    assert_eq!([&remote["mine.txt"], &remote["theirs.txt"]], ["mine\n", "theirs\n"]);
    pair.whole();
}

#[test]
fn a_sync_of_ours_that_runs_already_makes_us_wait_and_then_give_way() {
    let pair = Pair::enrolled();
    pair.configure(json!({"lock": {"timeoutSeconds": 0}}));
    write(pair.a.join("mine.txt"), "mine\n");
    write(pair.a.join(".git/craft/lock"), "");
    let lock = std::fs::File::open(pair.a.join(".git/craft/lock")).unwrap();
    fs2::FileExt::lock_exclusive(&lock).unwrap();
    let (before, remote) = (pair.state(), pair.remote_refs());
    let forced = pair.force("sync");
    assert!(matches!(forced.report.end, End::Busy { .. }), "{:?}", forced.report.end);
    assert_eq!(pair.state(), before);
    assert_eq!(pair.remote_refs(), remote);
    drop(lock);
    pair.force("sync").done();
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
}

#[test]
fn a_pre_commit_hook_that_takes_too_long_is_ended_with_its_children() {
    let pair = Pair::enrolled();
    pair.configure(json!({"limits": {"commitSeconds": 1}}));
    script(pair.a.join(".git/hooks/pre-commit"), "sleep 1000 & wait");
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.git(&pair.a, &["add", "one.txt"]);
    write(pair.a.join("mine.txt"), "mine\n");
    let (before, remote, changes) = (pair.state(), pair.remote_refs(), pair.changes());
    assert!(matches!(pair.force("push").report.end, End::Failed { .. }));
    assert_eq!(pair.processes(), [], "the hook and what it started are gone");
    assert_eq!(pair.state(), before);
    assert_eq!(pair.changes(), changes);
    assert_eq!(pair.remote_refs(), remote);
    pair.whole();
    std::fs::remove_file(pair.a.join(".git/hooks/pre-commit")).unwrap();
    pair.force("push").done();
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
}

#[test]
fn a_pre_commit_hook_is_given_its_time() {
    let pair = Pair::enrolled();
    pair.configure(json!({"limits": {"commitSeconds": 60, "networkSeconds": 1}}));
    script(pair.a.join(".git/hooks/pre-commit"), "sleep 1.2; echo formatted >>mine.txt; git add mine.txt");
    write(pair.a.join("mine.txt"), "mine\n");
    pair.force("push").done();
    assert_eq!(pair.remote_file("mine.txt"), "mine\nformatted\n", "what the hook adds is in the commit");
    assert_eq!(pair.changes(), "");
    pair.whole();
}

/// Whatever happened before: nothing of either side is lost, and a sync ends with all of it everywhere.
#[track_caller]
fn ends_whole(pair: &Pair, what: &str) {
    for (name, text) in [("one.txt", "mine\n"), ("two.txt", "mine\n"), ("new.txt", "new\n")] {
        let bytes = read(pair.a.join(name));
        assert!(bytes.starts_with(text.as_bytes()), "{what}: {name} is {:?}", String::from_utf8_lossy(&bytes));
    }
    let forced = pair.force("sync");
    assert_eq!(forced.report.end, End::Done, "{what}: {forced:#?}");
    pair.whole();
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"), "{what}");
    assert_eq!(pair.changes(), "", "{what}");
    let remote = pair.remote_tree();
    assert_eq!(remote.keys().collect::<Vec<_>>(), ["new.txt", "one.txt", "theirs.txt", "two.txt"], "{what}");
    assert_eq!(remote["two.txt"], "mine\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ntheirs\n", "{what}");
    assert!(remote["one.txt"].starts_with("mine\n2\n") && remote["theirs.txt"] == "theirs\n", "{what}");
    for (name, entry) in tree(&pair.a) {
        let crate::common::Entry::File { bytes, .. } = entry else { panic!("{}", name.display()) };
        assert_eq!(remote[name.to_str().unwrap()].as_bytes(), bytes, "{what}");
    }
}

#[test]
fn git_may_be_killed_at_any_of_its_calls() {
    every_call("kill-self", 0, "");
}

#[test]
fn git_may_be_killed_behind_any_of_its_calls() {
    every_call("kill-after", 0, "");
}

#[test]
fn git_may_fail_at_any_of_its_calls() {
    every_call("fail", 128, "fatal: something went wrong");
}

#[test]
fn the_disk_may_be_full_at_any_call_of_git() {
    every_call("fail", 128, "fatal: unable to write: No space left on device");
}

/// Lets the first call of git go wrong, then the second, and so on until a sync needs no more calls.
fn every_call(action: &'static str, code: i32, text: &str) {
    for nth in 1..200 {
        let pair = Pair::busy();
        let rule = Rule { nth, action, code, text: text.into(), ..Rule::default() };
        let fake = FakeGit::install(&pair, &[rule]);
        pair.force("sync");
        let calls = fake.calls("");
        fake.remove();
        let Some(call) = calls.get(nth as usize - 1) else {
            assert!(nth > 5, "a sync calls git more often than {nth} times");
            return;
        };
        ends_whole(&pair, &format!("{action} at call {nth} ({call})"));
    }
    panic!("a sync that calls git 200 times");
}

#[test]
fn a_git_that_hangs_is_ended_at_the_bound() {
    for call in [" commit ", " fetch ", " push "] {
        let pair = Pair::enrolled();
        pair.configure(json!({"limits": {"commitSeconds": 1, "networkSeconds": 1}}));
        write(pair.a.join("mine.txt"), "mine\n");
        let (before, remote) = (tree(&pair.a), pair.remote_refs());
        let fake = FakeGit::install(&pair, &[Rule::hang(call)]);
        let forced = pair.force("sync");
        assert_ne!(forced.report.end, End::Done, "{call}");
        assert_eq!(pair.processes(), [], "{call}");
        fake.remove();
        assert_eq!(tree(&pair.a), before, "{call}");
        assert_eq!(pair.remote_refs(), remote, "{call}");
        pair.whole();
        pair.force("sync").done();
        assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    }
}
