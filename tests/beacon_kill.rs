//! A pull that is killed anywhere loses nothing, and the next one comes to the very same end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use claude_craft::ops::beacon::send;
use serde_json::json;

use super::common::desk::{Desk, Item};
use super::common::{Entry, read, tree, write};

const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n";
/// A file for each thing that may become of one.
const FILES: [&str; 8] = ["archived", "conflict", "kept", "merged", "same", "settled", "twice", "updated"];

fn path(name: &str) -> String {
    format!(".claude/planning/{name}.md")
}

fn line(number: u32, text: &str) -> String {
    LINES.replace(&format!("{number}\n"), &format!("{text}\n"))
}

/// All that can become of a file, in two messages that wait.
fn scene() -> Desk {
    let desk = Desk::new();
    desk.set("CRAFT_INTERNAL__NOW_MS", "1800000000000");
    let all: Vec<_> = FILES.iter().map(|name| Item::new(&path(name), LINES)).collect();
    desk.post(&all);
    assert_eq!(desk.pulled().len(), FILES.len());
    write(desk.a.join(path("settled")), line(2, "ours"));
    desk.post(&[Item::new(&path("settled"), line(2, "theirs")).from(LINES)]);
    assert_eq!(desk.pull().conflicts.len(), 1);
    for name in ["merged", "conflict", "twice", "kept"] {
        write(desk.a.join(path(name)), line(2, "ours"));
    }
    write(desk.a.join(path("same")), line(5, "theirs"));
    desk.post(&[
        Item::gone(&path("archived")).from(LINES),
        Item::new(&path("conflict"), line(2, "theirs")).from(LINES),
        Item::new(".claude/implementation/new/run.sh", "#!/bin/sh\n").executable(),
        Item::gone(&path("kept")).from(LINES),
        Item::new(&path("merged"), line(6, "theirs")).from(LINES),
        Item::new(&path("same"), line(5, "theirs")).from(LINES),
        Item::new(&path("twice"), line(4, "theirs")).from(LINES),
        Item::new(&path("updated"), line(1, "theirs")).from(LINES),
    ]);
    desk.post(&[
        Item::new(&path("settled"), line(2, "ours")).from(line(2, "theirs")),
        Item::new(&path("twice"), line(4, "again")).from(line(4, "theirs")),
    ]);
    desk
}

/// What must be the same in the end: files with their bytes, and what was taken in.
fn end(desk: &Desk) -> (BTreeMap<PathBuf, Entry>, String) {
    (tree(&desk.a), desk.applied_tree())
}

fn pull(desk: &Desk) -> i32 {
    desk.craft(&desk.a, &["beacon", "pull"]).code
}

/// The end without a kill, and the steps that are passed on the way.
fn undisturbed() -> ((BTreeMap<PathBuf, Entry>, String), Vec<String>) {
    let desk = scene();
    let file = desk.path("passed");
    desk.set("CRAFT_INTERNAL__KILL_AT", &file);
    pull(&desk);
    let text = String::from_utf8(read(file)).unwrap();
    let mut names: Vec<String> = text.lines().filter(|l| l.starts_with("beacon-pull-")).map(str::to_owned).collect();
    names.dedup();
    assert_eq!(desk.text(&path("merged")), line(2, "ours").replace("6\n", "theirs\n"));
    assert_eq!(desk.text(&path("twice")), line(2, "ours").replace("4\n", "again\n"));
    assert_eq!(desk.text(&path("conflict")), line(2, "ours"));
    assert_eq!(desk.text(".claude/planning/conflict.md.theirs"), line(2, "theirs"));
    assert_eq!(desk.text(".claude/planning/settled.md.theirs"), "-");
    assert_eq!(desk.text(&path("archived")), "-");
    assert_eq!(desk.text(".claude/sync/archive/2027-01-15/.claude/planning/archived.md"), LINES);
    (end(&desk), names)
}

/// Kills at each of the steps that `wanted` picks by their number.
fn play(wanted: impl Fn(usize) -> bool) {
    let (wanted_end, steps) = undisturbed();
    assert!(steps.len() > 20, "{steps:?}");
    // Between the step before a rename and the one before that nothing is done.
    let steps = steps.iter().filter(|step| !step.contains("-before-"));
    for step in steps.enumerate().filter(|(n, _)| wanted(*n)).map(|(_, step)| step) {
        let desk = scene();
        let files: Vec<PathBuf> = tree(&desk.a).into_keys().filter(|f| f.starts_with(".claude/planning")).collect();
        let before: Vec<_> = files.iter().map(|f| read(desk.a.join(f))).collect();
        desk.set("CRAFT_INTERNAL__KILL_AT", step);
        assert_eq!(pull(&desk), 128 + 9, "{step}");
        let kept = desk.kept();
        assert!(before.iter().all(|bytes| kept.contains(bytes)), "{step}: something is lost");
        // A second kill at the same place, where the second pull comes there at all.
        pull(&desk);
        desk.unset("CRAFT_INTERNAL__KILL_AT");
        assert_ne!(pull(&desk), 128 + 9, "{step}");
        let kept = desk.kept();
        assert!(before.iter().all(|bytes| kept.contains(bytes)), "{step}: something is lost in the end");
        assert_eq!(end(&desk), wanted_end, "{step}");
        assert!(!desk.a.join(".claude/sync/.stage").exists(), "{step}");
        desk.whole();
    }
}

#[test]
fn every_step_of_a_pull_that_has_a_name_comes_up() {
    let (_, passed) = undisturbed();
    let mut names = Vec::new();
    for file in ["apply.rs", "pull.rs"] {
        let text = std::fs::read_to_string(Path::new("src/ops/beacon").join(file)).unwrap();
        for call in text.split("step)(").chain(text.split(" step(")).skip(1) {
            let name = call.split('"').nth(1).unwrap_or_default().split('{').next().unwrap_or_default();
            if call.find('"').is_some_and(|at| at < 10) {
                names.push(format!("beacon-pull-{name}"));
            }
        }
    }
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        assert!(passed.iter().any(|p| p.starts_with(&name)), "no scene comes to {name}: {passed:?}");
    }
}

#[test]
fn a_pull_that_is_killed_at_a_first_of_three_steps_comes_to_the_same_end() {
    play(|n| n % 3 == 0);
}

#[test]
fn a_pull_that_is_killed_at_a_second_of_three_steps_comes_to_the_same_end() {
    play(|n| n % 3 == 1);
}

#[test]
fn a_pull_that_is_killed_at_a_third_of_three_steps_comes_to_the_same_end() {
    play(|n| n % 3 == 2);
}

#[test]
fn what_is_edited_after_a_kill_is_the_users_and_stays() {
    let (_, steps) = undisturbed();
    let step = steps.iter().rfind(|s| s.contains("-moved-")).unwrap();
    let desk = scene();
    desk.set("CRAFT_INTERNAL__KILL_AT", step);
    assert_eq!(pull(&desk), 128 + 9);
    desk.unset("CRAFT_INTERNAL__KILL_AT");
    let edit = format!("{}8\n", line(1, "theirs"));
    write(desk.a.join(path("updated")), &edit);
    write(desk.a.join(path("archived")), "made anew");
    pull(&desk);
    assert_eq!(desk.text(&path("updated")), edit, "it is merged, and theirs is in it already");
    assert_eq!(desk.text(&path("archived")), "made anew");
    assert_eq!(desk.text(&path("merged")), line(2, "ours").replace("6\n", "theirs\n"));
}

#[test]
fn another_message_after_a_kill_is_taken_in_as_if_there_had_been_none() {
    let more = |desk: &Desk| {
        desk.post(&[
            Item::new(&path("merged"), line(6, "theirs").replace("7\n", "more\n")).from(line(6, "theirs")),
            Item::new(&path("conflict"), line(2, "newer")).from(line(2, "theirs")),
            Item::new(&path("archived"), "back again"),
        ]);
    };
    let desk = scene();
    more(&desk);
    pull(&desk);
    let wanted = end(&desk);
    let (_, steps) = undisturbed();
    for step in steps.iter().filter(|s| s.contains("-moved-")).skip(1).step_by(3) {
        let desk = scene();
        desk.set("CRAFT_INTERNAL__KILL_AT", step);
        assert_eq!(pull(&desk), 128 + 9);
        desk.unset("CRAFT_INTERNAL__KILL_AT");
        more(&desk);
        pull(&desk);
        let (mut files, applied) = end(&desk);
        // Of the copy that was made on the way something may be left in the archive.
        files.retain(|path, _| wanted.0.contains_key(path) || !path.starts_with(".claude/sync/archive"));
        let mut expected = wanted.0.clone();
        expected.retain(|path, _| files.contains_key(path) || !path.starts_with(".claude/sync/archive"));
        assert_eq!((files, applied), (expected, wanted.1.clone()), "{step}");
    }
}

/// A conflict in a file of which two messages wait to go out, beside other files.
fn open_conflict() -> Desk {
    let desk = Desk::new();
    desk.set("CRAFT_INTERNAL__NOW_MS", "1800000000000");
    desk.post(&[Item::new(&path("a"), LINES)]);
    assert_eq!(desk.pulled().len(), 1);
    desk.configure(json!({"permissions": {"beacon": {"overrides": {"push": true}}}}));
    desk.git(&desk.a, &["remote", "set-url", "origin", "/nowhere.git"]);
    for (names, text) in [(&["a", "b"][..], "ours"), (&["c"], "ours"), (&["a"], "ours too")] {
        let files: Vec<_> = names.iter().map(|name| path(name)).collect();
        for file in &files {
            write(desk.a.join(file), line(2, text));
        }
        let files = files.iter().map(String::as_str);
        desk.craft(&desk.a, &["beacon", "push"].into_iter().chain(files).collect::<Vec<_>>());
    }
    desk.git(&desk.a, &["remote", "set-url", "origin", desk.remote.to_str().unwrap()]);
    desk.configure(json!({"permissions": {"beacon": {"overrides": {"push": false}}}}));
    desk.post(&[Item::new(&path("a"), line(2, "theirs")).from(LINES)]);
    assert_eq!((desk.pull().conflicts, waiting(&desk)), (vec![path("a")], vec![vec!["a", "b"], vec!["c"], vec!["a"]]));
    desk
}

/// The names of the files in each message that waits to go out.
fn waiting(desk: &Desk) -> Vec<Vec<&'static str>> {
    let ctx = desk.context();
    let place = desk.place(&ctx);
    let queued = send::queued(&place, &place.git(&ctx)).unwrap().into_iter();
    let names = |paths: Vec<String>| ["a", "b", "c"].into_iter().filter(|n| paths.contains(&path(n))).collect();
    queued.map(|q| names(q.message.files.into_iter().map(|f| f.path).collect())).collect()
}

/// Kills `craft beacon resolve` at each step; where `pulls`, somebody pulls before it is tried again.
fn settle(how: &str, pulls: bool) {
    let words = ["beacon", "resolve", &path("a"), how];
    let desk = open_conflict();
    let file = desk.path("passed");
    desk.set("CRAFT_INTERNAL__KILL_AT", &file);
    desk.craft(&desk.a, &words).ok();
    desk.unset("CRAFT_INTERNAL__KILL_AT");
    assert_eq!((waiting(&desk), desk.text(".claude/planning/a.md.theirs")), (vec![vec!["b"], vec!["c"]], "-".into()));
    let wanted = end(&desk);
    let text = String::from_utf8(read(file)).unwrap();
    let mut steps: Vec<_> = text.lines().filter_map(|l| l.strip_prefix("beacon-resolve-")).collect();
    steps.dedup();
    let named = ["staged", "kept", "planned", "taken-0", "moved-0", "moved", "unqueued", "applied"];
    assert!(named.iter().all(|name| steps.contains(name)), "{steps:?}");
    // Between the step before a rename and the one before that nothing is done.
    for step in steps.iter().filter(|step| !step.starts_with("before-")) {
        let desk = open_conflict();
        desk.set("CRAFT_INTERNAL__KILL_AT", format!("beacon-resolve-{step}"));
        assert_eq!(desk.craft(&desk.a, &words).code, 128 + 9, "{step}");
        desk.unset("CRAFT_INTERNAL__KILL_AT");
        let kept = desk.kept();
        assert!(kept.contains(&line(2, "ours too").into_bytes()), "{step}: something is lost");
        if pulls {
            pull(&desk);
        }
        let again = desk.craft(&desk.a, &words);
        assert!(
            again.code == 0 || (*step == "applied" && again.stderr.contains("has no conflict")),
            "{step}: {again:?}"
        );
        pull(&desk);
        assert_eq!((end(&desk), waiting(&desk)), (wanted.clone(), vec![vec!["b"], vec!["c"]]), "{how} {step}");
        assert!(desk.kept().contains(&line(2, "ours too").into_bytes()), "{step}: something is lost in the end");
        assert!(!desk.a.join(".claude/sync/.stage").exists(), "{step}");
        desk.whole();
    }
}

#[test]
fn a_conflict_whose_settling_is_killed_anywhere_is_settled_by_the_next_try() {
    settle("--theirs", false);
}

#[test]
fn who_pulls_after_a_settling_was_killed_ends_and_undoes_nothing() {
    settle("--theirs", true);
}

#[test]
fn ours_stays_wherever_its_settling_is_killed() {
    settle("--ours", false);
}
