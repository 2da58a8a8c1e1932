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
    let settled =
        typed(&pair, &below, &pulled.stdout, "then one of --ours, --theirs, --merged: ", "resolve").ok().stdout;
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

#[test]
fn a_name_that_nobody_has_is_said_and_one_that_somebody_has_is_not() {
    let pair = sides();
    let push = |at: &Path, text: &str, to: &[&str]| {
        write(at.join(PLAN), text);
        beacon(&pair, at, &[&["push"], to].concat()).ok().stdout
    };
    assert!(!push(&pair.a, "one\n", &["--to", "Somebody"]).contains("nobody called"), "there is nobody yet");
    beacon(&pair, &pair.b, &["init", "--as", "Lab"]).ok();
    push(&pair.b, "lab\n", &["--to", "Code"]);
    beacon(&pair, &pair.b, &["init", "--as", "Desktop"]).ok();
    // To Lab the file is new: what was sent to somebody else it never had.
    assert_eq!(beacon(&pair, &pair.a, &["pull"]).code, 3);
    beacon(&pair, &pair.a, &["resolve", PLAN, "--theirs"]).ok();
    for to in ["Desktop", "*", "Somebody", "Lab"] {
        let said = push(&pair.a, &format!("{to}\n"), &["--to", to]);
        assert!(!said.contains("nobody called") && said.contains("sent message"), "{said}");
    }
    let said = push(&pair.a, "x\n", &["--to", "Dekstop", "--to", "Desktop"]);
    let remark = "note: nobody called Dekstop was ever heard of on channel main; known: Desktop, Lab, Somebody\n";
    assert!(said.contains("sent message") && said.contains(remark), "{said}");
}

#[test]
fn another_name_says_what_it_leaves_behind_and_the_way_back() {
    let pair = sides();
    write(pair.b.join(PLAN), "one\n");
    beacon(&pair, &pair.b, &["push"]).ok();
    beacon(&pair, &pair.a, &["status"]).ok();
    let said = beacon(&pair, &pair.a, &["init", "--as", "Lab"]).ok().stdout;
    assert!(said.starts_with("this working tree is Lab, and was Code until now"), "{said}");
    assert!(said.contains("`craft beacon init --as Code` takes the name back"), "{said}");
    assert!(said.contains("1 message for Code will not be taken in; with the name back, `craft beacon pull` does"));
    assert_eq!(beacon(&pair, &pair.a, &["status", "--exit-code"]).code, 0, "it is another's now");
    beacon(&pair, &pair.a, &["init", "--as", "Code"]).ok();
    beacon(&pair, &pair.a, &["pull"]).ok();
    assert_eq!(read(pair.a.join(PLAN)), b"one\n");

    // What waits to go out stays on the channel that it is for.
    pair.git(&pair.a, &["remote", "set-url", "origin", "/nowhere/x.git"]);
    write(pair.a.join(PLAN), "two\n");
    beacon(&pair, &pair.a, &["push"]);
    let said = beacon(&pair, &pair.a, &["init", "--channel", "night"]).ok().stdout;
    assert!(said.contains("1 message to go out on channel main: `craft beacon queue send --channel main`"), "{said}");
}

#[test]
fn what_is_typed_next_goes_to_the_folder_that_was_named() {
    let pair = sides();
    let away = |args: &[&str]| pair.craft(pair.root(), &[&["-C", "a", "beacon"], args].concat());
    write(pair.b.join(PLAN), "theirs\n");
    beacon(&pair, &pair.b, &["push", "--channel", "draft"]).ok();
    write(pair.a.join(PLAN), "mine\n");
    let clash = away(&["push", "--channel", "draft"]);
    assert_eq!(clash.code, 3);
    assert!(clash.stderr.contains("pull first: `craft -C a beacon pull --channel draft`"), "{}", clash.stderr);
    let status = away(&["status", "--channel", "draft"]).ok().stdout;
    let pulled = typed(&pair, pair.root(), &status, "next: ", "pull");
    assert_eq!(pulled.code, 3);
    let shown = typed(&pair, pair.root(), &pulled.stdout, "next: ", "diff").ok().stdout;
    assert!(shown.contains("+theirs"), "{shown}");
    typed(&pair, pair.root(), &pulled.stdout, "then one of --ours, --theirs, --merged: ", "resolve").ok();
    assert!(away(&["queue", "drop", "0"]).stderr.contains("`craft -C a beacon queue` shows what waits"));
}

#[test]
fn a_status_says_what_it_does_not_read_and_what_is_to_be_done_about_a_remote() {
    let pair = sides();
    let planning = pair.a.join(".claude/planning");
    std::fs::remove_dir_all(&planning).unwrap();
    std::os::unix::fs::symlink(pair.root(), &planning).unwrap();
    std::fs::remove_dir_all(pair.a.join(".claude/implementation")).unwrap();
    write(pair.a.join(".claude/implementation"), "a file\n");
    pair.git(&pair.a, &["remote", "remove", "origin"]);
    let said = beacon(&pair, &pair.a, &["status"]).ok().stdout;
    for line in [
        "not read: .claude/planning is a symbolic link",
        "not read: .claude/implementation is no folder",
        "  add it with `git remote add origin URL`, or name another with",
    ] {
        assert!(said.lines().any(|l| l.starts_with(line)), "{line}\n{said}");
    }
    let data: Value = serde_json::from_str(&beacon(&pair, &pair.a, &["status", "--json"]).ok().stdout).unwrap();
    assert_eq!(data["left"][0]["path"], ".claude/planning");
    assert!(data["offline"]["remedy"].as_str().unwrap().starts_with("add it"));
}

#[test]
fn a_side_that_sends_to_nobody_is_told_to_name_somebody() {
    let pair = sides();
    beacon(&pair, &pair.a, &["init", "--as", "Lab"]).ok();
    write(pair.a.join(PLAN), "one\n");
    let said = beacon(&pair, &pair.a, &["status"]).ok().stdout;
    assert!(said.ends_with("next: craft beacon push --to NAME\n"), "{said}");
    write(pair.b.join(PLAN), "hello\n");
    beacon(&pair, &pair.b, &["push", "--to", "Lab"]).ok();
    beacon(&pair, &pair.a, &["pull"]);
    beacon(&pair, &pair.a, &["resolve", PLAN, "--ours"]).ok();
    let said = beacon(&pair, &pair.a, &["status"]).ok().stdout;
    typed(&pair, &pair.a, &said, "next: ", "push --to Desktop").ok();
}

#[test]
fn a_file_beside_the_folders_is_refused_with_the_folders_and_the_way_to_add_one() {
    let pair = sides();
    write(pair.a.join("docs/notes/x.md"), "x\n");
    let said = beacon(&pair, &pair.a, &["push", "docs/notes/x.md"]).stderr;
    assert!(said.contains("it takes files from .claude/planning and .claude/implementation; `"), "{said}");
    let way = said.split('`').find(|part| part.starts_with("craft auto-sync")).unwrap();
    typed(&pair, &pair.a, way, "", "beacon.folders").ok();
    let pushed = beacon(&pair, &pair.a, &["push", "docs/notes/x.md"]).ok().stdout;
    assert!(pushed.contains("sent message 1"), "{pushed}");
    // No folder can be added for these.
    for file in ["readme.md", ".git/config", ".claude/agents/x.md"] {
        let said = beacon(&pair, &pair.a, &["push", file]);
        assert!(said.code == 1 && !said.stderr.contains("config set"), "{file}: {}", said.stderr);
    }
}
