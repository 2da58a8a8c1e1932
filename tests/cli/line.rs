//! `craft statusline` and `craft brief`: how a folder stands, from recorded state.

use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};

use claude_craft::fs::layout::repo_key;
use claude_craft::fs::lock::{self, Holder};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Home, NOW};

/// A repository that was synced five minutes ago, with `extra` in its record.
fn synced(extra: &Value) -> Home {
    let home = Home::new();
    home.shell_of_a_repository("app");
    home.write("home/.claude/craft/config.json", &json!({"repositories": [home.enrolled("app")]}).to_string());
    let mut record = json!({"lastSync": {"timestamp": "2025-09-01T11:55:00Z", "type": "manual", "status": "success"}});
    record.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let common_dir = home.path("app/.git");
    let state = json!({"version": 1, "repositories": {common_dir.display().to_string(): record}});
    home.write("home/.claude/auto-sync-state.json", &state.to_string());
    // A mark of a file that is not there holds as long as it stays away.
    let observed = json!({"version": 1, "at": NOW - 60_000, "worktree": home.path("app"), "branch": "main",
        "head": "a", "upstream": "origin/main", "remoteTip": "b", "ahead": 2, "behind": 0, "dirty": 3,
        "marks": [{"path": common_dir.join("index"), "inode": 0, "size": 0, "changed": [0, 0]}]});
    home.write(format!("home/.claude/craft/repos/{}/status.json", repo_key(&common_dir)), &observed.to_string());
    home
}

fn conflict() -> Value {
    json!({"attention": {"kind": "conflict", "message": "both sides changed a.txt, b.txt; nothing was merged, your commits are kept",
        "command": "git merge origin/main", "files": 2, "since": NOW - 300_000}})
}

/// Runs `craft statusline` as the client does, with `variables` and no git to be found.
fn line_with(home: &Home, folder: &str, input: &[u8], variables: &[(&str, &str)]) -> Output {
    let mut command = home.craft(folder, &["statusline"]);
    command.env("PATH", "/nowhere").env("CRAFT_GIT", "/nowhere/git").env("NO_COLOR", "1");
    command.envs(variables.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn line(home: &Home, folder: &str) -> String {
    let input = json!({"session_id": "s", "cwd": home.path(folder), "workspace": {"current_dir": "/"}}).to_string();
    let output = line_with(home, ".", input.as_bytes(), &[]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", home.show(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn configure(home: &Home, change: impl Fn(&mut Value)) {
    let mut config = home.json(&home.config());
    change(&mut config);
    home.write("home/.claude/craft/config.json", &config.to_string());
}

#[test]
fn the_line_is_made_of_recorded_state_without_git() {
    let home = synced(&json!({}));
    assert_eq!(line(&home, "app"), "⟳ main ↑2 ↓0 · synced 5m ago\n");
    assert_eq!(line(&home, "home"), "", "no repository");
    home.shell_of_a_repository("other");
    assert_eq!(line(&home, "other"), "", "not enrolled");
    assert_eq!(line(&synced(&conflict()), "app"), "⚠ conflict: 2 files\n");
    assert_eq!(line(&synced(&json!({"paused": "five failures"})), "app"), "⏸ paused\n");
    let refused = json!({"attention": {"kind": "authentication", "message": "m", "command": "c", "since": 1}});
    assert_eq!(line(&synced(&refused), "app"), "⚠ blocked: authentication\n");
    home.write("app/.claude/craft.json", "{\"autoSync\": {\"enabled\": false}}");
    assert_eq!(line(&home, "app"), "⏸ off\n", "the project says so");
    home.write("app/.claude/craft.json", "{");
    assert_eq!(line(&home, "app"), "⚠ configuration is broken\n");
    fs::remove_file(home.path("app/.claude/craft.json")).unwrap();
    configure(&home, |c| c["repositories"][0]["branch"] = "release/*".into());
    assert_eq!(line(&home, "app"), "⏸ only release/* is synced\n");
    configure(&home, |c| c["autoSync"] = json!({"enabled": false}));
    assert_eq!(line(&home, "app"), "⏸ off\n");
}

#[test]
fn what_was_never_looked_at_or_has_moved_is_read_anew() {
    let home = Home::new();
    home.repository("app");
    home.git("app", &["push", "-q", "-u", "origin", "main"]);
    let enabled = home.auto_sync("app", &["enable"]);
    assert!(enabled.ends_with("exit 0"), "{enabled}");
    assert_eq!(line(&home, "app"), "⟳ main ↑0 ↓0 · not synced yet\n");
    home.git("app", &["commit", "-q", "--allow-empty", "-m", "second"]);
    assert_eq!(line(&home, "app"), "⟳ main ↑1 ↓0 · not synced yet\n");
    home.git("app", &["switch", "-q", "-c", "feature"]);
    assert_eq!(line(&home, "app"), "⏸ only main is synced\n");
}

#[test]
fn a_sync_is_seen_while_it_holds_the_lock_and_only_then() {
    let home = synced(&conflict());
    let path = home.path("app/.git/craft/lock");
    let host = claude_craft::sys::host_name();
    let holder =
        |purpose: &str| Holder { pid: std::process::id(), host: host.clone(), started: NOW, purpose: purpose.into() };
    let guard = lock::try_exclusive(&path, &holder("worker")).unwrap().unwrap();
    assert_eq!(line(&home, "app"), "⟳ main ↑2 ↓0 · syncing\n");
    drop(guard);
    let guard = lock::try_exclusive(&path, &holder("look")).unwrap().unwrap();
    assert_eq!(line(&home, "app"), "⚠ conflict: 2 files\n", "a look is no sync");
    drop(guard);
    home.write(
        "app/.git/craft/lock",
        &json!({"pid": 4_194_305, "host": host, "started": 1, "purpose": "worker"}).to_string(),
    );
    assert_eq!(line(&home, "app"), "⚠ conflict: 2 files\n", "it was killed");
}

#[test]
fn whatever_comes_on_standard_input_the_line_is_there() {
    let home = synced(&json!({}));
    let wanted = "⟳ main ↑2 ↓0 · synced 5m ago\n";
    for input in [&b""[..], b"{", b"null", b"[]", b"{\"cwd\": 7}", b"{\"cwd\": \"\"}", b"\xff\xfe", &[b'x'; 200_000]] {
        // A pipe that nobody reads to its end may break.
        let mut command = home.craft("app", &["statusline"]);
        command.env("NO_COLOR", "1").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        assert_eq!(home.show(&output), format!("{wanted}exit 0"), "{:?}", &input[..input.len().min(20)]);
    }
    // The client that keeps its end open is not waited for.
    let mut child = home
        .craft("app", &["statusline"])
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let kept = child.stdin.take();
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap(), wanted);
    drop(kept);
}

#[test]
fn width_colour_and_the_switch_are_those_of_the_environment() {
    let home = synced(&conflict());
    let shown =
        |variables: &[(&str, &str)]| String::from_utf8(line_with(&home, "app", b"{}\n", variables).stdout).unwrap();
    assert_eq!(shown(&[("NO_COLOR", "")]), "\u{1b}[33m⚠ conflict: 2 files\u{1b}[0m\n");
    assert_eq!(shown(&[("COLUMNS", "16")]), "⚠ conflict:…\n");
    assert_eq!(shown(&[("COLUMNS", "wide")]), "⚠ conflict: 2 files\n");
    assert_eq!(shown(&[("CRAFT_DISABLE", "1")]), "");
    let homeless = home.craft("app", &["statusline"]).env_remove("HOME").output().unwrap();
    assert_eq!(home.show(&homeless), "exit 0");
}

#[test]
fn a_brief_tells_the_standing_what_to_tell_once_and_what_to_watch() {
    let home = synced(&conflict());
    let brief = |folder: &str| home.show(&home.craft(folder, &["brief", "--json"]).output().unwrap());
    let shown = brief("app").replace(&repo_key(&home.path("app/.git")), "[KEY]");
    let told: Value = serde_json::from_str(shown.strip_suffix("exit 0").unwrap()).unwrap();
    let id = told["toast"]["id"].as_str().unwrap();
    assert_snapshot!(shown.replace(id, "[ID]"), @r#"
    {
      "version": 1,
      "status": "conflict: 2 files",
      "toast": {
        "id": "[ID]",
        "text": "both sides changed a.txt, b.txt; nothing was merged, your commits are kept: /craft auto-sync status"
      },
      "passing": false,
      "watch": [
        "[TMP]/home/.claude/craft/config.json",
        "[TMP]/app/.claude/craft.json",
        "[TMP]/app/context/context.md",
        "[TMP]/home/.claude/craft/repos/[KEY]/beacon-waiting.json",
        "[TMP]/home/.claude/auto-sync-state.json",
        "[TMP]/app/.git/craft/lock",
        "[TMP]/home/.claude/craft/repos/[KEY]/status.json",
        "[TMP]/home/.claude/craft/pending.json",
        "[TMP]/app/.git/HEAD",
        "[TMP]/app/.git/packed-refs",
        "[TMP]/app/.git/refs/heads/main",
        "[TMP]/app/.git/refs/remotes/origin/main"
      ]
    }
    exit 0
    "#);
    assert_eq!(brief("app").matches(id).count(), 1, "the same event has the same id");
    assert_snapshot!(brief("home"), @r#"
    {
      "version": 1,
      "status": null,
      "passing": false,
      "watch": [
        "[TMP]/home/.claude/craft/config.json"
      ]
    }
    exit 0
    "#);
    assert_eq!(home.show(&home.craft("app", &["brief"]).output().unwrap()), "conflict: 2 files\nexit 0");
    let disabled = home.craft("app", &["brief", "--json"]).env("CRAFT_DISABLE", "1").output().unwrap();
    let disabled: Value = serde_json::from_slice(&disabled.stdout).unwrap();
    assert_eq!((&disabled["status"], &disabled["watch"]), (&Value::Null, &json!([])));
}
