//! What must not be committed, and what must not be overwritten.

use claude_craft::sync::outcome::{LeftOutReason, Refusal};
use serde_json::json;

use crate::common::{FakeGit, Pair, Rule, assert_whole, read, tree, write};

/// The gate refuses: nothing is committed, nothing sent, nothing changed.
#[track_caller]
fn refused(pair: &Pair, wanted: Refusal) {
    let (before, remote) = (pair.state(), pair.remote_refs());
    for action in ["push", "sync"] {
        let forced = pair.force(action);
        forced.refused(wanted);
        assert_eq!(forced.code, 4);
        assert_eq!(pair.state(), before);
        assert_eq!(pair.remote_refs(), remote);
    }
}

#[test]
fn a_file_with_conflict_markers_is_not_committed() {
    let pair = Pair::enrolled();
    write(pair.a.join("one.txt"), "1\n<<<<<<< HEAD\nmine\n=======\ntheirs\n>>>>>>> other\n12\n");
    refused(&pair, Refusal::ConflictMarkers);
}

#[test]
fn text_that_only_looks_like_a_marker_is_committed() {
    let pair = Pair::enrolled();
    write(pair.a.join("title.md"), "Title\n=======\n\n    <<<<<<< quoted\n>> a quote\n");
    pair.force("push").done();
    assert_eq!(pair.remote_file("title.md"), "Title\n=======\n\n    <<<<<<< quoted\n>> a quote\n");
}

/// `a` with `count` more files, everywhere the same.
fn many(count: u32) -> Pair {
    let pair = Pair::enrolled();
    for n in 0..count {
        write(pair.b.join(format!("many/{n}.txt")), format!("{n}\n"));
    }
    pair.b_pushes_all("b: many");
    pair.force("pull").done();
    pair
}

#[test]
fn a_mass_deletion_is_not_sent_unasked() {
    let pair = many(40);
    std::fs::remove_dir_all(pair.a.join("many")).unwrap();
    refused(&pair, Refusal::MassDeletion);
}

#[test]
fn a_large_move_is_no_mass_deletion() {
    let pair = many(40);
    std::fs::rename(pair.a.join("many"), pair.a.join("moved")).unwrap();
    pair.force("push").done();
    assert_eq!(pair.remote_tree()["moved/7.txt"], "7\n");
    assert!(!pair.remote_tree().contains_key("many/7.txt"));
}

#[test]
fn deletions_below_the_bound_are_sent() {
    let pair = many(40);
    for n in 0..15 {
        std::fs::remove_file(pair.a.join(format!("many/{n}.txt"))).unwrap();
    }
    pair.force("push").done();
    assert_eq!(pair.remote_tree().len(), 28);
}

#[test]
fn a_checkout_that_never_happened_is_not_pushed_as_a_revert() {
    let pair = Pair::enrolled();
    let theirs = {
        pair.edit(&pair.b, "one.txt", 1, "theirs");
        pair.b_pushes("theirs.txt", "theirs\n")
    };
    // What a tool leaves behind that moved the branch and was killed before it wrote the files.
    pair.git(&pair.a, &["fetch", "-q"]);
    pair.git(&pair.a, &["update-ref", "refs/heads/main", &theirs]);
    refused(&pair, Refusal::AncestorTree);
    assert_eq!(pair.remote_tip(), theirs);
    assert_eq!(pair.remote_tree()["theirs.txt"], "theirs\n");
}

#[test]
fn taking_ones_own_last_edit_back_is_no_revert_of_somebody() {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("sync").done();
    write(pair.a.join("other.txt"), "other\n");
    pair.force("sync").done();
    pair.edit(&pair.a, "one.txt", 1, "1");
    pair.force("sync").done();
    assert!(pair.remote_file("one.txt").starts_with("1\n2\n"));
    assert_eq!(pair.remote_file("other.txt"), "other\n");
}

#[test]
fn names_that_hold_secrets_are_left_out_and_reported() {
    let pair = Pair::enrolled();
    for name in [".env", ".env.local", "id_rsa", "deep/server.pem", "deep/private.key", "fine.txt"] {
        write(pair.a.join(name), "text\n");
    }
    let forced = pair.force("push");
    for name in [".env", ".env.local", "id_rsa", "deep/server.pem", "deep/private.key"] {
        let left = forced.left_out(name).unwrap_or_else(|| panic!("{name} is not reported"));
        assert_eq!(left.why, LeftOutReason::SecretName);
        assert_eq!(read(pair.a.join(name)), b"text\n");
    }
    forced.done();
    assert_eq!(pair.remote_tree().into_keys().collect::<Vec<_>>(), ["fine.txt", "one.txt", "three.txt", "two.txt"]);
    pair.whole();
}

#[test]
fn an_allowed_name_and_a_file_already_tracked_are_committed() {
    let pair = Pair::enrolled();
    pair.configure(json!({"security": {"allow": ["deep/*.pem"]}}));
    pair.b_pushes(".env", "SHARED=1\n");
    pair.force("pull").done();
    write(pair.a.join(".env"), "SHARED=2\n");
    write(pair.a.join("deep/public.pem"), "public\n");
    pair.force("push").done();
    assert_eq!(pair.remote_file(".env"), "SHARED=2\n");
    assert_eq!(pair.remote_file("deep/public.pem"), "public\n");
}

#[test]
fn nothing_but_left_out_files_makes_no_commit() {
    let pair = Pair::enrolled();
    write(pair.a.join(".env"), "SECRET=1\n");
    let (before, remote) = (pair.state(), pair.remote_refs());
    let forced = pair.force("push");
    assert!(forced.left_out(".env").is_some());
    assert_eq!(forced.done().committed, None);
    assert_eq!(pair.state(), before);
    assert_eq!(pair.remote_refs(), remote);
}

#[test]
fn a_large_file_is_left_out_and_the_rest_goes() {
    let pair = Pair::enrolled();
    pair.configure(json!({"limits": {"maxFileMib": 1}}));
    write(pair.a.join("big.bin"), vec![7u8; (1 << 20) + 1]);
    write(pair.a.join("fits.bin"), vec![7u8; 1 << 20]);
    pair.edit(&pair.a, "one.txt", 1, "mine");
    let forced = pair.force("push");
    assert_eq!(forced.left_out("big.bin").unwrap().why, LeftOutReason::TooLarge { bytes: (1 << 20) + 1 });
    forced.done();
    let names = pair.git(&pair.remote, &["ls-tree", "--name-only", "main"]);
    assert_eq!(names, "fits.bin\none.txt\nthree.txt\ntwo.txt");
    assert_eq!(pair.changes(), "?? big.bin");
    pair.whole();
}

#[test]
fn a_tracked_file_that_grew_too_large_is_left_out_with_its_old_content() {
    let pair = Pair::enrolled();
    pair.configure(json!({"limits": {"maxFileMib": 1}}));
    write(pair.a.join("one.txt"), vec![b'x'; 3 << 20]);
    write(pair.a.join("mine.txt"), "mine\n");
    let before = tree(&pair.a);
    pair.force("push").done();
    assert!(pair.remote_file("one.txt").starts_with("1\n2\n"));
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    assert_eq!(tree(&pair.a), before);
    assert_eq!(pair.changes().trim(), "M one.txt");
}

#[test]
fn an_ignored_file_is_never_overwritten() {
    let pair = Pair::enrolled();
    pair.b_pushes(".gitignore", "*.log\ncache/\n");
    pair.force("pull").done();
    write(pair.a.join("x.log"), "precious\n");
    write(pair.a.join("cache/y"), "precious\n");
    for (name, wanted) in [("x.log", "x.log"), ("cache/y", "cache/y")] {
        write(pair.b.join(name), "theirs\n");
        pair.git(&pair.b, &["add", "-f", name]);
        pair.b_pushes_all(&format!("b: {name}"));
        let before = pair.state();
        for action in ["pull", "sync"] {
            let reason = pair.force(action).refused(Refusal::IgnoredInTheWay);
            assert!(reason.contains(wanted), "{reason}");
            assert_eq!(pair.state(), before);
        }
        pair.git(&pair.b, &["rm", "-q", "--cached", name]);
        pair.b_pushes_all(&format!("b: without {name}"));
        pair.force("sync").done();
        assert_eq!(read(pair.a.join(name)), b"precious\n");
    }
    pair.whole();
}

#[test]
fn an_ignored_file_is_never_overwritten_by_a_merge_either() {
    let pair = Pair::enrolled();
    pair.b_pushes(".gitignore", "*.log\n");
    pair.force("pull").done();
    write(pair.a.join("x.log"), "precious\n");
    write(pair.b.join("x.log"), "theirs\n");
    pair.git(&pair.b, &["add", "-f", "x.log"]);
    pair.b_pushes_all("b: x.log");
    write(pair.a.join("mine.txt"), "mine\n");
    pair.commit(&pair.a, "mine");
    let before = pair.state();
    pair.force("sync").refused(Refusal::IgnoredInTheWay);
    assert_eq!(pair.state(), before);
    pair.whole();
}

#[test]
fn an_ignored_file_that_appears_at_the_last_moment_is_never_overwritten() {
    let pair = Pair::enrolled();
    pair.b_pushes(".gitignore", "*.log\n");
    pair.force("pull").done();
    write(pair.b.join("x.log"), "theirs\n");
    pair.git(&pair.b, &["add", "-f", "x.log"]);
    pair.b_pushes_all("b: x.log");
    let make = format!("printf 'precious\\n' >'{}'", pair.a.join("x.log").display());
    let fake = FakeGit::install(&pair, &[Rule::before(" merge ", make)]);
    assert_ne!(pair.force("pull").code, 0);
    fake.remove();
    assert_eq!(read(pair.a.join("x.log")), b"precious\n");
    pair.whole();
}

#[test]
fn an_untracked_file_that_takes_no_part_is_never_overwritten() {
    for name in [".env", "private/note.md"] {
        let pair = Pair::enrolled();
        pair.configure(json!({"paths": {"exclude": ["private/**"]}}));
        write(pair.a.join(name), "precious\n");
        pair.b_pushes(name, "theirs\n");
        let (before, remote) = (pair.state(), pair.remote_refs());
        for action in ["pull", "sync"] {
            pair.force(action).refused(Refusal::UntrackedInTheWay);
            assert_eq!(pair.state(), before, "{name}");
            assert_eq!(pair.remote_refs(), remote, "{name}");
        }
        pair.whole();
    }
}

#[test]
fn a_repository_inside_is_left_out_and_reported() {
    let pair = Pair::enrolled();
    let inner = pair.a.join("vendor/inner");
    std::fs::create_dir_all(&inner).unwrap();
    pair.git(&inner, &["init", "-q"]);
    write(inner.join("inner.txt"), "inner\n");
    pair.commit(&inner, "inner");
    let empty = pair.a.join("empty-repo");
    std::fs::create_dir_all(&empty).unwrap();
    pair.git(&empty, &["init", "-q"]);
    write(empty.join("inner.txt"), "inner\n");
    write(pair.a.join("vendor/beside.txt"), "beside\n");
    let before = tree(&pair.a);
    let forced = pair.force("push");
    for path in ["vendor/inner", "empty-repo"] {
        assert_eq!(forced.left_out(path).unwrap().why, LeftOutReason::NestedRepository);
    }
    forced.done();
    let names = pair.git(&pair.remote, &["ls-tree", "-r", "--name-only", "main"]);
    assert_eq!(names, "one.txt\nthree.txt\ntwo.txt\nvendor/beside.txt");
    assert!(!pair.git(&pair.remote, &["ls-tree", "-r", "main"]).contains("160000"), "no gitlink");
    assert_eq!(tree(&pair.a), before);
    assert_whole(&pair, &inner);
    pair.whole();
}

#[test]
fn working_trees_of_agents_are_left_out_and_reported() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["worktree", "add", "-q", ".claude/worktrees/x", "-b", "agent"]);
    write(pair.a.join(".claude/worktrees/x/agent.txt"), "agent\n");
    write(pair.a.join(".claude/settings.json"), "{}\n");
    let before = tree(&pair.a);
    let forced = pair.force("push");
    let left = forced.report.left_out.iter().find(|l| l.path.starts_with(".claude/worktrees"));
    assert_eq!(left.expect("reported").why, LeftOutReason::AgentWorktree);
    forced.done();
    let names = pair.git(&pair.remote, &["ls-tree", "-r", "--name-only", "main"]);
    assert_eq!(names, ".claude/settings.json\none.txt\nthree.txt\ntwo.txt");
    assert_eq!(tree(&pair.a), before);
    assert_eq!(pair.git(&pair.a, &["rev-parse", "agent"]), pair.git(&pair.a, &["rev-parse", "HEAD~1"]));
    pair.whole();
}
