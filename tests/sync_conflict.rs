//! Both sides changed the same: nothing is touched that is not known to fit together.

use claude_craft::sync::outcome::End;
use serde_json::json;

use crate::common::{Pair, State, read, tree, write};

/// `a` and `b` both change line 1 of `one.txt`; `b` has pushed.
fn clash() -> Pair {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.edit(&pair.b, "one.txt", 1, "theirs");
    pair.b_pushes_all("b: line 1");
    pair
}

/// The sync of `a` meets a conflict in `files`, which changes neither the tree nor the remote and
/// loses no commit.
#[track_caller]
fn stops(pair: &Pair, action: &str, files: &[&str]) {
    let (before, remote) = (pair.state(), pair.remote_refs());
    let head = pair.rev(&pair.a, "HEAD");
    let forced = pair.force(action);
    let mut found = forced.conflict();
    found.sort();
    assert_eq!(found, files);
    assert_eq!(pair.state().tree, before.tree);
    assert_eq!(pair.remote_refs(), remote);
    let ancestor = pair.git_try(&pair.a, &["merge-base", "--is-ancestor", &head, "HEAD"]);
    assert_eq!(ancestor.code, 0, "local commits are kept");
    pair.whole();
}

#[test]
fn a_dirty_file_that_clashes_stays_as_it_is() {
    for action in ["pull", "push", "sync"] {
        let pair = clash();
        write(pair.a.join("untracked.txt"), "untracked\n");
        stops(&pair, action, &["one.txt"]);
        stops(&pair, action, &["one.txt"]);
        assert!(read(pair.a.join("one.txt")).starts_with(b"mine\n2\n"));
    }
}

#[test]
fn a_conflict_between_commits_moves_nothing() {
    let pair = clash();
    pair.commit(&pair.a, "a: line 1");
    let before = pair.state();
    for action in ["pull", "push", "sync"] {
        stops(&pair, action, &["one.txt"]);
        assert_eq!(pair.state(), before);
    }
}

#[test]
fn a_conflict_is_over_once_the_user_has_merged_by_hand() {
    let pair = clash();
    stops(&pair, "sync", &["one.txt"]);
    pair.git(&pair.a, &["add", "-A"]);
    pair.git_try(&pair.a, &["commit", "-qm", "mine"]);
    pair.git_try(&pair.a, &["merge", "-q", "origin/main"]);
    pair.git(&pair.a, &["checkout", "-q", "--ours", "one.txt"]);
    pair.commit(&pair.a, "merged by hand");
    pair.force("sync").done();
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
    assert!(pair.remote_file("one.txt").starts_with("mine\n"));
    pair.whole();
}

#[test]
fn the_same_change_on_both_sides_is_no_conflict() {
    for committed in [false, true] {
        let pair = Pair::enrolled();
        for clone in [&pair.a, &pair.b] {
            pair.edit(clone, "one.txt", 3, "same");
            write(clone.join("new.txt"), "same\n");
        }
        let theirs = pair.b_pushes_all("b: same");
        if committed {
            pair.commit(&pair.a, "a: same");
        }
        let before = tree(&pair.a);
        pair.force("sync").done();
        assert_eq!(tree(&pair.a), before);
        assert_eq!(pair.changes(), "");
        assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
        let contained = pair.git_try(&pair.a, &["merge-base", "--is-ancestor", &theirs, "HEAD"]);
        assert_eq!(contained.code, 0);
        pair.whole();
    }
}

#[test]
fn a_deletion_against_an_edit_is_a_conflict_either_way() {
    for committed in [false, true] {
        let pair = Pair::enrolled();
        std::fs::remove_file(pair.a.join("one.txt")).unwrap();
        pair.edit(&pair.b, "one.txt", 1, "theirs");
        pair.b_pushes_all("b: edit");
        if committed {
            pair.commit(&pair.a, "a: delete");
        }
        stops(&pair, "sync", &["one.txt"]);
        assert!(!pair.a.join("one.txt").exists());

        let pair = Pair::enrolled();
        pair.edit(&pair.a, "one.txt", 1, "mine");
        std::fs::remove_file(pair.b.join("one.txt")).unwrap();
        pair.b_pushes_all("b: delete");
        if committed {
            pair.commit(&pair.a, "a: edit");
        }
        stops(&pair, "sync", &["one.txt"]);
        assert!(read(pair.a.join("one.txt")).starts_with(b"mine\n"));
    }
}

#[test]
fn an_edit_follows_the_other_sides_rename() {
    let pair = Pair::enrolled();
    // Three files alike would hide which one was renamed.
    for (name, text) in [("one.txt", "a"), ("two.txt", "b"), ("three.txt", "c")] {
        let lines: String = (1..=12).map(|n| format!("{text}{n}\n")).collect();
        write(pair.b.join(name), lines);
    }
    pair.b_pushes_all("b: unlike");
    pair.force("pull").done();

    pair.edit(&pair.a, "one.txt", 12, "mine");
    pair.git(&pair.b, &["mv", "one.txt", "renamed.txt"]);
    pair.edit(&pair.b, "renamed.txt", 1, "theirs");
    pair.b_pushes_all("b: rename");
    pair.force("sync").done();
    assert!(!pair.a.join("one.txt").exists());
    let text = read(pair.a.join("renamed.txt"));
    assert!(text.starts_with(b"theirs\na2\n") && text.ends_with(b"a11\nmine\n"));
    assert_eq!(pair.remote_file("renamed.txt").as_bytes(), text);
    pair.whole();
}

#[test]
fn two_renames_of_one_file_are_a_conflict() {
    let pair = Pair::enrolled();
    for clone in [&pair.a, &pair.b] {
        std::fs::remove_file(clone.join("two.txt")).unwrap();
        std::fs::remove_file(clone.join("three.txt")).unwrap();
    }
    pair.b_pushes_all("b: one file is left");
    pair.force("sync").done();
    pair.git(&pair.b, &["pull", "-q", "--no-rebase", "--no-edit"]);
    std::fs::rename(pair.a.join("one.txt"), pair.a.join("mine.txt")).unwrap();
    std::fs::rename(pair.b.join("one.txt"), pair.b.join("theirs.txt")).unwrap();
    pair.b_pushes_all("b: rename");
    let (before, remote) = (pair.state(), pair.remote_refs());
    let files = pair.force("sync").conflict();
    assert!(files.iter().any(|f| f == "mine.txt" || f == "one.txt"), "{files:?}");
    assert_eq!(pair.state().tree, before.tree);
    assert_eq!(pair.remote_refs(), remote);
    pair.whole();
}

#[test]
fn a_new_file_here_against_another_of_that_name_there_is_a_conflict() {
    let pair = Pair::enrolled();
    write(pair.a.join("new.txt"), "mine\n");
    pair.b_pushes("new.txt", "theirs\n");
    stops(&pair, "pull", &["new.txt"]);
    stops(&pair, "sync", &["new.txt"]);
    assert_eq!(read(pair.a.join("new.txt")), b"mine\n");
}

#[test]
fn a_file_here_against_a_folder_there_loses_neither() {
    let pair = Pair::enrolled();
    write(pair.a.join("thing"), "mine\n");
    pair.b_pushes("thing/inside.txt", "theirs\n");
    let (before, remote) = (tree(&pair.a), pair.remote_refs());
    let forced = pair.force("sync");
    assert_ne!(forced.report.end, End::Done, "a file and a folder of one name cannot both be");
    assert_eq!(tree(&pair.a), before);
    assert_eq!(pair.remote_refs(), remote);
    pair.whole();
}

#[test]
fn binary_files_that_clash_are_left_alone() {
    let pair = Pair::enrolled();
    pair.b_pushes("bin", b"\0\x01base");
    pair.force("pull").done();
    write(pair.a.join("bin"), b"\0\x02mine");
    pair.b_pushes("bin", b"\0\x03theirs");
    stops(&pair, "sync", &["bin"]);
    assert_eq!(read(pair.a.join("bin")), b"\0\x02mine");
}

/// Names of the conflict branches on the remote.
fn conflict_branches(pair: &Pair) -> Vec<String> {
    let refs = pair.git(&pair.remote, &["for-each-ref", "--format=%(refname:short)", "refs/heads/craft/conflict"]);
    refs.lines().map(str::to_owned).collect()
}

#[test]
fn the_policy_branch_sends_the_local_side_to_a_branch_of_its_own_once() {
    let pair = clash();
    pair.configure(json!({"conflict": {"policy": "branch"}}));
    let (before, tip) = (tree(&pair.a), pair.remote_tip());
    let forced = pair.force("sync");
    assert_eq!(forced.conflict(), ["one.txt"]);
    let End::Conflict { branch: Some(branch), .. } = &forced.report.end else { panic!("{:?}", forced.report.end) };
    assert!(branch.starts_with("craft/conflict/"), "{branch}");
    assert_eq!(conflict_branches(&pair), [branch.as_str()]);
    assert!(pair.git(&pair.remote, &["show", &format!("{branch}:one.txt")]).starts_with("mine\n"));
    assert_eq!(pair.rev(&pair.remote, branch), pair.rev(&pair.a, "HEAD"));
    assert_eq!(pair.remote_tip(), tip);
    assert_eq!(tree(&pair.a), before);
    assert_eq!(pair.git(&pair.a, &["rev-parse", "--abbrev-ref", "@{u}"]), "origin/main", "it follows what it did");

    pair.force("sync").conflict();
    assert_eq!(conflict_branches(&pair).len(), 1, "the same commit goes out once");
    write(pair.a.join("more.txt"), "more\n");
    pair.set("CRAFT_INTERNAL__NOW_MS", "4000000000000");
    pair.force("sync").conflict();
    assert_eq!(conflict_branches(&pair).len(), 2, "new work goes out again");
    pair.whole();
}

#[test]
fn the_policy_stop_sends_no_branch() {
    let pair = clash();
    pair.force("sync").conflict();
    assert!(conflict_branches(&pair).is_empty());
}

#[test]
fn listed_files_are_settled_for_one_side_and_only_these() {
    for (side, wanted) in [("ours", "mine\n"), ("theirs", "theirs\n")] {
        let pair = Pair::enrolled();
        pair.configure(json!({"conflict": {side: ["*.lock", "gen/**"]}}));
        pair.b_pushes("x.lock", "base\n");
        pair.b_pushes("gen/deep/y.txt", "base\n");
        pair.force("pull").done();
        for (clone, text) in [(&pair.a, "mine\n"), (&pair.b, "theirs\n")] {
            write(clone.join("x.lock"), text);
            write(clone.join("gen/deep/y.txt"), text);
        }
        pair.b_pushes("other.txt", "other\n");
        let report = pair.force("sync").done();
        assert!(report.pulled.unwrap().merged);
        for name in ["x.lock", "gen/deep/y.txt"] {
            assert_eq!(read(pair.a.join(name)), wanted.as_bytes(), "{side} {name}");
            assert_eq!(pair.remote_file(name), wanted);
        }
        assert_eq!(read(pair.a.join("other.txt")), b"other\n");
        pair.whole();

        pair.git(&pair.b, &["pull", "-q", "--no-rebase", "--no-edit"]);
        for (clone, text) in [(&pair.a, "mine 2\n"), (&pair.b, "theirs 2\n")] {
            write(clone.join("x.lock"), text);
            write(clone.join("one.txt"), text);
        }
        pair.b_pushes_all("b: both");
        let before = State::of(&pair, &pair.a).tree;
        let files = pair.force("sync").conflict();
        assert!(files.contains(&"one.txt".to_owned()), "{files:?}");
        assert_eq!(tree(&pair.a), before, "with one file left over nothing is settled");
    }
}

#[test]
fn a_deletion_is_settled_by_the_lists_too() {
    let pair = Pair::enrolled();
    pair.configure(json!({"conflict": {"theirs": ["one.txt"]}}));
    pair.edit(&pair.a, "one.txt", 1, "mine");
    std::fs::remove_file(pair.b.join("one.txt")).unwrap();
    pair.b_pushes_all("b: delete");
    let report = pair.force("sync").done();
    assert!(!pair.a.join("one.txt").exists());
    assert!(!pair.remote_tree().contains_key("one.txt"));
    let snapshot = format!("refs/craft/backup/{}:one.txt", report.snapshot.unwrap());
    assert!(pair.git(&pair.a, &["show", &snapshot]).starts_with("mine\n"), "what lost is in the snapshot");
    pair.whole();
}
