//! `craft settings`, and what it leaves in the client's settings files.

use std::fs;
use std::path::Path;

use claude_craft::json::document::Document;
use claude_craft::settings::check::check;
use claude_craft::settings::fragment::{ALL, Values};
use claude_craft::settings::merge::put_in;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::Home;

const MINE: &str =
    "{\n    \"model\": \"opus\",\n    \"statusLine\": {\"type\": \"command\", \"command\": \"~/line.sh\"}\n}\n";

impl Home {
    /// Runs `craft settings` and shows all that came of it.
    fn settings(&self, folder: &str, arguments: &[&str]) -> String {
        let arguments: Vec<_> = ["settings"].iter().chain(arguments).copied().collect();
        let shown = self.show(&self.craft(folder, &arguments).output().unwrap());
        let shown = shown.replace(&bin(), "[BIN]");
        // The key of a path is a hash of it, and the path is another each time.
        let mut parts = shown.split("settings-json-");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + "settings-json-[KEY]" + &part[16..])
    }

    fn client_settings(&self) -> String {
        fs::read_to_string(self.path("home/.claude/settings.json")).unwrap()
    }
}

fn bin() -> String {
    Path::new(env!("CARGO_BIN_EXE_craft")).parent().unwrap().display().to_string()
}

#[test]
fn fragments_go_in_are_listed_and_come_out_again() {
    let home = Home::new();
    home.write("home/.claude/settings.json", MINE);
    assert_snapshot!(home.settings(".", &["diff", "statusline-settings"]), @r#"
    --- ~/.claude/settings.json
    +++ ~/.claude/settings.json (changed)
    @@ -1,4 +1,4 @@
     {
         "model": "opus",
    -    "statusLine": {"type": "command", "command": "~/line.sh"}
    +    "statusLine": {"type": "command", "command": "[BIN]/craft statusline", "padding": 0}
     }
    exit 0
    "#);
    assert_snapshot!(home.settings(".", &["apply", "--dry-run"]), @r#"
    --- ~/.claude/settings.json
    +++ ~/.claude/settings.json (changed)
    @@ -1,4 +1,54 @@
     {
         "model": "opus",
    -    "statusLine": {"type": "command", "command": "~/line.sh"}
    +    "statusLine": {"type": "command", "command": "~/line.sh"},
    +    "hooks": {
    +        "SessionStart": [
    +            {
    +                "hooks": [
    +                    {
    +                        "type": "command",
    +                        "command": "[BIN]/craft-session-start",
    +                        "args": [],
    +                        "timeout": 10
    +                    }
    +                ]
    +            }
    +        ],
    +        "SessionEnd": [
    +            {
    +                "hooks": [
    +                    {
    +                        "type": "command",
    +                        "command": "[BIN]/craft-session-end",
    +                        "args": [],
    +                        "timeout": 5
    +                    }
    +                ]
    +            }
    +        ],
    +        "UserPromptSubmit": [
    +            {
    +                "hooks": [
    +                    {
    +                        "type": "command",
    +                        "command": "[BIN]/craft-prompt-sync",
    +                        "args": [],
    +                        "timeout": 5
    +                    }
    +                ]
    +            }
    +        ],
    +        "Stop": [
    +            {
    +                "hooks": [
    +                    {
    +                        "type": "command",
    +                        "command": "[BIN]/craft-stop",
    +                        "args": [],
    +                        "timeout": 5
    +                    }
    +                ]
    +            }
    +        ]
    +    }
     }
    exit 0
    "#);
    assert_eq!(home.client_settings(), MINE);
    assert!(!home.path("home/.claude/craft").exists(), "a look writes nothing");
    assert_snapshot!(home.settings(".", &["apply", "auto-sync-settings", "statusline-settings"]), @"
    put auto-sync-settings and statusline-settings into ~/.claude/settings.json
    what it was is kept in ~/.claude/craft/settings/backups/settings-json-[KEY].20250901T120000Z-01
    exit 0
    ");
    assert_snapshot!(home.settings(".", &["apply"]), @"
    auto-sync-settings and statusline-settings are in ~/.claude/settings.json already
    exit 0
    ");
    assert_snapshot!(home.settings(".", &["diff"]), @"
    nothing would change in ~/.claude/settings.json
    exit 0
    ");
    assert_snapshot!(home.settings(".", &["list"]), @"
    auto-sync-settings  the hooks that keep repositories in step
      ~/.claude/settings.json: up to date
    statusline-settings  a status line that tells how the repository stands
      ~/.claude/settings.json: up to date
    exit 0
    ");
    assert_snapshot!(home.settings(".", &["remove", "statusline-settings"]), @"
    took statusline-settings out of ~/.claude/settings.json; all else in it stays
    what it was is kept in ~/.claude/craft/settings/backups/settings-json-[KEY].20250901T120000Z-02
    exit 0
    ");
    assert_snapshot!(home.settings(".", &["remove"]), @"
    took auto-sync-settings out of ~/.claude/settings.json: it is what it was before
    what it was is kept in ~/.claude/craft/settings/backups/settings-json-[KEY].20250901T120000Z-03
    exit 0
    ");
    assert_eq!(home.client_settings(), MINE);
    assert_snapshot!(home.settings(".", &["remove"]), @"
    nothing of ours is in ~/.claude/settings.json
    exit 0
    ");
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_the_way_on() {
    let home = Home::new();
    home.write("home/.claude/settings.json", "{\n  \"model\": \"opus\",\n}\n");
    assert_snapshot!(home.settings(".", &["apply"]), @"
    error: [TMP]/home/.claude/settings.json:2:18: trailing commas are not allowed
    hint: it is as it was; mend that place and try again
    exit 2
    ");
    assert_eq!(home.client_settings(), "{\n  \"model\": \"opus\",\n}\n");
    assert_snapshot!(home.settings(".", &["apply", "auto-sync"]), @"
    error: there is no settings fragment `auto-sync`
    hint: `craft settings list` names them
    exit 2
    ");
    home.write("home/.claude/settings.json", "{\"hooks\": {\"Tea\": []}}");
    fs::create_dir(home.path("project")).unwrap();
    assert_snapshot!(home.settings("project", &["apply", "--scope", "project"]), @"
    put auto-sync-settings into [TMP]/project/.claude/settings.json
    exit 0
    ");
    assert_snapshot!(home.settings("project", &["apply"]), @"
    error: the hooks would run twice: `hooks.SessionStart[0].hooks[0]` of [TMP]/project/.claude/settings.json runs [BIN]/craft-session-start
    hint: take them out there first (`craft settings remove`, or by hand)
    exit 1
    ");
    assert_snapshot!(home.settings("project", &["remove", "--scope", "project"]), @"
    removed [TMP]/project/.claude/settings.json, which held nothing else
    what it was is kept in ~/.claude/craft/settings/backups/settings-json-[KEY].20250901T120000Z-01
    exit 0
    ");
    assert_snapshot!(home.settings("project", &["apply"]), @"
    put auto-sync-settings into ~/.claude/settings.json
    what it was is kept in ~/.claude/craft/settings/backups/settings-json-[KEY].20250901T120000Z-01
    warning: ~/.claude/settings.json:1:19: `Tea` is no event that is known
    exit 0
    ");
}

#[test]
fn programs_can_read_all_of_it_as_json() {
    let home = Home::new();
    let json = |arguments: &[&str]| -> Value {
        let output = home.craft(".", &[&["settings"], arguments, &["--json"]].concat()).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", home.show(&output)))
    };
    let file = home.path("home/.claude/settings.json");
    let seen = json(&["diff"]);
    assert_eq!((&seen["changed"], &seen["file"]), (&json!(true), &json!(file)));
    assert!(seen["diff"].as_str().unwrap().contains("+    \"SessionStart\""), "{seen}");
    assert_eq!(json(&["apply", "--dry-run"]), seen);
    let wanted = json!({"changed": true, "file": file, "backup": null, "warnings": []});
    assert_eq!(json(&["apply"])["applied"], wanted);
    assert_eq!(json(&["apply"])["applied"]["changed"], false);
    let list = json(&["list"]);
    assert_eq!(list["fragments"][0]["places"], json!([[file, {"state": "current"}]]));
    assert_eq!(list["fragments"][1]["places"], json!([]));
    let removed = json(&["remove"])["removed"].clone();
    assert_eq!((&removed["exact"], &removed["deletedFile"]), (&json!(true), &json!(true)));
    assert_eq!(removed["fragments"], json!(["auto-sync-settings"]));
    assert!(!file.exists());
}

#[test]
fn settings_of_one_person_in_a_project_are_kept_out_of_git_and_out_of_it_once_only() {
    let home = Home::new();
    home.repository("app");
    home.git("app", &["worktree", "add", "-q", "../linked"]);
    let exclude = home.write("app/.git/info/exclude", "*.tmp");
    let untracked =
        |folder: &str| home.show(&home.command("git", folder).args(["status", "--short"]).output().unwrap());
    fs::create_dir_all(home.path("linked/src")).unwrap();
    for folder in ["linked/src", "app", "app"] {
        home.settings(folder, &["apply", "--scope", "local"]);
        assert_eq!(untracked(folder), "exit 0");
    }
    assert!(home.path("linked/.claude/settings.local.json").exists(), "at the top, not where it was called");
    assert_eq!(fs::read_to_string(&exclude).unwrap(), "*.tmp\n/.claude/settings.local.json\n");
    for folder in ["linked", "app"] {
        home.settings(folder, &["remove", "--scope", "local"]);
        assert!(!home.path(folder).join(".claude").exists());
    }
    home.write("app/.git/info/exclude", ".claude/\n");
    home.settings("app", &["apply", "--scope", "local"]);
    assert_eq!(fs::read_to_string(&exclude).unwrap(), ".claude/\n", "it was ignored already");
}

#[test]
fn our_check_and_the_schema_agree_on_what_we_write_and_on_what_is_wrong() {
    let schema: Value = serde_json::from_str(include_str!("../fixtures/settings.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let mine = ["", "{}", MINE, "{\"hooks\": {\"Stop\": [{\"matcher\": \"*\", \"hooks\": []}], \"SessionEnd\": []}}"];
    for exec_form in [true, false] {
        for text in mine {
            let mut text = text.to_owned();
            for fragment in ALL {
                let filled = fragment.filled(&Values { bin: "/my tools".into(), exec_form }).unwrap();
                text = put_in(&text, &filled, &[], &[]).unwrap().text;
            }
            let value: Value = serde_json::from_str(&text).unwrap();
            let faults: Vec<_> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
            assert_eq!(faults, Vec::<String>::new(), "{text}");
            assert_eq!(check(&Document::parse(&text).unwrap()).errors, Vec::new(), "{text}");
        }
    }
    let handlers = [
        json!({"type": "command", "command": "x", "timeout": 0.1, "async": true, "shell": "bash"}),
        json!({"type": "prompt", "prompt": "x", "model": "m"}),
        json!({"type": "agent", "prompt": "x", "if": "Bash(*)"}),
        json!({"type": "http", "url": "x", "headers": {"A": "b"}, "allowedEnvVars": ["A"]}),
        json!({"type": "mcp_tool", "server": "x", "tool": "y", "input": {}}),
    ];
    let odd = [json!(null), json!(""), json!(0), json!(-1), json!(2), json!([1]), json!([]), json!({}), json!(true)];
    let mut compared = 0;
    for handler in handlers {
        for key in handler.as_object().unwrap().keys() {
            for value in odd.iter().map(Some).chain([None]) {
                let mut changed = handler.clone();
                match value {
                    Some(value) => changed[key] = value.clone(),
                    None => drop(changed.as_object_mut().unwrap().remove(key)),
                }
                let whole = json!({"hooks": {"Stop": [{"hooks": [changed]}]}});
                // An unknown type is a warning of ours, as a newer client may know it.
                if changed["type"] == "" {
                    continue;
                }
                let ours = check(&Document::parse(&whole.to_string()).unwrap()).errors;
                assert_eq!(ours.is_empty(), schema.is_valid(&whole), "{whole}: {ours:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 150, "{compared}");
    for line in [json!({"type": "command", "command": ""}), json!({"type": "x", "command": "y"}), json!("x"), json!({})]
    {
        let whole = json!({"statusLine": line});
        let ours = check(&Document::parse(&whole.to_string()).unwrap()).errors;
        assert_eq!(ours.is_empty(), schema.is_valid(&whole), "{whole}: {ours:?}");
    }
}
