//! The tests' own tools: what they are to notice, they notice.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::common::{FakeGit, Pair, Rule, State, assert_whole, tree, write};

/// Whether `assert_whole` finds something to say about `a`.
fn broken(pair: &Pair) -> bool {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let found = catch_unwind(AssertUnwindSafe(|| assert_whole(pair, &pair.a))).is_err();
    std::panic::set_hook(hook);
    found
}

#[test]
fn a_repository_that_is_not_whole_is_noticed() {
    type Break = fn(&Pair);
    let breaks: [(&str, Break); 6] = [
        ("merge", |p| write(p.a.join(".git/MERGE_HEAD"), p.rev(&p.a, "HEAD"))),
        ("lock", |p| write(p.a.join(".git/index.lock"), "")),
        ("ref lock", |p| write(p.a.join(".git/refs/heads/main.lock"), "")),
        ("stash", |p| {
            p.edit(&p.a, "one.txt", 1, "x");
            p.git(&p.a, &["stash", "-q"]);
        }),
        ("markers", |p| write(p.a.join("one.txt"), "<<<<<<< HEAD\n")),
        ("missing object", |p| {
            let blob = p.git(&p.a, &["rev-parse", "HEAD:one.txt"]);
            std::fs::remove_file(p.a.join(".git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
        }),
    ];
    let pair = Pair::new();
    assert!(!broken(&pair));
    for (what, damage) in breaks {
        let pair = Pair::new();
        // A local clone of a bare repository has loose objects.
        damage(&pair);
        assert!(broken(&pair), "{what}");
    }
}

#[test]
fn a_state_tells_index_tree_modes_and_refs_apart() {
    let pair = Pair::new();
    let first = State::of(&pair, &pair.a);
    pair.edit(&pair.a, "one.txt", 1, "x");
    let dirty = State::of(&pair, &pair.a);
    assert_ne!(dirty, first);
    pair.git(&pair.a, &["add", "-A"]);
    let staged = State::of(&pair, &pair.a);
    assert_ne!(staged, dirty);
    pair.git(&pair.a, &["branch", "other"]);
    assert_ne!(State::of(&pair, &pair.a), staged);
    assert_eq!(tree(&pair.a).len(), 3);
}

#[test]
fn the_stand_in_for_git_does_as_its_script_says() {
    let pair = Pair::new();
    let rules = [
        Rule::fail(" push ", 7, "no"),
        Rule::print(" version ", "git version 1.0"),
        Rule::before(" status ", "echo late >late.txt".into()).nth(2),
        Rule { when: " gc ", action: "kill-self", ..Rule::default() },
    ];
    let fake = FakeGit::install(&pair, &rules);
    let run = |args: &[&str]| {
        let mut command = pair.command(env!("CARGO_BIN_EXE_fake-git"), &pair.a);
        pair.run(
            {
                command.args(args);
                command
            },
            b"",
        )
    };
    let push = run(&["push", "origin"]);
    assert_eq!((push.code, push.stderr.as_str()), (7, "no\n"));
    assert_eq!(run(&["version"]).stdout, "git version 1.0\n");
    assert_eq!(run(&["status", "--porcelain"]).stdout, "");
    assert_eq!(run(&["status", "--porcelain"]).stdout, "?? late.txt\n");
    assert_eq!(run(&["gc"]).code, 128 + 9);
    assert_eq!(run(&["rev-parse", "--abbrev-ref", "HEAD"]).stdout, "main\n");
    assert_eq!(fake.calls(" status ").len(), 2);
    fake.remove();
}

#[test]
fn a_process_left_behind_is_found_by_its_home() {
    let pair = Pair::new();
    let mut child = pair.command("sleep", pair.root()).arg("1000").spawn().unwrap();
    assert_eq!(pair.processes().len(), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(pair.processes(), []);
}
