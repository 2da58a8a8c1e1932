//! What a command of the beacon says is to be typed next, typed as it stands.

use std::path::Path;

use serde_json::{Value, json};

use super::common::{Pair, Ran, read, write};

const PLAN: &str = ".claude/planning/the plan.md";

/// Two sides, Code and Desktop.
fn sides() -> Pair {
    let pair = Pair::new();
    beacon(&pair, &pair.a, &["init"]).ok();
    beacon(&pair, &pair.b, &["init", "--as", "Desktop"]).ok();
    pair
}

fn beacon(pair: &Pair, at: &Path, args: &[&str]) -> Ran {
    pair.craft(at, &[&["beacon"], args].concat())
}

/// A line that says what to type, run by a shell in a folder.
#[track_caller]
fn typed(pair: &Pair, at: &Path, said: &str, mark: &str, word: &str) -> Ran {
    let line = said.lines().filter_map(|l| l.strip_prefix(mark)).find(|l| l.contains(word));
    let line = line.unwrap_or_else(|| panic!("no {mark:?} with {word:?} in:\n{said}"));
    let program = env!("CARGO_BIN_EXE_craft");
    let mut command = pair.command("sh", at);
    command.args(["-c", &line.trim().replacen("craft", &format!("'{program}'"), 1)]);
    pair.run(command, b"")
}

#[test]
fn what_is_said_to_settle_a_conflict_does_so_from_any_folder_and_no_push_is_proposed_before() {
    let pair = sides();
    write(pair.a.join(PLAN), "one\n");
    beacon(&pair, &pair.a, &["push"]).ok();
    write(pair.b.join(PLAN), "two\n");
    let pulled = beacon(&pair, &pair.b, &["pull"]);
    assert_eq!(pulled.code, 3);

    let status = beacon(&pair, &pair.b, &["status"]).ok().stdout;
    assert!(status.contains("AHEAD: 1 file") && !status.contains("craft beacon push"), "{status}");
    let below = pair.b.join(".claude/planning");
    let shown = typed(&pair, &below, &status, "next: ", "diff").ok().stdout;
    assert!(shown.contains("-two\n+one\n"), "{shown}");
    let settled = typed(&pair, &below, &pulled.stdout, "next: ", "resolve").ok().stdout;
    assert_eq!(read(pair.b.join(PLAN)), b"two\n");
    typed(&pair, &pair.b, &settled, "next: ", "push").ok();
    beacon(&pair, &pair.a, &["pull"]).ok();
    assert_eq!(read(pair.a.join(PLAN)), b"two\n");

    std::fs::remove_file(pair.a.join(PLAN)).unwrap();
    let unasked = beacon(&pair, &pair.a, &["push"]).ok().stdout;
    typed(&pair, &pair.a.join(".claude"), &unasked, "next: ", "push").ok();
    beacon(&pair, &pair.b, &["pull"]).ok();
    assert!(!pair.b.join(PLAN).exists());
}

#[test]
fn what_waits_on_another_channel_is_taken_in_from_there() {
    let pair = sides();
    write(pair.a.join(PLAN), "one\n");
    beacon(&pair, &pair.a, &["push", "--channel", "draft"]).ok();
    let status = beacon(&pair, &pair.b, &["status", "--channel", "draft"]).ok().stdout;
    typed(&pair, &pair.b, &status, "next: ", "pull").ok();
    assert_eq!(read(pair.b.join(PLAN)), b"one\n");
}

#[test]
fn a_stranger_is_accepted_by_the_command_that_is_shown() {
    let pair = sides();
    pair.git(&pair.b, &["config", "user.email", "eve@example.org"]);
    write(pair.b.join(PLAN), "hers\n");
    beacon(&pair, &pair.b, &["push"]).ok();

    let status = beacon(&pair, &pair.a, &["status", "--exit-code"]);
    assert_eq!(status.code, 4, "a script is told that somebody has to look");
    let pulled = beacon(&pair, &pair.a, &["pull"]);
    assert_eq!(pulled.code, 4);
    assert!(!pair.a.join(PLAN).exists());
    typed(&pair, &pair.a, &status.stdout, "if you know them: ", "eve@example.org").ok();
    beacon(&pair, &pair.a, &["pull"]).ok();
    assert_eq!(read(pair.a.join(PLAN)), b"hers\n");
}

#[test]
fn a_folder_stands_for_what_was_changed_in_it() {
    let pair = sides();
    write(pair.a.join(PLAN), "one\n");
    write(pair.a.join(".claude/implementation/i.md"), "one\n");
    let pushed = |folder: &str| -> Value {
        let ran = beacon(&pair, &pair.a, &["push", "--json", folder]).ok();
        serde_json::from_str::<Value>(&ran.stdout).unwrap()["files"].clone()
    };
    assert_eq!(pushed(".claude/planning/session-notes"), json!([]), "nothing is in it");
    assert_eq!(pushed(".claude/planning/"), json!([PLAN]));
    assert_eq!(pushed(".claude"), json!([".claude/implementation/i.md"]), "what was sent is not sent again");
    write(pair.a.join("src/x.rs"), "x\n");
    assert_eq!(beacon(&pair, &pair.a, &["push", "src"]).code, 1, "what is no folder of the beacon's is refused");
}

#[test]
fn the_queue_is_listed_as_data_without_a_verb() {
    let pair = sides();
    let ran = beacon(&pair, &pair.a, &["queue", "--json"]).ok();
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap(), json!({"version": 1, "queued": []}));
    assert_eq!(beacon(&pair, &pair.a, &["queue", "--json", "send"]).code, 2);
}
