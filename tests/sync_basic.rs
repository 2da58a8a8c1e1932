//! What happens every day: nothing new, ahead, behind, both, and two at once.

use std::process::Stdio;

use serde_json::json;

use crate::common::{Forced, Pair, Ran, State, assert_whole, read, script, tree, write};

#[test]
fn nothing_new_changes_nothing() {
    let pair = Pair::enrolled();
    let (before, remote) = (pair.state(), pair.remote_refs());
    let report = pair.force("sync").done();
    assert_eq!((report.committed, report.pulled, report.pushed), (None, None, None));
    assert_eq!(pair.state(), before);
    assert_eq!(pair.remote_refs(), remote);
    assert_eq!(pair.snapshots(), [""; 0], "nothing was changed, so there is nothing to bring back");
    pair.whole();
}

#[test]
fn a_touched_but_unchanged_file_makes_no_commit() {
    let pair = Pair::enrolled();
    write(pair.a.join("one.txt"), read(pair.a.join("one.txt")));
    let head = pair.rev(&pair.a, "HEAD");
    assert_eq!(pair.force("push").done().committed, None);
    assert_eq!(pair.rev(&pair.a, "HEAD"), head);
}

#[test]
fn commits_ahead_are_pushed() {
    let pair = Pair::enrolled();
    write(pair.a.join("new.txt"), "new\n");
    let mine = pair.commit(&pair.a, "by hand");
    let report = pair.force("push").done();
    assert_eq!(report.committed, None);
    let pushed = report.pushed.unwrap();
    assert_eq!((pushed.commits, pushed.target.as_str(), pushed.tip.as_str()), (1, "origin/main", mine.as_str()));
    assert!(!pushed.published);
    assert_eq!(pair.remote_tip(), mine);
    assert_eq!(pair.rev(&pair.a, "refs/remotes/origin/main"), mine);
    pair.whole();
}

#[test]
fn edits_new_files_and_deletions_go_out_as_one_commit() {
    let pair = Pair::enrolled();
    let head = pair.rev(&pair.a, "HEAD");
    pair.edit(&pair.a, "one.txt", 1, "mine");
    write(pair.a.join("deep/er/new.txt"), "new\n");
    std::fs::remove_file(pair.a.join("two.txt")).unwrap();
    let before = tree(&pair.a);

    let report = pair.force("push").done();
    let mut files = report.committed.unwrap().files;
    files.sort();
    assert_eq!(files, ["deep/er/new.txt", "one.txt", "two.txt"]);
    assert_eq!(tree(&pair.a), before);
    assert_eq!(pair.changes(), "");
    assert_eq!(pair.rev(&pair.a, "HEAD^"), head, "one commit");
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
    let remote = pair.remote_tree();
    assert_eq!(remote.keys().collect::<Vec<_>>(), ["deep/er/new.txt", "one.txt", "three.txt"]);
    assert!(remote["one.txt"].starts_with("mine\n2\n"));
    pair.whole();
}

#[test]
fn a_clone_that_is_behind_takes_in_what_is_new() {
    let pair = Pair::enrolled();
    let old = pair.rev(&pair.a, "HEAD");
    pair.edit(&pair.b, "one.txt", 5, "theirs");
    std::fs::remove_file(pair.b.join("two.txt")).unwrap();
    let theirs = pair.b_pushes("new.txt", "new\n");

    let pulled = pair.force("pull").done().pulled.unwrap();
    assert_eq!((pulled.count, pulled.file_count, pulled.merged), (1, 3, false));
    assert_eq!((pulled.from, pulled.to), (old, theirs.clone()));
    assert_eq!(pulled.commits[0].subject, "b: new.txt");
    assert_eq!(pair.rev(&pair.a, "HEAD"), theirs);
    assert_eq!(tree(&pair.a), tree(&pair.b));
    assert_eq!(pair.changes(), "");
    pair.whole();
}

#[test]
fn a_pull_leaves_work_that_is_not_in_the_way_as_it_is() {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "staged");
    pair.git(&pair.a, &["add", "one.txt"]);
    pair.edit(&pair.a, "one.txt", 12, "not staged");
    write(pair.a.join("untracked.txt"), "untracked\n");
    write(pair.a.join("added.txt"), "added\n");
    pair.git(&pair.a, &["add", "added.txt"]);
    pair.git(&pair.a, &["rm", "-q", "--cached", "three.txt"]);
    let (changes, mut wanted) = (pair.changes(), tree(&pair.a));
    let staged = pair.git(&pair.a, &["diff", "--cached"]);
    let theirs = pair.b_pushes("two.txt", "theirs\n");

    let report = pair.force("pull").done();
    assert_eq!(report.committed, None);
    assert_eq!(pair.rev(&pair.a, "HEAD"), theirs);
    assert_eq!(pair.changes(), changes);
    assert_eq!(pair.git(&pair.a, &["diff", "--cached"]), staged);
    wanted.insert("two.txt".into(), tree(&pair.b)[std::path::Path::new("two.txt")].clone());
    assert_eq!(tree(&pair.a), wanted);
    pair.whole();
}

#[test]
fn work_in_a_file_that_arrives_is_committed_and_merged() {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.edit(&pair.b, "one.txt", 12, "theirs");
    let theirs = pair.b_pushes_all("b: line 12");

    let report = pair.force("pull").done();
    assert_eq!(report.committed.unwrap().files, ["one.txt"]);
    assert!(report.pulled.unwrap().merged);
    assert_eq!(read(pair.a.join("one.txt")), b"mine\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ntheirs\n");
    assert_eq!(pair.rev(&pair.a, "HEAD^2"), theirs, "ours is the first parent");
    assert_eq!(pair.changes(), "");
    assert_eq!(pair.remote_tip(), theirs, "a pull sends nothing");
    pair.whole();
}

#[test]
fn two_sides_that_moved_are_merged_and_sent() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let mine = pair.commit(&pair.a, "a: by hand");
    let theirs = pair.b_pushes("theirs.txt", "theirs\n");
    write(pair.a.join("dirty.txt"), "dirty\n");

    let report = pair.force("sync").done();
    assert!(report.pulled.unwrap().merged);
    let head = pair.rev(&pair.a, "HEAD");
    assert_eq!(pair.remote_tip(), head);
    assert_eq!(pair.rev(&pair.a, "HEAD^2"), theirs);
    assert_eq!(pair.rev(&pair.a, "HEAD^1^"), mine);
    let remote = pair.remote_tree();
    assert_eq!(["mine.txt", "theirs.txt", "dirty.txt"].map(|n| remote[n].as_str()), ["mine\n", "theirs\n", "dirty\n"]);
    assert_eq!(pair.changes(), "");
    pair.whole();
    pair.git(&pair.b, &["pull", "-q"]);
    assert_eq!(tree(&pair.a), tree(&pair.b));
}

/// A pre-push hook of `a` that lets `b` push a new commit first, at most `times` times.
fn race(pair: &Pair, times: u32) {
    let (count, b) = (pair.path("count"), pair.b.display().to_string());
    script(
        pair.a.join(".git/hooks/pre-push"),
        &format!(
            "unset $(git rev-parse --local-env-vars)\nn=$(cat '{0}' 2>/dev/null || echo 0)\n\
             [ $n -lt {times} ] || exit 0\nn=$((n+1)); echo $n >'{0}'\ncd '{b}' && git pull -q --rebase && \
             echo $n >race-$n.txt && git add -A && git commit -qm race-$n && git push -q origin main\nexit 0",
            count.display()
        ),
    );
}

#[test]
fn a_push_that_lost_the_race_merges_and_tries_again() {
    let pair = Pair::enrolled();
    race(&pair, 2);
    write(pair.a.join("mine.txt"), "mine\n");
    let report = pair.force("push").done();
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
    assert_eq!(report.pushed.unwrap().tip, pair.remote_tip());
    let remote = pair.remote_tree();
    assert_eq!(["mine.txt", "race-1.txt", "race-2.txt"].map(|n| remote[n].as_str()), ["mine\n", "1\n", "2\n"]);
    let all = pair.git(&pair.remote, &["rev-list", "main"]);
    assert!(all.contains(&pair.rev(&pair.b, "HEAD")), "the other side's commits are in it");
    pair.whole();
}

#[test]
fn a_race_that_is_always_lost_ends_after_five_tries_with_nothing_lost() {
    let pair = Pair::enrolled();
    race(&pair, 99);
    write(pair.a.join("mine.txt"), "mine\n");
    pair.force("push").transient();
    assert_eq!(read(pair.path("count")), b"5\n");
    assert_eq!(pair.remote_tip(), pair.rev(&pair.b, "HEAD"), "never forced");
    assert_eq!(pair.git(&pair.a, &["show", "HEAD:mine.txt"]), "mine");
    assert_eq!(pair.changes(), "");
    pair.whole();
    std::fs::remove_file(pair.a.join(".git/hooks/pre-push")).unwrap();
    pair.force("push").done();
    assert_eq!(pair.remote_tree()["mine.txt"], "mine\n");
}

#[test]
fn two_syncs_at_once_commit_the_work_once() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let start = || {
        let mut command = pair.command(env!("CARGO_BIN_EXE_craft"), &pair.a);
        command.args(["auto-sync", "force", "sync", "--json"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start(), start()];
    for child in both {
        let output = child.wait_with_output().unwrap();
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        let code = output.status.code().unwrap();
        Forced::parse(Ran { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }).done();
    }
    assert_eq!(pair.git(&pair.remote, &["rev-list", "--count", "main"]), "2");
    assert_eq!(pair.remote_tree()["mine.txt"], "mine\n");
    pair.whole();
}

#[test]
fn two_machines_that_sync_in_turn_end_up_the_same() {
    let pair = Pair::enrolled();
    pair.auto_sync(&pair.b, &["enable"]);
    for round in 0..4u32 {
        pair.edit(&pair.a, "one.txt", 1 + round, &format!("a{round}"));
        pair.edit(&pair.b, "one.txt", 12 - round, &format!("b{round}"));
        write(pair.a.join(format!("a{round}.txt")), format!("{round}\n"));
        std::fs::remove_file(pair.a.join(format!("a{}.txt", round.wrapping_sub(1)))).ok();
        pair.force_in(&pair.a, "sync").done();
        pair.force_in(&pair.b, "sync").done();
    }
    pair.force("pull").done();
    assert_eq!(tree(&pair.a), tree(&pair.b));
    assert_eq!(pair.remote_file("one.txt"), "a0\na1\na2\na3\n5\n6\n7\n8\nb3\nb2\nb1\nb0\n");
    assert_eq!(State::of(&pair, &pair.a).refs, State::of(&pair, &pair.b).refs);
    pair.whole();
    assert_whole(&pair, &pair.b);
}

#[test]
fn only_the_enrolled_paths_are_committed() {
    let pair = Pair::enrolled();
    pair.configure(json!({"paths": {"include": ["docs/**", "*.txt"], "exclude": ["docs/private/**"]}}));
    write(pair.a.join("docs/a.md"), "a\n");
    write(pair.a.join("docs/private/b.md"), "b\n");
    write(pair.a.join("src/c.rs"), "c\n");
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("push").done();
    assert_eq!(pair.remote_tree().into_keys().collect::<Vec<_>>(), ["docs/a.md", "one.txt", "three.txt", "two.txt"]);
    assert_eq!(read(pair.a.join("docs/private/b.md")), b"b\n");
    assert_eq!(pair.git(&pair.a, &["status", "--porcelain", "-uall"]), "?? docs/private/b.md\n?? src/c.rs");
    pair.whole();
}

#[test]
fn a_folder_below_the_top_will_do_to_sync() {
    let pair = Pair::enrolled();
    write(pair.a.join("deep/er/new.txt"), "new\n");
    write(pair.a.join("top.txt"), "top\n");
    pair.force_in(&pair.a.join("deep/er"), "push").done();
    let remote = pair.remote_tree();
    assert_eq!([&remote["deep/er/new.txt"], &remote["top.txt"]], ["new\n", "top\n"]);
}

#[test]
fn a_repository_nobody_enrolled_is_left_alone() {
    let pair = Pair::new();
    write(pair.a.join("mine.txt"), "mine\n");
    let (before, remote) = (pair.state(), pair.remote_refs());
    assert_ne!(pair.craft(&pair.a, &["auto-sync", "force", "sync"]).code, 0);
    pair.session_start(&pair.a, "s");
    pair.session_end(&pair.a, "s");
    pair.wait_until_quiet();
    assert_eq!(pair.state(), before);
    assert_eq!(pair.remote_refs(), remote);
    assert!(pair.queued().is_empty());
}
