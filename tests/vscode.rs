//! `craft vscode`: the seed's tasks and settings in files that belong to the user.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use claude_craft::fs::layout::repo_key;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::{Ran, TestEnv, read, script, tree, write};

const TASKS: &str = ".vscode/tasks.json";
const SETTINGS: &str = ".vscode/settings.json";

struct Project {
    env: TestEnv,
    top: PathBuf,
}

impl Project {
    fn new() -> Self {
        let env = TestEnv::new();
        env.git(env.root(), &["init", "-q", "p"]);
        let top = env.path("p");
        Self { env, top }
    }

    fn vscode(&self, args: &[&str]) -> Ran {
        self.env.craft(&self.top, &[&["vscode"], args].concat())
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(read(self.top.join(name))).unwrap()
    }

    fn put(&self, name: &str, text: &str) {
        write(self.top.join(name), text);
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.vscode(&[args, &["--json"]].concat()).ok().stdout).unwrap()
    }
}

#[test]
fn where_there_is_nothing_the_seeds_files_are_made_and_gone_again() {
    let p = Project::new();
    p.vscode(&["init"]).ok();
    assert_snapshot!(p.text(TASKS), @r#"
    {
      "version": "2.0.0",
      "tasks": [
        {
          "label": "PromptSync: Check for Updates",
          "type": "shell",
          "command": "ps-sync status",
          "group": "none",
          "presentation": {
            "reveal": "always",
            "panel": "dedicated"
          }
        },
        {
          "label": "PromptSync: Pull Updates",
          "type": "shell",
          "command": "ps-sync pull",
          "group": "none",
          "runOptions": {
            "runOn": "folderOpen"
          }
        }
      ]
    }
    "#);
    assert_snapshot!(p.text(SETTINGS), @r#"
    {
      "terminal.integrated.env.osx": {
        "PROMPTSYNC_AUTO_SYNC": "true"
      },
      "terminal.integrated.profiles.osx": {
        "promptsync-shell": {
          "path": "zsh",
          "args": [
            "-c",
            "ps-sync pull; exec zsh"
          ]
        }
      },
      "terminal.integrated.env.linux": {
        "PROMPTSYNC_AUTO_SYNC": "true"
      },
      "terminal.integrated.profiles.linux": {
        "promptsync-shell": {
          "path": "bash",
          "args": [
            "-c",
            "ps-sync pull; exec \"${SHELL:-bash}\""
          ]
        }
      },
      "terminal.integrated.env.windows": {
        "PROMPTSYNC_AUTO_SYNC": "true"
      },
      "terminal.integrated.profiles.windows": {
        "promptsync-shell": {
          "source": "PowerShell",
          "args": [
            "-NoExit",
            "-Command",
            "ps-sync pull"
          ]
        }
      }
    }
    "#);
    let before = tree(&p.top);
    assert_eq!(p.json(&["init"])["changed"], json!([]), "a second run changes nothing");
    assert_eq!(tree(&p.top), before);
    p.vscode(&["remove"]).ok();
    assert!(!p.top.join(".vscode").exists());
    assert_eq!(p.json(&["remove"])["changed"], json!([]));
}

#[test]
fn comments_order_and_line_ends_of_a_users_file_stay_and_its_bytes_come_back() {
    let p = Project::new();
    let settings = "// Mine.\r\n{\r\n\t\"editor.tabSize\": 4, // four\r\n\t/* shells */\r\n\
                    \t\"terminal.integrated.env.linux\": {\r\n\t\t\"A\": \"b\", // last\r\n\t},\r\n}\r\n";
    let tasks = "{\n    // See the manual.\n    \"version\": \"2.0.0\",\n    \"tasks\": [\n        {\"label\": \"build\"} \
                 // first\n    ],\n    \"inputs\": [ ]\n}";
    p.put(SETTINGS, settings);
    p.put(TASKS, tasks);
    let before = tree(&p.top);
    let dry = p.vscode(&["init", "--dry-run"]).ok();
    assert!(dry.stdout.contains("+        {") && dry.stdout.contains("+++ b/.vscode/tasks.json"), "{}", dry.stdout);
    assert_eq!(tree(&p.top), before, "a dry run changes nothing");
    p.vscode(&["init"]).ok();
    let now = p.text(SETTINGS);
    assert!(now.starts_with("// Mine.\r\n{\r\n\t\"editor.tabSize\": 4, // four\r\n\t/* shells */\r\n"), "{now}");
    assert!(now.contains("\t\t\"A\": \"b\", // last\r\n\t\t\"PROMPTSYNC_AUTO_SYNC\": \"true\",\r\n\t},\r\n"), "{now}");
    assert!(!now.replace("\r\n", "").contains('\n'), "{now:?}");
    let now = p.text(TASKS);
    assert!(
        now.contains("{\"label\": \"build\"}, // first\n        {\n            \"label\": \"PromptSync: Check"),
        "{now}"
    );
    p.vscode(&["remove"]).ok();
    assert_eq!(tree(&p.top), before);
}

#[test]
fn what_others_have_changed_since_stays_beside_what_is_taken_out() {
    let p = Project::new();
    p.vscode(&["init"]).ok();
    p.put(SETTINGS, &p.text(SETTINGS).replacen("{\n", "{\n  // mine\n  \"editor.tabSize\": 4,\n", 1));
    p.put(TASKS, &p.text(TASKS).replace("\"dedicated\"", "\"shared\""));
    let removed = p.json(&["remove"]);
    assert_eq!(
        removed["left"],
        json!([".vscode/tasks.json: `PromptSync: Check for Updates` was changed since, and stays"])
    );
    assert_eq!(p.text(SETTINGS), "{\n  // mine\n  \"editor.tabSize\": 4\n}\n");
    let tasks: Value = serde_json::from_str(&p.text(TASKS)).unwrap();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1, "{tasks}");
    assert_eq!(tasks["tasks"][0]["presentation"]["panel"], "shared");
}

#[test]
fn what_stands_under_the_same_name_is_left_and_said() {
    let p = Project::new();
    let tasks = r#"{"version": "2.0.0", "tasks": [{"label": "PromptSync: Pull Updates", "command": "mine"}]}"#;
    p.put(TASKS, tasks);
    p.put(SETTINGS, r#"{"terminal.integrated.env.osx": {"PROMPTSYNC_AUTO_SYNC": "false"}}"#);
    let done = p.json(&["init"]);
    let left = json!([
        ".vscode/tasks.json: `PromptSync: Pull Updates` is another's, and stays",
        ".vscode/settings.json: `terminal.integrated.env.osx.PROMPTSYNC_AUTO_SYNC` has another value, which stays"
    ]);
    assert_eq!(done["left"], left);
    assert!(p.text(TASKS).contains("\"mine\"") && p.text(SETTINGS).contains("\"false\""));
    assert!(p.text(TASKS).contains("Check for Updates"));
    p.vscode(&["remove"]).ok();
    assert_eq!(p.text(TASKS), tasks);
}

#[test]
fn a_broken_file_is_told_with_its_place_and_neither_is_written() {
    let p = Project::new();
    for (broken, place) in [
        (&b"{\n  // c\n  \"tasks\": [,]\n}"[..], ":3:13: "),
        (b"[]", ":1:1: here should be an object"),
        (b"{\"a\": \"\xff\"}", ":1:8: this is not UTF-8"),
        (b"{\"a\": 1, \"a\": 2}", ":1:10: `a` stands here for the second time"),
    ] {
        write(p.top.join(SETTINGS), broken);
        let ran = p.vscode(&["init"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("{SETTINGS}{place}")), "{}", ran.stderr);
        assert!(ran.stderr.contains("hint: it is as it was"), "{}", ran.stderr);
        assert_eq!(read(p.top.join(SETTINGS)), broken);
        assert!(!p.top.join(TASKS).exists());
        // A list is no settings file, but sound, and nothing of ours is in it.
        assert_eq!(p.vscode(&["remove"]).code, if broken == b"[]" { 0 } else { 2 });
    }
}

#[test]
fn nothing_is_written_through_links_that_lead_out() {
    let p = Project::new();
    let outside = p.env.path("outside");
    write(outside.join("settings.json"), "{}");
    let refused = |what: &str| {
        let ran = p.vscode(&["init"]);
        assert_eq!(ran.code, 1, "{what}");
        assert!(ran.stderr.contains(what), "{}", ran.stderr);
        assert_eq!(read(outside.join("settings.json")), b"{}");
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    };
    let folder = p.top.join(".vscode");
    symlink(&outside, &folder).unwrap();
    refused("leads out of the working tree");
    std::fs::remove_file(&folder).unwrap();
    symlink(".git", &folder).unwrap();
    refused("leads out of the working tree");
    std::fs::remove_file(&folder).unwrap();
    symlink("gone", &folder).unwrap();
    refused("leads nowhere");
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    symlink(outside.join("settings.json"), folder.join("settings.json")).unwrap();
    refused("leads out of the working tree");
    std::fs::remove_file(folder.join("settings.json")).unwrap();
    std::fs::create_dir(folder.join("tasks.json")).unwrap();
    refused("is no ordinary file");
    let ran = p.env.craft(&outside, &["vscode", "init"]);
    assert!(ran.code == 1 && ran.stderr.contains("is in no git repository"), "{}", ran.stderr);
}

#[test]
fn what_is_missing_for_it_to_work_is_said() {
    let p = Project::new();
    let remarks = |p: &Project| p.json(&["init", "--dry-run"])["remarks"].to_string();
    assert!(remarks(&p).contains("`ps-sync`, which the tasks start, is in no folder of PATH"));
    assert!(remarks(&p).contains("craft beacon init"));
    script(p.env.path("bin/ps-sync"), "exit 0");
    p.env.set("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", p.env.path("bin").display()));
    assert!(!remarks(&p).contains("in no folder of PATH"));
}

#[test]
fn a_record_of_a_newer_version_stays_and_so_does_all_else() {
    let p = Project::new();
    p.put(SETTINGS, "{ \"mine\": 1 }\n");
    p.vscode(&["init"]).ok();
    let record = p.env.craft_dir().join("repos").join(repo_key(&p.top.join(".git"))).join("vscode.json");
    let text = String::from_utf8(read(&record)).unwrap().replace("\"version\": 1", "\"version\": 9");
    write(&record, &text);
    let before = tree(&p.top);
    for args in [&["init"][..], &["remove"], &["init", "--dry-run"], &["remove", "--dry-run"]] {
        let ran = p.vscode(args);
        assert!(ran.code == 1 && ran.stderr.contains("vscode.json has version 9 of a newer"), "{}", ran.stderr);
        assert!(ran.stderr.contains("update this claude-craft"), "{}", ran.stderr);
        assert_eq!(String::from_utf8(read(&record)).unwrap(), text);
        assert_eq!(tree(&p.top), before);
    }
}

#[test]
fn killed_at_any_step_the_same_command_finishes_it_and_the_bytes_come_back() {
    for step in ["vscode-recorded", "vscode-put"] {
        for mine in [None, Some("{\n  // mine\n  \"a\": 1\n}\n")] {
            let p = Project::new();
            mine.into_iter().for_each(|text| p.put(SETTINGS, text));
            let before = tree(&p.top);
            let killed = |args: &[&str]| {
                p.env.set("CRAFT_INTERNAL__KILL_AT", step);
                let ran = p.vscode(args);
                p.env.unset("CRAFT_INTERNAL__KILL_AT");
                ran.code == 128 + 9
            };
            assert!(killed(&["init"]), "{step}");
            p.vscode(&["init"]).ok();
            assert!(p.text(SETTINGS).contains("promptsync-shell") && p.text(TASKS).contains("folderOpen"), "{step}");
            assert_eq!(killed(&["remove"]), step == "vscode-put");
            p.vscode(&["remove"]).ok();
            assert_eq!(tree(&p.top), before, "{step}, {mine:?}");
            p.vscode(&["init"]).ok();
            assert_eq!(p.json(&["init"])["changed"], json!([]), "a second one changes nothing");
        }
    }
}

#[test]
fn init_and_remove_give_back_the_bytes_whatever_the_files_looked_like() {
    let p = Project::new();
    let members = ["", "\"a\": 1", "\"a\": [ ] , // x\n", "/* only */", "\"terminal.integrated.env.osx\": { }"];
    let frames = [("{", "}"), ("{\n  ", "\n}\n"), ("// t\r\n{\r\n\t", "\r\n}"), ("\u{feff}{ ", " } // end\n")];
    for member in members {
        for (open, close) in frames {
            let text = format!("{open}{member}{close}");
            p.put(SETTINGS, &text);
            p.put(TASKS, &text);
            p.vscode(&["init"]).ok();
            assert!(p.text(SETTINGS).contains("promptsync-shell") && p.text(TASKS).contains("folderOpen"), "{text:?}");
            p.vscode(&["remove"]).ok();
            assert_eq!((p.text(SETTINGS), p.text(TASKS)), (text.clone(), text));
        }
    }
    assert!(Path::new(&p.top).join(".vscode").exists());
}
