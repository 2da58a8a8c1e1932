//! Snapshots and undo: exactly what was there comes back, and no remote hears of it.

use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::{Value, json};

use crate::common::{Pair, State, tree, write};

/// Work of every sort in `a`: staged, partly staged, not staged, untracked, deleted, renamed, links, modes.
fn untidy(pair: &Pair) {
    pair.edit(&pair.a, "one.txt", 1, "staged");
    pair.git(&pair.a, &["add", "one.txt"]);
    pair.edit(&pair.a, "one.txt", 12, "not staged");
    pair.git(&pair.a, &["rm", "-q", "--cached", "two.txt"]);
    pair.git(&pair.a, &["mv", "three.txt", "renamed.txt"]);
    write(pair.a.join("untracked/deep.txt"), "untracked\n");
    write(pair.a.join("added.txt"), "added\n");
    pair.git(&pair.a, &["add", "added.txt"]);
    write(pair.a.join("added.txt"), "added, then edited\n");
    symlink("one.txt", pair.a.join("link")).unwrap();
    write(pair.a.join("tool.sh"), "#!/bin/sh\n");
    std::fs::set_permissions(pair.a.join("tool.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn undo_brings_back_head_index_and_tree_exactly() {
    for behind in [false, true] {
        let pair = Pair::enrolled();
        untidy(&pair);
        if behind {
            pair.b_pushes("theirs.txt", "theirs\n");
        }
        let (before, changes) = (pair.state(), pair.changes());
        let snapshot = pair.force("sync").done().snapshot.expect("a snapshot");
        assert_eq!(pair.changes(), "");
        let (after, remote) = (pair.state(), pair.remote_refs());

        pair.auto_sync(&pair.a, &["undo"]);
        assert_eq!(pair.state(), before);
        assert_eq!(pair.changes(), changes);
        assert_eq!(pair.remote_refs(), remote, "no remote hears of it");
        pair.whole();

        pair.auto_sync(&pair.a, &["undo"]);
        assert_eq!(pair.state(), after, "an undo can be undone");
        assert_eq!(pair.remote_refs(), remote);
        pair.whole();

        pair.auto_sync(&pair.a, &["undo", &snapshot]);
        assert_eq!(pair.state(), before, "and any snapshot brought back by its name");
        assert_eq!(pair.changes(), changes);
        pair.whole();
    }
}

#[test]
fn undo_of_a_pull_that_left_work_uncommitted() {
    let pair = Pair::enrolled();
    untidy(&pair);
    pair.b_pushes("theirs.txt", "theirs\n");
    std::fs::remove_file(pair.b.join("theirs.txt")).unwrap();
    pair.b_pushes("theirs2.txt", "theirs\n");
    let before = pair.state();
    pair.force("pull").done();
    assert!(pair.a.join("theirs2.txt").exists());
    pair.auto_sync(&pair.a, &["undo"]);
    assert_eq!(pair.state(), before);
    pair.whole();
}

#[test]
fn undo_keeps_what_was_made_since_in_a_snapshot_of_its_own() {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("push").done();
    write(pair.a.join("later.txt"), "later\n");
    pair.edit(&pair.a, "one.txt", 5, "later");
    let later = pair.state();
    pair.auto_sync(&pair.a, &["undo"]);
    assert!(!pair.a.join("later.txt").exists());
    pair.auto_sync(&pair.a, &["undo"]);
    assert_eq!(pair.state(), later);
}

#[test]
fn undo_leaves_ignored_files_alone() {
    let pair = Pair::enrolled();
    pair.b_pushes(".gitignore", "*.log\n");
    pair.force("pull").done();
    write(pair.a.join("x.log"), "before\n");
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("push").done();
    write(pair.a.join("x.log"), "after\n");
    write(pair.a.join("y.log"), "after\n");
    pair.auto_sync(&pair.a, &["undo"]);
    assert_eq!(std::fs::read(pair.a.join("x.log")).unwrap(), b"after\n");
    assert_eq!(std::fs::read(pair.a.join("y.log")).unwrap(), b"after\n");
}

#[test]
fn undo_of_the_pull_that_began_to_ignore_a_file() {
    let pair = Pair::enrolled();
    write(pair.a.join("x.log"), "precious\n");
    pair.b_pushes(".gitignore", "*.log\n");
    let before = pair.state();
    pair.force("pull").done();
    pair.auto_sync(&pair.a, &["undo"]);
    assert_eq!(pair.state(), before);
}

#[test]
fn what_the_gate_left_out_is_in_no_commit_that_is_sent_and_survives_an_undo() {
    let pair = Pair::enrolled();
    write(pair.a.join(".env"), "SECRET=1\n");
    pair.edit(&pair.a, "one.txt", 1, "mine");
    let before = pair.state();
    pair.force("push").done();
    pair.auto_sync(&pair.a, &["undo"]);
    assert_eq!(pair.state(), before);
    let all = pair.git(&pair.remote, &["rev-list", "--objects", "--all"]);
    assert!(!all.contains(".env"), "{all}");
}

#[test]
fn a_snapshot_holds_tree_index_and_head() {
    let pair = Pair::enrolled();
    untidy(&pair);
    let (head, index, files) = (pair.rev(&pair.a, "HEAD"), pair.git(&pair.a, &["write-tree"]), tree(&pair.a));
    let id = pair.force("push").done().snapshot.unwrap();
    let name = format!("refs/craft/backup/{id}");
    assert_eq!(pair.snapshots(), [name.as_str()]);
    assert_eq!(pair.rev(&pair.a, &format!("{name}^1")), head);
    assert_eq!(pair.git(&pair.a, &["rev-parse", &format!("{name}^2^{{tree}}")]), index);
    let listed = pair.git(&pair.a, &["ls-tree", "-r", "-z", "--name-only", &name]);
    let listed: Vec<_> = listed.split('\0').filter(|n| !n.is_empty()).map(std::path::PathBuf::from).collect();
    assert_eq!(listed, files.into_keys().collect::<Vec<_>>());
    assert!(!pair.remote_refs().contains("craft"), "snapshots stay here");
}

#[test]
fn history_lists_newest_first() {
    let pair = Pair::enrolled();
    for n in 0..3 {
        write(pair.a.join("x.txt"), format!("{n}\n"));
        pair.force("push").done();
    }
    let listed: Value = serde_json::from_str(&pair.auto_sync(&pair.a, &["history", "--json"]).stdout).unwrap();
    let listed = listed.as_array().cloned().unwrap_or_else(|| listed["snapshots"].as_array().unwrap().clone());
    assert_eq!(listed.len(), 3);
    let taken: Vec<u64> = listed.iter().map(|s| s["taken"].as_u64().unwrap()).collect();
    assert!(taken.is_sorted_by(|a, b| a >= b), "{taken:?}");
    assert_eq!(listed[0]["trigger"], "manual");
    let id = listed[2]["id"].as_str().unwrap();
    pair.auto_sync(&pair.a, &["undo", id]);
    assert_eq!(pair.changes(), "?? x.txt");
    assert_eq!(std::fs::read(pair.a.join("x.txt")).unwrap(), b"0\n");
}

#[test]
fn automatic_sync_rests_after_an_undo_until_it_is_asked_for() {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("push").done();
    pair.auto_sync(&pair.a, &["undo"]);
    let before = pair.state();
    pair.session_start(&pair.a, "s");
    pair.session_end(&pair.a, "s");
    pair.wait_until_quiet();
    assert_eq!(pair.state(), before, "a pull would undo the undo");
    pair.force("sync").done();
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
}

#[test]
fn an_unknown_snapshot_changes_nothing() {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("push").done();
    let before = pair.state();
    for id in ["no-such", "../../heads/main", "", "HEAD", "-f"] {
        assert_ne!(pair.craft(&pair.a, &["auto-sync", "undo", "--", id]).code, 0, "{id:?}");
        assert_eq!(pair.state(), before);
    }
}

#[test]
fn undo_is_refused_while_an_operation_is_under_way() {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("push").done();
    pair.git(&pair.a, &["revert", "--no-commit", "HEAD"]);
    let before = pair.state();
    assert_ne!(pair.craft(&pair.a, &["auto-sync", "undo"]).code, 0);
    assert_eq!(pair.state(), before);
    assert!(pair.a.join(".git/REVERT_HEAD").exists());
}

#[test]
fn snapshots_older_than_the_limit_are_pruned_and_younger_ones_kept() {
    const DAY: u64 = 86_400_000;
    let pair = Pair::enrolled();
    pair.configure(json!({"limits": {"snapshotDays": 30}}));
    let start = 1_800_000_000_000u64;
    let sync = |day: u64| {
        pair.set("CRAFT_INTERNAL__NOW_MS", (start + day * DAY).to_string());
        write(pair.a.join("x.txt"), format!("{day}\n"));
        pair.force("push").done();
        let texts = pair.snapshots().into_iter().map(|s| pair.git(&pair.a, &["show", &format!("{s}:x.txt")]));
        texts.map(|t| t.parse::<u64>().unwrap()).collect::<Vec<_>>()
    };
    let days = [0, 1, 2, 20, 21, 22, 23, 24, 25, 26, 27, 28];
    for day in days {
        sync(day);
    }
    // The newest ten stay, however old they are; beyond them, the old ones go.
    assert_eq!(sync(31), [1, 2, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31]);
    assert_eq!(sync(80), [21, 22, 23, 24, 25, 26, 27, 28, 31, 80]);
    pair.whole();
}

#[test]
fn a_clock_that_jumps_takes_no_snapshot_away() {
    const DAY: u64 = 86_400_000;
    let pair = Pair::enrolled();
    let start = 1_800_000_000_000u64;
    let sync = |now: u64| {
        pair.set("CRAFT_INTERNAL__NOW_MS", now.to_string());
        write(pair.a.join("x.txt"), format!("{now} {}\n", pair.snapshots().len()));
        pair.force("push").done();
        pair.snapshots().len()
    };
    let days: Vec<u64> = (0..12).map(|day| start + day * DAY).collect();
    // Ten years on, a minute later as it was before, and with an empty battery.
    let jumps = [start + 3650 * DAY, start + 12 * DAY, DAY, start + 13 * DAY];
    for (n, now) in days.iter().chain(&jumps).enumerate() {
        assert_eq!(sync(*now), n + 1, "at {now}");
    }
    pair.whole();
}

#[test]
fn a_garbage_collection_takes_no_snapshot_away() {
    let pair = Pair::enrolled();
    untidy(&pair);
    let before = pair.state();
    pair.force("push").done();
    pair.git(&pair.a, &["reflog", "expire", "--expire=now", "--all"]);
    pair.git(&pair.a, &["gc", "-q", "--prune=now"]);
    pair.auto_sync(&pair.a, &["undo"]);
    assert_eq!(pair.state(), before);
    pair.whole();
}

#[test]
fn undo_on_an_unborn_branch() {
    let pair = Pair::new();
    let alone = pair.path("alone");
    std::fs::create_dir(&alone).unwrap();
    pair.git(&alone, &["init", "-q"]);
    write(alone.join("first.txt"), "first\n");
    pair.auto_sync(&alone, &["enable"]);
    let before = State::of(&pair, &alone);
    pair.force_in(&alone, "sync").done();
    assert_eq!(pair.git(&alone, &["show", "HEAD:first.txt"]), "first");
    pair.auto_sync(&alone, &["undo"]);
    assert_eq!(State::of(&pair, &alone), before);
}

#[test]
fn an_edit_in_the_same_tick_as_the_index_is_kept_and_sent() {
    let pair = Pair::enrolled();
    // Only the time of the last write tells, as where all happens in one tick of the clock.
    pair.git(&pair.a, &["config", "core.trustctime", "false"]);
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(10);
    let touch = |path: &std::path::Path| {
        std::fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
    };
    let file = pair.a.join("x.txt");
    write(&file, "1\n");
    touch(&file);
    pair.git(&pair.a, &["add", "x.txt"]);
    pair.git(&pair.a, &["commit", "-q", "-m", "one"]);
    write(&file, "2\n");
    touch(&file);
    touch(&pair.a.join(".git/index"));
    let id = pair.force("push").done().snapshot.unwrap();
    assert_eq!(pair.git(&pair.a, &["show", &format!("refs/craft/backup/{id}:x.txt")]), "2");
    assert_eq!(pair.remote_file("x.txt"), "2\n");
}

#[test]
fn status_does_not_call_a_branch_without_a_commit_level_with_the_remote() {
    let pair = Pair::enrolled();
    pair.git(pair.root(), &["init", "-q", "--bare", "empty.git"]);
    let alone = pair.path("alone");
    pair.git(pair.root(), &["clone", "-q", "empty.git", "alone"]);
    pair.auto_sync(&alone, &["enable"]);
    write(alone.join("a.txt"), "a\n");
    pair.force_in(&alone, "push").done();
    pair.auto_sync(&alone, &["undo"]);
    let status: serde_json::Value =
        serde_json::from_str(&pair.auto_sync(&alone, &["status", "--json"]).stdout).unwrap();
    let all = status["repositories"].as_array().unwrap();
    let here = all.iter().find(|r| r["path"] == alone.to_str().unwrap()).unwrap();
    assert_eq!((&here["seen"]["ahead"], &here["seen"]["behind"]), (&json!(0), &json!(1)), "{here:#}");
}
