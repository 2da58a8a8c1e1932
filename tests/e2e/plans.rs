//! The commands of phased plans, as the model gets them.

use crate::client::Client;
use crate::common::{Pair, read, write};
use crate::install::Kind;
use crate::play::Play;

/// What the model was told in the last turn.
pub fn told(play: &Play) -> String {
    let text = play.stub.turns().last().expect("a turn").to_string();
    text.replace("\\n", "\n").replace("\\\"", "\"")
}

fn book(play: &Play) -> String {
    String::from_utf8(read(play.a.join("context/context.md"))).unwrap()
}

/// Two phases, planned and committed.
pub fn planned(play: &Play) {
    let craft = |args: &[&str]| play.craft(&play.a, args).ok();
    craft(&["plan", "new", "add a greeting", "--phases", "Words", "Voice"]);
    for phase in ["phase-1", "phase-2"] {
        let found = std::fs::read_dir(play.a.join("context/plans")).unwrap().map(|e| e.unwrap().path());
        let path = found.into_iter().find(|p| p.to_string_lossy().contains(phase)).unwrap();
        let text = String::from_utf8(read(&path)).unwrap();
        let at = text.find("## Detailed Implementation Steps").unwrap();
        let steps = format!(
            "## Detailed Implementation Steps\n\n- [ ] Write the first file of {phase}\n- [ ] Write the second\n"
        );
        let rest = text[at + 3..].find("\n## ").map_or("", |n| &text[at + 3 + n..]);
        write(&path, format!("{}{steps}{rest}", &text[..at]));
    }
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn the_bare_commands_of_plans_reach_the_model_with_what_the_program_says() {
    let play = Play::installed(Client::current(), Pair::new(), Kind::Fitting);
    play.seat().say(&play.a, "/para-plan greet the user's friends; touch $(pwned)");
    let text = told(&play);
    assert!(text.contains("What is to be done: greet the user's friends; touch $(pwned)"), "{text}");
    assert!(text.contains("phases: not needed") && text.contains("3 tracked files"), "what speaks for phases: {text}");
    assert!(text.contains("replace every `_To be written: …_`"), "{text}");
    assert!(!play.a.join("context").exists(), "nothing is made before the model has looked");

    planned(&play);
    play.seat().say(&play.a, "/para-execute --phase=1");
    let text = told(&play);
    assert!(text.contains("para/add-a-greeting-phase-1") && text.contains("Write the first file of phase-1"), "{text}");
    assert!(text.contains("One commit a to-do"), "{text}");
    assert!(book(&play).contains("- [ ] Write the first file of phase-1"), "{}", book(&play));
    assert_eq!(play.git(&play.a, &["branch", "--show-current"]).trim(), "para/add-a-greeting-phase-1");

    play.seat().say(&play.a, "/para-status");
    let text = told(&play);
    assert!(text.contains("0 of 2") || text.contains("0/2"), "{text}");

    play.seat().say(&play.a, "/para-check \"where is the greeting?\"");
    let text = told(&play);
    assert!(text.to_lowercase().contains("skip"), "{text}");

    play.seat().say(&play.a, "/para-archive");
    let text = told(&play);
    assert!(text.contains("is not put away"), "an unfinished plan is not put away: {text}");
    play.settled(&play.a);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_session_is_told_how_the_plan_stands_also_where_nothing_is_enrolled() {
    let play = Play::installed(Client::current(), Pair::new(), Kind::Fitting);
    planned(&play);
    play.craft(&play.a, &["plan", "execute", "--phase", "1"]).ok();
    play.seat().say(&play.a, "hello");
    let text = told(&play);
    assert!(text.contains("Write the first file of phase-1"), "{text}");
    play.settled(&play.a);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_to_do_that_an_answer_names_in_a_line_of_its_own_is_ticked() {
    let play = Play::installed(Client::current(), Pair::new(), Kind::Fitting);
    planned(&play);
    play.craft(&play.a, &["plan", "execute", "--phase", "1"]).ok();
    play.stub.say("The first file is there; to-do 2 is done soon.");
    play.seat().say(&play.a, "write it");
    assert!(!book(&play).contains("- [x]"), "nothing is guessed: {}", book(&play));
    play.stub.say("It is there.\n\npara: done 1");
    play.seat().say(&play.a, "and now?");
    assert!(book(&play).contains("- [x] Write the first file of phase-1"), "{}", book(&play));
    assert!(book(&play).contains("- [ ] Write the second"), "{}", book(&play));
    play.settled(&play.a);
}
