//! The oldest release that is supported.

use crate::client::Client;
use crate::common::{Pair, read};
use crate::install::Kind;
use crate::installs::works;
use crate::plans::{planned, told};
use crate::play::Play;
use crate::stub_api::ANSWER;

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn hooks_in_the_settings_file_work() {
    // Which is what an install chooses for it.
    let play = works(Client::oldest(), Kind::Fitting);
    assert!(play.home().join(".claude/settings.json").exists());
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_plugin_from_a_marketplace_works() {
    works(Client::oldest(), Kind::Marketplace);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_command_file_answers_craft_by_way_of_the_model() {
    let play = Play::installed(Client::oldest(), Pair::new(), Kind::Settings);
    play.auto_sync(&play.a, &["enable"]);
    assert_eq!(play.seat().say(&play.a, "/craft auto-sync disable").trim(), ANSWER);
    assert!(play.is_disabled());
    assert_eq!(play.seat().say(&play.a, "/craft auto-sync enable").trim(), ANSWER);
    assert!(!play.is_disabled());
    play.seat().say(&play.a, "/craft auto-sync status");
    let turns = play.stub.turns();
    let asked = turns.last().unwrap().to_string();
    assert!(asked.contains("main with origin"), "the model gets what the command printed: {asked}");
    play.wait_for_worker(&play.a);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn the_commands_of_plans_are_files_that_reach_the_model() {
    let play = Play::installed(Client::oldest(), Pair::new(), Kind::Fitting);
    planned(&play);
    play.seat().say(&play.a, "/para-status");
    let text = told(&play);
    assert!(text.contains("Words") && text.contains("craft plan execute"), "{text}");
    play.craft(&play.a, &["plan", "execute", "--phase", "1"]).ok();
    play.stub.say("para: done 1");
    play.seat().say(&play.a, "write it");
    let book = read(play.a.join("context/context.md"));
    assert!(String::from_utf8(book).unwrap().contains("- [x] Write the first file of phase-1"));
    play.settled(&play.a);
}
