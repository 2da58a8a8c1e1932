//! `craft logs` and `craft metrics`.

use std::fs;

use claude_craft::audit::{Changes, Entry, Outcome};
use claude_craft::context::Context;
use claude_craft::ops::audit;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Home, NOW};

fn note(ctx: &Context, minutes_ago: u64, entry: Entry) {
    audit::note(ctx, Entry { timestamp: NOW - minutes_ago * 60_000, ..entry });
}

fn filled() -> Home {
    let home = Home::new();
    let ctx = home.context();
    let sync = |result, reason: &str, status: &str| {
        let entry = Entry::new("git", "sync", result).item("/home/ann/work/app").reason(reason);
        let entry = entry.trigger("session-end").with("status", status);
        Entry { duration_ms: Some(1250), changes: Some(Changes { commits: 2, files: 3 }), ..entry }
    };
    note(&ctx, 3 * 1440, sync(Outcome::Success, "long ago", "success"));
    note(&ctx, 90, sync(Outcome::Success, "pushed 2 commits to origin/main", "success"));
    note(&ctx, 80, sync(Outcome::Error, "both sides changed a.txt; nothing was merged", "conflict"));
    note(&ctx, 70, sync(Outcome::Skipped, "origin cannot be reached", "offline"));
    let denied = Entry::new("github", "upsert-internal", Outcome::Denied).item("#7");
    note(&ctx, 60, denied.reason("the preset read-only does not allow it").trigger("job"));
    let held =
        Entry { duration_ms: Some(42), ..Entry::new("craft", "hook", Outcome::Success).trigger("session-start") };
    note(&ctx, 50, held);
    home
}

fn show(home: &Home, arguments: &[&str]) -> String {
    home.show(&home.craft(".", arguments).output().unwrap())
}

#[test]
fn entries_are_shown_a_line_each_and_an_empty_answer_says_where_to_look() {
    let home = Home::new();
    assert_snapshot!(show(&home, &["logs"]), @"
    nothing in the journal yet
    exit 0
    ");
    assert_snapshot!(show(&home, &["logs", "verify"]), @"
    the journal is empty
    exit 0
    ");
    let home = filled();
    assert_snapshot!(show(&home, &["logs"]), @"
    2025-09-01 10:30:00  git sync           success  app: pushed 2 commits to origin/main (1.2 s)
    2025-09-01 10:40:00  git sync           error    app: both sides changed a.txt; nothing was merged (1.2 s)
    2025-09-01 10:50:00  git sync           skipped  app: origin cannot be reached (1.2 s)
    2025-09-01 11:00:00  github upsert-internal denied   #7: the preset read-only does not allow it
    2025-09-01 11:10:00  craft hook         success  (42 ms)
    exit 0
    ");
    assert_snapshot!(show(&home, &["logs", "--since", "2w", "--limit", "2", "--platform", "git"]), @"
    2025-09-01 10:40:00  git sync           error    app: both sides changed a.txt; nothing was merged (1.2 s)
    2025-09-01 10:50:00  git sync           skipped  app: origin cannot be reached (1.2 s)
    exit 0
    ");
    assert_snapshot!(show(&home, &["logs", "--since", "85m", "--result", "error", "--result", "denied"]), @"
    2025-09-01 10:40:00  git sync           error    app: both sides changed a.txt; nothing was merged (1.2 s)
    2025-09-01 11:00:00  github upsert-internal denied   #7: the preset read-only does not allow it
    exit 0
    ");
    assert_snapshot!(show(&home, &["logs", "--until", "2025-08-29", "--trigger", "session-end"]), @"
    2025-08-29 12:00:00  git sync           success  app: long ago (1.2 s)
    exit 0
    ");
    assert_snapshot!(show(&home, &["logs", "--since", "10m"]), @"
    nothing in that time; the newest is of 2025-09-01T11:10:00Z: craft logs --since 2025-09-01
    exit 0
    ");
    assert_snapshot!(show(&home, &["logs", "--platform", "jira"]), @"
    nothing of that kind in the journal yet
    exit 0
    ");
    assert_snapshot!(show(&home, &["logs", "--since", "yesterday"]), @r#"
    error: "yesterday" is no time
    hint: a time is one of 30m, 2h, 7d or 2w (ago), 2026-11-20, 2026-11-20T14:30 or 2026-11-20T14:30:00Z (UTC where no zone is named)
    exit 2
    "#);
    assert_snapshot!(show(&home, &["logs", "--since", "1h", "--until", "2h"]), @"
    error: --since (2025-09-01T11:00:00Z) is later than --until (2025-09-01T10:00:00Z)
    exit 2
    ");
    assert_snapshot!(show(&home, &["logs", "verify"]), @"
    ok: 6 entries, from 2025-08-29T12:00:00Z to 2025-09-01T11:10:00Z, none altered or missing
    exit 0
    ");
}

#[test]
fn json_has_the_entries_as_they_stand_in_the_journal() {
    let home = filled();
    let output = home.craft(".", &["logs", "--json", "--limit", "2"]).output().unwrap();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["entries"].as_array().unwrap().len(), 2);
    assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @r##"
    {
      "version": 1,
      "since": "2025-08-31T12:00:00.000Z",
      "until": null,
      "entries": [
        {"timestamp":"2025-09-01T11:00:00.000Z","seq":5,"prev":"44a166b39b9d2d7d77ddc50fbc9826a2","actor":{"trigger":"job","user":"ann","host":"here"},"platform":"github","operation":"upsert-internal","item":"#7","result":"denied","reason":"the preset read-only does not allow it"},
        {"timestamp":"2025-09-01T11:10:00.000Z","seq":6,"prev":"91a232b76f83f77dc18c5d47bbd075ef","actor":{"trigger":"session-start","user":"ann","host":"here"},"platform":"craft","operation":"hook","result":"success","durationMs":42}
      ],
      "damaged": 0
    }
    "##);
    let output = home.craft(".", &["logs", "--json", "--platform", "ado"]).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["entries"], json!([]));
    let output = home.craft(".", &["logs", "verify", "--json"]).output().unwrap();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (value["ok"].as_bool(), value["lines"].as_u64(), value["last"].as_u64()),
        (Some(true), Some(6), Some(6))
    );
}

#[test]
fn a_journal_that_was_altered_or_cut_is_told_by_file_and_line() {
    let home = filled();
    let path = home.path("home/.claude/craft/log/journal.jsonl");
    let text = fs::read_to_string(&path).unwrap().replace("cannot be reached", "was not asked");
    let cut: Vec<_> = text.lines().take(5).collect();
    home.write(&path, &(cut.join("\n") + "\n"));
    assert_snapshot!(show(&home, &["logs", "verify"]), @"
    journal.jsonl line 4: entry 4 was altered after it was written
    journal.jsonl: it ends with entry 5; entry 6 was cut off
    2 faults in 5 entries, from 2025-08-29T12:00:00Z to 2025-09-01T11:00:00Z
    exit 1
    ");
    let output = home.craft(".", &["logs", "verify", "--json"]).output().unwrap();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["faults"][0], json!({"file": "journal.jsonl", "line": 4, "seq": 4, "what": "altered"}));
    assert_eq!((output.status.code(), &value["ok"]), (Some(1), &json!(false)));
}

#[test]
fn an_export_has_what_was_asked_for_and_replaces_nobodys_file() {
    let home = filled();
    let ctx = home.context();
    note(&ctx, 1, Entry::new("git", "push", Outcome::Error).item("=1+1").reason("a \"quoted\", text\nof two lines"));
    for name in ["all.jsonl", "all.json", "all.csv"] {
        let said = show(&home, &["logs", "--since", "7d", "--export", name]);
        assert_eq!(said, format!("wrote 7 entries since 2025-08-25T12:00:00Z to [TMP]/{name}\nexit 0"));
    }
    let journal = fs::read_to_string(home.path("home/.claude/craft/log/journal.jsonl")).unwrap();
    assert_eq!(fs::read_to_string(home.path("all.jsonl")).unwrap(), journal, "byte by byte");
    let lines: Vec<Value> = journal.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(home.json(&home.path("all.json")), Value::Array(lines.clone()));
    let mut table = csv::Reader::from_path(home.path("all.csv")).unwrap();
    let heads = table.headers().unwrap().clone();
    let rows: Vec<_> = table.records().map(Result::unwrap).collect();
    let cell = |row: usize, name: &str| rows[row][heads.iter().position(|h| h == name).unwrap()].to_owned();
    for (n, line) in lines.iter().enumerate() {
        assert_eq!(cell(n, "timestamp"), line["timestamp"].as_str().unwrap());
        assert_eq!(cell(n, "seq"), line["seq"].to_string());
        assert_eq!(cell(n, "result"), line["result"].as_str().unwrap());
        assert_eq!(cell(n, "reason"), line["reason"].as_str().unwrap_or_default());
        assert_eq!(cell(n, "durationMs"), line["durationMs"].as_u64().map(|n| n.to_string()).unwrap_or_default());
    }
    assert_eq!((rows.len(), cell(6, "item").as_str()), (7, "'=1+1"), "a spreadsheet runs nothing");
    assert_eq!(serde_json::from_str::<Value>(&cell(0, "context")).unwrap(), json!({"status": "success"}));

    home.write("mine.csv", "mine");
    assert_snapshot!(show(&home, &["logs", "--export", "mine.csv"]), @"
    error: [TMP]/mine.csv is there already
    hint: choose another name, or add --force to replace it
    exit 1
    ");
    assert_eq!(fs::read_to_string(home.path("mine.csv")).unwrap(), "mine");
    assert_snapshot!(show(&home, &["logs", "--export", "mine.csv", "--force", "--limit", "1"]), @"
    wrote 1 entry of the last 24 hours to [TMP]/mine.csv
    exit 0
    ");
    assert_eq!(
        fs::read_to_string(home.path("mine.csv")).unwrap().lines().count(),
        3,
        "a heading, and a cell of two lines"
    );
    assert_snapshot!(show(&home, &["logs", "--export", "mine.txt"]), @"
    error: the name [TMP]/mine.txt does not say what to write
    hint: end it with .json, .jsonl or .csv
    exit 2
    ");
    assert_snapshot!(show(&home, &["logs", "--export", "nowhere/x.csv"]), @"
    error: cannot write [TMP]/nowhere/x.csv: No such file or directory (os error 2)
    exit 1
    ");
    let left: Vec<_> = fs::read_dir(home.path(".")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|n| !n.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
fn metrics_are_a_table_for_people() {
    let home = filled();
    assert_snapshot!(show(&home, &["metrics"]), @"
                                    24h              7d             30d
    syncs                             3               4               4
      a day                         3.0             0.6             0.1
      session-end                     3               4               4
    duration, median              1.2 s           1.2 s           1.2 s
    duration, 95 of 100           1.2 s           1.2 s           1.2 s
    duration, longest             1.2 s           1.2 s           1.2 s
    conflicts                1 (33.3 %)      1 (25.0 %)      1 (25.0 %)
    failed or refused                 0               0               0
    offline                  1 (33.3 %)      1 (25.0 %)      1 (25.0 %)
    commits moved                     6               8               8
    files changed                     9              12              12
    denied                            1               1               1
    hooks that held you               1               1               1
      all together                42 ms           42 ms           42 ms
      95 of 100                   42 ms           42 ms           42 ms
      longest                     42 ms           42 ms           42 ms
    exit 0
    ");
    let output = home.craft(".", &["metrics", "--prometheus"]).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("\ncraft_syncs{window=\"7d\"} 4\n"));
    let output = home.craft(".", &["metrics", "--json"]).output().unwrap();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&value["version"], &value["windows"][0]["conflictRate"]), (&json!(1), &json!(0.3333)));
}
