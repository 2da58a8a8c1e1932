//! Kinds of repositories: every one git can make must sync like the plain one.

use std::path::{Path, PathBuf};

use claude_craft::sync::outcome::Refusal;

use crate::common::{Pair, Ran, assert_whole, read, script, tree, write};

/// Both sides have moved, `clone` is dirty too; after a sync all is everywhere and the clone is whole.
#[track_caller]
fn syncs(pair: &Pair, clone: &Path) {
    pair.git(&pair.b, &["pull", "-q", "--no-rebase", "--no-edit"]);
    pair.edit(clone, "one.txt", 1, "mine");
    pair.git(clone, &["commit", "-qam", "by hand"]);
    write(clone.join("new.txt"), "new\n");
    pair.edit(&pair.b, "one.txt", 12, "theirs");
    pair.b_pushes("theirs.txt", "theirs\n");

    let report = pair.force_in(clone, "sync").done();
    assert!(report.pulled.expect("pulled").merged);
    assert_eq!(report.committed.expect("committed").files, ["new.txt"]);
    assert_eq!(pair.remote_tip(), pair.rev(clone, "HEAD"));
    let text = read(clone.join("one.txt"));
    assert!(text.starts_with(b"mine\n2\n") && text.ends_with(b"11\ntheirs\n"), "both edits are in the file");
    assert_eq!(pair.remote_file("one.txt").as_bytes(), text);
    assert_eq!([pair.remote_file("new.txt"), pair.remote_file("theirs.txt")], ["new\n", "theirs\n"]);
    assert_eq!(pair.git(clone, &["status", "--porcelain"]), "");
    assert_whole(pair, clone);

    pair.edit(&pair.b, "two.txt", 6, "theirs");
    pair.git(&pair.b, &["pull", "-q", "--no-rebase", "--no-edit"]);
    let tip = pair.b_pushes_all("b: more");
    pair.edit(clone, "three.txt", 3, "not in the way");
    assert_eq!(pair.force_in(clone, "pull").done().committed, None);
    assert_eq!(pair.rev(clone, "HEAD"), tip);
    assert_eq!(pair.git(clone, &["status", "--porcelain"]).trim(), "M three.txt");
    pair.git(clone, &["checkout", "-q", "three.txt"]);

    pair.edit(clone, "one.txt", 6, "mine");
    pair.edit(&pair.b, "one.txt", 6, "theirs");
    let tip = pair.b_pushes_all("b: clash");
    let before = tree(clone);
    assert_eq!(pair.force_in(clone, "sync").conflict(), ["one.txt"]);
    assert_eq!(tree(clone), before);
    assert_eq!(pair.remote_tip(), tip);
    assert_whole(pair, clone);
}

#[test]
fn a_plain_clone() {
    let pair = Pair::enrolled();
    syncs(&pair, &pair.a);
}

/// A clone with the folders `in` and `out` of which only `in` and the top are checked out.
fn sparse(arguments: &[&str]) -> Pair {
    let pair = Pair::new();
    write(pair.b.join("in/x.txt"), "in\n");
    write(pair.b.join("out/y.txt"), "out\n");
    write(pair.b.join("out/deep/z.txt"), "out\n");
    pair.b_pushes_all("b: folders");
    pair.git(&pair.a, &["pull", "-q"]);
    pair.git(&pair.a, &[&["sparse-checkout", "set"], arguments, &["in"]].concat());
    assert!(!pair.a.join("out").exists());
    pair.auto_sync(&pair.a, &["enable"]);
    pair
}

#[test]
fn a_sparse_checkout_deletes_nothing_of_what_it_does_not_show() {
    for arguments in [&["--cone"][..], &["--cone", "--sparse-index"]] {
        let pair = sparse(arguments);
        write(pair.a.join("in/new.txt"), "new\n");
        std::fs::remove_file(pair.a.join("in/x.txt")).unwrap();
        write(pair.b.join("out/theirs.txt"), "theirs\n");
        pair.b_pushes_all("b: outside");
        pair.force("sync").done();
        let remote = pair.remote_tree();
        let names: Vec<_> = remote.keys().filter(|n| n.contains('/')).cloned().collect();
        assert_eq!(names, ["in/new.txt", "out/deep/z.txt", "out/theirs.txt", "out/y.txt"], "{arguments:?}");
        assert!(!pair.a.join("out").exists(), "what was not wanted is not checked out");
        syncs(&pair, &pair.a);
        assert_eq!(pair.remote_file("out/y.txt"), "out\n");
        assert!(!pair.a.join("out").exists());
    }
}

#[test]
fn an_undo_in_a_sparse_checkout_keeps_it_sparse() {
    let pair = sparse(&["--cone"]);
    write(pair.a.join("in/x.txt"), "mine\n");
    let before = pair.state();
    pair.force("push").done();
    pair.auto_sync(&pair.a, &["undo"]);
    assert_eq!(pair.state(), before);
    pair.whole();
}

#[test]
fn a_split_index() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["config", "core.splitIndex", "true"]);
    pair.git(&pair.a, &["update-index", "--split-index"]);
    syncs(&pair, &pair.a);
}

#[test]
fn an_index_of_version_four_with_an_untracked_cache() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["update-index", "--index-version", "4"]);
    pair.git(&pair.a, &["update-index", "--force-untracked-cache"]);
    syncs(&pair, &pair.a);
}

#[test]
fn a_repository_with_sha256_names() {
    let probe = Pair::new();
    probe.git(probe.root(), &["init", "-q", "--bare", "--object-format=sha256", "there.git"]);
    probe.git(probe.root(), &["init", "-q", "--object-format=sha256", "here"]);
    probe.git(&probe.path("here"), &["commit", "-q", "--allow-empty", "-m", "probe"]);
    if probe.git_try(&probe.path("here"), &["push", "-q", "../there.git", "HEAD:refs/heads/main"]).code != 0 {
        return; // This git has them, and cannot push them.
    }
    let pair = Pair::with(&["--object-format=sha256"], &[]);
    assert_eq!(pair.rev(&pair.a, "HEAD").len(), 64);
    pair.auto_sync(&pair.a, &["enable"]);
    syncs(&pair, &pair.a);
}

#[test]
fn a_repository_with_a_reftable() {
    let pair = Pair::new();
    let probe = pair.git_try(pair.root(), &["init", "-q", "--ref-format=reftable", "probe"]);
    if probe.code != 0 {
        return; // This git has none.
    }
    let pair = Pair::with(&[], &["--ref-format=reftable"]);
    pair.auto_sync(&pair.a, &["enable"]);
    syncs(&pair, &pair.a);
    pair.auto_sync(&pair.a, &["undo"]);
    pair.whole();
}

/// A clone of the remote over a protocol that can leave things out.
fn clone_with(pair: &Pair, arguments: &[&str]) -> PathBuf {
    pair.git(&pair.remote, &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", pair.remote.display());
    pair.git(pair.root(), &[&["clone", "-q"], arguments, &[&url, "partly"]].concat());
    pair.path("partly")
}

#[test]
fn a_partial_clone() {
    for filter in ["blob:none", "tree:0"] {
        let pair = Pair::new();
        pair.edit(&pair.b, "one.txt", 7, "older");
        pair.b_pushes_all("b: older");
        let clone = clone_with(&pair, &[&format!("--filter={filter}")]);
        pair.auto_sync(&clone, &["enable"]);
        syncs(&pair, &clone);
    }
}

#[test]
fn a_shallow_clone() {
    let pair = Pair::new();
    for n in 0..4 {
        pair.b_pushes("two.txt", format!("{n}\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"));
    }
    let clone = clone_with(&pair, &["--depth=1"]);
    pair.auto_sync(&clone, &["enable"]);
    syncs(&pair, &clone);
}

#[test]
fn a_shallow_clone_that_lacks_the_common_ancestor_is_deepened() {
    let pair = Pair::new();
    pair.b_pushes("two.txt", "x\n");
    let clone = clone_with(&pair, &["--depth=1"]);
    pair.auto_sync(&clone, &["enable"]);
    write(clone.join("mine.txt"), "mine\n");
    let mine = pair.commit(&clone, "mine");
    for n in 0..5 {
        pair.b_pushes("two.txt", format!("{n}\n"));
    }
    pair.git(&clone, &["fetch", "-q", "--depth=1", "origin", "main"]);
    assert_ne!(pair.git_try(&clone, &["merge-base", "HEAD", "origin/main"]).code, 0, "the case is made");
    let theirs = pair.remote_tip();
    pair.force_in(&clone, "sync").done();
    assert_eq!(pair.remote_tip(), pair.rev(&clone, "HEAD"));
    assert_eq!([pair.rev(&clone, "HEAD^1"), pair.rev(&clone, "HEAD^2")], [mine, theirs]);
    assert_eq!([pair.remote_file("mine.txt"), pair.remote_file("two.txt")], ["mine\n", "4\n"]);
    assert_whole(&pair, &clone);
}

#[test]
fn a_clone_whose_git_folder_is_elsewhere() {
    let pair = Pair::with(&[], &["--separate-git-dir=elsewhere.git"]);
    assert!(pair.a.join(".git").is_file());
    pair.auto_sync(&pair.a, &["enable"]);
    syncs(&pair, &pair.a);
}

#[test]
fn a_linked_worktree_syncs_its_own_branch() {
    let pair = Pair::new();
    let linked = pair.path("linked");
    pair.git(&pair.b, &["push", "-q", "origin", "main:topic"]);
    pair.git(&pair.a, &["fetch", "-q"]);
    pair.git(&pair.a, &["worktree", "add", "-q", "--track", "-b", "topic", "../linked", "origin/topic"]);
    pair.auto_sync(&pair.a, &["enable", "--branch", "*"]);
    pair.edit(&pair.a, "one.txt", 1, "dirty in the other");
    let (main, before) = (pair.remote_tip(), tree(&pair.a));
    write(linked.join("mine.txt"), "mine\n");
    pair.force_in(&linked, "sync").done();
    assert_eq!(pair.rev(&pair.remote, "topic"), pair.rev(&linked, "HEAD"));
    assert_eq!(pair.git(&pair.remote, &["show", "topic:mine.txt"]), "mine");
    assert_eq!(pair.remote_tip(), main, "the other branch stays");
    assert_eq!(tree(&pair.a), before);
    assert_eq!(pair.changes().trim(), "M one.txt");
    assert_whole(&pair, &linked);
    pair.whole();
}

#[test]
fn an_undo_in_a_linked_worktree_is_its_own() {
    let pair = Pair::enrolled();
    let linked = pair.path("linked");
    pair.git(&pair.a, &["worktree", "add", "-q", "-b", "topic", "../linked"]);
    pair.configure(serde_json::json!({"limits": {"snapshotDays": 30}}));
    pair.auto_sync(&pair.a, &["enable", "--branch", "*", "--publish"]);
    write(linked.join("linked.txt"), "linked\n");
    pair.force_in(&linked, "push").done();
    pair.edit(&pair.a, "one.txt", 1, "main");
    let before = pair.state();
    pair.force("push").done();
    let linked_before = tree(&linked);
    pair.auto_sync(&pair.a, &["undo"]);
    assert_eq!(pair.state().tree, before.tree);
    assert_eq!(tree(&linked), linked_before);
    pair.auto_sync(&linked, &["undo"]);
    assert_eq!(pair.git(&linked, &["status", "--porcelain"]), "?? linked.txt");
    assert_eq!(pair.state().tree, before.tree);
}

/// `a` with the submodule `sub`, which has a remote of its own.
fn with_submodule() -> Pair {
    let pair = Pair::new();
    pair.git(pair.root(), &["clone", "-q", "--bare", "remote.git", "sub.git"]);
    pair.git(&pair.a, &["submodule", "--quiet", "add", pair.path("sub.git").to_str().unwrap(), "sub"]);
    pair.commit(&pair.a, "submodule");
    pair.git(&pair.a, &["push", "-q"]);
    pair.auto_sync(&pair.a, &["enable"]);
    pair
}

#[test]
fn a_submodules_commit_goes_first_or_nothing_goes() {
    let pair = with_submodule();
    let sub = pair.a.join("sub");
    write(sub.join("inside.txt"), "inside\n");
    let inner = pair.commit(&sub, "inside");
    let remote = pair.remote_refs();
    pair.force("push").refused(Refusal::Submodule);
    assert_eq!(pair.remote_refs(), remote, "a pointer to a commit nobody has would break every clone");
    assert_eq!(pair.rev(&sub, "HEAD"), inner);
    pair.git(&sub, &["push", "-q"]);
    pair.force("push").done();
    assert_eq!(pair.git(&pair.remote, &["rev-parse", "main:sub"]), inner);
    pair.whole();
}

#[test]
fn a_submodules_own_work_is_left_alone() {
    let pair = with_submodule();
    let sub = pair.a.join("sub");
    write(sub.join("inside.txt"), "inside\n");
    pair.edit(&sub, "one.txt", 1, "inside");
    write(pair.a.join("mine.txt"), "mine\n");
    let before = tree(&pair.a);
    pair.force("push").done();
    assert_eq!(tree(&pair.a), before);
    assert_eq!(pair.git(&sub, &["status", "--porcelain"]), " M one.txt\n?? inside.txt");
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
}

#[test]
fn settings_of_the_user_do_not_change_what_a_sync_does() {
    let pair = Pair::enrolled();
    script(pair.path("noise"), "echo noise");
    for (name, value) in [
        ("pull.rebase", "true"),
        ("pull.ff", "only"),
        ("push.default", "nothing"),
        ("merge.ff", "false"),
        ("status.showUntrackedFiles", "no"),
        ("status.short", "true"),
        ("status.branch", "true"),
        ("status.relativePaths", "true"),
        ("color.ui", "always"),
        ("core.quotePath", "true"),
        ("diff.external", pair.path("noise").to_str().unwrap()),
        ("diff.noprefix", "true"),
        ("diff.renames", "copies"),
        ("diff.ignoreSubmodules", "all"),
        ("log.showSignature", "true"),
        ("merge.conflictStyle", "zdiff3"),
        ("merge.renames", "true"),
        ("commit.verbose", "true"),
        ("commit.status", "false"),
        ("commit.cleanup", "scissors"),
        ("fetch.prune", "true"),
        ("fetch.recurseSubmodules", "true"),
        ("push.followTags", "true"),
        ("rebase.autoStash", "true"),
        ("core.pager", "cat"),
        ("core.commentChar", "A"),
        ("branch.main.mergeOptions", "--no-ff --squash"),
        ("log.decorate", "full"),
        ("format.pretty", "oneline"),
        ("core.abbrev", "4"),
        ("i18n.logOutputEncoding", "latin1"),
    ] {
        pair.git(&pair.a, &["config", name, value]);
    }
    syncs(&pair, &pair.a);
}

#[test]
fn clean_and_smudge_filters_are_applied_both_ways() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["config", "--global", "filter.box.clean", "sed 's/^/boxed /'"]);
    pair.git(&pair.a, &["config", "--global", "filter.box.smudge", "sed 's/^boxed //'"]);
    pair.git(&pair.a, &["config", "--global", "filter.box.required", "true"]);
    write(pair.b.join(".gitattributes"), "*.box filter=box\n");
    pair.b_pushes("theirs.box", "theirs\n");
    assert_eq!(pair.remote_file("theirs.box"), "boxed theirs\n");
    pair.force("pull").done();
    assert_eq!(read(pair.a.join("theirs.box")), b"theirs\n");
    write(pair.a.join("mine.box"), "mine\n");
    pair.force("push").done();
    assert_eq!(pair.remote_file("mine.box"), "boxed mine\n");
    assert_eq!(read(pair.a.join("mine.box")), b"mine\n");
    write(pair.a.join("theirs.box"), "edited\n");
    let before = pair.state();
    pair.force("push").done();
    assert_eq!(pair.remote_file("theirs.box"), "boxed edited\n");
    pair.auto_sync(&pair.a, &["undo"]);
    assert_eq!(pair.state(), before);
    pair.whole();
}

#[test]
fn a_merge_driver_of_the_user_is_asked() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["config", "--global", "merge.both.driver", "cat %B >>%A"]);
    write(pair.b.join(".gitattributes"), "*.both merge=both\n*.union merge=union\n");
    write(pair.b.join("x.both"), "base\n");
    pair.b_pushes("y.union", "base\n");
    pair.force("pull").done();
    for name in ["x.both", "y.union"] {
        write(pair.a.join(name), "mine\n");
        write(pair.b.join(name), "theirs\n");
    }
    pair.b_pushes_all("b: the same lines");
    pair.force("sync").done();
    for name in ["x.both", "y.union"] {
        assert_eq!(read(pair.a.join(name)), b"mine\ntheirs\n");
        assert_eq!(pair.remote_file(name), "mine\ntheirs\n");
    }
    pair.whole();
}

#[test]
fn a_bare_repository_cannot_be_enrolled() {
    let pair = Pair::new();
    let Ran { code, .. } = pair.craft(&pair.remote, &["auto-sync", "enable"]);
    assert_ne!(code, 0);
}
