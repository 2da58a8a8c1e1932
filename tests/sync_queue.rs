//! Hooks, the queue and the worker: nothing that was asked for is forgotten.

use std::process::Stdio;

use claude_craft::fs::layout::repo_key;
use serde_json::{Value, json};

use crate::common::{FakeGit, Pair, Rule, State, tree, write};

const HOUR: u64 = 3_600_000;
const NOON: u64 = 1_800_000_000_000;

/// What the state file says of `a`.
fn recorded(pair: &Pair) -> Value {
    let state = pair.state_file();
    state["repositories"][pair.a.join(".git").to_str().unwrap()].clone()
}

/// Ends of sessions say nothing but what needs the user.
fn silent(pair: &Pair) {
    pair.configure(json!({"autoSync": {"triggers": {"sessionEnd": {"silent": true}}}}));
}

/// A session in `a` that writes a file, to its end, at a time of its own; what its start said.
#[track_caller]
fn session(pair: &Pair, n: u64) -> String {
    pair.set("CRAFT_INTERNAL__NOW_MS", (NOON + n * 24 * HOUR).to_string());
    let said = pair.session_start(&pair.a, &format!("s{n}"));
    pair.wait_until_quiet();
    write(pair.a.join(format!("{n}.txt")), format!("{n}\n"));
    pair.session_end(&pair.a, &format!("s{n}"));
    pair.wait_until_quiet();
    said
}

#[test]
fn a_session_that_began_before_its_repository_was_enrolled_is_missed_too_when_its_client_is_killed() {
    let pair = Pair::new();
    pair.session_start(&pair.a, "early");
    pair.auto_sync(&pair.a, &["enable"]);
    pair.configure(json!({"autoSync": {"triggers": {"userPrompt": {"enabled": false}}}}));
    let mut client = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
    pair.set("CLAUDE_PID", client.id().to_string());
    pair.prompt(&pair.a, "early");
    pair.unset("CLAUDE_PID");
    write(pair.a.join("mine.txt"), "mine");
    client.kill().unwrap();
    client.wait().unwrap();
    pair.session_start(&pair.a, "next");
    pair.wait_for_worker(&pair.a);
    assert_eq!(pair.remote_file("mine.txt"), "mine");
}

#[test]
fn a_session_begins_with_the_latest_and_ends_with_its_work_sent() {
    let pair = Pair::enrolled();
    pair.b_pushes("theirs.txt", "theirs\n");
    pair.session_start(&pair.a, "s");
    pair.wait_for_worker(&pair.a);
    assert_eq!(tree(&pair.a), tree(&pair.b));
    pair.edit(&pair.a, "one.txt", 1, "mine");
    write(pair.a.join("deep/new.txt"), "new\n");
    pair.session_end(&pair.a.join("deep"), "s");
    pair.wait_for_worker(&pair.a);
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
    assert_eq!(pair.remote_file("deep/new.txt"), "new\n");
    assert!(pair.remote_log()[0].starts_with("Auto-sync: Session end "), "{:?}", pair.remote_log());
    assert_eq!(pair.changes(), "");
    pair.whole();
    let state = pair.state_file();
    assert_eq!(state["lastSync"]["type"], "session-end");
    assert_eq!(state["lastSync"]["status"], "success");
    let counts = &state["statistics"];
    assert_eq!(
        (&counts["totalSyncs"], &counts["sessionStartSyncs"], &counts["sessionEndSyncs"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(recorded(&pair)["statistics"]["failedSyncs"], 0);
    assert_eq!(std::fs::read_dir(pair.craft_dir().join("sessions")).unwrap().count(), 0, "the session is over");
}

#[test]
fn a_prompt_syncs_when_the_dice_say_so() {
    let pair = Pair::enrolled();
    pair.configure(json!({"autoSync": {"triggers": {"userPrompt": {"probability": 1, "debounceMs": 0}}}}));
    pair.b_pushes("theirs.txt", "theirs\n");
    write(pair.a.join("mine.txt"), "mine\n");
    pair.prompt(&pair.a, "s");
    pair.wait_for_worker(&pair.a);
    let remote = pair.remote_tree();
    assert_eq!([&remote["mine.txt"], &remote["theirs.txt"]], ["mine\n", "theirs\n"]);
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
    assert_eq!(pair.state_file()["statistics"]["promptSyncs"], 1);
}

#[test]
fn a_request_whose_worker_never_came_is_done_by_the_next() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let tip = pair.remote_tip();
    pair.set("CRAFT_WORKER", "/bin/false");
    for n in 0..3 {
        pair.session_end(&pair.a, &format!("s{n}"));
    }
    pair.wait_until_quiet();
    assert_eq!(pair.queued().len(), 3);
    assert_eq!(pair.remote_tip(), tip);
    pair.unset("CRAFT_WORKER");
    pair.session_start(&pair.a, "next");
    pair.wait_for_worker(&pair.a);
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    assert_eq!(pair.git(&pair.remote, &["rev-list", "--count", "main"]), "2", "three requests, one commit");
    pair.whole();
}

#[test]
fn a_worker_program_that_is_missing_costs_the_hook_nothing() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.set("CRAFT_WORKER", "/nonexistent/craft");
    pair.session_end(&pair.a, "s");
    assert_eq!(pair.queued().len(), 1);
    pair.unset("CRAFT_WORKER");
    pair.session_start(&pair.a, "next");
    pair.wait_for_worker(&pair.a);
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
}

#[test]
fn eight_sessions_that_end_at_once_lose_nothing() {
    let pair = Pair::enrolled();
    pair.set("CLAUDE_PID", std::process::id().to_string());
    let hooks: Vec<_> = (0..8)
        .map(|n| {
            write(pair.a.join(format!("mine-{n}.txt")), format!("{n}\n"));
            let mut command = pair.command(env!("CARGO_BIN_EXE_craft-session-end"), &pair.a);
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            let event = json!({
                "session_id": format!("s{n}"), "transcript_path": "/dev/null", "cwd": pair.a,
                "hook_event_name": "SessionEnd", "reason": "other",
            });
            std::io::Write::write_all(child.stdin.as_mut().unwrap(), event.to_string().as_bytes()).unwrap();
            child
        })
        .collect();
    for mut hook in hooks {
        assert!(hook.wait().unwrap().success());
    }
    pair.wait_for_worker(&pair.a);
    let remote = pair.remote_tree();
    for n in 0..8 {
        assert_eq!(remote[&format!("mine-{n}.txt")], format!("{n}\n"));
    }
    assert_eq!(pair.changes(), "");
    assert_eq!(recorded(&pair)["statistics"]["failedSyncs"], 0);
    pair.whole();
}

#[test]
fn a_busy_lock_leaves_the_request_for_later() {
    let pair = Pair::enrolled();
    pair.configure(json!({"lock": {"timeoutSeconds": 0}}));
    write(pair.a.join("mine.txt"), "mine\n");
    write(pair.a.join(".git/craft/lock"), "");
    let lock = std::fs::File::open(pair.a.join(".git/craft/lock")).unwrap();
    fs2::FileExt::lock_exclusive(&lock).unwrap();
    let tip = pair.remote_tip();
    pair.session_end(&pair.a, "s");
    pair.wait_until_quiet();
    assert_eq!(pair.remote_tip(), tip);
    assert_eq!(pair.queued().len(), 1);
    drop(lock);
    pair.set("CRAFT_INTERNAL__NOW_MS", (NOON + 10_000 * 24 * HOUR).to_string());
    pair.session_start(&pair.a, "next");
    pair.wait_for_worker(&pair.a);
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
}

#[test]
fn a_push_made_offline_goes_out_at_the_next_start() {
    let pair = Pair::over_ssh();
    silent(&pair);
    pair.ssh_says(Some("ssh: connect to host host.example port 22: Network is unreachable\n"));
    for n in 0..7 {
        assert_eq!(session(&pair, n), "", "being offline is nothing to complain about");
    }
    assert_eq!(pair.remote_log(), ["first"]);
    assert_eq!(pair.changes(), "", "the work is committed");
    assert_eq!(recorded(&pair)["paused"], Value::Null, "offline is no failure");
    pair.ssh_says(None);
    pair.set("CRAFT_INTERNAL__NOW_MS", (NOON + 10 * 24 * HOUR).to_string());
    pair.session_start(&pair.a, "next");
    pair.wait_for_worker(&pair.a);
    let remote = pair.remote_tree();
    for n in 0..7 {
        assert_eq!(remote[&format!("{n}.txt")], format!("{n}\n"));
    }
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
    pair.whole();
}

#[test]
fn the_work_of_a_session_that_died_is_recovered() {
    let pair = Pair::enrolled();
    let mut client = pair.command("sleep", pair.root()).arg("1000").spawn().unwrap();
    pair.set("CLAUDE_PID", client.id().to_string());
    pair.session_start(&pair.a, "dies");
    pair.wait_for_worker_but(&pair.a, client.id());
    write(pair.a.join("mine.txt"), "mine\n");
    pair.unset("CLAUDE_PID");
    pair.session_start(&pair.a, "beside");
    pair.wait_for_worker_but(&pair.a, client.id());
    assert_eq!(pair.remote_log(), ["first"], "as long as its client lives, its work is its own");
    client.kill().unwrap();
    client.wait().unwrap();
    pair.session_start(&pair.a, "next");
    pair.wait_for_worker(&pair.a);
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
    assert_eq!(pair.state_file()["statistics"]["recovered"], 1);
    pair.session_start(&pair.a, "after");
    pair.wait_for_worker(&pair.a);
    assert_eq!(pair.state_file()["statistics"]["recovered"], 1, "once");
}

#[test]
fn after_five_failures_it_pauses_says_so_once_and_force_revives_it() {
    let pair = Pair::enrolled();
    silent(&pair);
    let fake = FakeGit::install(&pair, &[Rule::fail(" push ", 1, "fatal: something nobody has ever seen")]);
    for n in 0..5 {
        session(&pair, n);
    }
    let tries = fake.calls(" push ").len();
    assert!(recorded(&pair)["paused"].is_string(), "{:#}", recorded(&pair));
    let said: Vec<_> = (5..9).map(|n| session(&pair, n)).filter(|s| s.to_lowercase().contains("paused")).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(fake.calls(" push ").len(), tries, "a paused repository is left alone");
    fake.remove();
    assert_eq!(pair.remote_log(), ["first"]);
    pair.force("sync").done();
    assert_eq!(recorded(&pair)["paused"], Value::Null);
    session(&pair, 10);
    assert_eq!(pair.remote_file("10.txt"), "10\n");
    assert_eq!(pair.remote_file("7.txt"), "7\n");
    pair.whole();
}

#[test]
fn only_what_may_pass_by_itself_is_put_off() {
    let pair = Pair::over_ssh();
    pair.ssh_says(Some("Connection reset by peer\nfatal: Could not read from remote repository.\n"));
    pair.configure(json!({"retry": {"baseMs": 60_000, "attempts": 1}}));
    session(&pair, 0);
    assert!(recorded(&pair)["notBefore"].as_u64() > Some(NOON), "{:#}", recorded(&pair));

    let pair = Pair::over_ssh();
    pair.ssh_says(Some("git@host.example: Permission denied (publickey).\n"));
    pair.configure(json!({"retry": {"baseMs": 60_000, "attempts": 1}}));
    session(&pair, 0);
    let state = recorded(&pair);
    assert_eq!(state["notBefore"], 0, "{state:#}");
    assert!(state["attention"]["command"].as_str().is_some_and(|c| !c.is_empty()), "{state:#}");
}

#[test]
fn a_conflict_is_told_once_with_its_files() {
    let pair = Pair::enrolled();
    silent(&pair);
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.edit(&pair.b, "one.txt", 1, "theirs");
    pair.b_pushes_all("b: clash");
    let said: Vec<_> = (0..4).map(|n| session(&pair, n)).filter(|s| s.contains("one.txt")).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(String::from_utf8_lossy(&crate::common::read(pair.a.join("one.txt"))).starts_with("mine\n"));
    assert!(pair.state_file()["statistics"]["conflicts"].as_u64() >= Some(1));
    pair.whole();
}

#[test]
fn one_repository_in_trouble_does_not_hold_up_another() {
    let pair = Pair::enrolled();
    let other = pair.path("other");
    pair.git(pair.root(), &["clone", "-q", "--bare", "remote.git", "other.git"]);
    pair.git(pair.root(), &["clone", "-q", "other.git", "other"]);
    pair.auto_sync(&other, &["enable"]);
    pair.set("CRAFT_WORKER", "/bin/true");
    write(pair.a.join("mine.txt"), "mine\n");
    pair.session_end(&pair.a, "1");
    write(other.join("mine.txt"), "other\n");
    pair.session_end(&other, "2");
    pair.wait_until_quiet();
    std::fs::remove_dir_all(&pair.a).unwrap();
    pair.unset("CRAFT_WORKER");
    pair.session_start(&other, "3");
    pair.wait_for_worker(&other);
    assert_eq!(pair.git(&pair.path("other.git"), &["show", "main:mine.txt"]), "other");
}

#[test]
fn two_linked_worktrees_are_each_synced() {
    let pair = Pair::new();
    let linked = pair.path("linked");
    pair.git(&pair.b, &["push", "-q", "origin", "main:topic"]);
    pair.git(&pair.a, &["fetch", "-q"]);
    pair.git(&pair.a, &["worktree", "add", "-q", "--track", "-b", "topic", "../linked", "origin/topic"]);
    pair.auto_sync(&pair.a, &["enable", "--branch", "*"]);
    pair.set("CRAFT_WORKER", "/bin/true");
    write(pair.a.join("main.txt"), "main\n");
    pair.session_end(&pair.a, "1");
    write(linked.join("topic.txt"), "topic\n");
    pair.session_end(&linked, "2");
    pair.wait_until_quiet();
    pair.unset("CRAFT_WORKER");
    pair.session_start(&pair.a, "3");
    pair.wait_for_worker(&pair.a);
    assert_eq!(pair.git(&pair.remote, &["show", "main:main.txt"]), "main");
    assert_eq!(pair.git(&pair.remote, &["show", "topic:topic.txt"]), "topic");
    pair.whole();
}

#[test]
fn the_switch_stops_everything() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let (before, remote) = (State::of(&pair, &pair.a), pair.remote_refs());
    pair.set("CRAFT_DISABLE", "1");
    session(&pair, 0);
    pair.unset("CRAFT_DISABLE");
    pair.configure(json!({"autoSync": {"enabled": false}}));
    session(&pair, 0);
    assert_eq!(State::of(&pair, &pair.a).refs, before.refs);
    assert_eq!(pair.remote_refs(), remote);
    assert!(pair.queued().is_empty());
}

#[test]
fn a_silent_end_says_nothing_and_a_spoken_one_says_one_line() {
    for silent in [true, false] {
        let pair = Pair::enrolled();
        pair.configure(json!({"autoSync": {"triggers": {"sessionEnd": {"silent": silent}}}}));
        session(&pair, 0);
        let said = session(&pair, 1);
        assert_eq!(said.is_empty(), silent, "{said}");
        assert_eq!(said.lines().count(), usize::from(!silent));
        let notices = pair.craft_dir().join("repos").join(repo_key(&pair.a.join(".git"))).join("notices.jsonl");
        assert_eq!(notices.metadata().map_or(0, |m| m.len()) > 0, !silent, "the second end's word waits");
    }
}

#[test]
fn a_damaged_record_is_kept_aside_reported_and_begun_anew() {
    let pair = Pair::enrolled();
    pair.force("pull").done();
    let file = pair.home().join(".claude/auto-sync-state.json");
    write(&file, "{\"version\": 1, \"statis");
    let said = session(&pair, 0);
    assert!(said.contains("was damaged") && said.contains(".corrupt-"), "{said}");
    assert_eq!(pair.state_file()["statistics"]["totalSyncs"], 2);
    let names = std::fs::read_dir(file.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name());
    let kept: Vec<_> = names.filter(|n| n.to_string_lossy().contains(".corrupt-")).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(crate::common::read(file.with_file_name(&kept[0])), b"{\"version\": 1, \"statis");
}

#[test]
fn who_wants_to_hear_how_a_session_starts_hears_also_that_nothing_is_new() {
    let pair = Pair::enrolled();
    assert_eq!(pair.session_start(&pair.a, "s"), "");
    pair.wait_until_quiet();
    pair.configure(json!({"autoSync": {"triggers": {"sessionStart": {"silent": false}}}}));
    let said = pair.session_start(&pair.a, "s");
    assert!(said.contains("nothing new at origin/main"), "{said}");
}

#[test]
fn a_push_that_waits_outlives_a_broken_configuration() {
    let pair = Pair::over_ssh();
    pair.ssh_says(Some("ssh: connect to host host.example port 22: Connection refused\n"));
    write(pair.a.join("mine.txt"), "mine\n");
    pair.session_end(&pair.a, "s");
    pair.wait_until_quiet();
    assert_eq!(pair.queued().len(), 1);
    pair.ssh_says(None);
    write(pair.a.join(".claude/craft.json"), "{");
    pair.craft(&pair.a, &["worker"]);
    assert_eq!(pair.queued().len(), 1, "the configuration says nothing of it");
    std::fs::remove_file(pair.a.join(".claude/craft.json")).unwrap();
    pair.craft(&pair.a, &["worker"]);
    assert_eq!(pair.queued().len(), 0);
    assert_eq!(pair.remote_file("mine.txt"), "mine\n");
}
