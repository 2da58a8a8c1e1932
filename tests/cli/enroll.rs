//! `craft auto-sync enable` and `disable`.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Home, NOW};

#[test]
fn switching_off_is_remembered_and_can_be_said_twice() {
    let home = Home::new();
    home.shell_of_a_repository("app");
    home.write(
        "home/.claude/craft/config.json",
        &json!({"repositories": [home.enrolled("app"), home.enrolled("gone")]}).to_string(),
    );
    fs::create_dir(home.path("elsewhere")).unwrap();
    assert_snapshot!(home.auto_sync("app", &["disable"]), @"
    auto-sync is off for [TMP]/app; `craft auto-sync enable` switches it on again
    exit 0
    ");
    assert_snapshot!(home.auto_sync(".", &["disable", "app"]), @"
    auto-sync was already off for [TMP]/app; `craft auto-sync enable` switches it on again
    exit 0
    ");
    assert_snapshot!(home.auto_sync(".", &["-C", "app", "disable", "../gone"]), @"
    auto-sync is off for [TMP]/gone; `craft auto-sync enable` switches it on again
    exit 0
    ");
    let gone = home.path("gone").display().to_string();
    assert_snapshot!(home.auto_sync(".", &["disable", &gone]), @"
    auto-sync was already off for [TMP]/gone; `craft auto-sync enable` switches it on again
    exit 0
    ");
    assert_snapshot!(home.auto_sync("elsewhere", &["disable"]), @"
    error: [TMP]/elsewhere is not enrolled
    hint: `craft auto-sync status` lists what is enrolled
    exit 1
    ");
    assert_snapshot!(home.auto_sync(".", &["disable", "--all"]), @"
    auto-sync is off for all repositories; `craft auto-sync enable` switches it on again
    exit 0
    ");
    assert_snapshot!(home.auto_sync(".", &["disable", "--all"]), @"
    auto-sync was already off for all repositories; `craft auto-sync enable` switches it on again
    exit 0
    ");
    let config = home.json(&home.config());
    assert_eq!((&config["autoSync"]["enabled"], &config["repositories"][0]["disabled"]), (&json!(false), &json!(true)));
}

#[test]
fn what_is_no_repository_with_a_working_tree_is_not_enrolled() {
    let home = Home::new();
    home.git(".", &["init", "-q", "--bare", "bare.git"]);
    assert_snapshot!(home.auto_sync(".", &["enable"]), @"
    error: [TMP] is not inside a git repository
    hint: make one with `git init`, or name another folder
    exit 1
    ");
    assert_snapshot!(home.auto_sync(".", &["enable", "bare.git"]), @"
    error: [TMP]/bare.git is a bare repository; only one with a working tree can be synced
    exit 1
    ");
    assert_snapshot!(home.auto_sync("home", &["force"]), @"
    error: [TMP]/home is not inside a git repository
    hint: make one with `git init`, or name another folder
    exit 1
    ");
    assert_snapshot!(home.auto_sync("home", &["history"]), @"
    error: [TMP]/home is not inside a git repository
    hint: make one with `git init`, or name another folder
    exit 1
    ");
    assert_snapshot!(home.auto_sync("home", &["-C", "nowhere", "status"]), @"
    error: [TMP]/home/nowhere is no folder
    exit 2
    ");
    assert!(!home.config().exists());
}

#[test]
fn enabling_pins_branch_and_remote_and_says_what_will_happen() {
    let home = Home::new();
    home.repository("app");
    fs::create_dir(home.path("app/deep")).unwrap();
    assert_snapshot!(home.auto_sync("app/deep", &["enable"]), @"
    auto-sync is on for [TMP]/app
      branch   main
      remote   origin at ../remote.git
    session start pulls, session end commits and pushes to origin/main at ../remote.git, one prompt in 27 syncs
    exit 0
    ");
    let pinned = home.json(&home.config())["repositories"][0].clone();
    assert_eq!(pinned["path"], json!(home.path("app")));
    assert_eq!(pinned["commonDir"], json!(home.path("app/.git")));
    assert_eq!((&pinned["remote"], &pinned["branch"]), (&json!("origin"), &json!("main")));
    assert_eq!((&pinned["publish"], &pinned["enrolled"]), (&json!(false), &json!("2025-09-01T12:00:00Z")));
}

#[test]
fn enabling_anew_moves_the_pins_keeps_the_rest_and_forgets_what_held_it_up() {
    let home = Home::new();
    home.repository("app");
    home.git("app", &["checkout", "-q", "-b", "next"]);
    let mut entry = home.enrolled("app");
    entry["disabled"] = json!(true);
    entry["pushUrl"] = json!("https://example.org/old.git");
    entry["publish"] = json!(true);
    entry["mine"] = json!("kept");
    entry["overrides"] = json!({"limits": {"maxFileMib": 7}});
    let config = json!({"autoSync": {"enabled": false}, "repositories": [entry], "unknown": 1});
    home.write("home/.claude/craft/config.json", &config.to_string());
    let common_dir = home.path("app/.git").display().to_string();
    let troubled = json!({"paused": "5 failures", "consecutiveFailures": 5, "notBefore": NOW + 1,
        "attention": {"kind": "auth", "message": "m", "command": "c", "since": 1}, "leftOutTold": "h"});
    home.write(
        "home/.claude/auto-sync-state.json",
        &json!({"version": 1, "repositories": {&common_dir: troubled}}).to_string(),
    );

    assert_snapshot!(home.auto_sync("app", &["enable"]), @"
    auto-sync is on again for [TMP]/app
      branch   next
      remote   origin at ../remote.git
      publish  yes, where the remote does not have the branch yet
    session start pulls, session end commits and pushes to origin/next at ../remote.git, one prompt in 27 syncs
    auto-sync was switched off for all repositories; it is on again
    exit 0
    ");
    let config = home.json(&home.config());
    let entry = &config["repositories"][0];
    assert_eq!((&config["autoSync"]["enabled"], &config["unknown"]), (&json!(true), &json!(1)));
    assert_eq!((&entry["mine"], &entry["overrides"]["limits"]["maxFileMib"]), (&json!("kept"), &json!(7)));
    assert_eq!((&entry["branch"], &entry["publish"]), (&json!("next"), &json!(true)));
    assert_eq!((entry.get("disabled"), entry.get("pushUrl")), (None, None));
    let state = &home.json(&home.state())["repositories"][&common_dir];
    assert_eq!((&state["paused"], &state["attention"]), (&Value::Null, &Value::Null));
    assert_eq!((&state["consecutiveFailures"], &state["notBefore"]), (&json!(0), &json!(0)));
    assert_eq!(state["leftOutTold"], "h");
}

#[test]
fn which_branch_and_remote_can_be_chosen_and_wrong_choices_are_explained() {
    let home = Home::new();
    home.repository("app");
    home.git("app", &["remote", "add", "fork", "https://ann:secret@example.org/fork.git"]);
    assert_snapshot!(home.auto_sync("app", &["enable", "--remote", "nowhere"]), @r#"
    error: there is no remote "nowhere" in [TMP]/app
    hint: there is fork, origin
    exit 1
    "#);
    assert_snapshot!(home.auto_sync("app", &["enable", "--branch", "feature/[x"]), @r#"
    error: "feature/[x" is no branch name and no glob: unclosed character class; missing ']'
    hint: use a branch name, or a glob like `feature/*`
    exit 2
    "#);
    home.git("app", &["checkout", "-q", "--detach"]);
    assert_snapshot!(home.auto_sync("app", &["enable"]), @"
    error: HEAD of [TMP]/app is on no branch
    hint: switch to a branch, or name the one to sync with `--branch NAME`
    exit 1
    ");
    assert!(!home.config().exists());
    assert_snapshot!(home.auto_sync("app", &["enable", "--branch", "*", "--remote", "fork", "--publish"]), @"
    auto-sync is on for [TMP]/app
      branch   *
      remote   fork at https://example.org/fork.git
      publish  yes, where the remote does not have the branch yet
    session start pulls, session end commits and pushes to fork at https://example.org/fork.git, one prompt in 27 syncs
    exit 0
    ");
    assert!(!fs::read_to_string(home.config()).unwrap().contains("secret"), "no credentials in the configuration");
    home.git("app", &["remote", "remove", "fork"]);
    home.git("app", &["remote", "remove", "origin"]);
    assert_snapshot!(home.auto_sync("app", &["enable", "--branch", "main", "--no-publish"]), @"
    auto-sync stays on, pinned anew, for [TMP]/app
      branch   main
      remote   none; work is only committed
    session start pulls, session end commits, one prompt in 27 commits
    exit 0
    ");
}

#[test]
fn a_linked_working_tree_shares_the_enrolment_of_its_repository() {
    let home = Home::new();
    home.repository("app");
    home.git("app", &["worktree", "add", "-q", "../side"]);
    home.auto_sync("app", &["enable"]);
    home.auto_sync("side", &["disable"]);
    let list = home.json(&home.config())["repositories"].clone();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["disabled"]), (1, &json!(true)));
    assert_eq!(list[0]["path"], json!(home.path("app")));
}
