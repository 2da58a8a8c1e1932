//! `craft doctor`: what is well is called well, and each fault is found with its remedy.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::common::{read, script, write};
use super::install::Desk;

/// The checks by their names.
pub fn checks(desk: &Desk, args: &[&str]) -> (i32, Vec<Value>) {
    let ran = desk.craft(&[&["doctor", "--json"], args].concat());
    let report: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", ran.stdout, ran.stderr));
    assert_eq!(report["healthy"], ran.code == 0);
    (ran.code, report["checks"].as_array().unwrap().clone())
}

#[track_caller]
pub fn state<'c>(checks: &'c [Value], id: &str) -> (&'c str, &'c str) {
    let check = checks.iter().find(|c| c["id"] == id).unwrap_or_else(|| panic!("no check {id}: {checks:#?}"));
    (check["state"].as_str().unwrap(), check["text"].as_str().unwrap())
}

/// A desk with an install, an enrolled repository with a remote, and hooks that have run.
pub fn healthy() -> Desk {
    let desk = Desk::new("2.1.329");
    let project = desk.project();
    desk.env.git(desk.env.root(), &["init", "-q", "--bare", "remote.git"]);
    desk.env.git(&project, &["commit", "-q", "--allow-empty", "-m", "one"]);
    desk.env.git(&project, &["remote", "add", "origin", "../remote.git"]);
    desk.env.git(&project, &["push", "-q", "-u", "origin", "HEAD"]);
    desk.craft(&["install"]).ok();
    desk.craft(&["auto-sync", "enable"]).ok();
    desk.env.session_start(&project, "s");
    desk.env.prompt(&project, "s");
    desk.env.session_end(&project, "s");
    desk.env.wait_for_worker(&project);
    // A client that lists the plugin as a real one does.
    let list = json!([{"id": "craft@skills-dir", "version": "0.1.0", "scope": "user", "enabled": true}]);
    script(
        desk.env.path("claude"),
        &format!("case $1 in --version) echo '2.1.329 (Claude Code)' ;; *) cat <<'END'\n{list}\nEND\n;; esac"),
    );
    desk
}

#[test]
fn everything_is_well_after_an_install_and_one_session() {
    let desk = healthy();
    let (code, checks) = checks(&desk, &[]);
    let not_ok: Vec<_> = checks.iter().filter(|c| c["state"] != "ok").collect();
    assert_eq!((code, not_ok), (0, Vec::<&Value>::new()));
    assert_eq!(state(&checks, "client").1, "Claude Code 2.1.329");
    assert!(state(&checks, "fired").1.starts_with("SessionStart a moment ago"));
    assert!(state(&checks, "remote").1.ends_with("origin answers without a prompt"));
    assert!(desk.craft(&["doctor"]).ok().stdout.ends_with("everything works\n"));
}

#[test]
fn what_is_missing_or_cannot_run_is_found_and_put_back() {
    let desk = healthy();
    let plugin = desk.claude().join("skills/craft");
    fs::remove_file(plugin.join("hooks/hooks.json")).unwrap();
    let (code, found) = checks(&desk, &[]);
    assert_eq!((code, state(&found, "install").0), (1, "broken"));
    assert!(state(&found, "install").1.ends_with("skills/craft/hooks/hooks.json is missing"));
    assert_eq!(checks(&desk, &["--fix"]).0, 0);
    assert!(plugin.join("hooks/hooks.json").exists());

    let hook = plugin.join("bin/craft-session-end");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(state(&checks(&desk, &[]).1, "install").1.ends_with("craft-session-end is not executable"));
    assert_eq!(checks(&desk, &["--fix"]).0, 0);
    assert_eq!(fs::metadata(&hook).unwrap().permissions().mode() & 0o777, 0o755);

    // What somebody changed is told, and never put back unasked.
    write(plugin.join("README.md"), "mine");
    let (code, found) = checks(&desk, &["--fix"]);
    assert_eq!((code, state(&found, "install").0), (0, "warning"));
    assert_eq!(read(plugin.join("README.md")), b"mine");
}

#[test]
fn an_install_for_an_older_client_is_brought_up_to_date_with_a_newer_one() {
    let desk = Desk::new("2.1.200");
    desk.craft(&["install"]).ok();
    let skill = desk.claude().join("skills/craft/SKILL.md");
    assert!(skill.exists());
    script(desk.env.path("claude"), "echo '2.1.329 (Claude Code)'");
    let found = checks(&desk, &[]).1;
    assert_eq!(state(&found, "install").0, "warning");
    checks(&desk, &["--fix"]);
    assert!(!skill.exists());
}

#[test]
fn settings_that_keep_the_hooks_from_running_are_named() {
    let desk = healthy();
    let settings = desk.claude().join("settings.json");
    write(&settings, "{\"disableAllHooks\": true}");
    let (code, found) = checks(&desk, &[]);
    assert_eq!((code, state(&found, "hooks-allowed").0), (1, "broken"));

    write(&settings, "{\"a\": 1,}");
    let found = checks(&desk, &[]).1;
    let (verdict, text) = state(&found, "settings");
    assert!(verdict == "broken" && text.contains("settings.json") && text.contains("line 1 column 9"), "{text}");

    write(&settings, json!({"env": {"CLAUDE_CODE_SESSIONEND_HOOKS_TIMEOUT_MS": "50"}}).to_string());
    assert_eq!(state(&checks(&desk, &[]).1, "session-end").0, "broken");

    let twice = json!({"hooks": {"SessionEnd": [{"hooks": [{"type": "command", "command": "/x/craft-session-end"}]}]}});
    write(desk.project().join(".claude/settings.local.json"), twice.to_string());
    let found = checks(&desk, &[]).1;
    let (verdict, text) = state(&found, "hooks-once");
    assert!(verdict == "broken" && text.contains("settings.local.json"), "{text}");
}

#[test]
fn a_plugin_that_the_client_does_not_load_is_told() {
    let desk = healthy();
    let client = |list: &Value| {
        let answer = format!("case $1 in --version) echo '2.1.329 (Claude Code)' ;; *) echo '{list}' ;; esac");
        script(desk.env.path("claude"), &answer);
        let found = checks(&desk, &[]).1;
        let check = found.iter().find(|c| c["id"] == "loaded").unwrap().clone();
        (check["state"].as_str().unwrap().to_owned(), check["remedy"].as_str().unwrap_or_default().to_owned())
    };
    let off = json!([{"id": "craft@skills-dir", "enabled": false}]);
    assert_eq!(client(&off), ("broken".into(), "claude plugin enable craft@skills-dir".into()));
    assert_eq!(client(&json!([])), ("broken".into(), "craft install".into()));
    assert_eq!(client(&json!({"odd": 1})).0, "skipped");
    script(desk.env.path("claude"), "echo '2.1.50 (Claude Code)'");
    assert_eq!(state(&checks(&desk, &[]).1, "loaded").0, "broken");
    script(desk.env.path("claude"), "echo surprise; exit 3");
    let (code, found) = checks(&desk, &[]);
    assert_eq!((code, state(&found, "client").0), (1, "broken"));
}

#[test]
fn hooks_that_never_ran_and_hooks_of_another_version_are_told() {
    let desk = healthy();
    let beat = desk.claude().join("craft/heartbeat-SessionStart.json");
    let mut text: Value = serde_json::from_slice(&read(&beat)).unwrap();
    text["craft"] = json!("0.0.7");
    write(&beat, text.to_string());
    let found = checks(&desk, &[]).1;
    let (verdict, text) = state(&found, "versions");
    assert!(verdict == "warning" && text.ends_with("is 0.0.7"), "{text}");
    fs::remove_file(&beat).unwrap();
    let found = checks(&desk, &[]).1;
    let (verdict, text) = state(&found, "fired");
    assert!(verdict == "warning" && text.ends_with("never: SessionStart, Stop"), "{text}");
}

#[test]
fn a_remote_that_cannot_be_reached_and_one_that_refuses_are_told_apart() {
    let desk = healthy();
    let project = desk.project();
    desk.env.git(&project, &["remote", "set-url", "origin", "https://ann:secret@127.0.0.1:9/x.git"]);
    let (code, found) = checks(&desk, &[]);
    assert_eq!((code, state(&found, "remote").0, state(&found, "credentials").0), (0, "warning", "warning"));
    assert!(!found.iter().any(|c| c.to_string().contains("secret")), "{found:#?}");
    desk.env.git(&project, &["remote", "set-url", "origin", "../nowhere.git"]);
    let (code, found) = checks(&desk, &[]);
    assert_eq!((code, state(&found, "remote").0), (1, "broken"));
    fs::rename(&project, desk.env.path("elsewhere")).unwrap();
    fs::create_dir(&project).unwrap();
    assert!(state(&checks(&desk, &[]).1, "repository").1.ends_with("is not there any more"));
}

#[test]
fn a_folder_that_others_may_change_is_closed_and_a_switch_that_was_left_on_is_told() {
    let desk = healthy();
    let folder = desk.claude().join("craft");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(state(&checks(&desk, &[]).1, "permissions").0, "broken");
    assert_eq!(checks(&desk, &["--fix"]).0, 0);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);

    desk.env.set("CRAFT_DISABLE", "1");
    assert_eq!(state(&checks(&desk, &[]).1, "environment").0, "broken");
    desk.env.unset("CRAFT_DISABLE");
    desk.env.set("CRAFT_GIT", "/nowhere/git");
    let found = checks(&desk, &[]).1;
    assert_eq!((state(&found, "environment").0, state(&found, "git").0), ("broken", "broken"));
}

#[test]
fn a_broken_configuration_is_told_with_its_place() {
    let desk = healthy();
    write(desk.claude().join("craft/config.json"), "{\"autoSync\": {\"enabled\": 3}}");
    let (code, found) = checks(&desk, &[]);
    let (verdict, text) = state(&found, "configuration");
    assert!(code == 1 && verdict == "broken" && text.contains("config.json") && text.contains("enabled"), "{text}");
}

#[test]
fn work_that_was_forgotten_is_taken_up() {
    let desk = healthy();
    let project = desk.project();
    write(project.join("new.txt"), "new");
    // A worker that never starts leaves the request.
    desk.env.set("CRAFT_WORKER", "/bin/true");
    desk.env.session_end(&project, "s2");
    desk.env.unset("CRAFT_WORKER");
    let request = fs::read_dir(desk.claude().join("craft/queue")).unwrap().next().unwrap().unwrap().path();
    let mut text: Value = serde_json::from_slice(&read(&request)).unwrap();
    text["requested"] = json!(text["requested"].as_u64().unwrap() - 3_600_000);
    write(&request, text.to_string());
    assert_eq!(state(&checks(&desk, &[]).1, "queue").0, "warning");
    checks(&desk, &["--fix"]);
    desk.env.wait_for_worker(&project);
    assert_eq!(desk.env.git(&desk.env.path("remote.git"), &["show", "HEAD:new.txt"]), "new");
}

/// What is said of the beacon: states and texts.
fn of_the_beacon(desk: &Desk) -> Vec<String> {
    let (_, found) = checks(desk, &[]);
    let ours = found.iter().filter(|c| c["id"].as_str().unwrap().starts_with("beacon"));
    ours.map(|c| format!("{} {}", c["state"].as_str().unwrap(), c["text"].as_str().unwrap())).collect()
}

#[test]
fn a_beacon_is_told_of_and_only_what_needs_somebody_is_a_fault() {
    const DAY: u64 = 86_400_000;
    let now = 1_756_900_800_000_u64;
    let desk = healthy();
    assert_eq!(of_the_beacon(&desk), Vec::<String>::new(), "there is none");
    desk.env.set("CRAFT_INTERNAL__NOW_MS", now.to_string());
    desk.craft(&["beacon", "init"]).ok();
    desk.craft(&["beacon", "status"]).ok();
    let well = [
        "ok Code on channel main of origin, last reached a moment ago",
        "ok it takes in messages of your own address",
        "ok nothing looks by itself: `craft jobs enable`, `craft jobs resume beacon-watch`; or `craft beacon watch`",
    ];
    assert_eq!(of_the_beacon(&desk), well);
    let elsewhere = desk.env.path("elsewhere");
    desk.env.git(desk.env.root(), &["init", "-q", "elsewhere"]);
    desk.craft(&["-C", elsewhere.to_str().unwrap(), "beacon", "init", "--as", "Desktop"]).ok();
    assert_eq!(of_the_beacon(&desk).last().unwrap(), "ok 1 beacon in other working trees");

    // Two days without the remote, with a message that waits, a folder that is a link, and a bell nobody may ring.
    let project = desk.project();
    desk.env.git(&project, &["remote", "set-url", "origin", "http://127.0.0.1:1/x.git"]);
    write(project.join(".claude/planning/a.md"), "a\n");
    desk.craft(&["beacon", "push"]);
    fs::remove_dir(project.join(".claude/implementation")).unwrap();
    std::os::unix::fs::symlink("planning", project.join(".claude/implementation")).unwrap();
    desk.craft(&["auto-sync", "config", "set", "beacon.github.enabled", "true"]).ok();
    desk.env.set("CRAFT_INTERNAL__NOW_MS", (now + 2 * DAY).to_string());
    let found = of_the_beacon(&desk);
    for text in [
        "warning Code on channel main of origin, last reached 2 days ago, out of reach for 2 days",
        "warning .claude/implementation is a symbolic link, so nothing in it is sent or taken in",
        "warning 1 message to go out, for 2 days",
        "warning the bell is on, and may not be rung: ",
    ] {
        assert!(found.iter().any(|line| line.starts_with(text)), "{text}: {found:#?}");
    }
    desk.env.git(&project, &["remote", "remove", "origin"]);
    let (_, found) = checks(&desk, &[]);
    assert_eq!(state(&found, "beacon").0, "broken");
    let remedy = found.iter().find(|c| c["id"] == "beacon").unwrap()["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("add it with `git remote add origin URL`"), "{remedy}");
}
