//! The plugin's folder as the client's own tools judge it, and without its module.

use crate::client::Client;
use crate::client::Seat;
use crate::common::{Pair, TestEnv, read, write};
use crate::install::{Kind, source};
use crate::installs::session;
use crate::play::Play;
use crate::stub_api::Stub;

/// Runs a command of `claude plugin` on this repository, which is the plugin's folder.
fn judged(args: &[&str]) -> String {
    let (env, client, stub) = (TestEnv::new(), Client::current(), Stub::start());
    let seat = Seat::take(&env, &client, &stub);
    let folder = source("");
    let ran = seat.run(env.root(), &[&["plugin"], args, &[folder.to_str().unwrap().trim_end_matches('/')]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(stub.model_requests(), 0);
    ran.stdout + &ran.stderr
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn the_strictest_validation_finds_neither_an_error_nor_a_warning() {
    let said = judged(&["validate", "--strict", "--profile", "directory"]);
    assert!(!said.to_lowercase().contains("warning") || said.contains("0 warnings"), "{said}");
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn the_modules_own_tests_pass_in_the_client() {
    let said = judged(&["test"]);
    assert!(said.contains("pass"), "tests were run: {said}");
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn without_its_module_everything_but_the_display_works() {
    let play = Play::installed(Client::current(), Pair::new(), Kind::SkillsPlugin);
    let hooks = play.home().join(".claude/skills/craft/hooks/hooks.json");
    let mut document: serde_json::Value = serde_json::from_slice(&read(&hooks)).unwrap();
    document.as_object_mut().unwrap().remove("modules").expect("a module");
    write(&hooks, document.to_string());
    session(&play);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_module_the_client_cannot_load_takes_nothing_else_down() {
    let play = Play::installed(Client::current(), Pair::new(), Kind::SkillsPlugin);
    let module = play.home().join(".claude/skills/craft/hooks/register.ts");
    assert!(module.exists());
    write(&module, "import { nothing } from './nowhere'\nexport const register = nothing(\n");
    session(&play);
}
