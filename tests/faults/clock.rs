//! Clocks that jump between any two syncs.

use crate::common::{Pair, write};

const NOON: u64 = 1_800_000_000_000;
const DAY: u64 = 86_400_000;
const YEARS: u64 = 3_650 * DAY;

#[test]
fn a_clock_that_jumps_keeps_no_session_from_being_synced() {
    let pair = Pair::enrolled();
    let far = [NOON, NOON - DAY, NOON + YEARS, NOON + 60_000, DAY, NOON + 120_000, NOON + 120_000];
    for (n, now) in far.into_iter().enumerate() {
        pair.set("CRAFT_INTERNAL__NOW_MS", now.to_string());
        let theirs = format!("theirs {n}.txt");
        pair.git(&pair.b, &["pull", "-q"]);
        pair.b_pushes(&theirs, "theirs\n");
        pair.session_start(&pair.a, &format!("s{n}"));
        pair.wait_for_worker(&pair.a);
        // Twice at the same time, the second start is too soon for a pull of its own; the end takes it in.
        let mine = format!("mine {n}.txt");
        write(pair.a.join(&mine), "mine\n");
        pair.session_end(&pair.a, &format!("s{n}"));
        pair.wait_for_worker(&pair.a);
        assert_eq!(pair.remote_file(&mine), "mine\n", "at {now}");
        assert!(pair.a.join(&theirs).exists(), "at {now}");
    }
    pair.whole();
}

#[test]
fn a_backoff_and_a_debounce_of_a_time_to_come_end_when_the_clock_is_set_right() {
    let pair = Pair::over_ssh();
    pair.configure(serde_json::json!({
        "retry": {"baseMs": 60_000, "capMs": 1_800_000},
        "autoSync": {"triggers": {"userPrompt": {"probability": 1, "debounceMs": 5_000}}},
    }));
    // Ten years ahead a push fails, and is put off; a prompt is looked at.
    pair.set("CRAFT_INTERNAL__NOW_MS", (NOON + YEARS).to_string());
    pair.ssh_says(Some("Connection reset by peer\nfatal: Could not read from remote repository.\n"));
    write(pair.a.join("mine.txt"), "mine\n");
    pair.session_end(&pair.a, "s");
    pair.wait_until_quiet();
    pair.prompt(&pair.a, "s");
    pair.wait_until_quiet();
    assert!(!pair.queued().is_empty());
    // The clock is right again.
    pair.set("CRAFT_INTERNAL__NOW_MS", NOON.to_string());
    pair.ssh_says(None);
    pair.prompt(&pair.a, "t");
    pair.wait_for_worker(&pair.a);
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    pair.whole();
}

#[test]
fn a_lock_is_not_taken_for_old_because_the_clock_jumped_while_its_git_lives() {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    let (editing, finish) = (pair.path("editing"), pair.path("finish"));
    let text = format!("touch '{}'; cat '{}' >/dev/null; echo 'by hand' >\"$1\"", editing.display(), finish.display());
    crate::common::script(pair.path("editor"), &text);
    let mut command = pair.command("mkfifo", pair.root());
    command.arg(&finish);
    pair.run(command, b"").ok();
    let mut command = pair.command("git", &pair.a);
    command.args(["commit", "-qa"]).env("GIT_EDITOR", pair.path("editor")).stdout(std::process::Stdio::null());
    let mut user = command.spawn().unwrap();
    while !editing.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    pair.set("CRAFT_INTERNAL__NOW_MS", (NOON + YEARS).to_string());
    let forced = pair.force("sync");
    assert!(matches!(forced.report.end, claude_craft::sync::outcome::End::Busy { .. }), "{forced:#?}");
    std::fs::write(&finish, "").unwrap();
    assert!(user.wait().unwrap().success(), "the user's commit goes through");
    super::comes_right(&pair, "afterwards");
}
