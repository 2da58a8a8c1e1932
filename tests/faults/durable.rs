//! What is on the disk before what relies on it, as the kernel is asked for it.

use super::skipped;
use crate::common::{Pair, read, write};

/// What a program and its children do with files, one call a line; `None` where that cannot be watched.
fn watched(pair: &Pair) -> Option<Vec<String>> {
    let log = pair.path("calls");
    let mut command = pair.command("strace", &pair.a);
    command.args([
        "-f",
        "-y",
        "-qq",
        "-s",
        "4096",
        "-e",
        "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat",
    ]);
    command.arg("-o").arg(&log).arg(env!("CARGO_BIN_EXE_craft")).args(["auto-sync", "force", "sync"]);
    let Ok(status) = command.status() else {
        skipped("there is no strace");
        return None;
    };
    if !log.exists() || read(&log).is_empty() {
        skipped("strace may not watch here");
        return None;
    }
    assert!(status.success());
    Some(String::from_utf8_lossy(&read(log)).lines().map(str::to_owned).collect())
}

/// The number of the first call from `from` on whose line holds all of `parts`.
#[track_caller]
fn find(calls: &[String], from: usize, parts: &[&str]) -> usize {
    let found = calls.iter().skip(from).position(|line| parts.iter().all(|part| line.contains(part)));
    found.unwrap_or_else(|| panic!("no {parts:?} behind call {from} of\n{}", calls.join("\n"))) + from
}

/// As on a user's machine: the configuration of the tests lets git sync nothing.
fn as_users_have_it(pair: &Pair) {
    pair.git(&pair.a, &["config", "--global", "--unset", "core.fsync"]);
}

#[test]
fn the_journal_is_on_the_disk_before_the_index_and_commits_are_before_their_branch() {
    let pair = Pair::busy();
    as_users_have_it(&pair);
    let Some(calls) = watched(&pair) else { return };
    let synced = find(&calls, 0, &["fsync(", "/a/.git/craft/.journal.json."]);
    let renamed = find(&calls, synced, &["rename", "/a/.git/craft/journal.json"]);
    let folder = find(&calls, renamed, &["fsync(", "/a/.git/craft>"]);
    let index = find(&calls, 0, &["rename", "/a/.git/index.lock", "/a/.git/index\""]);
    assert!(folder < index, "the journal comes first");
    assert!(find(&calls, 0, &["fsync(", "/a/.git/index.lock"]) < index, "the index is whole before it is in place");
    let branch = find(&calls, 0, &["rename", "/a/.git/refs/heads/main.lock"]);
    assert!(find(&calls, 0, &["fsync(", "/a/.git/objects/"]) < branch);
    assert!(find(&calls, 0, &["fsync(", "/a/.git/refs/heads/main.lock"]) < branch);
    let snapshot = find(&calls, 0, &["rename", "/a/.git/refs/craft/backup/"]);
    assert!(find(&calls, 0, &["fsync(", "/a/.git/refs/craft/backup/"]) < snapshot);
    assert!(snapshot < index, "what was there is kept before anything changes");
    // The state is whole before it is in place.
    let state = find(&calls, 0, &["rename", "/auto-sync-state.json\""]);
    assert!(find(&calls, 0, &["fsync(", "/.auto-sync-state.json."]) < state);
}

#[test]
fn what_a_user_has_said_of_syncing_is_kept_to() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let Some(calls) = watched(&pair) else { return };
    let by_git: Vec<_> = calls.iter().filter(|c| c.contains("fsync(") && !c.contains("craft")).collect();
    assert!(by_git.is_empty(), "core.fsync is none: {by_git:?}");
}
