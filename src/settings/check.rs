//! Whether the client would take a settings file, as far as hooks and status line go.
//!
//! One value that the client's schema refuses switches the whole file off, the user's permissions
//! included. So what we are about to write is checked first. The rules are those of the published
//! schema (SchemaStore, `claude-code-settings.json`); what is only unknown to it, as a newer client may
//! know it, is a warning.

use serde_json::{Map, Value};

use crate::json::document::{Document, Fault, Step, spell};

/// Events that clients up to 2.1.329 know. Others are skipped by the client with a warning.
const EVENTS: [&str; 33] = [
    "ConfigChange",
    "CwdChanged",
    "DirectoryAdded",
    "Elicitation",
    "ElicitationResult",
    "FileChanged",
    "InstructionsLoaded",
    "MessageDisplay",
    "Notification",
    "PermissionDenied",
    "PermissionRequest",
    "PostCompact",
    "PostModelSwitch",
    "PostToolBatch",
    "PostToolUse",
    "PostToolUseFailure",
    "PreCompact",
    "PreModelSwitch",
    "PreToolUse",
    "SessionEnd",
    "SessionStart",
    "Setup",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "TaskCompleted",
    "TaskCreated",
    "TeammateIdle",
    "UserPromptExpansion",
    "UserPromptSubmit",
    "WorktreeCreate",
    "WorktreeRemove",
];

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    FilledText,
    Boolean,
    Number,
    AboveZero,
    Texts,
    Object,
    OneOf(&'static [&'static str]),
    FromOne,
}

impl Kind {
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::FilledText => value.as_str().is_some_and(|t| !t.is_empty()),
            Self::Boolean => value.is_boolean(),
            Self::Number => value.is_number(),
            Self::AboveZero => value.as_f64().is_some_and(|n| n > 0.0),
            Self::Texts => value.as_array().is_some_and(|l| l.iter().all(Value::is_string)),
            Self::Object => value.is_object(),
            Self::OneOf(words) => value.as_str().is_some_and(|t| words.contains(&t)),
            Self::FromOne => value.as_f64().is_some_and(|n| n >= 1.0 && n.fract() == 0.0),
        }
    }

    fn allowed(self) -> String {
        match self {
            Self::Text => "a text".into(),
            Self::FilledText => "a text that is not empty".into(),
            Self::Boolean => "true or false".into(),
            Self::Number => "a number".into(),
            Self::AboveZero => "a number above 0".into(),
            Self::Texts => "a list of texts".into(),
            Self::Object => "an object".into(),
            Self::OneOf(words) => words.join(" or "),
            Self::FromOne => "a whole number from 1".into(),
        }
    }
}

/// Name, what it may hold, whether it must be there.
type Field = (&'static str, Kind, bool);

const GROUP: [Field; 1] = [("matcher", Kind::Text, false)];
const STATUS_LINE: [Field; 5] = [
    ("type", Kind::OneOf(&["command"]), true),
    ("command", Kind::Text, true),
    ("padding", Kind::Number, false),
    ("refreshInterval", Kind::FromOne, false),
    ("hideVimModeIndicator", Kind::Boolean, false),
];
/// What handlers of every type may have.
const HANDLER: [Field; 4] = [
    ("timeout", Kind::AboveZero, false),
    ("if", Kind::Text, false),
    ("statusMessage", Kind::Text, false),
    ("once", Kind::Boolean, false),
];

/// What handlers of a type have besides; `None` for a type that is not known.
fn handler_fields(of: &str) -> Option<&'static [Field]> {
    Some(match of {
        "command" => &[
            ("command", Kind::FilledText, true),
            ("args", Kind::Texts, false),
            ("shell", Kind::OneOf(&["bash", "powershell"]), false),
            ("async", Kind::Boolean, false),
            ("asyncRewake", Kind::Boolean, false),
            ("onFailure", Kind::OneOf(&["continue", "block"]), false),
        ],
        "prompt" => &[
            ("prompt", Kind::FilledText, true),
            ("model", Kind::Text, false),
            ("continueOnBlock", Kind::Boolean, false),
        ],
        "agent" => &[("prompt", Kind::FilledText, true), ("model", Kind::Text, false)],
        "http" => {
            &[("url", Kind::FilledText, true), ("headers", Kind::Object, false), ("allowedEnvVars", Kind::Texts, false)]
        }
        "mcp_tool" => {
            &[("server", Kind::FilledText, true), ("tool", Kind::FilledText, true), ("input", Kind::Object, false)]
        }
        _ => return None,
    })
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What makes the client leave the whole file out.
    pub errors: Vec<Fault>,
    /// What it may pass over.
    pub warnings: Vec<Fault>,
}

/// Checks the parts of a settings file that we touch.
#[must_use]
pub fn check(doc: &Document) -> Findings {
    let mut checker = Checker { doc, found: Findings::default() };
    let root = doc.value();
    if let Some(line) = root.get("statusLine") {
        checker.fields(&["statusLine".into()], line, &[&STATUS_LINE], &[]);
    }
    if let Some(hooks) = root.get("hooks") {
        checker.hooks(hooks);
    }
    checker.found
}

struct Checker<'a> {
    doc: &'a Document,
    found: Findings,
}

impl Checker<'_> {
    fn hooks(&mut self, hooks: &Value) {
        let way: Vec<Step> = vec!["hooks".into()];
        let Some(events) = self.object(&way, hooks) else { return };
        for (event, groups) in events {
            let way = [way.as_slice(), &[event.as_str().into()]].concat();
            if !EVENTS.contains(&event.as_str()) {
                self.warn(&way, format!("`{event}` is no event that is known"));
            }
            let Some(groups) = self.list(&way, groups) else { continue };
            for (at, group) in groups.iter().enumerate() {
                let way = [way.as_slice(), &[at.into()]].concat();
                let Some(fields) = self.fields(&way, group, &[&GROUP], &["hooks"]) else { continue };
                let list = [way.as_slice(), &["hooks".into()]].concat();
                let Some(handlers) = fields.get("hooks") else {
                    self.fail(&way, format!("`{}` is missing", spell(&list)));
                    continue;
                };
                for (index, handler) in self.list(&list, handlers).into_iter().flatten().enumerate() {
                    self.handler(&[list.as_slice(), &[index.into()]].concat(), handler);
                }
            }
        }
    }

    fn handler(&mut self, way: &[Step], handler: &Value) {
        let Some(fields) = self.object(way, handler) else { return };
        match fields.get("type").and_then(Value::as_str) {
            None => self.fail(way, format!("`{}.type` must be a text", spell(way))),
            Some(of) => match handler_fields(of) {
                Some(own) => drop(self.fields(way, handler, &[&HANDLER, own], &["type"])),
                None => self.warn(way, format!("`{}` is of the type \"{of}\", which is not known", spell(way))),
            },
        }
    }

    /// Checks an object's fields against all of `known`; those of `besides` are checked elsewhere.
    fn fields<'v>(
        &mut self,
        way: &[Step],
        value: &'v Value,
        known: &[&[Field]],
        besides: &[&str],
    ) -> Option<&'v Map<String, Value>> {
        let fields = self.object(way, value)?;
        let known: Vec<&Field> = known.iter().flat_map(|f| f.iter()).collect();
        for (name, kind, required) in &known {
            let at = [way, &[(*name).into()]].concat();
            match fields.get(*name) {
                Some(value) if !kind.takes(value) => {
                    self.fail(&at, format!("`{}` must be {}", spell(&at), kind.allowed()));
                }
                None if *required => self.fail(way, format!("`{}` is missing", spell(&at))),
                _ => {}
            }
        }
        for name in fields.keys() {
            if !known.iter().any(|(n, ..)| n == name) && !besides.contains(&name.as_str()) {
                let at = [way, &[name.as_str().into()]].concat();
                self.warn(&at, format!("`{}` is not known", spell(&at)));
            }
        }
        Some(fields)
    }

    fn object<'v>(&mut self, way: &[Step], value: &'v Value) -> Option<&'v Map<String, Value>> {
        if !value.is_object() {
            self.fail(way, format!("`{}` must be an object", spell(way)));
        }
        value.as_object()
    }

    fn list<'v>(&mut self, way: &[Step], value: &'v Value) -> Option<&'v Vec<Value>> {
        if !value.is_array() {
            self.fail(way, format!("`{}` must be a list", spell(way)));
        }
        value.as_array()
    }

    fn fail(&mut self, way: &[Step], what: String) {
        self.found.errors.push(self.doc.fault(way, what));
    }

    fn warn(&mut self, way: &[Step], what: String) {
        self.found.warnings.push(self.doc.fault(way, what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(faults: &[Fault]) -> Vec<String> {
        faults.iter().map(ToString::to_string).collect()
    }

    fn found(text: &str) -> (Vec<String>, Vec<String>) {
        let found = check(&Document::parse(text).unwrap());
        (told(&found.errors), told(&found.warnings))
    }

    #[test]
    fn what_the_client_would_refuse_is_named_with_its_place() {
        let cases = [
            (r#"{"hooks": null}"#, "1:11: `hooks` must be an object"),
            (r#"{"hooks": {"Stop": {}}}"#, "1:20: `hooks.Stop` must be a list"),
            (r#"{"hooks": {"Stop": [{}]}}"#, "1:21: `hooks.Stop[0].hooks` is missing"),
            (r#"{"hooks": {"Stop": [{"hooks": {}}]}}"#, "1:31: `hooks.Stop[0].hooks` must be a list"),
            (r#"{"hooks": {"Stop": [{"matcher": 1, "hooks": []}]}}"#, "1:33: `hooks.Stop[0].matcher` must be a text"),
            (r#"{"hooks": {"Stop": [{"hooks": ["x"]}]}}"#, "1:32: `hooks.Stop[0].hooks[0]` must be an object"),
            (r#"{"statusLine": "x"}"#, "1:16: `statusLine` must be an object"),
            (r#"{"statusLine": {"type": "command"}}"#, "1:16: `statusLine.command` is missing"),
            (
                "{\"statusLine\": {\"type\": \"static\",\n \"command\": \"x\"}}",
                "1:25: `statusLine.type` must be command",
            ),
            (
                "{\"statusLine\": {\"type\": \"command\",\n \"command\": \"x\", \"refreshInterval\": 0.5}}",
                "2:37: `statusLine.refreshInterval` must be a whole number from 1",
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(found(text), (vec![wanted.to_owned()], Vec::new()), "{text}");
        }
    }

    #[test]
    fn handlers_are_checked_by_their_type() {
        let cases = [
            (r#"{"type": "command", "command": "x", "timeout": 5, "args": [], "async": true}"#, ""),
            (r#"{"type": "command", "command": "x", "timeout": 0.5}"#, ""),
            (r#"{"type": "prompt", "prompt": "x"}"#, ""),
            (r#"{"type": "http", "url": "http://localhost"}"#, ""),
            (r#"{"type": "mcp_tool", "server": "a", "tool": "b", "input": {}}"#, ""),
            (r#"{"command": "x"}"#, "`H.type` must be a text"),
            (r#"{"type": "command"}"#, "`H.command` is missing"),
            (r#"{"type": "command", "command": ""}"#, "`H.command` must be a text that is not empty"),
            (r#"{"type": "command", "command": "x", "timeout": 0}"#, "`H.timeout` must be a number above 0"),
            (r#"{"type": "command", "command": "x", "timeout": "5"}"#, "`H.timeout` must be a number above 0"),
            (r#"{"type": "command", "command": "x", "args": "y"}"#, "`H.args` must be a list of texts"),
            (r#"{"type": "command", "command": "x", "shell": "fish"}"#, "`H.shell` must be bash or powershell"),
            (r#"{"type": "agent"}"#, "`H.prompt` is missing"),
            (r#"{"type": "mcp_tool", "server": "a"}"#, "`H.tool` is missing"),
        ];
        for (handler, wanted) in cases {
            let text = format!("{{\"hooks\": {{\"Stop\": [{{\"hooks\": [{handler}]}}]}}}}");
            let (errors, warnings) = found(&text);
            let errors: Vec<_> = errors.iter().map(|e| e.split_once(": ").unwrap().1.to_owned()).collect();
            let wanted: Vec<_> =
                wanted.split_terminator('\n').map(|w| w.replace('H', "hooks.Stop[0].hooks[0]")).collect();
            assert_eq!((errors, warnings), (wanted, Vec::new()), "{handler}");
        }
    }

    #[test]
    fn what_a_newer_client_may_know_is_a_warning() {
        let text = r#"{"hooks": {"Tea": [{"when": 1, "hooks": [{"type": "brew"}, {"type": "prompt", "prompt": "x", "n": 1}]}]}}"#;
        let (errors, warnings) = found(text);
        assert_eq!(errors, Vec::<String>::new());
        insta::assert_snapshot!(warnings.join("\n"), @r#"
        1:19: `Tea` is no event that is known
        1:29: `hooks.Tea[0].when` is not known
        1:42: `hooks.Tea[0].hooks[0]` is of the type "brew", which is not known
        1:99: `hooks.Tea[0].hooks[1].n` is not known
        "#);
    }
}
