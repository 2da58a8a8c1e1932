//! What a session does while it begins and while it lasts.

use claude_craft::context::Context;
use claude_craft::env::Env;
use claude_craft::notify::Draft;
use claude_craft::notify::model::{Kind, Severity};
use claude_craft::ops::notifications;
use serde_json::json;

use crate::client::Client;
use crate::common::{Pair, read, write};
use crate::install::Kind as Way;
use crate::play::Play;
use crate::stub_api::ANSWER;
use crate::terminal::wait_until;

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn the_first_session_after_install_does_nothing_until_the_repository_is_enrolled() {
    let play = Play::installed(Client::current(), Pair::new(), Way::Fitting);
    play.b_pushes("theirs.txt", "theirs\n");
    write(play.a.join("mine.txt"), "mine\n");
    let before = (play.state(), play.remote_refs());
    let terminal = play.seat().open(&play.a);
    terminal.ask("hello");
    assert!(!terminal.screen().contains("hook error"), "{}", terminal.screen());
    terminal.exit();
    play.settled(&play.a);
    assert_eq!((play.state(), play.remote_refs()), before, "not enrolled, not touched");

    play.auto_sync(&play.a, &["enable"]);
    let terminal = play.seat().open(&play.a);
    terminal.ask("hello again");
    assert!(play.a.join("theirs.txt").exists(), "it starts with the latest state");
    assert!(!terminal.screen().contains("hook error"), "{}", terminal.screen());
    terminal.exit();
    play.wait_for_remote("mine.txt");
    play.settled(&play.a);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn what_one_machine_leaves_behind_the_next_one_finds_and_its_model_is_told() {
    let play = Play::ready();
    let second = play.second();
    write(play.a.join("from-one.txt"), "one\n");
    assert_eq!(play.seat().say(&play.a, "hello").trim(), ANSWER);
    play.wait_for_remote("from-one.txt");
    play.settled(&play.a);

    let turns = play.stub.turns().len();
    assert_eq!(play.seat_at(&second).say(&second.clone, "hello").trim(), ANSWER);
    assert_eq!(read(second.clone.join("from-one.txt")), b"one\n");
    let told = play.stub.turns()[turns].to_string();
    assert!(told.contains("from-one.txt"), "the model is told what arrived: {told}");
    second.env.wait_for_worker(&second.clone);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_prompt_syncs_both_ways_while_the_model_answers_and_the_user_types_on() {
    let play = Play::ready();
    play.configure(json!({"autoSync": {"triggers": {"userPrompt": {"probability": 1, "debounceMs": 0}}}}));
    let terminal = play.seat().open(&play.a);
    wait_until("the start's pull is done", || play.done("session-start") == 1);
    play.b_pushes("theirs.txt", "theirs\n");
    write(play.a.join("mine.txt"), "mine\n");

    play.stub.hold();
    terminal.enter("do something long");
    terminal.type_text("and meanwhile I go on");
    play.wait_for_remote("mine.txt");
    wait_until("what others pushed is here", || play.a.join("theirs.txt").exists());
    assert_eq!(terminal.shown(ANSWER), 0, "the turn is still under way");
    play.stub.release();
    terminal.wait_for(ANSWER);
    assert_eq!(terminal.shown("and meanwhile I go on"), 1, "what was typed is still there, and was not sent");
    terminal.press("C-u");
    terminal.exit();
    play.settled(&play.a);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_cleared_conversation_is_pushed_once_and_pulls_no_second_time() {
    let play = Play::ready();
    let terminal = play.seat().open(&play.a);
    terminal.ask("hello");
    play.wait_for_syncs("session-start", 1);
    write(play.a.join("mine.txt"), "mine\n");
    terminal.enter("/clear");
    wait_until("the screen is cleared", || terminal.shown(ANSWER) == 0);
    play.wait_for_remote("mine.txt");
    play.wait_for_syncs("session-end", 1);
    terminal.ask("hello anew");
    let all: Vec<_> = play.syncs().into_iter().map(|(trigger, _)| trigger).collect();
    assert_eq!(all, ["session-start", "session-end"]);
    assert_eq!(play.sessions(), 1, "the old session is forgotten, the new one known");
    terminal.exit();
    play.wait_for_syncs("session-end", 2);
    play.settled(&play.a);
    assert_eq!(play.remote_log().len(), 2, "one commit beside the first: {:?}", play.remote_log());
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_conflict_is_told_in_the_session_and_no_file_is_touched() {
    let play = Play::ready();
    play.edit(&play.a, "one.txt", 1, "mine");
    play.edit(&play.b, "one.txt", 1, "theirs");
    play.b_pushes_all("theirs");
    let terminal = play.seat().open(&play.a);
    terminal.wait_for("one.txt");
    terminal.ask("hello");
    assert!(String::from_utf8(read(play.a.join("one.txt"))).unwrap().starts_with("mine\n"));
    terminal.exit();
    play.settled(&play.a);
    assert_eq!(play.remote_log()[0], "theirs", "the remote stays as it is");
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_session_starts_the_jobs_that_are_due_and_says_once_what_waits_to_be_looked_at() {
    let play = Play::ready();
    play.craft(&play.a, &["jobs", "enable"]).ok();
    let ctx = Context::new(Env::from_pairs([("HOME", play.home())])).unwrap();
    let draft = Draft {
        kind: Kind::Drift,
        severity: Severity::Warning,
        title: "the map is not the land".into(),
        message: "Look at it.".into(),
        data: None,
        dedupe_key: "map".into(),
        told: false,
    };
    notifications::raise(&ctx, draft);
    let terminal = play.seat().open(&play.a);
    terminal.wait_for("notification: the map is not the land");
    let job = |id: &str| {
        let text = play.craft(&play.a, &["jobs", "list", "--json"]).ok().stdout;
        let list: serde_json::Value = serde_json::from_str(&text).unwrap();
        let job = list["jobs"].as_array().unwrap().iter().find(|j| j["id"] == id).unwrap().clone();
        job["lastResult"].clone()
    };
    for id in ["auto-sync-recovery", "notification-cleanup", "log-rotation"] {
        wait_until(&format!("{id} has run"), || job(id) == "success");
    }
    assert_eq!(job("external-sync"), "not-available");
    terminal.exit();
    play.settled(&play.a);
    let said = play.seat().open(&play.a);
    said.ask("hello");
    assert!(!said.screen().contains("the map is not the land"), "{}", said.screen());
    said.exit();
    play.settled(&play.a);
}
