use insta::assert_snapshot;

use super::*;
use crate::ops::doctor::Fix;

fn check(id: &'static str, state: State, text: &str, remedy: Option<&str>, fix: Option<Fix>) -> Check {
    Check { id, state, text: text.into(), remedy: remedy.map(Into::into), fix }
}

#[test]
fn one_line_a_check_and_the_remedy_below() {
    let look = Look { home: Some("/home/ann".into()), ..Look::default() };
    let checks = [
        check("client", State::Ok, "Claude Code 2.1.329", None, None),
        check("loaded", State::Skipped, "Claude Code cannot be asked", None, None),
        check("install", State::Broken, "/home/ann/.claude/x is missing", Some("craft install"), Some(Fix::Reinstall)),
        check("queue", State::Warning, "a\u{1b}[31m name", Some("craft auto-sync force --all"), None),
    ];
    assert_snapshot!(render(&checks, &look), @r"
    ✓ client   Claude Code 2.1.329
    - loaded   Claude Code cannot be asked
    ✗ install  ~/.claude/x is missing
               → craft install
    ! queue    a\u{1b}[31m name
               → craft auto-sync force --all
    one thing is broken
    `craft doctor --fix` mends what can be mended without asking
    ");
    assert_snapshot!(render(&checks[..1], &look), @"
    ✓ client  Claude Code 2.1.329
    everything works
    ");
}
