//! Notifications: what raises them, what they are told by, what becomes of them.

use std::path::Path;

use claude_craft::context::Context;
use claude_craft::env::Env;
use claude_craft::notify::{Draft, Kind, Severity};
use claude_craft::ops::notifications;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::{Pair, TestEnv, read, write};
use crate::scan_gate::key;

const DAY: u64 = 86_400_000;

/// The same folders as the programs of this test have, in this process.
fn context(home: &Path, more: &[(&str, String)]) -> Context {
    let pairs = [("HOME".to_owned(), home.as_os_str().to_owned()), ("USER".into(), "ann".into())];
    let more = more.iter().map(|(n, v)| ((*n).to_owned(), v.into()));
    Context::new(Env::from_pairs(pairs.into_iter().chain(more))).unwrap()
}

fn draft(key: &str, severity: Severity) -> Draft {
    Draft {
        kind: Kind::Drift,
        severity,
        title: format!("{key} has drifted"),
        message: format!("{key} is not what it was"),
        data: None,
        dedupe_key: key.into(),
        told: false,
    }
}

fn raise(env: &TestEnv, key: &str, severity: Severity) {
    notifications::raise(&context(&env.home(), &[]), draft(key, severity));
}

/// All that are kept, as `craft notifications --all --json` has them.
#[track_caller]
fn all(env: &TestEnv) -> Vec<Value> {
    let ran = env.craft(env.root(), &["notifications", "--all", "--json"]).ok();
    let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
    listed["notifications"].as_array().unwrap().clone()
}

fn id(n: &Value) -> &str {
    n["id"].as_str().unwrap()
}

fn about_notifications(said: &str) -> Vec<&str> {
    said.lines().filter(|l| l.ends_with("(craft notifications)")).collect()
}

fn brief(env: &TestEnv, dir: &Path) -> Value {
    serde_json::from_str(&env.craft(dir, &["brief", "--json"]).ok().stdout).unwrap()
}

/// A repository in which no prompt happens to sync.
fn quiet() -> Pair {
    let pair = Pair::enrolled();
    pair.configure(json!({"autoSync": {"triggers": {"userPrompt": {"probability": 1_000_000}}}}));
    pair
}

#[test]
fn a_conflict_raises_one_however_often_it_is_met_and_its_end_puts_it_away() {
    let pair = quiet();
    pair.force("sync").done();
    assert!(!pair.craft_dir().join("notifications.json").exists(), "a sync that went well writes none");
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.edit(&pair.b, "one.txt", 1, "theirs");
    pair.b_pushes_all("b: line 1");
    for _ in 0..3 {
        pair.force("sync").conflict();
    }
    let [conflict] = &all(&pair)[..] else { panic!("{:#?}", all(&pair)) };
    assert_eq!(
        [&conflict["type"], &conflict["severity"], &conflict["count"], &conflict["readAt"]],
        [&json!("conflict"), &json!("warning"), &json!(3), &Value::Null]
    );
    assert_eq!(conflict["title"], "a: both sides changed one.txt; nothing was merged, your commits are kept");
    // The sync has told of it.
    assert_eq!(about_notifications(&pair.prompt(&pair.a, "s")), [""; 0]);
    assert_eq!(brief(&pair, &pair.a)["status"], "conflict: 1 file · 1 notice");
    let mut line = pair.command(env!("CARGO_BIN_EXE_craft"), &pair.a);
    line.arg("statusline").env("NO_COLOR", "1");
    assert_eq!(pair.run(line, b"{}").stdout, "⚠ conflict: 1 file · 1 notice\n");

    pair.git(&pair.a, &["add", "-A"]);
    pair.git_try(&pair.a, &["commit", "-qm", "mine"]);
    pair.git_try(&pair.a, &["merge", "-q", "origin/main"]);
    pair.git(&pair.a, &["checkout", "-q", "--ours", "one.txt"]);
    pair.commit(&pair.a, "merged by hand");
    pair.force("sync").done();
    let settled = &all(&pair)[0];
    assert!(settled["dismissedAt"].is_string() && settled["passed"] == true, "{settled:#}");
    assert!(!pair.craft_dir().join("pending.json").exists());
    assert_eq!(brief(&pair, &pair.a)["status"], "synced");
}

#[test]
fn what_a_sync_tells_and_what_is_critical_do_not_come_at_one_prompt() {
    let pair = Pair::enrolled();
    pair.set("CLAUDE_PID", std::process::id().to_string());
    write(pair.a.join("config.ini"), format!("id = {}\n", key(7)));
    pair.session_end(&pair.a, "s");
    pair.wait_until_quiet();
    let first = pair.prompt(&pair.a, "s");
    assert!(first.contains("config.ini:1 holds a credential"), "{first}");
    assert_eq!(about_notifications(&first), [""; 0]);
    assert_eq!(about_notifications(&pair.prompt(&pair.a, "s")).len(), 1, "it waits for the next one");
}

#[test]
fn what_is_critical_passes_also_where_something_else_has_hidden_it() {
    let pair = Pair::enrolled();
    write(pair.a.join("config.ini"), format!("id = {}\n", key(7)));
    pair.force("push");
    std::fs::remove_file(pair.a.join("config.ini")).unwrap();
    let hook = pair.a.join(".git/hooks/pre-push");
    crate::common::script(&hook, "exit 1");
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("push");
    std::fs::remove_file(&hook).unwrap();
    pair.force("push").done();
    let open: Vec<_> = all(&pair).into_iter().filter(|n| n["dismissedAt"].is_null()).collect();
    assert!(open.is_empty(), "{open:#?}");
}

#[test]
fn a_credential_is_told_at_each_occasion_until_it_is_dismissed() {
    let pair = quiet();
    pair.set("CLAUDE_PID", std::process::id().to_string());
    write(pair.a.join("config.ini"), format!("id = {}\n", key(7)));
    pair.force("push");
    let [finding] = &all(&pair)[..] else { panic!("{:#?}", all(&pair)) };
    assert_eq!([&finding["type"], &finding["severity"]], [&json!("security"), &json!("critical")]);
    for round in 0..2 {
        for said in [pair.prompt(&pair.a, "s"), pair.session_start(&pair.a, "s")] {
            let lines = about_notifications(&said);
            assert_eq!(lines.len(), 1, "round {round}: {said}");
            assert!(lines[0].starts_with("claude-craft: critical: a: "), "{said}");
        }
    }
    pair.wait_for_worker(&pair.a);
    pair.craft(&pair.a, &["notifications", "show", id(finding)]).ok();
    assert_eq!(about_notifications(&pair.prompt(&pair.a, "s")).len(), 1, "read is not dismissed");
    pair.craft(&pair.a, &["notifications", "snooze", id(finding), "1d"]).ok();
    assert_eq!(about_notifications(&pair.prompt(&pair.a, "s")), [""; 0]);
    raise(&pair, "x", Severity::Critical);
    pair.craft(&pair.a, &["notifications", "dismiss", id(finding), id(&all(&pair)[0])]).ok();
    assert_eq!(pair.prompt(&pair.a, "s"), "");
    let everything = String::from_utf8(read(pair.craft_dir().join("notifications.json"))).unwrap();
    assert!(!everything.contains(&key(7)));
}

#[test]
fn fifty_are_one_line_told_once_by_one_of_two_hooks_that_race() {
    let pair = quiet();
    pair.configure(json!({"autoSync": {"triggers": {"userPrompt": {"enabled": false}}}}));
    for round in 0..5 {
        for n in 0..10 {
            raise(&pair, &format!("{round}.{n}"), Severity::Warning);
        }
        let said: Vec<String> = std::thread::scope(|scope| {
            let hooks: Vec<_> = (0..2)
                .map(|n| {
                    let event = json!({"session_id": format!("s{n}"), "cwd": pair.a, "prompt": "hello",
                        "hook_event_name": "UserPromptSubmit", "transcript_path": "/dev/null"});
                    let mut command = pair.command(env!("CARGO_BIN_EXE_craft-prompt-sync"), &pair.a);
                    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
                    command.env("CLAUDE_PID", std::process::id().to_string());
                    scope.spawn(move || {
                        let mut child = command.spawn().unwrap();
                        std::io::Write::write_all(&mut child.stdin.take().unwrap(), event.to_string().as_bytes())
                            .unwrap();
                        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
                    })
                })
                .collect();
            hooks.into_iter().map(|h| h.join().unwrap()).filter(|s| !s.is_empty()).collect()
        });
        let [one] = &said[..] else { panic!("{said:?}") };
        let one: Value = serde_json::from_str(one).unwrap();
        let line = format!("claude-craft: 10 notifications: {round}.9 has drifted (craft notifications)");
        assert_eq!(one["systemMessage"], line, "ten of this round, and none that was told");
    }
    assert_eq!(brief(&pair, &pair.a)["status"], "not synced yet · 50 notices");
    pair.craft(&pair.a, &["notifications", "dismiss-all", "-y"]).ok();
    assert_eq!(brief(&pair, &pair.a)["status"], "not synced yet");
}

#[test]
fn what_several_raise_at_once_is_all_kept() {
    let env = TestEnv::new();
    std::thread::scope(|scope| {
        for process in 0..4 {
            let home = env.home();
            scope.spawn(move || {
                // A context each: the lock is of the open file, as between processes.
                let ctx = context(&home, &[]);
                for n in 0..10 {
                    notifications::raise(&ctx, draft(&format!("{process}.{n}"), Severity::Info));
                    notifications::raise(&ctx, draft("shared", Severity::Warning));
                }
            });
        }
    });
    let kept = all(&env);
    assert_eq!(kept.len(), 41, "{}", env.diagnostics());
    let shared = kept.iter().find(|n| n["dedupeKey"] == "shared").unwrap();
    assert_eq!(shared["count"], 40);
    let ids: std::collections::BTreeSet<_> = kept.iter().map(id).collect();
    assert_eq!(ids.len(), 41);
}

#[test]
fn who_mutes_or_switches_off_hears_nothing_and_loses_nothing() {
    let pair = quiet();
    raise(&pair, "x", Severity::Warning);
    let set = |key: &str, value: &str| pair.auto_sync(&pair.a, &["config", "set", key, value]);
    for (key, quiet, loud) in [
        ("notifications.muted", "[\"drift\"]", "[]"),
        ("notifications.minSeverity", "critical", "info"),
        ("notifications.enabled", "false", "true"),
    ] {
        set(key, quiet);
        assert_eq!(pair.prompt(&pair.a, "s"), "", "{key}");
        assert_eq!(brief(&pair, &pair.a)["status"], "not synced yet", "{key}");
        set(key, loud);
        assert_eq!(brief(&pair, &pair.a)["status"], "not synced yet · 1 notice", "{key}");
    }
    assert_eq!(pair.prompt(&pair.a, "s"), "claude-craft: notification: x has drifted (craft notifications)");
    assert_eq!(pair.prompt(&pair.a, "s"), "");
    assert_eq!(all(&pair).len(), 1);
}

#[test]
fn a_toast_tells_of_what_no_sync_has_told() {
    let pair = quiet();
    raise(&pair, "x", Severity::Info);
    assert_eq!(brief(&pair, &pair.a)["toast"], Value::Null);
    raise(&pair, "y", Severity::Critical);
    let toast = brief(&pair, &pair.a)["toast"].clone();
    assert_eq!(toast["text"], "y has drifted: /craft notifications");
    raise(&pair, "y", Severity::Critical);
    assert_eq!(brief(&pair, &pair.a)["toast"]["id"], toast["id"], "the same event has the same id");
    pair.auto_sync(&pair.a, &["disable"]);
    assert_eq!(brief(&pair, &pair.a)["status"], "off");
}

#[test]
fn a_snooze_ends_without_anybody_doing_anything() {
    let pair = quiet();
    let now = 1_756_728_000_000_u64;
    let at = |ms: u64| pair.set("CRAFT_INTERNAL__NOW_MS", ms.to_string());
    at(now);
    notifications::raise(
        &context(&pair.home(), &[("CRAFT_INTERNAL__NOW_MS", now.to_string())]),
        draft("x", Severity::Warning),
    );
    assert!(!pair.prompt(&pair.a, "s").is_empty());
    let short = id(&all(&pair)[0])["notif-".len()..].to_owned();
    let short = short.as_str();
    assert_snapshot!(pair.craft(&pair.a, &["notifications", "snooze", short, "2h"]).ok().stdout.replace(short, "ID"),
        @"notif-ID is told again in 2 h");
    let shown = || brief(&pair, &pair.a)["status"].as_str().unwrap().to_owned();
    assert_eq!((pair.prompt(&pair.a, "s"), shown()), (String::new(), "not synced yet".into()));
    assert_snapshot!(pair.craft(&pair.a, &["notifications"]).ok().stdout, @r"
    no notifications
    1 notification snoozed; `--all` lists them too
    ");
    at(now + 2 * 3_600_000);
    assert_eq!(shown(), "not synced yet · 1 notice");
    assert_eq!(pair.prompt(&pair.a, "s"), "claude-craft: notification: x has drifted (craft notifications)");
    assert_eq!(pair.prompt(&pair.a, "s"), "");
    // Set far back, the clock must not make a snooze of two hours one of a year.
    pair.craft(&pair.a, &["notifications", "snooze", short, "2h"]).ok();
    at(now - 365 * DAY);
    assert_eq!(shown(), "not synced yet · 1 notice");
    assert!(!pair.prompt(&pair.a, "s").is_empty());
}

#[test]
fn the_command_line_finds_by_a_beginning_and_says_what_is_wrong() {
    let env = TestEnv::new();
    let craft = |args: &[&str]| env.craft(env.root(), &[&["notifications"], args].concat());
    assert_snapshot!(craft(&[]).ok().stdout, @"no notifications");
    raise(&env, "x", Severity::Warning);
    let x = id(&all(&env)[0]).to_owned();
    let shown = craft(&["show", &x[6..14]]).ok().stdout.replace(&x, "[ID]");
    assert_snapshot!(shown, @r"
    x has drifted
      x is not what it was

    about    warning, drift, just now, read
    id       [ID]
    ");
    assert_eq!(all(&env)[0]["dismissedAt"], Value::Null, "read is not dismissed");
    let said = |args: &[&str]| {
        let ran = craft(args);
        format!("{}{}exit {}", ran.stdout, ran.stderr, ran.code).replace(&x, "[ID]")
    };
    let wrong = [&["show", "zz"][..], &["snooze", &x, "soon"], &["dismiss-all"], &["dismiss", &x, "zz"]].map(said);
    assert_snapshot!(wrong.join("\n"), @r"
    error: there is no notification `zz`
    hint: `craft notifications list --all` lists them with their ids
    exit 1
    error: `soon` is no duration
    hint: say 30m, 2h, 1d or 1w; at most 30 days
    exit 2
    error: 1 of 1 is a warning or critical
    hint: add `-y` to dismiss them all the same
    exit 2
    error: there is no notification `zz`
    hint: `craft notifications list --all` lists them with their ids
    exit 1
    ");
    assert_eq!(all(&env)[0]["dismissedAt"], Value::Null, "one that is not there: none is dismissed");
    assert_snapshot!([&["dismiss", &x][..], &["dismiss", &x], &["snooze", &x, "1h"]].map(said).join("\n"), @r"
    dismissed 1 notification
    exit 0
    nothing was left to dismiss
    exit 0
    error: `[ID]` is dismissed already
    exit 1
    ");
    raise(&env, "x", Severity::Info);
    assert_eq!(all(&env).len(), 2, "what was dismissed and comes again is new");
    assert_eq!(said(&["dismiss-all"]), "dismissed 1 notification\nexit 0", "nobody is asked about information");
    let listed = |args: &[&str]| craft(args).ok().stdout.lines().filter(|l| l.contains("notif-")).count();
    assert_eq!([listed(&["list"]), listed(&["--all"]), listed(&["--all", "--severity", "info"])], [0, 2, 1]);
    assert_eq!([listed(&["list", "--all", "--type", "drift"]), listed(&["--all", "--type", "conflict"])], [2, 0]);
    assert_eq!(craft(&["--type", "weather"]).code, 2);
}

#[test]
fn a_damaged_file_is_kept_aside_and_told_of_and_a_newer_one_is_not_touched() {
    let env = TestEnv::new();
    let path = env.craft_dir().join("notifications.json");
    write(&path, "{\"version\": 1, \"notifications\": [{\"id\":");
    assert!(env.craft(env.root(), &["notifications"]).ok().stderr.contains("cannot be understood"));
    raise(&env, "x", Severity::Info);
    let keys: Vec<_> = all(&env).iter().map(|n| n["dedupeKey"].clone()).collect();
    assert_eq!(keys.len(), 2);
    assert!(keys.contains(&json!("damaged:notifications")) && keys.contains(&json!("x")));
    let kept = std::fs::read_dir(env.craft_dir())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("notifications.json.corrupt-"));
    assert_eq!(kept.count(), 1);

    let newer = "{\"version\": 2, \"notifications\": 7}";
    write(&path, newer);
    raise(&env, "y", Severity::Info);
    let ran = env.craft(env.root(), &["notifications", "dismiss-all", "-y"]);
    assert!(ran.code == 1 && ran.stderr.contains("newer claude-craft"), "{ran:?}");
    assert_eq!(read(&path), newer.as_bytes());
    assert!(env.diagnostics().contains("a notification was not kept"));
}

#[test]
fn the_text_of_a_notification_never_reaches_the_terminal_raw() {
    let pair = quiet();
    let hostile = format!("a\u{1b}]0;owned\u{7}\n\r\u{202e}\u{2066}{}", "long ".repeat(5_000));
    let ctx = context(&pair.home(), &[]);
    let command = json!({"command": hostile});
    notifications::raise(
        &ctx,
        Draft {
            title: hostile.clone(),
            message: hostile.clone(),
            data: Some(command),
            dedupe_key: hostile,
            ..draft("", Severity::Critical)
        },
    );
    // And a file that somebody else wrote.
    let path = pair.craft_dir().join("notifications.json");
    let mut book: Value = serde_json::from_slice(&read(&path)).unwrap();
    for field in ["title", "message", "id"] {
        let old = book["notifications"][0][field].as_str().unwrap().to_owned();
        book["notifications"][0][field] = format!("{old}\u{1b}[2J\u{202e}\n\u{9b}x").into();
    }
    write(&path, book.to_string());
    pair.auto_sync(&pair.a, &["config", "set", "notifications.keepDays", "31"]);
    let said = pair.prompt(&pair.a, "s");
    assert_eq!(about_notifications(&said), [said.as_str()], "one line");
    assert!(said.chars().count() <= 240);
    let toast = brief(&pair, &pair.a)["toast"]["text"].as_str().unwrap().to_owned();
    let printed =
        [&["notifications"][..], &["notifications", "show", "notif"]].map(|args| pair.craft(&pair.a, args).ok().stdout);
    for text in printed.iter().chain([&said, &toast]) {
        let steers = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{2066}');
        assert!(!text.contains(steers), "{text:?}");
    }
}

#[test]
fn old_ones_go_after_their_days_and_not_after_a_jump_of_the_clock() {
    let env = TestEnv::new();
    let now = 1_756_728_000_000_u64;
    let at = |ms: u64| context(&env.home(), &[("CRAFT_INTERNAL__NOW_MS", ms.to_string())]);
    let removed = |ms: u64| notifications::cleanup(&at(ms)).unwrap().removed;
    assert_eq!(removed(now), 0);
    assert!(!env.craft_dir().join("notifications.json").exists(), "nothing is written where there is nothing");
    for (key, severity) in [("a", Severity::Info), ("b", Severity::Warning), ("c", Severity::Critical)] {
        notifications::raise(&at(now), draft(key, severity));
    }
    assert_eq!([removed(now), removed(now + 30 * DAY), removed(now + 30 * DAY + 1)], [0, 0, 2]);
    assert_eq!(all(&env)[0]["severity"], "critical");
    notifications::raise(&at(now), draft("d", Severity::Info));
    assert_eq!([removed(now + 3_000 * DAY), removed(now + DAY), removed(now + 2 * DAY)], [0, 0, 0]);
    assert_eq!(all(&env).len(), 2);
}

#[test]
fn switching_a_repository_off_puts_away_what_was_about_it() {
    let pair = quiet();
    write(pair.a.join("config.ini"), format!("id = {}\n", key(9)));
    pair.force("push");
    raise(&pair, "other", Severity::Info);
    pair.auto_sync(&pair.a, &["disable"]);
    let open: Vec<_> = all(&pair).into_iter().filter(|n| n["dismissedAt"].is_null()).collect();
    assert_eq!(open.iter().map(|n| n["dedupeKey"].clone()).collect::<Vec<_>>(), ["other"]);
}
