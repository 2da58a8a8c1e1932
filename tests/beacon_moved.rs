//! A working tree that is moved stays the side it was, with what waits in it; a copy does not become it.

use std::path::{Path, PathBuf};

use crate::common::{Ran, Sides, read, write};

const PLAN: &str = ".claude/planning/plan.md";

fn beacon(sides: &Sides, dir: &Path, words: &[&str]) -> Ran {
    sides.craft(dir, &[&["beacon"], words].concat())
}

fn moved(sides: &Sides, from: &Path, to: &str) -> PathBuf {
    let to = sides.path(to);
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::rename(from, &to).unwrap();
    to
}

#[test]
fn what_waited_in_a_working_tree_goes_out_after_it_was_moved() {
    let sides = Sides::new();
    let (desktop, code) = (sides.side("desktop", "Desktop"), sides.side("code", "Code"));
    write(desktop.join(PLAN), "one\n");
    beacon(&sides, &desktop, &["push"]).ok();
    beacon(&sides, &code, &["pull"]).ok();
    let away = moved(&sides, &sides.remote.clone(), "away.git");
    write(code.join(PLAN), "one\ntwo\n");
    assert_ne!(beacon(&sides, &code, &["push"]).code, 0);
    moved(&sides, &away, "remote.git");

    let code = moved(&sides, &code, "elsewhere/work");
    let sent = beacon(&sides, &code, &["queue", "send"]).ok();
    assert!(sent.stdout.starts_with("sent message 2"), "{}", sent.stdout);
    assert_eq!(beacon(&sides, &code, &["status", "--exit-code"]).code, 0);
    beacon(&sides, &desktop, &["pull"]).ok();
    assert_eq!(read(desktop.join(PLAN)), b"one\ntwo\n");
    // It is one side still, and the old place is none.
    let said = beacon(&sides, &code, &["init"]).ok().stdout;
    assert!(said.starts_with("this working tree is Code"), "{said}");
    let kept = sides.craft_dir().join("repos");
    let sides_kept =
        std::fs::read_dir(kept).unwrap().filter(|e| e.as_ref().unwrap().path().join("beacon.json").exists());
    assert_eq!(sides_kept.count(), 2);
    let journal = String::from_utf8(read(sides.craft_dir().join("log/journal.jsonl"))).unwrap();
    assert_eq!(journal.matches(r#""operation":"move""#).count(), 1);
}

#[test]
fn a_copy_is_no_side_until_somebody_says_so_and_is_another_one_then() {
    let sides = Sides::new();
    let code = sides.side("code", "Code");
    write(code.join(PLAN), "one\n");
    beacon(&sides, &code, &["push", "--to", "Desktop"]).ok();
    let mut copy = sides.command("cp", sides.root());
    copy.args(["-R", "code", "copy"]);
    sides.run(copy, b"").ok();
    let copy = sides.path("copy");
    let refused = beacon(&sides, &copy, &["status"]);
    assert!(refused.code == 1 && refused.stderr.contains("has no beacon yet"), "{}", refused.stderr);
    beacon(&sides, &copy, &["init", "--as", "Lab"]).ok();
    let name = |dir: &Path| {
        let status = beacon(&sides, dir, &["status", "--json"]).ok().stdout;
        serde_json::from_str::<serde_json::Value>(&status).unwrap()["name"].clone()
    };
    assert_eq!((name(&code), name(&copy)), ("Code".into(), "Lab".into()));
}

#[test]
fn working_trees_that_are_moved_together_are_told_apart_by_their_names() {
    let sides = Sides::new();
    let code = sides.side("code", "Code");
    sides.git(&code, &["worktree", "add", "-q", sides.path("lab").to_str().unwrap()]);
    sides.join(&sides.path("lab"), "Lab");
    for (dir, text) in [(&code, "code\n"), (&sides.path("lab"), "lab\n")] {
        write(dir.join(PLAN), text);
        beacon(&sides, dir, &["push", "--to", "Desktop"]).ok();
    }
    let (code, lab) = (moved(&sides, &code, "new/code"), moved(&sides, &sides.path("lab"), "new/lab"));
    sides.git(&code, &["worktree", "repair", "../lab"]);
    for (dir, name) in [(&code, "Code"), (&lab, "Lab")] {
        let status = beacon(&sides, dir, &["status", "--json"]).ok().stdout;
        assert_eq!(serde_json::from_str::<serde_json::Value>(&status).unwrap()["name"], name);
    }
}

#[test]
fn a_kill_while_a_place_is_taken_over_leaves_one_side() {
    for step in ["beacon-moving", "beacon-moved"] {
        let sides = Sides::new();
        let code = sides.side("code", "Code");
        write(code.join(PLAN), "one\n");
        beacon(&sides, &code, &["push", "--to", "Desktop"]).ok();
        let mut copy = sides.command("cp", sides.root());
        copy.args(["-R", "code", "copy"]);
        sides.run(copy, b"").ok();
        let code = moved(&sides, &code, "elsewhere/work");
        sides.set("CRAFT_INTERNAL__KILL_AT", step);
        assert_eq!(beacon(&sides, &code, &["status"]).code, 128 + 9, "{step}");
        sides.unset("CRAFT_INTERNAL__KILL_AT");
        // Whoever comes first has it, and nobody beside them.
        beacon(&sides, &code, &["status"]).ok();
        let copy = sides.path("copy");
        let refused = beacon(&sides, &copy, &["status"]);
        assert!(refused.code == 1 && refused.stderr.contains("has no beacon yet"), "{step}: {}", refused.stdout);
        assert!(refused.stderr.contains("elsewhere/work"), "where the side is: {}", refused.stderr);
    }
}

#[test]
fn what_waited_in_a_place_that_comes_back_goes_out_once() {
    let sides = Sides::new();
    let (desktop, code) = (sides.side("desktop", "Desktop"), sides.side("code", "Code"));
    let away = moved(&sides, &sides.remote.clone(), "away.git");
    write(code.join(PLAN), "one\n");
    assert_ne!(beacon(&sides, &code, &["push"]).code, 0);
    // A copy is used while the drive of the other is not there.
    let mut copy = sides.command("cp", sides.root());
    copy.args(["-R", "code", "copy"]);
    sides.run(copy, b"").ok();
    let (drive, copy) = (moved(&sides, &code, "drive"), sides.path("copy"));
    moved(&sides, &away, "remote.git");
    beacon(&sides, &copy, &["queue", "send"]).ok();
    let code = moved(&sides, &drive, "code");
    let refused = beacon(&sides, &code, &["push"]);
    assert!(refused.code == 1 && refused.stderr.contains("copy"), "{}", refused.stderr);
    beacon(&sides, &code, &["init", "--as", "Code"]).ok();
    write(code.join(PLAN), "one\nof the drive\n");
    let _ = beacon(&sides, &code, &["pull"]);
    beacon(&sides, &code, &["push"]).ok();
    assert_eq!(sides.messages().len(), 2);
    // It is another side now, which knows nothing of what the former one has sent.
    assert_eq!(beacon(&sides, &desktop, &["pull"]).code, 3);
    beacon(&sides, &desktop, &["resolve", PLAN, "--theirs"]).ok();
    assert_eq!(read(desktop.join(PLAN)), b"one\nof the drive\n");
}
