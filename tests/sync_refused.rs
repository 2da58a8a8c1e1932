//! States of the local repository in which a sync must keep its hands off.

use std::path::Path;

use claude_craft::sync::outcome::Refusal;

use crate::common::{FakeGit, Pair, Rule, State, is_root, read, tree, write};

/// Every action is refused for this reason, and nothing is changed anywhere.
#[track_caller]
fn refused(pair: &Pair, wanted: Refusal) {
    let (before, remote) = (pair.state(), pair.remote_refs());
    for action in ["pull", "push", "sync"] {
        pair.force(action).refused(wanted);
        assert_eq!(pair.state(), before, "{action}");
        assert_eq!(pair.remote_refs(), remote, "{action}");
    }
}

/// `a` has a branch `topic` that clashes with `main` in `one.txt`; HEAD is on `main`; `b` has pushed.
fn two_branches() -> Pair {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["checkout", "-q", "-b", "topic"]);
    pair.edit(&pair.a, "one.txt", 1, "topic");
    pair.commit(&pair.a, "topic");
    pair.git(&pair.a, &["checkout", "-q", "main"]);
    pair.edit(&pair.a, "one.txt", 1, "main");
    pair.commit(&pair.a, "main");
    pair.b_pushes("two.txt", "theirs\n");
    pair
}

#[test]
fn an_operation_under_way_is_left_to_the_user() {
    for (operation, begin) in [
        ("merge", &["merge", "topic"][..]),
        ("rebase", &["rebase", "topic"]),
        ("cherry-pick", &["cherry-pick", "topic"]),
        ("cherry-pick --no-commit", &["cherry-pick", "--no-commit", "topic"]),
    ] {
        let pair = two_branches();
        assert_ne!(pair.git_try(&pair.a, begin).code, 0, "{operation} was to stop at a conflict");
        refused(&pair, Refusal::InProgress);
        assert!(String::from_utf8_lossy(&read(pair.a.join("one.txt"))).contains("<<<<<<<"), "{operation}");
    }
}

#[test]
fn an_operation_that_stopped_without_a_conflict_is_left_to_the_user() {
    let pair = two_branches();
    pair.git(&pair.a, &["revert", "--no-commit", "HEAD"]);
    refused(&pair, Refusal::InProgress);

    let pair = two_branches();
    pair.git(&pair.a, &["bisect", "start"]);
    refused(&pair, Refusal::InProgress);

    let pair = two_branches();
    pair.git(&pair.a, &["checkout", "-q", "topic"]);
    pair.git(&pair.a, &["checkout", "-q", "main"]);
    pair.set("GIT_SEQUENCE_EDITOR", "sed -i 1s/pick/edit/");
    pair.git(&pair.a, &["rebase", "-q", "-i", "HEAD~1"]);
    pair.unset("GIT_SEQUENCE_EDITOR");
    refused(&pair, Refusal::InProgress);
}

#[test]
fn a_patch_that_did_not_apply_is_left_to_the_user() {
    let pair = two_branches();
    let patch = pair.path("topic.patch");
    write(&patch, pair.git(&pair.a, &["format-patch", "-1", "--stdout", "topic"]) + "\n");
    assert_ne!(pair.git_try(&pair.a, &["am", "-q", patch.to_str().unwrap()]).code, 0);
    assert!(pair.a.join(".git/rebase-apply").exists());
    refused(&pair, Refusal::InProgress);
}

#[test]
fn unmerged_files_of_a_stash_are_left_to_the_user() {
    let pair = two_branches();
    pair.edit(&pair.a, "one.txt", 1, "stashed");
    pair.git(&pair.a, &["stash", "-q"]);
    pair.edit(&pair.a, "one.txt", 1, "committed");
    pair.commit(&pair.a, "in the way");
    assert_ne!(pair.git_try(&pair.a, &["stash", "pop"]).code, 0);
    assert!(!pair.a.join(".git/MERGE_HEAD").exists());
    refused(&pair, Refusal::InProgress);
    assert_ne!(pair.git(&pair.a, &["stash", "list"]), "", "the user's stash is the user's");
}

#[test]
fn on_no_branch_work_is_only_kept_and_that_is_said_once() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["checkout", "-q", "--detach"]);
    pair.edit(&pair.a, "one.txt", 1, "mine");
    write(pair.a.join("untracked.txt"), "untracked\n");
    pair.configure(serde_json::json!({"autoSync": {"triggers": {"sessionEnd": {"silent": true}}}}));
    let mut said = Vec::new();
    for session in ["1", "2", "3"] {
        said.push(pair.session_start(&pair.a, session));
        pair.session_end(&pair.a, session);
        pair.wait_for_worker(&pair.a);
    }
    said.push(pair.session_start(&pair.a, "4"));
    pair.wait_for_worker(&pair.a);
    assert_eq!(said.iter().filter(|s| !s.is_empty()).count(), 1, "{said:?}");

    refused(&pair, Refusal::Detached);
    let newest = pair.snapshots().pop().expect("a snapshot");
    assert!(pair.git(&pair.a, &["show", &format!("{newest}:one.txt")]).starts_with("mine\n"));
    assert_eq!(pair.git(&pair.a, &["show", &format!("{newest}:untracked.txt")]), "untracked");
    assert_eq!(pair.rev(&pair.a, &format!("{newest}^1")), pair.rev(&pair.a, "HEAD"));
}

#[test]
fn a_branch_that_vanished_is_not_published_as_a_new_beginning() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.git(&pair.a, &["update-ref", "-d", "refs/heads/main"]);
    let remote = pair.remote_refs();
    let before = tree(&pair.a);
    for action in ["pull", "push", "sync"] {
        // git forgot that there was a branch; what is left to see are files that lie in the way.
        pair.force(action).refused(Refusal::UntrackedInTheWay);
        assert_eq!(pair.git_try(&pair.a, &["rev-parse", "-q", "--verify", "refs/heads/main"]).code, 1);
    }
    assert_eq!(tree(&pair.a), before);
    assert_eq!(pair.remote_refs(), remote);
}

#[test]
fn a_branch_whose_file_vanished_is_said_to_be_broken() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.git(&pair.a, &["pack-refs", "--all"]);
    let packed = String::from_utf8(read(pair.a.join(".git/packed-refs"))).unwrap();
    let kept: String = packed.lines().filter(|l| !l.ends_with("refs/heads/main")).map(|l| format!("{l}\n")).collect();
    write(pair.a.join(".git/packed-refs"), kept);
    let (before, remote) = (tree(&pair.a), pair.remote_refs());
    for action in ["pull", "push", "sync"] {
        pair.force(action).refused(Refusal::BrokenHead);
        assert_eq!(pair.git_try(&pair.a, &["rev-parse", "-q", "--verify", "refs/heads/main"]).code, 1);
    }
    assert_eq!(tree(&pair.a), before);
    assert_eq!(pair.remote_refs(), remote);
}

#[test]
fn an_empty_head_is_said_to_be_broken() {
    for text in ["", "ref: \n", "0000000000000000000000000000000000000000\n", "rubbish\n"] {
        let pair = Pair::enrolled();
        write(pair.a.join("mine.txt"), "mine\n");
        let (before, remote) = (tree(&pair.a), pair.remote_refs());
        write(pair.a.join(".git/HEAD"), text);
        pair.force("sync").refused(Refusal::BrokenHead);
        assert_eq!(read(pair.a.join(".git/HEAD")), text.as_bytes());
        assert_eq!(tree(&pair.a), before);
        assert_eq!(pair.remote_refs(), remote);
    }
}

#[test]
fn another_branch_than_the_enrolled_one_is_left_alone() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["checkout", "-q", "-b", "topic"]);
    write(pair.a.join("mine.txt"), "mine\n");
    refused(&pair, Refusal::OtherBranch);
}

#[test]
fn a_glob_of_branches_takes_in_each_of_them() {
    let pair = Pair::new();
    pair.auto_sync(&pair.a, &["enable", "--branch", "work/*", "--publish"]);
    refused(&pair, Refusal::OtherBranch);
    pair.git(&pair.a, &["checkout", "-q", "-b", "work/1"]);
    write(pair.a.join("mine.txt"), "mine\n");
    pair.force("sync").done();
    assert_eq!(pair.rev(&pair.remote, "refs/heads/work/1"), pair.rev(&pair.a, "HEAD"));
}

#[test]
fn a_repository_of_another_user_is_not_touched() {
    if !is_root() {
        return; // Only root can give a folder away.
    }
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let (before, remote) = (pair.state(), pair.remote_refs());
    let give = |to: &str| {
        let mut command = pair.command("chown", pair.root());
        command.args(["-R", to]).arg(&pair.a);
        pair.run(command, b"").ok();
    };
    give("12345:12345");
    for action in ["pull", "sync"] {
        pair.force(action).refused(Refusal::Ownership);
    }
    give("0:0");
    assert_eq!(pair.state(), before);
    assert_eq!(pair.remote_refs(), remote);
}

/// Runs a shell script in a mount namespace of its own; `None` where this machine does not let us.
fn with_mounts(pair: &Pair, script: &str) -> Option<crate::common::Ran> {
    let unshare: &[&str] = if is_root() { &["-m"] } else { &["-rm"] };
    let run = |script: &str| {
        let mut command = pair.command("unshare", pair.root());
        command.args(unshare).args(["sh", "-ec", script]);
        command.env("CRAFT", env!("CARGO_BIN_EXE_craft"));
        pair.run(command, b"")
    };
    (run("mkdir -p probe && mount -t tmpfs tmpfs probe").code == 0).then(|| run(script))
}

#[test]
fn a_repository_that_cannot_be_written_is_said_to_be_so() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.b_pushes("theirs.txt", "theirs\n");
    let (before, remote) = (pair.state(), pair.remote_refs());
    let ran = with_mounts(
        &pair,
        "mount --bind a a; mount -o remount,bind,ro a; cd a; exec $CRAFT auto-sync force sync --json",
    );
    let Some(ran) = ran else { return };
    crate::common::Forced::parse(ran).refused(Refusal::ReadOnly);
    assert_eq!(pair.state(), before);
    assert_eq!(pair.remote_refs(), remote);
    pair.whole();
}

/// Runs a sync in `a` on a disk with `free` KiB left; how it ended, and `a` as it was then.
fn on_a_full_disk(pair: &Pair, free: u32) -> Option<crate::common::Forced> {
    let ran = with_mounts(
        pair,
        &format!(
            "cp -a a a.copy; mount -t tmpfs -o size=8m tmpfs a; cp -a a.copy/. a/; \
             left=$(df -k --output=avail a | tail -1); [ $left -le {free} ] || \
             dd if=/dev/zero of=a/.git/ballast bs=1024 count=$((left - {free})) status=none; \
             cd a; set +e; $CRAFT auto-sync force sync --json; code=$?; cd ..; rm a/.git/ballast; \
             rm -rf a.copy; cp -a a a.after; umount a; rm -rf a; mv a.after a; exit $code"
        ),
    )?;
    Some(crate::common::Forced::parse(ran))
}

#[test]
fn a_full_disk_costs_nothing_but_the_sync() {
    for free in [0, 8, 40, 120, 200, 320] {
        let pair = Pair::enrolled();
        let bytes: Vec<u8> = (0..120_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        write(pair.a.join("mine.bin"), bytes);
        pair.b_pushes("theirs.txt", "theirs\n");
        let (before, remote) = (pair.state(), pair.remote_refs());
        let Some(forced) = on_a_full_disk(&pair, free) else { return };
        forced.refused(Refusal::DiskFull);
        assert_eq!(pair.state().tree, before.tree, "{free} KiB");
        assert_eq!(pair.remote_refs(), remote, "{free} KiB");
        pair.whole();
        pair.force("sync").done();
        assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
        assert_eq!(pair.remote_tree()["theirs.txt"], "theirs\n");
    }
}

#[test]
fn a_disk_that_fills_up_in_a_git_program_is_said_to_be_full() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let (before, remote) = (pair.state(), pair.remote_refs());
    let text = "error: unable to write file .git/objects/ab/cd: No space left on device\nfatal: adding files failed";
    let fake = FakeGit::install(&pair, &[Rule::fail(" add ", 128, text), Rule::fail(" commit ", 128, text)]);
    pair.force("push").refused(Refusal::DiskFull);
    fake.remove();
    assert_eq!(pair.state(), before);
    assert_eq!(pair.remote_refs(), remote);
    pair.whole();
}

#[test]
fn a_git_that_is_too_old_or_missing_is_named() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let before = pair.state();
    let fake = FakeGit::install(
        &pair,
        &[Rule::print(" --version ", "git version 2.30.0"), Rule::print(" version ", "git version 2.30.0")],
    );
    let reason = pair.force("sync").refused(Refusal::Git);
    assert!(reason.contains("2.30"), "{reason}");
    fake.remove();
    pair.set("CRAFT_GIT", "/nonexistent/git");
    pair.force("sync").refused(Refusal::Git);
    pair.unset("CRAFT_GIT");
    assert_eq!(pair.state(), before);
}

#[test]
fn a_folder_that_is_no_longer_the_enrolled_repository_is_left_alone() {
    let pair = Pair::enrolled();
    std::fs::remove_dir_all(pair.a.join(".git")).unwrap();
    pair.git(&pair.a, &["init", "-q"]);
    write(pair.a.join("mine.txt"), "mine\n");
    let before: &Path = &pair.a;
    let (before, remote) = (tree(before), pair.remote_refs());
    let ran = pair.craft(&pair.a, &["auto-sync", "force", "sync", "--json"]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    assert_eq!(tree(&pair.a), before);
    assert_eq!(pair.remote_refs(), remote);
    assert_eq!(State::of(&pair, &pair.a).refs, "", "nothing is committed");
}
