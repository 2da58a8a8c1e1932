//! What a hook prints: one JSON object, or nothing.

use serde::Serialize;

use crate::hook::event::Name;
use crate::plain::{self, cut};
use crate::state::notice::Notice;

/// Characters the model is told of syncs at most. How plan and beacon stand, which is bounded itself, comes after it.
pub const CONTEXT: usize = 600;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    #[serde(skip_serializing_if = "String::is_empty")]
    system_message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hook_specific_output: Option<Specific>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Specific {
    hook_event_name: &'static str,
    additional_context: String,
}

/// The line to print for `notices`; `None` where there is nothing to say, and always at a session's
/// end, whose output the host throws away. The model is told only where `to_model`.
#[must_use]
pub fn render(name: Name, notices: &[Notice], to_model: bool) -> Option<String> {
    render_with(name, notices, to_model, None)
}

/// The same, and the model is told what is `standing` in the repository: how its plan stands, what its beacon has.
#[must_use]
pub fn render_with(name: Name, notices: &[Notice], to_model: bool, standing: Option<&str>) -> Option<String> {
    if name == Name::SessionEnd {
        return None;
    }
    let system_message = join(notices.iter().map(|n| n.user.as_str()));
    let context = if to_model { join(notices.iter().map(|n| n.model.as_str())) } else { String::new() };
    let context = cut(&context, CONTEXT);
    let context = join([context.as_str(), standing.unwrap_or_default()].into_iter());
    if system_message.is_empty() && context.is_empty() {
        return None;
    }
    let specific =
        (!context.is_empty()).then(|| Specific { hook_event_name: name.word(), additional_context: context });
    serde_json::to_string(&Output { system_message, hook_specific_output: specific }).ok()
}

/// The texts, one a line, each said once.
fn join<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut said: Vec<String> = Vec::new();
    for text in texts.map(printable) {
        if !text.is_empty() && !said.contains(&text) {
            said.push(text);
        }
    }
    said.join("\n")
}

/// `text` with what would steer a terminal escaped: whoever writes the subjects of commits, the names of
/// files or a project's settings must not reach the user's screen.
fn printable(text: &str) -> String {
    plain::lines(text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn notice(user: &str, model: &str) -> Notice {
        Notice { user: user.into(), model: model.into() }
    }

    fn rendered(name: Name, notices: &[Notice], to_model: bool) -> Value {
        render(name, notices, to_model).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn the_user_and_the_model_are_told_apart() {
        let notices =
            [notice("pushed 2 commits", ""), notice("", "src/a.rs changed"), notice("pushed 2 commits", "more")];
        assert_eq!(
            rendered(Name::SessionStart, &notices, true),
            json!({"systemMessage": "pushed 2 commits",
                "hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "src/a.rs changed\nmore"}})
        );
        assert_eq!(
            rendered(Name::UserPromptSubmit, &notices, false),
            json!({"systemMessage": "pushed 2 commits"}),
            "the model is told nothing where that is switched off"
        );
    }

    #[test]
    fn nothing_to_say_prints_nothing_and_a_sessions_end_never_prints() {
        assert_eq!(render(Name::SessionStart, &[], true), None);
        assert_eq!(render(Name::UserPromptSubmit, &[notice("", "x")], false), None);
        assert_eq!(render(Name::UserPromptSubmit, &[notice(" \n", "")], true), None);
        assert_eq!(render(Name::SessionEnd, &[notice("x", "y")], true), None);
    }

    #[test]
    fn the_model_is_told_600_characters_at_most_and_no_character_is_cut_in_two() {
        let said = |text: &str| {
            let value = rendered(Name::SessionStart, &[notice("", text)], true);
            value["hookSpecificOutput"]["additionalContext"].as_str().unwrap().to_owned()
        };
        let whole = "é".repeat(600);
        assert_eq!(said(&whole), whole);
        assert_eq!(said(&"é".repeat(601)), format!("{}…", "é".repeat(599)));
    }

    #[test]
    fn how_the_plan_stands_has_room_of_its_own_behind_what_a_sync_tells() {
        let told = render_with(Name::SessionStart, &[notice("", &"é".repeat(700))], true, Some("Plan"));
        let value: Value = serde_json::from_str(&told.unwrap()).unwrap();
        let expected = format!("{}…\nPlan", "é".repeat(599));
        assert_eq!(value["hookSpecificOutput"]["additionalContext"], expected);
        let alone = render_with(Name::SessionStart, &[notice("", "x")], false, Some("Plan")).unwrap();
        assert!(alone.contains("\"additionalContext\":\"Plan\""), "{alone}");
    }

    #[test]
    fn a_remote_cannot_steer_the_users_terminal() {
        let value = rendered(Name::SessionStart, &[notice("got \u{1b}]0;owned\u{7}\u{9b}2J\ttwo\nlines\r", "")], true);
        assert_eq!(value["systemMessage"], "got \\u{1b}]0;owned\\u{7}\\u{9b}2J\ttwo\nlines");
    }
}
