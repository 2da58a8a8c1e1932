//! Each way of installing leads to the same session.

use crate::client::Client;
use crate::common::{Pair, write};
use crate::install::{Kind, uninstall};
use crate::play::Play;
use crate::stub_api::ANSWER;

/// Installed in this way, a session does what it should.
pub fn works(client: Client, kind: Kind) -> Play {
    let play = Play::installed(client, Pair::new(), kind);
    session(&play);
    play
}

/// A whole session: what others pushed comes in, what was made here goes out, and each once.
pub fn session(play: &Play) {
    play.auto_sync(&play.a, &["enable"]);
    play.b_pushes("theirs.txt", "theirs\n");
    write(play.a.join("mine.txt"), "mine\n");
    assert_eq!(play.seat().say(&play.a, "hello").trim(), ANSWER);
    assert!(play.a.join("theirs.txt").exists(), "pulled at the start");
    play.wait_for_remote("mine.txt");
    play.settled(&play.a);
    let syncs: Vec<_> = play.syncs().into_iter().map(|(trigger, _)| trigger).collect();
    assert_eq!(syncs, ["session-start", "session-end"], "each hook ran once");
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_folder_among_the_skills_is_a_whole_installation() {
    works(Client::current(), Kind::SkillsPlugin);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn hooks_in_the_settings_file_are_a_whole_installation() {
    works(Client::current(), Kind::Settings);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_plugin_from_a_marketplace_is_a_whole_installation() {
    works(Client::current(), Kind::Marketplace);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn after_an_uninstall_sessions_are_as_if_it_had_never_been_there() {
    for kind in [Kind::Fitting, Kind::Settings, Kind::Marketplace] {
        let play = Play::installed(Client::current(), Pair::new(), kind);
        play.auto_sync(&play.a, &["enable"]);
        uninstall(play.seat());
        write(play.a.join("mine.txt"), "mine\n");
        let before = (play.state(), play.remote_refs());
        assert_eq!(play.seat().say(&play.a, "hello").trim(), ANSWER);
        play.wait_until_quiet();
        assert_eq!((play.state(), play.remote_refs()), before, "{kind:?}");
        assert_eq!(play.syncs(), [], "{kind:?}");
    }
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn doctor_believes_in_the_hooks_once_a_session_has_fired_them() {
    let play = Play::ready();
    let doctor = || {
        let mut command = play.command(env!("CARGO_BIN_EXE_craft"), &play.a);
        play.seat().surround(&mut command);
        command.arg("doctor");
        play.run(command, b"")
    };
    let before = doctor();
    assert!(!before.stdout.contains("✓ fired"), "{}", before.stdout);
    play.seat().say(&play.a, "hello");
    play.settled(&play.a);
    let after = doctor();
    assert_eq!(after.code, 0, "{}{}", after.stdout, after.stderr);
    for line in ["✓ fired", "✓ hooks-once"] {
        assert!(after.stdout.contains(line), "{}", after.stdout);
    }
}
