//! `craft auto-sync status`.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use super::{Home, NOW};

#[test]
fn without_a_verb_the_status_is_shown() {
    let home = Home::new();
    assert_snapshot!(home.auto_sync(".", &[]), @"
    auto-sync is on (session start: pull, session end: push, one prompt in 27: sync)

    no repository is enrolled; `craft auto-sync enable PATH` enrols one
    0 syncs so far; 0 sessions running
    exit 0
    ");
    home.shell_of_a_repository("app");
    assert_snapshot!(home.auto_sync("app", &["status"]), @"
    auto-sync is on (session start: pull, session end: push, one prompt in 27: sync)

    [TMP]/app is not enrolled; `craft auto-sync enable` does that
    0 syncs so far; 0 sessions running
    exit 0
    ");
    assert!(!home.path("home/.claude").exists(), "looking leaves nothing behind");
}

#[test]
fn status_answers_from_recorded_state() {
    let home = Home::new();
    home.shell_of_a_repository("home/app");
    home.write("home/.claude/craft/config.json", &json!({"repositories": [home.enrolled("home/app")]}).to_string());
    let last = json!({"timestamp": "2025-09-01T11:55:00Z", "type": "session-end", "status": "conflict",
        "summary": "claude-craft: committed 1 file; both sides changed a.txt; nothing was merged"});
    let attention = json!({"kind": "conflict", "message": "both sides changed a.txt; nothing was merged, your commits are kept",
        "command": "git -C /app merge origin/main", "since": NOW - 300_000});
    let common_dir = home.path("home/app/.git").display().to_string();
    let state = json!({"version": 1, "statistics": {"totalSyncs": 9, "conflicts": 1},
        "repositories": {common_dir: {"lastSync": last, "attention": attention}}});
    home.write("home/.claude/auto-sync-state.json", &state.to_string());
    let common_dir = home.path("home/app/.git");
    let folder = claude_craft::fs::layout::repo_key(&common_dir);
    // A mark of a file that is not there holds as long as it stays away.
    let observed = json!({"version": 1, "at": NOW - 60_000, "worktree": home.path("home/app"), "branch": "main",
        "head": "a", "upstream": "origin/main", "remoteTip": "b", "ahead": 2, "behind": 1, "dirty": 3,
        "marks": [{"path": common_dir.join("index"), "inode": 0, "size": 0, "changed": [0, 0]}]});
    home.write(format!("home/.claude/craft/repos/{folder}/status.json"), &observed.to_string());
    let request = json!({"version": 1, "id": "1", "trigger": "session-end", "action": "push", "worktree": home.path("home/app"),
        "gitDir": common_dir, "commonDir": common_dir, "requested": NOW - 12_000});
    home.write("home/.claude/craft/queue/1.json", &request.to_string());

    assert_snapshot!(home.auto_sync("home/app", &["status"]), @"
    auto-sync is on (session start: pull, session end: push, one prompt in 27: sync)

    * ~/app
      branch     main with origin at https://example.org/app.git
      state      2 ahead of origin/main, 1 behind, 3 uncommitted files (seen 1 min ago)
      last sync  5 min ago at session end: committed 1 file; both sides changed a.txt; nothing was merged
      waiting    push, asked for by session end 12 s ago
      needs you  both sides changed a.txt; nothing was merged, your commits are kept
                 git -C /app merge origin/main

    9 syncs so far, 1 in conflict; 0 sessions running
    exit 0
    ");
    let waiting = fs::read_dir(home.path("home/.claude/craft/queue")).unwrap().count();
    assert_eq!(waiting, 1, "what is fresh is not looked at again");
    let output = home.craft(".", &["auto-sync", "status", "--json"]).output().unwrap();
    assert_snapshot!(home.show(&output), @r#"
    {
      "version": 1,
      "at": 1756728000000,
      "enabled": true,
      "disabledByEnvironment": false,
      "triggers": {
        "sessionStart": "pull",
        "sessionEnd": "push",
        "userPrompt": "sync",
        "probability": 27
      },
      "problems": [],
      "notEnrolled": null,
      "repositories": [
        {
          "path": "[TMP]/home/app",
          "here": false,
          "exists": true,
          "enabled": true,
          "remote": "origin",
          "remoteUrl": "https://example.org/app.git",
          "branch": "main",
          "seen": {
            "at": 1756727940000,
            "fresh": true,
            "branch": "main",
            "upstream": "origin/main",
            "ahead": 2,
            "behind": 1,
            "dirty": 3
          },
          "lastSync": {
            "timestamp": "2025-09-01T11:55:00Z",
            "type": "session-end",
            "status": "conflict",
            "summary": "claude-craft: committed 1 file; both sides changed a.txt; nothing was merged",
            "durationMs": 0
          },
          "waiting": [
            {
              "action": "push",
              "trigger": "session-end",
              "requested": 1756727988000,
              "attempts": 0,
              "notBefore": 0
            }
          ],
          "sessions": 0,
          "consecutiveFailures": 0,
          "notBefore": 0,
          "paused": null,
          "attention": {
            "kind": "conflict",
            "message": "both sides changed a.txt; nothing was merged, your commits are kept",
            "command": "git -C /app merge origin/main",
            "since": 1756727700000
          },
          "problem": null,
          "statistics": {
            "totalSyncs": 0,
            "sessionStartSyncs": 0,
            "sessionEndSyncs": 0,
            "promptSyncs": 0,
            "lastPromptCheck": 0,
            "failedSyncs": 0,
            "conflicts": 0,
            "recovered": 0
          }
        }
      ],
      "sessions": 0,
      "statistics": {
        "totalSyncs": 9,
        "sessionStartSyncs": 0,
        "sessionEndSyncs": 0,
        "promptSyncs": 0,
        "lastPromptCheck": 0,
        "failedSyncs": 0,
        "conflicts": 1,
        "recovered": 0
      }
    }
    exit 0
    "#);
}

#[test]
fn a_stale_cache_is_answered_from_the_repository_and_a_new_look_is_asked_for_once() {
    let home = Home::new();
    home.repository("app");
    home.git("app", &["push", "-q", "-u", "origin", "main"]);
    home.git("app", &["commit", "-q", "--allow-empty", "-m", "second"]);
    home.auto_sync("app", &["enable"]);
    assert_snapshot!(home.auto_sync("app", &["status"]), @"
    auto-sync is on (session start: pull, session end: push, one prompt in 27: sync)

    * [TMP]/app
      branch     main with origin at ../remote.git
      state      1 ahead of origin/main, uncommitted files not counted (being looked at anew)
      last sync  none yet

    0 syncs so far; 0 sessions running
    exit 0
    ");
    home.auto_sync("app", &["status"]);
    let queue = home.path("home/.claude/craft/queue");
    let requests = || fs::read_dir(&queue).unwrap().map(|e| e.unwrap().path()).collect::<Vec<_>>();
    assert_eq!(requests().len(), 1, "one that waits is enough");
    assert_eq!(home.json(&requests()[0])["action"], "observe");

    // A worker has taken it and found nothing out: it is not asked again and again.
    fs::remove_file(&requests()[0]).unwrap();
    home.auto_sync("app", &["status"]);
    assert_eq!(requests().len(), 0);
    for later in [10_000, 20_000] {
        let clock = (NOW + later).to_string();
        home.craft("app", &["auto-sync", "status"]).env("CRAFT_INTERNAL__NOW_MS", clock).output().unwrap();
        assert_eq!(requests().len(), 1, "after {later} ms");
    }
}
