//! The log, and readers that go away.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use claude_craft::audit::{Entry, Outcome, synced};
use claude_craft::ops::audit;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Home, NOW};

#[test]
fn the_log_shows_the_last_syncs_newest_last_and_survives_damage() {
    let home = Home::new();
    let ctx = home.context();
    assert_snapshot!(home.auto_sync(".", &["log"]), @"
    no sync was tried yet
    exit 0
    ");
    let note = |end: Value, extra: Value| {
        let mut report = json!({"repository": "/home/ann/app", "branch": "main", "remote": "origin/main", "action": "sync",
            "trigger": "session-end", "end": end, "ended": NOW, "durationMs": 3});
        report.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        audit::note(&ctx, synced::entry(&serde_json::from_value(report).unwrap()));
    };
    let pushed = json!({"pushed": {"commits": 2, "target": "origin/main", "tip": "t", "published": false}});
    note(json!({"status": "done"}), json!({}));
    let log = home.path("home/.claude/craft/log/journal.jsonl");
    fs::OpenOptions::new().append(true).open(&log).unwrap().write_all(b"{\"timestamp\": \"/ho\n").unwrap();
    audit::note(&ctx, Entry::new("craft", "job", Outcome::Success).reason("of no interest here"));
    note(json!({"status": "offline", "reason": "x"}), json!({}));
    note(json!({"status": "done"}), pushed);
    assert_snapshot!(home.auto_sync(".", &["log"]), @"
    2025-09-01T12:00:00Z session-end   app: nothing to do, main is in step with origin/main
    2025-09-01T12:00:00Z session-end   app: origin cannot be reached, the push is kept for the next occasion
    2025-09-01T12:00:00Z session-end   app: pushed 2 commits to origin/main
    exit 0
    ");
    assert_snapshot!(home.auto_sync(".", &["log", "-n", "1", "--json"]), @r#"
    {
      "version": 1,
      "reports": [
        {
          "repository": "/home/ann/app",
          "branch": "main",
          "remote": "origin/main",
          "action": "sync",
          "trigger": "session-end",
          "session": null,
          "end": {
            "status": "done"
          },
          "committed": null,
          "pulled": null,
          "pushed": {
            "commits": 2,
            "target": "origin/main",
            "tip": "t",
            "published": false
          },
          "leftOut": [],
          "snapshot": null,
          "remarks": [],
          "ended": 1756728000000,
          "durationMs": 3
        }
      ]
    }
    exit 0
    "#);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::new();
    for arguments in [
        &["completions", "bash"][..],
        &["auto-sync", "status"],
        &["man"],
        &["--help"],
        &["auto-sync", "status", "--watch"],
    ] {
        let mut child = home.craft(".", arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let home = Home::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = home.craft(".", &["auto-sync", "status"]).stdout(full).output().unwrap();
    assert_snapshot!(home.show(&output), @"
    error: cannot write to standard output: No space left on device (os error 28)
    exit 1
    ");
}
