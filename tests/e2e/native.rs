//! What the hooks module adds: `/craft` without the model, a status entry, a toast.

use std::path::Path;

use serde_json::json;

use crate::client::Client;
use crate::common::{Pair, write};
use crate::install::Kind;
use crate::play::Play;
use crate::stub_api::ANSWER;
use crate::terminal::wait_until;

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn craft_commands_without_a_terminal_ask_no_model() {
    let play = Play::ready();
    let seat = play.seat();
    let status = seat.say(&play.a, "/craft auto-sync status");
    assert!(status.contains("main with origin"), "{status}");

    let disabled = seat.say(&play.a, "/craft auto-sync disable");
    assert!(play.is_disabled(), "{disabled}");
    let enabled = seat.say(&play.a, "/craft auto-sync enable");
    assert!(!play.is_disabled(), "{enabled}");

    // The end of that session must not take along what is written now.
    play.settled(&play.a);
    write(play.a.join("mine.txt"), "mine\n");
    play.b_pushes("theirs.txt", "theirs\n");
    let forced = seat.say(&play.a, "/craft auto-sync force");
    assert!(forced.contains("1 file"), "it tells what was done: {forced}");
    assert_eq!(play.remote_file("mine.txt"), "mine\n");
    assert!(play.a.join("theirs.txt").exists());
    assert_eq!(play.stub.model_requests(), 0);
    play.settled(&play.a);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn craft_commands_in_a_terminal_ask_no_model() {
    let play = Play::ready();
    let terminal = play.seat().open(&play.a);
    terminal.enter("/craft auto-sync status");
    terminal.wait_for("main with origin");
    terminal.enter("/craft auto-sync disable");
    wait_until("it is off", || play.is_disabled());
    terminal.enter("/craft auto-sync enable");
    wait_until("it is on", || !play.is_disabled());
    write(play.a.join("mine.txt"), "mine\n");
    terminal.enter("/craft auto-sync force");
    play.wait_for_remote("mine.txt");
    play.wait_for_syncs("manual", 1);
    assert_eq!(play.stub.model_requests(), 0);
    terminal.exit();
    play.settled(&play.a);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn the_monitor_is_a_pane_that_follows_what_happens() {
    let play = Play::ready();
    let terminal = play.seat().open(&play.a);
    terminal.enter("/craft monitor");
    terminal.wait_for("Repositories");
    terminal.wait_for("new ");
    // Somebody syncs elsewhere: nothing is typed here.
    write(play.a.join("mine.txt"), "mine\n");
    play.force("sync").done();
    terminal.wait_for("committed 1 file");
    terminal.press("Escape");
    wait_until("the pane is closed", || terminal.shown("Repositories") == 0);
    assert_eq!(play.stub.model_requests(), 0);
    terminal.exit();
    play.settled(&play.a);

    // Where nothing is drawn, the text is printed.
    let text = play.seat().say(&play.a, "/craft monitor");
    assert!(text.contains("Repositories") && text.contains("synced"), "{text}");
    assert_eq!(play.stub.model_requests(), 0);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn craft_commands_are_carried_out_while_the_model_is_at_work() {
    let play = Play::ready();
    let terminal = play.seat().open(&play.a);
    play.stub.hold();
    terminal.enter("do something long");
    wait_until("the model is asked", || play.stub.turns().len() == 1);
    terminal.enter("/craft auto-sync disable");
    wait_until("it is off", || play.is_disabled());
    terminal.wait_for("craft: off");
    assert_eq!(terminal.shown(ANSWER), 0, "the turn is still under way");
    play.stub.release();
    terminal.wait_for(ANSWER);
    assert_eq!(play.stub.turns().len(), 1);
    terminal.exit();
    play.settled(&play.a);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_word_that_is_no_command_of_ours_runs_nothing() {
    let play = Play::ready();
    let mark = play.path("mark");
    for words in [
        format!("; touch {}", mark.display()),
        format!("auto-sync status; touch {}", mark.display()),
        format!("auto-sync status $(touch {})", mark.display()),
        format!("auto-sync `touch {}`", mark.display()),
    ] {
        let ran = play.seat().run(&play.a, &["-p", &format!("/craft {words}")]);
        assert!(!mark.exists(), "{words}: {}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(play.stub.model_requests(), 0);
    play.settled(&play.a);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn the_status_entry_follows_what_happens_in_the_repository() {
    let play = Play::ready();
    let terminal = play.seat().open(&play.a);
    terminal.wait_for("craft: synced");
    write(play.a.join("by-hand.txt"), "by hand\n");
    play.commit(&play.a, "by hand");
    terminal.wait_for("craft: 1 ahead");
    terminal.enter("/craft auto-sync disable");
    terminal.wait_for("craft: off");
    terminal.enter("/craft auto-sync enable");
    terminal.wait_for("craft: 1 ahead");
    terminal.enter("/craft auto-sync force");
    terminal.wait_for("craft: synced");
    assert_eq!(play.stub.model_requests(), 0);
    terminal.exit();
    play.settled(&play.a);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_conflict_is_shown_by_a_toast_and_stays_in_the_status_entry() {
    let play = Play::ready();
    play.configure(json!({"autoSync": {"triggers": {"userPrompt": {"probability": 1, "debounceMs": 0}}}}));
    let terminal = play.seat().open(&play.a);
    terminal.wait_for("craft: synced");
    play.edit(&play.a, "one.txt", 1, "mine");
    play.edit(&play.b, "one.txt", 1, "theirs");
    play.b_pushes_all("theirs");
    // The hook's own word comes at the next prompt; the toast does not wait for one.
    terminal.ask("hello");
    terminal.wait_for("both sides changed one.txt");
    terminal.wait_for("craft: conflict: 1 file");
    terminal.exit();
    play.settled(&play.a);
}

/// `scripts/picture/picture.sh` makes the picture in the README of what this leaves behind.
#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_session_as_the_readme_pictures_it() {
    let play = Play::installed(Client::current(), Pair::new(), Kind::Fitting);
    let app = play.home().join("app");
    let remote = Path::new("../..").join(play.remote.strip_prefix(play.root()).unwrap());
    play.git(&play.home(), &["clone", "-q", play.remote.to_str().unwrap(), "app"]);
    play.git(&app, &["remote", "set-url", "origin", remote.to_str().unwrap()]);
    write(app.join("notes.md"), "what was done today\n");
    let terminal = play.seat().open(&app);
    terminal.resize(92, 32);
    terminal.enter("/craft auto-sync enable");
    terminal.wait_for("auto-sync is on for ~/app");
    terminal.enter("/craft auto-sync force");
    play.wait_for_syncs("manual", 1);
    terminal.wait_for("pushed 1 commit");
    terminal.enter("/craft auto-sync status");
    terminal.wait_for("nothing uncommitted");
    terminal.wait_for("craft: synced");
    wait_until("nothing runs any more", || !terminal.screen().contains("esc to interrupt"));
    if let Some(path) = std::env::var_os("CRAFT_E2E_PICTURE") {
        write(Path::new(&path), terminal.picture());
    }
    assert_eq!(play.stub.model_requests(), 0);
    terminal.exit();
    play.settled(&app);
}
