//! `craft auto-sync config`, and what a broken configuration does to the rest.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;

use super::Home;

#[test]
fn a_broken_configuration_is_named_by_file_line_and_field_and_never_overwritten() {
    let home = Home::new();
    let text = "{\n  \"autoSync\": {\n    \"enabled\": \"often\"\n  }\n}\n";
    home.write("home/.claude/craft/config.json", text);
    home.shell_of_a_repository("app");
    assert_snapshot!(home.auto_sync(".", &["status"]), @r#"
    [TMP]/home/.claude/craft/config.json:3: `autoSync.enabled` is "often"; allowed is a boolean
    auto-sync does nothing until this is mended; `craft auto-sync config edit` opens the file
    exit 2
    "#);
    assert_snapshot!(home.auto_sync(".", &["config", "set", "lock.timeoutSeconds", "9"]), @r#"
    error: [TMP]/home/.claude/craft/config.json:3: `autoSync.enabled` is "often"; allowed is a boolean
    hint: mend it with `craft auto-sync config edit`
    exit 2
    "#);
    assert_snapshot!(home.auto_sync(".", &["config", "check"]), @r#"
    error: [TMP]/home/.claude/craft/config.json:3: `autoSync.enabled` is "often"; allowed is a boolean
    exit 2
    "#);
    assert_snapshot!(home.auto_sync(".", &["disable", "--all"]), @r#"
    error: [TMP]/home/.claude/craft/config.json:3: `autoSync.enabled` is "often"; allowed is a boolean
    hint: mend it with `craft auto-sync config edit`
    exit 2
    "#);
    assert_snapshot!(home.auto_sync(".", &["force", "--all"]), @r#"
    error: [TMP]/home/.claude/craft/config.json:3: `autoSync.enabled` is "often"; allowed is a boolean
    hint: mend it with `craft auto-sync config edit`
    exit 2
    "#);
    assert_eq!(fs::read_to_string(home.config()).unwrap(), text);
}

#[test]
fn a_configuration_of_a_newer_version_is_read_and_left_alone() {
    let home = Home::new();
    let text = "{\"version\": 2, \"lock\": {\"timeoutSeconds\": 9}}";
    home.write("home/.claude/craft/config.json", text);
    assert_snapshot!(home.auto_sync(".", &["config", "get", "lock.timeoutSeconds"]), @"
    9
    exit 0
    ");
    assert_snapshot!(home.auto_sync(".", &["config", "set", "lock.timeoutSeconds", "8"]), @"
    error: [TMP]/home/.claude/craft/config.json has version 2, written by a newer claude-craft; this one writes version 1 and leaves it alone
    hint: update this claude-craft
    exit 2
    ");
    assert_snapshot!(home.auto_sync(".", &["config", "check"]), @"
    warning: [TMP]/home/.claude/craft/config.json: written by a newer claude-craft: it is read as far as it is understood
    exit 0
    ");
    assert_eq!(fs::read_to_string(home.config()).unwrap(), text);
}

#[test]
fn a_setting_is_changed_and_all_else_in_the_file_stays_as_it_was() {
    let home = Home::new();
    home.write(
        "home/.claude/craft/config.json",
        "{\"zebra\": [1, 2.50], \"lock\": {\"mine\": null, \"timeoutSeconds\": 60}, \"alpha\": 1}",
    );
    assert_snapshot!(home.auto_sync(".", &["config", "set", "lock.timeoutSeconds", "9", "--dry-run"]), @r#"
    --- [TMP]/home/.claude/craft/config.json
    +++ [TMP]/home/.claude/craft/config.json (changed)
    @@ -1 +1,11 @@
    -{"zebra": [1, 2.50], "lock": {"mine": null, "timeoutSeconds": 60}, "alpha": 1}
    \ No newline at end of file
    +{
    +  "zebra": [
    +    1,
    +    2.5
    +  ],
    +  "lock": {
    +    "mine": null,
    +    "timeoutSeconds": 9
    +  },
    +  "alpha": 1
    +}
    exit 0
    "#);
    assert_eq!(home.json(&home.config())["lock"]["timeoutSeconds"], 60);
    assert_snapshot!(home.auto_sync(".", &["config", "set", "lock.timeoutSeconds", "9"]), @"
    lock.timeoutSeconds: 9, was 60
    exit 0
    ");
    assert_snapshot!(home.auto_sync(".", &["config", "set", "lock.timeoutSeconds", "9"]), @"
    lock.timeoutSeconds: 9 as before
    exit 0
    ");
    assert_snapshot!(fs::read_to_string(home.config()).unwrap(), @r#"
    {
      "zebra": [
        1,
        2.5
      ],
      "lock": {
        "mine": null,
        "timeoutSeconds": 9
      },
      "alpha": 1
    }
    "#);
    assert_snapshot!(home.auto_sync(".", &["config", "set", "lock.timeoutSeconds", "-1"]), @"
    error: `lock.timeoutSeconds` cannot be -1; allowed is a whole number
    exit 2
    ");
    assert_snapshot!(home.auto_sync(".", &["config", "set", "probability", "9"]), @"
    error: there is no setting `probability`
    hint: did you mean `autoSync.triggers.userPrompt.probability`?
    exit 2
    ");
    assert_snapshot!(home.auto_sync(".", &["config", "get", "autoSync.triggers.sessionEnd.commitMessage"]), @"
    Auto-sync: Session end ${timestamp}
    exit 0
    ");
    assert_snapshot!(home.auto_sync(".", &["config", "get", "no.such.thing"]), @"
    error: there is no setting `no.such.thing`
    hint: `craft auto-sync config get` shows all settings
    exit 2
    ");
    assert_snapshot!(home.auto_sync(".", &["config", "get", "lock"]), @r#"
    {
      "timeoutSeconds": 9
    }
    exit 0
    "#);
}

#[test]
fn the_first_change_writes_the_whole_of_the_defaults() {
    let home = Home::new();
    assert_snapshot!(home.auto_sync(".", &["config", "set", "autoSync.triggers.sessionEnd.commitMessage", "2024"]), @r#"
    autoSync.triggers.sessionEnd.commitMessage: "2024", was "Auto-sync: Session end ${timestamp}"
    exit 0
    "#);
    assert_snapshot!(fs::read_to_string(home.config()).unwrap(), @r#"
    {
      "version": 1,
      "autoSync": {
        "enabled": true,
        "triggers": {
          "sessionStart": {
            "enabled": true,
            "action": "pull",
            "silent": true,
            "budgetMs": 2500,
            "additionalContext": true,
            "commitMessage": "Auto-sync: Session start ${timestamp}"
          },
          "sessionEnd": {
            "enabled": true,
            "action": "push",
            "silent": false,
            "commitMessage": "2024"
          },
          "userPrompt": {
            "enabled": true,
            "probability": 27,
            "action": "sync",
            "silent": true,
            "debounceMs": 5000,
            "commitMessage": "Auto-sync: Prompt ${timestamp}"
          }
        }
      },
      "repositories": [],
      "conflict": {
        "policy": "stop",
        "ours": [],
        "theirs": []
      },
      "retry": {
        "attempts": 5,
        "baseMs": 200,
        "capMs": 1800000,
        "pauseAfter": 5
      },
      "lock": {
        "timeoutSeconds": 60
      },
      "limits": {
        "maxFileMib": 50,
        "massDeletionFiles": 20,
        "massDeletionPercent": 50,
        "networkSeconds": 120,
        "commitSeconds": 300,
        "snapshotDays": 30
      },
      "paths": {
        "include": [],
        "exclude": []
      },
      "security": {
        "denyNames": true,
        "allow": [],
        "scan": true,
        "scanMaxMib": 64,
        "baseline": null
      },
      "permissions": {
        "strict": false,
        "git": {
          "preset": null,
          "overrides": {}
        },
        "beacon": {
          "preset": null,
          "overrides": {}
        },
        "github": {
          "preset": null,
          "overrides": {}
        },
        "jira": {
          "preset": null,
          "overrides": {}
        },
        "ado": {
          "preset": null,
          "overrides": {}
        }
      },
      "scheduler": {
        "enabled": false,
        "catchUp": "once",
        "catchUpCap": 5,
        "maxRetries": 3
      },
      "notifications": {
        "enabled": true,
        "desktop": false,
        "minSeverity": "info",
        "muted": [
          "job-complete"
        ],
        "keepDays": 30
      },
      "logging": {
        "retentionDays": 30,
        "maxMib": 16
      },
      "plans": {
        "sessionContext": true,
        "stopMarkers": true,
        "branchPrefix": "para/",
        "mainBranch": null,
        "syncBranches": true
      },
      "beacon": {
        "remote": null,
        "folders": [
          ".claude/planning",
          ".claude/implementation"
        ],
        "authors": [],
        "requireSignature": false,
        "maxFiles": 200,
        "maxMib": 20,
        "sessionContext": true,
        "watch": {
          "intervalSeconds": 60,
          "pull": false,
          "push": false
        },
        "github": {
          "enabled": false,
          "repository": null,
          "api": null,
          "logins": []
        }
      }
    }
    "#);
}

#[test]
fn a_check_tells_what_is_ignored_in_the_users_file_and_in_the_projects() {
    let home = Home::new();
    assert_snapshot!(home.auto_sync(".", &["config", "check"]), @"
    there is no configuration file; the defaults hold
    exit 0
    ");
    home.write("home/.claude/craft/config.json", "{\"autosync\": {}, \"lock\": {\"timeoutSecond\": 9}}");
    home.shell_of_a_repository("app");
    home.write("app/.claude/craft.json", "{\"autoSync\": {\"enabled\": true}, \"repositories\": []}");
    assert_snapshot!(home.auto_sync("app", &["config", "check"]), @"
    warning: [TMP]/home/.claude/craft/config.json: `autosync` is ignored: there is no such setting; did you mean `autoSync`?
    warning: [TMP]/home/.claude/craft/config.json: `lock.timeoutSecond` is ignored: there is no such setting; did you mean `lock.timeoutSeconds`?
    warning: [TMP]/app/.claude/craft.json: `repositories` is ignored: a project's file can only switch off and exclude
    warning: [TMP]/app/.claude/craft.json: `autoSync.enabled` is ignored: a project's file can switch off, never on
    exit 0
    ");
    home.write("app/.claude/craft.json", "{\"autoSync\": {\"enabled\": \"no\"}}");
    assert_snapshot!(home.auto_sync("app", &["config", "check"]), @r#"
    error: [TMP]/app/.claude/craft.json:1: `autoSync.enabled` is "no"; allowed is a boolean
    warning: [TMP]/home/.claude/craft/config.json: `autosync` is ignored: there is no such setting; did you mean `autoSync`?
    warning: [TMP]/home/.claude/craft/config.json: `lock.timeoutSecond` is ignored: there is no such setting; did you mean `lock.timeoutSeconds`?
    exit 2
    "#);
    home.write("app/.claude/craft.json", "{\"autoSync\": {\"enabled\": false}}");
    home.write("home/.claude/craft/config.json", "{}");
    assert_snapshot!(home.auto_sync("app", &["config", "check"]), @"
    all is well in ~/.claude/craft/config.json, [TMP]/app/.claude/craft.json
    exit 0
    ");
}

fn editor(home: &Home, name: &str, script: &str) -> String {
    let path = home.write(name, &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn what_an_editor_leaves_is_taken_over_once_it_is_good_and_kept_aside_if_it_is_not() {
    let home = Home::new();
    let edit = |editor: Option<&str>| {
        let mut command = home.craft(".", &["auto-sync", "config", "edit"]);
        if let Some(editor) = editor {
            command.env("EDITOR", editor);
        }
        home.show(&command.output().unwrap())
    };
    assert_snapshot!(edit(None), @"
    error: no editor is known
    hint: set VISUAL or EDITOR, or use `craft auto-sync config set`
    exit 1
    ");
    let good = editor(&home, "good", "test \"$1\" = --wait && printf '{\"lock\": {\"timeoutSeconds\": 7}}' >\"$2\"");
    assert_snapshot!(edit(Some(&format!("{good} --wait"))), @"
    the configuration was changed
    exit 0
    ");
    let text = fs::read_to_string(home.config()).unwrap();
    assert_eq!(text, "{\"lock\": {\"timeoutSeconds\": 7}}", "the user's own layout stays");
    assert_snapshot!(edit(Some("/bin/true")), @"
    nothing was changed
    exit 0
    ");
    let bad = editor(&home, "bad", "printf '{\"lock\": 7}' >\"$1\"");
    assert_snapshot!(edit(Some(&bad)), @"
    error: [TMP]/home/.claude/craft/config.json:1: `lock` is 7; allowed is an object
    hint: the configuration is as it was; your text is kept in [TMP]/home/.claude/craft/config.edited-20250901T120000Z.json
    exit 2
    ");
    assert_eq!(
        fs::read_to_string(home.path("home/.claude/craft/config.edited-20250901T120000Z.json")).unwrap(),
        "{\"lock\": 7}"
    );
    let slow = editor(
        &home,
        "slow",
        &format!("printf '{{}}' >'{}'; printf '{{\"lock\": {{}}}}' >\"$1\"", home.config().display()),
    );
    assert_snapshot!(edit(Some(&slow)), @"
    error: the configuration was changed by another process in the meantime
    hint: your text is kept in [TMP]/home/.claude/craft/config.edited-20250901T120000Z.json
    exit 5
    ");
    assert_eq!(fs::read_to_string(home.config()).unwrap(), "{}");
    assert_snapshot!(edit(Some("/bin/false")), @"
    error: /bin/false ended with exit status: 1; nothing was changed
    exit 1
    ");
    assert_snapshot!(edit(Some("no-such-editor")), @"
    error: cannot start no-such-editor: No such file or directory (os error 2)
    exit 1
    ");
}
