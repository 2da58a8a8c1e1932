//! Recurring jobs: real hooks, real workers, the real files.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::{Pair, Ran, TestEnv, read, script, write};

const NOON: u64 = 1_756_728_000_000;
const MINUTE: u64 = 60_000;

/// A world in which the clock stands.
trait Jobs {
    fn env(&self) -> &TestEnv;

    fn at(&self, minutes: u64) {
        self.env().set("CRAFT_INTERNAL__NOW_MS", (NOON + minutes * MINUTE).to_string());
    }

    fn jobs(&self, args: &[&str]) -> Ran {
        self.env().craft(self.env().root(), &[&["jobs"], args].concat())
    }

    /// Switches the scheduler on and pauses all jobs but one.
    fn only(&self, kind: &str) {
        self.jobs(&["enable"]).ok();
        for other in ["external-sync", "notification-cleanup", "log-rotation", "auto-sync-recovery"] {
            if other != kind {
                self.jobs(&["pause", other]).ok();
            }
        }
        self.jobs(&["resume", kind]).ok();
    }

    fn worker(&self) -> Ran {
        self.env().craft(Path::new("/"), &["worker"])
    }

    fn schedule(&self) -> PathBuf {
        self.env().craft_dir().join("schedule.json")
    }

    fn job(&self, kind: &str) -> Value {
        let listed: Value = serde_json::from_str(&self.jobs(&["list", "--json"]).ok().stdout).unwrap();
        listed["jobs"].as_array().unwrap().iter().find(|job| job["type"] == kind).unwrap().clone()
    }

    /// Changes a job in the file, as nothing of ours does.
    fn tamper(&self, kind: &str, change: impl Fn(&mut Value)) {
        let mut schedule: Value = serde_json::from_slice(&read(self.schedule())).unwrap();
        let jobs = schedule["jobs"].as_array_mut().unwrap();
        change(jobs.iter_mut().find(|job| job["type"] == kind).unwrap());
        write(self.schedule(), schedule.to_string());
    }

    fn log(&self, kind: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.env().craft_dir().join(format!("log/jobs/{kind}.log")));
        text.unwrap_or_default().lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    }

    fn begun(&self, kind: &str) -> usize {
        self.log(kind).iter().filter(|line| line.starts_with("begun")).count()
    }

    /// Results of the journal's lines about a job.
    fn journal(&self, kind: &str) -> Vec<String> {
        let words = ["logs", "--since", "2025-01-01", "--operation", "job", "--limit", "100000", "--json"];
        let env = self.env();
        let all: Value = serde_json::from_str(&env.craft(env.root(), &words).ok().stdout).unwrap();
        let lines = all["entries"].as_array().unwrap().iter();
        lines.filter(|line| line["item"] == kind).map(|line| line["result"].as_str().unwrap().to_owned()).collect()
    }

    fn due(&self) -> Option<u64> {
        let bytes = std::fs::read(self.env().craft_dir().join("jobs.due")).ok()?;
        Some(u64::from_le_bytes(bytes[..8].try_into().unwrap()))
    }
}

impl Jobs for TestEnv {
    fn env(&self) -> &TestEnv {
        self
    }
}

impl Jobs for Pair {
    fn env(&self) -> &TestEnv {
        self
    }
}

fn world() -> TestEnv {
    let env = TestEnv::new();
    env.at(0);
    env
}

/// A process of this test that is ended with it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(env: &TestEnv, args: &[&str]) -> Running {
    let mut command = env.command(env!("CARGO_BIN_EXE_craft"), env.root());
    Running(command.args(args).stdout(Stdio::piped()).spawn().unwrap())
}

#[test]
fn two_workers_race_for_one_due_job_200_times_and_it_runs_200_times() {
    let env = world();
    env.only("notification-cleanup");
    env.jobs(&["interval", "notification-cleanup", "1m"]).ok();
    for round in 0..200 {
        env.at(round);
        let mut racers = [spawn(&env, &["worker"]), spawn(&env, &["worker"])];
        for racer in &mut racers {
            assert!(racer.0.wait().unwrap().success());
        }
        assert_eq!(env.begun("notification-cleanup"), usize::try_from(round).unwrap() + 1, "in round {round}");
    }
    assert_eq!(env.journal("notification-cleanup"), vec!["success"; 200]);
    assert_eq!(env.job("notification-cleanup")["schedule"]["lastRun"], "2025-09-01T15:19:00.000Z");
}

#[test]
fn a_worker_that_is_killed_in_a_job_leaves_it_due_again_and_one_that_is_each_time_ends_as_failed() {
    let env = world();
    env.only("log-rotation");
    env.set("CRAFT_INTERNAL__KILL_AT", "job-log-rotation");
    assert_eq!(env.worker().code, 128 + 9);
    let schedule: Value = serde_json::from_slice(&read(env.schedule())).unwrap();
    let left = schedule["jobs"].as_array().unwrap().iter().find(|job| job["type"] == "log-rotation").unwrap();
    assert_eq!((&left["status"], left["lease"]["pid"].is_u64()), (&json!("running"), true));
    assert_eq!(env.due(), Some(NOON + 11 * MINUTE), "the end of its lease, for the next hook");

    env.unset("CRAFT_INTERNAL__KILL_AT");
    let half = env.craft_dir().join(".schedule.json.4194305.0.tmp");
    write(&half, "{");
    env.worker().ok();
    assert!(!half.exists(), "what was being written goes too");
    let job = env.job("log-rotation");
    assert_eq!((&job["status"], &job["lastResult"]), (&json!("idle"), &json!("success")));
    assert_eq!(env.journal("log-rotation"), ["error", "success"]);
    assert_eq!(env.log("log-rotation")[..3], ["begun", "interrupted: the process that ran it died", "begun"]);

    env.set("CRAFT_INTERNAL__KILL_AT", "job-log-rotation");
    env.at(24 * 60);
    for _ in 0..3 {
        assert_eq!(env.worker().code, 128 + 9);
    }
    env.worker().ok();
    assert_eq!((env.job("log-rotation")["status"].clone(), env.due()), (json!("failed"), None));
    assert_eq!(env.journal("log-rotation")[2..], ["error", "error", "error"]);
}

#[test]
fn a_job_of_another_machine_is_left_alone_until_its_lease_ends() {
    let env = world();
    env.only("log-rotation");
    env.set("CRAFT_INTERNAL__KILL_AT", "job-log-rotation");
    assert_eq!(env.worker().code, 128 + 9);
    env.unset("CRAFT_INTERNAL__KILL_AT");
    env.tamper("log-rotation", |job| job["lease"]["host"] = json!("elsewhere"));
    env.at(10);
    env.worker().ok();
    assert_eq!(env.begun("log-rotation"), 1);
    let refused = env.jobs(&["run", "log-rotation"]);
    assert_eq!((refused.code, refused.stderr.contains("on elsewhere")), (5, true), "{refused:?}");
    env.at(11);
    env.worker().ok();
    assert_eq!((env.begun("log-rotation"), env.journal("log-rotation")), (2, vec!["error".into(), "success".into()]));
}

#[test]
fn who_runs_a_job_that_is_running_is_told_by_whom_even_when_its_lease_is_over() {
    let env = world();
    env.only("log-rotation");
    let me = std::process::id();
    let started = claude_craft::state::session::process_started(me);
    let host = claude_craft::state::session::host_name();
    env.tamper("log-rotation", |job| {
        job["status"] = json!("running");
        job["lease"] = json!({"pid": me, "pidStarted": started, "host": host,
            "started": "2025-09-01T11:00:00Z", "expires": "2025-09-01T11:11:00Z"});
    });
    let refused = env.jobs(&["run", "log-rotation"]);
    assert_eq!(refused.code, 5, "{refused:?}");
    assert!(refused.stderr.contains(&format!("log-rotation is running already: process {me}")), "{refused:?}");
    env.worker().ok();
    assert_eq!(env.begun("log-rotation"), 0);
    assert_eq!(env.due(), Some(NOON + 5 * MINUTE), "nobody looks at each prompt whether it has ended");
}

#[test]
fn a_starting_session_runs_what_is_due_in_any_folder_and_so_does_a_prompt() {
    let env = world();
    let folder = env.path("no-repository");
    std::fs::create_dir(&folder).unwrap();
    env.session_start(&folder, "s");
    env.wait_until_quiet();
    assert!(!env.schedule().exists(), "nothing runs until the user says so");

    env.jobs(&["enable"]).ok();
    env.session_start(&folder, "s");
    env.wait_until_quiet();
    for kind in ["external-sync", "notification-cleanup", "log-rotation", "auto-sync-recovery"] {
        assert_eq!(env.begun(kind), 1, "{kind}");
    }
    env.at(14);
    env.prompt(&folder, "s");
    env.wait_until_quiet();
    assert_eq!(env.begun("auto-sync-recovery"), 1);
    env.at(15);
    env.prompt(&folder, "s");
    env.wait_until_quiet();
    assert_eq!((env.begun("auto-sync-recovery"), env.begun("log-rotation")), (2, 1));
}

#[test]
fn no_worker_is_started_where_nothing_is_due_or_nobody_wants_it() {
    let env = world();
    let (folder, started) = (env.path("no-repository"), env.path("started"));
    std::fs::create_dir(&folder).unwrap();
    script(env.path("worker.sh"), &format!("touch '{}'", started.display()));
    env.set("CRAFT_WORKER", env.path("worker.sh"));
    let event = |more: &Value| {
        let mut event = json!({"session_id": "s", "transcript_path": "/dev/null", "cwd": folder, "prompt": "hello",
            "hook_event_name": "UserPromptSubmit", "permission_mode": "default"});
        claude_craft::config::load::merge_patch(&mut event, more);
        let _ = std::fs::remove_file(&started);
        env.hook(&event);
        env.wait_until_quiet();
        started.exists()
    };
    let end = json!({"hook_event_name": "SessionEnd", "reason": "other"});
    let start = json!({"hook_event_name": "SessionStart", "source": "startup", "model": "m"});
    assert!(!event(&json!({})) && !event(&start), "the scheduler is off");
    env.jobs(&["enable"]).ok();
    assert!(event(&json!({})) && event(&start));
    assert!(!event(&json!({"agent_id": "a1"})), "a subagent's prompt");
    assert!(!event(&end), "a session that ends");
    env.set("CRAFT_DISABLE", "1");
    assert!(!event(&json!({})) && !event(&start));
    env.unset("CRAFT_DISABLE");
    env.worker().ok();
    env.at(14);
    assert!(!event(&json!({})) && !event(&start), "nothing is due");
    env.set("CRAFT_INTERNAL__NOW_MS", (NOON - 1_000 * MINUTE).to_string());
    assert!(event(&json!({})) && event(&start), "the clock was set back");
    env.worker().ok();
    assert!(!event(&json!({})) && !event(&start), "a worker has counted anew");
    assert_eq!(env.due(), Some(NOON - 985 * MINUTE));
    env.craft(env.root(), &["auto-sync", "config", "set", "scheduler.enabled", "false"]).ok();
    assert!(!event(&json!({})) && !event(&start));
    env.craft(env.root(), &["auto-sync", "config", "set", "scheduler.enabled", "true"]).ok();
    env.at(0);
    assert!(event(&json!({})));
}

#[test]
fn what_nothing_does_yet_is_not_available_and_never_success() {
    let env = world();
    for kind in ["external-sync", "external-pull", "discrepancy-check", "living-docs-sync"] {
        let ran = env.jobs(&["run", kind]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{kind}");
        assert!(ran.stderr.contains(&format!("{kind} is not available: ")), "{ran:?}");
        let ran = env.jobs(&["run", kind, "--json"]);
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((ran.code, &json["result"]), (1, &json!("not-available")), "{json}");
        let job = env.job(kind);
        assert_eq!((&job["lastResult"], &job["lastError"]), (&json!("not-available"), &Value::Null));
        assert_eq!(job["schedule"]["retryCount"], 0);
        assert_eq!(env.journal(kind), ["skipped", "skipped"]);
    }
    env.only("external-sync");
    env.at(60);
    env.worker().ok();
    let job = env.job("external-sync");
    assert_eq!((&job["status"], &job["lastResult"]), (&json!("idle"), &json!("not-available")));
    assert_eq!(env.due(), Some(NOON + 75 * MINUTE), "no retry");
}

#[test]
fn a_job_that_fails_is_tried_again_then_waits_for_a_reset() {
    let env = world();
    env.only("auto-sync-recovery");
    write(env.craft_dir().join("queue"), "a file where a folder should be");
    for (minutes, next, status) in [(0, Some(30), "idle"), (30, Some(90), "idle"), (90, None, "failed")] {
        env.at(minutes);
        env.worker().ok();
        assert_eq!(env.due(), next.map(|m| NOON + m * MINUTE));
        let job = env.job("auto-sync-recovery");
        assert_eq!((&job["status"], &job["lastResult"]), (&json!(status), &json!("failed")));
    }
    assert_eq!(env.journal("auto-sync-recovery"), ["error", "error", "error"]);
    let told = || {
        let words = ["notifications", "list", "--all", "--type", "sync-failure", "--json"];
        let all: Value = serde_json::from_str(&env.craft(env.root(), &words).ok().stdout).unwrap();
        let all = all["notifications"].as_array().unwrap().clone();
        all.into_iter().map(|n| (n["dedupeKey"].clone(), n["count"].clone(), n["passed"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(told(), [(json!("job:auto-sync-recovery"), json!(1), json!(false))]);
    env.at(24 * 60);
    env.worker().ok();
    assert_eq!(env.begun("auto-sync-recovery"), 3);
    let list = env.jobs(&[]).ok().stdout.replace(env.home().to_str().unwrap(), "HOME");
    let shown: Vec<_> = list.lines().filter(|line| line.contains("recovery") || line.starts_with("  ")).collect();
    assert_snapshot!(shown.join("\n"), @r"
    auto-sync-recovery    failed  15 min  22 h ago, failed  -
      cannot list HOME/.claude/craft/queue: Not a directory (os error 20); `craft jobs reset auto-sync-recovery` revives it
    ");
    let by_hand = env.jobs(&["run", "auto-sync-recovery"]);
    assert_eq!(by_hand.code, 1, "{by_hand:?}");
    assert_eq!(env.job("auto-sync-recovery")["status"], "failed");

    std::fs::remove_file(env.craft_dir().join("queue")).unwrap();
    assert_snapshot!(env.jobs(&["reset", "auto-sync-recovery"]).ok().stdout, @"auto-sync-recovery: failures forgotten; it runs when a session starts or a prompt is submitted");
    env.worker().ok();
    let job = env.job("auto-sync-recovery");
    assert_eq!(
        (&job["status"], &job["lastResult"], &job["lastError"]),
        (&json!("idle"), &json!("success"), &Value::Null)
    );
    assert_eq!(told(), [(json!("job:auto-sync-recovery"), json!(1), json!(true))], "it passed by itself");
}

#[test]
fn recovery_mends_a_repository_in_which_a_sync_was_killed_and_sends_its_work() {
    for step in ["commit-begun", "forward-begun", "push-begun"] {
        let pair = Pair::busy();
        pair.set("CRAFT_INTERNAL__KILL_AT", step);
        pair.session_end(&pair.a, "s");
        pair.wait_until_quiet();
        pair.unset("CRAFT_INTERNAL__KILL_AT");
        // Nobody asks any more.
        std::fs::remove_dir_all(pair.craft_dir().join("queue")).unwrap();
        let ran = pair.jobs(&["run", "auto-sync-recovery"]).ok();
        assert_eq!(ran.stdout, "auto-sync-recovery: 1 sync killed before, all mended; 1 request done\n", "{step}");
        assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"), "{step}");
        assert_eq!(pair.changes(), "", "{step}");
        let remote: Vec<_> = pair.remote_tree().into_keys().collect();
        assert_eq!(remote, ["new.txt", "one.txt", "theirs.txt", "two.txt"], "{step}");
        pair.whole();
        let ran = pair.jobs(&["run", "auto-sync-recovery"]).ok();
        assert_eq!(ran.stdout, "auto-sync-recovery: nothing was left behind\n");
    }
}

#[test]
fn recovery_leaves_alone_what_is_switched_off_and_says_what_waits() {
    let pair = Pair::over_ssh();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.set("CRAFT_INTERNAL__KILL_AT", "push-begun");
    assert_eq!(pair.craft(&pair.a, &["auto-sync", "force"]).code, 128 + 9);
    pair.unset("CRAFT_INTERNAL__KILL_AT");
    let tip = pair.remote_tip();
    pair.auto_sync(&pair.a, &["disable"]);
    let ran = pair.jobs(&["run", "auto-sync-recovery"]).ok();
    assert_eq!(ran.stdout, "auto-sync-recovery: nothing was left behind\n");
    assert_eq!(pair.remote_tip(), tip);

    pair.auto_sync(&pair.a, &["enable"]);
    pair.ssh_says(Some("ssh: connect to host host.example port 22: Network is unreachable\n"));
    let ran = pair.jobs(&["run", "auto-sync-recovery"]).ok().stdout;
    let ran = ran.replace(pair.a.to_str().unwrap(), "A");
    assert!(ran.contains("1 sync killed before") && ran.contains("1 working tree waiting, first A: "), "{ran}");
    assert_eq!(pair.remote_tip(), tip);
    pair.ssh_says(None);
    pair.force("sync").done();
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"));
}

#[test]
fn a_damaged_schedule_is_kept_and_begun_anew_and_a_newer_one_is_left_alone() {
    let env = world();
    env.only("log-rotation");
    write(env.schedule(), "{\"version\": 1, \"jobs\": [{\"id\": 7");
    let said = env.jobs(&["list"]).ok().stderr;
    assert_snapshot!(said, @"~/.claude/craft/schedule.json cannot be understood; the next change keeps it aside and begins anew");
    assert_eq!(read(env.schedule()), b"{\"version\": 1, \"jobs\": [{\"id\": 7", "looking changes nothing");
    env.jobs(&["pause", "external-sync"]).ok();
    let kept = env.craft_dir().join("schedule.json.corrupt-20250901T120000Z");
    assert_eq!(read(kept), b"{\"version\": 1, \"jobs\": [{\"id\": 7");
    assert_eq!(env.job("external-sync")["status"], "disabled");

    let newer = "{\"version\": 9, \"jobs\": []}";
    write(env.schedule(), newer);
    env.at(24 * 60);
    for args in [&["list"][..], &["pause", "log-rotation"], &["run", "log-rotation"]] {
        let ran = env.jobs(args);
        assert_eq!(ran.code, 2, "{args:?} {ran:?}");
        assert!(ran.stderr.contains("has version 9, of a newer craft") && ran.stderr.contains("update"), "{ran:?}");
    }
    env.worker().ok();
    assert_eq!(String::from_utf8(read(env.schedule())).unwrap(), newer);
    assert_eq!(env.due(), Some(NOON + (24 * 60 + 5) * MINUTE), "hooks do not try at each prompt");
}

#[test]
fn jobs_of_a_newer_program_are_kept_as_they_are() {
    let env = world();
    env.only("log-rotation");
    let mut schedule: Value = serde_json::from_slice(&read(env.schedule())).unwrap();
    let tea = json!({"id": "tea", "type": "make-tea", "schedule": {"cron": "0 17 * * *"}, "sugar": [1, null]});
    schedule["jobs"].as_array_mut().unwrap().insert(0, tea.clone());
    write(env.schedule(), schedule.to_string());
    env.worker().ok();
    let schedule: Value = serde_json::from_slice(&read(env.schedule())).unwrap();
    assert_eq!((&schedule["jobs"][0], env.begun("log-rotation")), (&tea, 1));
    assert_eq!(schedule["jobs"].as_array().unwrap().len(), 9);
    assert!(!env.jobs(&["list"]).ok().stdout.contains("tea"));
}

#[test]
fn wrong_words_are_told_what_there_is() {
    let env = world();
    let ran = env.jobs(&["pause", "tea"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("external-sync") && ran.stderr.contains("beacon-watch"), "{ran:?}");
    let ran = env.jobs(&["interval", "log-rotation", "soon"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("it looks like `15m`, `2h` or `1d`, from `1m` to `7d`"), "{ran:?}");
    assert_snapshot!(env.jobs(&["interval", "log-rotation", "2h"]).ok().stdout, @"log-rotation runs every 2 h");
    assert_snapshot!(env.jobs(&["resume", "log-rotation"]).ok().stdout, @"log-rotation runs once `craft jobs enable` has switched the scheduler on");
    assert_snapshot!(env.jobs(&["enable"]).ok().stdout, @r"
    jobs run by themselves from now on, the first when a session starts or a prompt is submitted
    `craft jobs` shows them
    ");
    assert_snapshot!(env.jobs(&["resume", "log-rotation"]).ok().stdout, @"log-rotation runs when a session starts or a prompt is submitted");
    assert_snapshot!(env.jobs(&["pause", "log-rotation"]).ok().stdout, @"log-rotation rests until `craft jobs resume log-rotation`");
    assert_snapshot!(env.jobs(&["reset", "log-rotation"]).ok().stdout, @"log-rotation: failures forgotten; it rests until `craft jobs resume log-rotation`");
    assert_snapshot!(env.jobs(&["disable"]).ok().stdout, @"no job runs by itself any more; one that runs goes on to its end");
    assert_snapshot!(env.jobs(&["logs", "log-rotation"]).ok().stdout, @"log-rotation has not run yet");
    let paused: Value = serde_json::from_str(&env.jobs(&["pause", "log-rotation", "--json"]).ok().stdout).unwrap();
    assert_snapshot!(serde_json::to_string_pretty(&paused).unwrap(), @r#"
    {
      "version": 1,
      "job": {
        "id": "log-rotation",
        "type": "log-rotation",
        "schedule": {
          "intervalMs": 7200000,
          "enabled": false,
          "retryCount": 0,
          "maxRetries": 3
        },
        "status": "disabled",
        "lastStateChange": "2025-09-01T12:00:00.000Z",
        "due": false
      }
    }
    "#);
}

#[test]
fn a_log_is_shown_and_followed() {
    let env = world();
    env.jobs(&["run", "log-rotation"]).ok();
    let shown = env.jobs(&["logs", "log-rotation", "-n", "1"]).ok().stdout;
    assert!(shown.starts_with("2025-09-01T12:00:00Z done after ") && shown.lines().count() == 1, "{shown}");
    let json: Value = serde_json::from_str(&env.jobs(&["logs", "log-rotation", "--json"]).ok().stdout).unwrap();
    assert_eq!(json["lines"][0], json!({"time": "2025-09-01T12:00:00Z", "text": "begun by hand"}));

    let mut follower = spawn(&env, &["jobs", "logs", "log-rotation", "--follow", "-n", "1"]);
    let mut lines = BufReader::new(follower.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("done after"));
    env.at(7);
    env.jobs(&["run", "log-rotation"]).ok();
    assert_eq!(lines.next().unwrap(), "2025-09-01T12:07:00Z begun by hand");
    assert!(lines.next().unwrap().contains("done after"));
}

#[test]
fn a_sync_that_takes_a_while_shows_how_far_it_is_and_leaves_nothing_behind() {
    let pair = Pair::over_ssh();
    let folder = pair.craft_dir().join("progress");
    pair.force("pull").done();
    let gate = pair.path("go");
    let ssh = String::from_utf8(read(pair.path("ssh.sh"))).unwrap();
    let wait = format!("#!/bin/sh\nwhile ! [ -e '{}' ]; do sleep 0.01; done", gate.display());
    script(pair.path("ssh.sh"), ssh.replacen("#!/bin/sh", &wait, 1).strip_prefix("#!/bin/sh\n").unwrap());
    let shown = || {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Duration::from_secs(60), "{}", pair.diagnostics());
            let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            let mut whole = files.map(|f| f.path()).filter(|p| p.extension().is_some_and(|e| e == "json"));
            if let Some(text) = whole.next().and_then(|path| std::fs::read(path).ok()) {
                let progress: Value = serde_json::from_slice(&text).unwrap();
                if progress["what"] == "fetch main from origin" {
                    return progress;
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.session_end(&pair.a, "s");
    assert_eq!(shown()["worktree"], json!(pair.a));
    write(&gate, "");
    pair.wait_until_quiet();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);

    std::fs::remove_file(&gate).unwrap();
    let mut forced = spawn(&pair, &["-C", pair.a.to_str().unwrap(), "auto-sync", "force", "pull", "--quiet"]);
    assert_eq!(shown()["pid"], json!(forced.0.id()));
    write(&gate, "");
    assert!(forced.0.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_pipe_where_a_file_of_ours_should_be_holds_up_neither_hooks_nor_syncs() {
    let pair = Pair::enrolled();
    let pipe = |name: &str| {
        let mut command = pair.command("mkfifo", pair.root());
        command.arg(pair.craft_dir().join(name));
        pair.run(command, b"").ok();
    };
    std::fs::create_dir_all(pair.craft_dir().join("log")).unwrap();
    pipe("jobs.due");
    pipe("log/journal.jsonl");
    assert_eq!(pair.prompt(&pair.a, "s"), "");
    write(pair.a.join("mine.txt"), "mine\n");
    pair.auto_sync(&pair.a, &["force"]).ok();
    assert!(pair.remote_tree().contains_key("mine.txt"));
    let said = String::from_utf8(read(pair.craft_dir().join("log/craft.log"))).unwrap();
    assert!(said.contains("log/journal.jsonl: it is no file"), "{said}");
}
