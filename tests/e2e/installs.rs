//! Each way of installing leads to the same session.

use crate::client::Client;
use crate::common::{Pair, write};
use crate::install::Kind;
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
