//! The hook executables as the host starts them: real processes, real payloads, a worker that only
//! writes down how it was started.
#![expect(clippy::disallowed_methods, reason = "the tests start the executables and write the files they read")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const START: &str = env!("CARGO_BIN_EXE_craft-session-start");
const END: &str = env!("CARGO_BIN_EXE_craft-session-end");
const PROMPT: &str = env!("CARGO_BIN_EXE_craft-prompt-sync");
const STOP: &str = env!("CARGO_BIN_EXE_craft-stop");
const ALL: [&str; 4] = [START, END, PROMPT, STOP];

/// Stands in for the worker and writes down how it was started. A file of its own and not written by
/// the tests: a program that some process still has open for writing cannot be started.
const WORKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fakes/worker.sh");

/// An enrolled repository, a folder in place of `~/.claude`, and that worker.
struct World {
    _tmp: tempfile::TempDir,
    top: PathBuf,
}

impl World {
    fn new(triggers: &Value) -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(tmp.path()).unwrap();
        let world = Self { _tmp: tmp, top };
        for folder in ["home", "record", "claude/craft", "bin", "elsewhere"] {
            fs::create_dir_all(world.top.join(folder)).unwrap();
        }
        world.program("git", "#!/bin/sh\ntouch \"$RECORD/git\"\n");
        world.git(&["init", "-q", "-b", "main", "r"]);
        let repository = world.repository();
        let enrolled = json!({"path": repository, "commonDir": repository.join(".git"), "branch": "main"});
        let config = json!({"autoSync": {"triggers": triggers}, "repositories": [enrolled]});
        fs::write(world.claude().join("craft/config.json"), config.to_string()).unwrap();
        world
    }

    fn repository(&self) -> PathBuf {
        self.top.join("r")
    }

    fn claude(&self) -> PathBuf {
        self.top.join("claude")
    }

    fn record(&self, name: &str) -> PathBuf {
        self.top.join("record").join(name)
    }

    fn mark(&self, name: &str) {
        fs::write(self.record(name), "").unwrap();
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.top.join("bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.current_dir(&self.top).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        git.env("HOME", self.top.join("home")).env("GIT_CONFIG_NOSYSTEM", "1");
        let out = git.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments).output().unwrap();
        assert!(out.status.success(), "git {arguments:?}: {out:?}");
    }

    /// A hook as the host starts it: in the session's folder, with pipes.
    fn hook(&self, program: &str) -> Command {
        let mut hook = Command::new(program);
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.top.join("bin").display());
        hook.current_dir(self.repository()).env_clear().env("PATH", path).env("HOME", self.top.join("home"));
        hook.env("CLAUDE_CONFIG_DIR", self.claude()).env("CLAUDE_PID", std::process::id().to_string());
        hook.env("CLAUDECODE", "1").env("CLAUDE_PROJECT_DIR", self.repository());
        hook.env("CRAFT_WORKER", WORKER).env("RECORD", self.top.join("record"));
        hook.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        hook
    }

    /// Runs a hook with `input`, which fits into a pipe, and checks what holds whatever comes in.
    fn run(&self, program: &str, input: &[u8]) -> Output {
        let out = feed(&mut self.hook(program), input).wait_with_output().unwrap();
        harmless(&out);
        out
    }

    fn requests(&self) -> Vec<Value> {
        let mut names: Vec<_> = fs::read_dir(self.claude().join("craft/queue"))
            .map(|entries| entries.map(|e| e.unwrap().path()).collect())
            .unwrap_or_default();
        names.retain(|path: &PathBuf| path.extension().is_some_and(|e| e == "json"));
        names.sort();
        names.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
    }

    /// Waits for a worker to have written everything down; its process id.
    fn worker(&self) -> String {
        until("a worker", || {
            let names = fs::read_dir(self.top.join("record")).unwrap().map(|e| e.unwrap().file_name());
            names.filter_map(|n| n.to_str()?.strip_suffix(".done").map(str::to_owned)).next()
        })
    }

    fn recorded(&self, worker: &str, what: &str) -> String {
        fs::read_to_string(self.record(&format!("{worker}.{what}"))).unwrap()
    }

    fn event(&self, more: &Value) -> Value {
        let mut event = json!({"session_id": "00893aaf-19fa-41d2-8238-13269b9b3ca0", "cwd": self.repository(),
            "transcript_path": self.claude().join("projects/r/00893aaf.jsonl")});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    fn start(&self) -> Value {
        self.event(&json!({"hook_event_name": "SessionStart", "source": "startup", "model": "claude-sonnet-4-5"}))
    }

    fn end(&self) -> Value {
        self.event(&json!({"hook_event_name": "SessionEnd", "reason": "prompt_input_exit"}))
    }

    fn prompt(&self) -> Value {
        self.event(&json!({"hook_event_name": "UserPromptSubmit", "prompt": "Fix the bug in ä.rs", "source": "user",
            "prompt_id": "6f1c1f0e-6f0a-4a55-9a50-0d2f3a1f7a11", "permission_mode": "default"}))
    }

    fn events(&self) -> [(&'static str, Value); 3] {
        [(START, self.start()), (END, self.end()), (PROMPT, self.prompt())]
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.record("stay"));
    }
}

/// Starts a hook and gives it its input.
fn feed(hook: &mut Command, input: &[u8]) -> Child {
    let mut child = hook.spawn().unwrap();
    // A hook that has seen enough may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input);
    child
}

fn harmless(out: &Output) {
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    assert_eq!(String::from_utf8_lossy(&out.stderr), "");
    assert!(out.stdout.is_empty() || serde_json::from_slice::<serde_json::Map<_, _>>(&out.stdout).is_ok(), "{out:?}");
}

fn line(event: &Value) -> Vec<u8> {
    format!("{event}\n").into_bytes()
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// All files below `folder` with their inode, size and time.
fn listing(folder: &Path) -> BTreeMap<PathBuf, (u64, u64, i64, i64)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let meta = entry.metadata().unwrap();
        if meta.is_dir() {
            found.extend(listing(&entry.path()));
        }
        found.insert(entry.path(), (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec()));
    }
    found
}

fn always() -> Value {
    json!({"userPrompt": {"probability": 1}, "sessionStart": {"budgetMs": 0}})
}

#[test]
fn each_hook_asks_for_its_sync_and_a_pull_is_told_at_once() {
    let world = World::new(&json!({"userPrompt": {"probability": 1}, "sessionStart": {"budgetMs": 60_000}}));
    let answer = json!({"version": 1, "notices": [{"user": "pulled 2 commits", "model": "a.rs changed"}]});
    fs::write(world.record("answer"), answer.to_string()).unwrap();
    let out = world.run(START, &line(&world.start()));
    let printed: Value = serde_json::from_slice(&out.stdout).unwrap();
    let context = json!({"hookEventName": "SessionStart", "additionalContext": "a.rs changed"});
    assert_eq!(printed, json!({"systemMessage": "pulled 2 commits", "hookSpecificOutput": context}));
    assert_eq!(fs::read_dir(world.claude().join("craft/sessions")).unwrap().count(), 1);

    assert!(world.run(PROMPT, &line(&world.prompt())).stdout.is_empty());
    assert!(world.run(END, &line(&world.end())).stdout.is_empty());
    assert_eq!(fs::read_dir(world.claude().join("craft/sessions")).unwrap().count(), 0);
    let asked: Vec<_> =
        world.requests().iter().map(|r| (r["trigger"].clone(), r["action"].clone(), r["worktree"].clone())).collect();
    let here = json!(world.repository());
    assert_eq!(
        asked,
        [("session-start", "pull"), ("user-prompt", "sync"), ("session-end", "push")].map(|(trigger, action)| (
            json!(trigger),
            json!(action),
            here.clone()
        ))
    );
}

#[test]
fn a_stdin_that_stays_open_holds_no_hook_up() {
    let world = World::new(&always());
    for (program, event) in world.events() {
        let mut child = world.hook(program).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&line(&event)).unwrap();
        harmless(&child.wait_with_output().unwrap());
        drop(stdin);
        // And one in which nothing ever comes.
        let mut child = world.hook(program).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        harmless(&child.wait_with_output().unwrap());
        drop(stdin);
    }
    assert_eq!(world.requests().len(), 3, "each was understood");
}

#[test]
fn whatever_comes_in_a_hook_ends_with_0_and_prints_nothing() {
    let world = World::new(&always());
    let truncated = line(&world.prompt());
    let inputs: [&[u8]; 12] = [
        b"",
        b"\n",
        b"null\n",
        b"[]",
        b"\"cwd\"",
        b"{",
        b"{\"cwd\"}",
        b"{\"hook_event_name\": \"Stop\", \"stop_hook_active\": false}",
        b"\xff\xfe\x00{",
        b"{\"\xff\": \"\xc3\x28\"}",
        &[b'['; 50_000],
        &truncated[..truncated.len() / 2],
    ];
    for program in ALL {
        for input in inputs {
            assert!(world.run(program, input).stdout.is_empty());
        }
    }
    let log = fs::read_to_string(world.claude().join("craft/log/craft.log")).unwrap();
    assert!(log.contains("stdin ended within a JSON object"), "the reason is logged: {log}");
}

#[test]
fn null_and_missing_fields_leave_what_the_process_itself_knows() {
    let world = World::new(&always());
    let nulls = json!({"session_id": null, "transcript_path": null, "cwd": null, "hook_event_name": null,
        "prompt": null, "source": null, "reason": null, "agent_id": null, "permission_mode": null});
    for program in ALL {
        world.run(program, &line(&nulls));
    }
    assert_eq!(world.requests().len(), 3, "the host runs a hook in the session's folder");
}

#[test]
fn broken_text_in_a_prompt_does_not_hide_the_event() {
    let world = World::new(&always());
    let event = world.prompt().to_string().replace("Fix", "\\ud83d");
    let mut bytes = event.into_bytes();
    let at = bytes.windows(2).position(|w| w == "ä".as_bytes()).unwrap();
    bytes.remove(at);
    world.run(PROMPT, &bytes);
    assert_eq!(world.requests().len(), 1);
}

#[test]
fn ten_mebibytes_are_not_swallowed_and_more_than_a_pipe_holds_is() {
    let world = World::new(&always());
    let mut event = world.prompt();
    event["prompt"] = "x".repeat(10 << 20).into();
    for program in ALL {
        world.run(program, &line(&event));
    }
    assert_eq!(world.requests().len(), 0);
    event["prompt"] = "x\n".repeat(1 << 16).into();
    world.run(PROMPT, &line(&event));
    assert_eq!(world.requests().len(), 1);
}

#[test]
fn outside_of_enrolled_repositories_nothing_is_written_but_that_the_hooks_ran() {
    let world = World::new(&always());
    world.git(&["init", "-q", "other"]);
    let other = world.top.join("other");
    let beat = |p: &Path| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("heartbeat-"));
    let run = || {
        for cwd in [&other, &world.top.join("elsewhere"), &world.top.join("gone")] {
            for (program, mut event) in world.events() {
                event["cwd"] = json!(cwd);
                assert!(world.run(program, &line(&event)).stdout.is_empty());
            }
        }
        let (beats, rest): (BTreeMap<_, _>, BTreeMap<_, _>) =
            listing(&world.top).into_iter().partition(|(p, _)| beat(p));
        (beats.into_keys().collect::<Vec<_>>(), rest)
    };
    let names = |world: &World| listing(&world.top).into_keys().filter(|p| !beat(p)).collect::<Vec<_>>();
    let before = names(&world);
    let (beats, first) = run();
    assert_eq!(first.keys().cloned().collect::<Vec<_>>(), before);
    // Heartbeats are written in place, so that a second time not even the folder changes.
    assert_eq!(run(), (beats.clone(), first));
    let programs =
        beats.iter().map(|b| serde_json::from_slice::<Value>(&fs::read(b).unwrap()).unwrap()["program"].clone());
    let programs: Vec<_> = programs.map(|p| p.as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(programs, ["craft-session-end", "craft-session-start", "craft-prompt-sync"]);
    // Nor anywhere while the suite is not in use.
    fs::remove_dir_all(world.claude().join("craft")).unwrap();
    let before = listing(&world.top);
    for (program, event) in world.events() {
        world.run(program, &line(&event));
        world.run(program, b"{");
    }
    assert_eq!(listing(&world.top), before);
}

#[test]
fn a_linked_worktree_is_enrolled_with_its_repository() {
    let world = World::new(&always());
    world.git(&["-C", "r", "commit", "-q", "--allow-empty", "-m", "one"]);
    world.git(&["-C", "r", "worktree", "add", "-q", "../linked"]);
    let linked = world.top.join("linked");
    fs::create_dir(linked.join("src")).unwrap();
    let mut event = world.end();
    event["cwd"] = json!(linked.join("src"));
    world.run(END, &line(&event));
    let request = &world.requests()[0];
    assert_eq!(request["worktree"], json!(linked));
    assert_eq!(request["gitDir"], json!(world.repository().join(".git/worktrees/linked")));
    assert_eq!(request["commonDir"], json!(world.repository().join(".git")));
}

#[test]
fn prompts_at_the_same_moment_count_once() {
    let world = World::new(&json!({"userPrompt": {"probability": 1, "debounceMs": 86_400_000}}));
    let mut children: Vec<_> = (0..32).map(|_| world.hook(PROMPT).spawn().unwrap()).collect();
    for child in &mut children {
        child.stdin.take().unwrap().write_all(&line(&world.prompt())).unwrap();
    }
    for child in children {
        harmless(&child.wait_with_output().unwrap());
    }
    assert_eq!(world.requests().len(), 1);
}

#[test]
fn a_prompt_that_leads_to_nothing_replaces_no_file_and_makes_none() {
    let world = World::new(&json!({"userPrompt": {"probability": 1_000_000, "debounceMs": 0}}));
    let run = |seed: &str| {
        let child = feed(world.hook(PROMPT).env("CRAFT_INTERNAL__SEED", seed), &line(&world.prompt()));
        harmless(&child.wait_with_output().unwrap());
        listing(&world.top).into_iter().map(|(path, (inode, size, ..))| (path, inode, size)).collect::<Vec<_>>()
    };
    let first = run("1");
    assert!(first.iter().any(|(path, _, size)| path.ends_with("prompt.tick") && *size == 8));
    assert_eq!(run("2"), first);
}

#[test]
fn no_hook_starts_git() {
    let world = World::new(&always());
    for (program, event) in world.events() {
        world.run(program, &line(&event));
    }
    world.worker();
    assert!(!world.record("git").exists());
}

#[test]
fn the_worker_has_a_session_of_its_own_and_nothing_of_the_clients() {
    let world = World::new(&always());
    world.mark("stay");
    // A descriptor that the host forgot to close on exec, at the other end of which somebody waits.
    let mut hook = world.hook("/bin/sh");
    hook.args(["-c", "exec 7>&1; exec \"$0\"", END]);
    let mut child = feed(&mut hook, &line(&world.end()));
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).and_then(|_| stderr.read_to_string(&mut text)).map(|_| text).unwrap()
    });
    let worker = world.worker();
    until("end of both streams", || reading.is_finished().then_some(()));
    assert_eq!(reading.join().unwrap(), "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(Path::new("/proc").join(&worker).exists(), "while the worker lives");
    let stat = world.recorded(&worker, "stat");
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    assert_eq!((fields[2], fields[3]), (worker.as_str(), worker.as_str()), "it leads its group and its session");
    assert_eq!(world.recorded(&worker, "cwd"), "/\n");
    assert!(
        world.recorded(&worker, "argv").ends_with(&format!("{WORKER} worker ")),
        "{}",
        world.recorded(&worker, "argv")
    );
    let descriptors = world.recorded(&worker, "fd");
    let targets: Vec<_> = descriptors.lines().filter_map(|l| Some(l.split_once(" -> ")?.1)).collect();
    assert!(targets.iter().all(|t| *t == "/dev/null" || *t == WORKER), "{descriptors}");
    assert_eq!(targets.iter().filter(|t| **t == "/dev/null").count(), 3, "{descriptors}");
}

#[test]
fn a_worker_whose_starter_stays_is_told_to_leave_it_and_a_killed_hook_leaves_the_request() {
    let world = World::new(&json!({"sessionStart": {"budgetMs": 60_000}}));
    world.mark("stay");
    world.mark("fork");
    let mut child = feed(&mut world.hook(START), &line(&world.start()));
    let worker = world.worker();
    assert!(child.try_wait().unwrap().is_none(), "the hook waits");
    let parent = world.recorded(&worker, "parent");
    assert_ne!(parent.trim(), child.id().to_string());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(Path::new("/proc").join(&worker).exists());
    assert_eq!(world.requests().len(), 1);
    assert_eq!(world.requests()[0]["wantsAnswer"], true);
}
