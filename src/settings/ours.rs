//! Recognising our own commands in a settings file, whoever wrote them there.

use serde_json::Value;

use crate::json::document::{Step, spell};

/// The hook executables.
pub const HOOKS: [&str; 4] = ["craft-session-start", "craft-session-end", "craft-prompt-sync", "craft-stop"];

/// A handler of ours that stands in a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub way: Vec<Step>,
    /// Which of our executables it runs.
    pub program: &'static str,
    /// The command as it stands there.
    pub command: String,
}

impl Found {
    /// Where, as people write it: `hooks.SessionEnd[0].hooks[1]`.
    #[must_use]
    pub fn place(&self) -> String {
        spell(&self.way)
    }
}

/// Which of our hook executables `command` runs; `None` for what is not ours. The command may be a
/// path (exec form) or the first word of a shell's line, quoted or not.
#[must_use]
pub fn program(command: &str) -> Option<&'static str> {
    let command = command.trim().trim_end_matches(['\'', '"']);
    HOOKS.into_iter().find(|name| command.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')))
}

/// Whether a `statusLine` runs our `craft statusline`.
#[must_use]
pub fn is_status_line(value: &Value) -> bool {
    let command = value.get("command").and_then(Value::as_str).unwrap_or_default();
    command.trim().strip_suffix(" statusline").is_some_and(|rest| {
        let rest = rest.trim_end().trim_end_matches(['\'', '"']);
        rest == "craft" || rest.ends_with("/craft")
    })
}

/// All handlers of ours in the settings `value`, by the order of the file.
#[must_use]
pub fn hooks(value: &Value) -> Vec<Found> {
    let mut found = Vec::new();
    for (event, groups) in value.get("hooks").and_then(Value::as_object).into_iter().flatten() {
        for (at, group) in groups.as_array().into_iter().flatten().enumerate() {
            let handlers = group.get("hooks").and_then(Value::as_array);
            for (index, handler) in handlers.into_iter().flatten().enumerate() {
                let command = handler.get("command").and_then(Value::as_str).unwrap_or_default();
                if let Some(program) = program(command) {
                    let way = vec!["hooks".into(), event.as_str().into(), at.into(), "hooks".into(), index.into()];
                    found.push(Found { way, program, command: command.to_owned() });
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn our_commands_are_known_by_their_executable_in_every_form_and_others_are_not() {
        let ours = [
            "/opt/bin/craft-session-end",
            "'/my tools/craft-session-end'",
            "\"/my tools/craft-session-end\"",
            " craft-session-end ",
        ];
        for command in ours {
            assert_eq!(program(command), Some("craft-session-end"), "{command}");
        }
        for command in ["", "/bin/my-craft-session-end", "craft-session-end.sh", "craft-session-end --x", "notify"] {
            assert_eq!(program(command), None, "{command}");
        }
        for command in ["/opt/craft statusline", "'/my tools/craft' statusline", "craft  statusline"] {
            assert!(is_status_line(&json!({"type": "command", "command": command})), "{command}");
        }
        for other in [json!(null), json!({"command": "/opt/minecraft statusline"}), json!({"command": "statusline"})] {
            assert!(!is_status_line(&other), "{other}");
        }
    }
}
