//! A folder of its own for everything a test touches, and processes that see nothing else.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use wait_timeout::ChildExt;

use super::write;

/// No single program a test runs may take longer. Far above what is needed: it only ends a hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// A temporary folder with an empty home, and the environment of every process a test starts.
pub struct TestEnv {
    folder: tempfile::TempDir,
    root: PathBuf,
    vars: RefCell<Vec<(OsString, OsString)>>,
}

/// What a program that has ended left behind.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Exit code; 128 and the signal's number where a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Panics unless the program ended well.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

impl TestEnv {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("craft-test-").tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let env = Self { folder, root, vars: RefCell::default() };
        for dir in ["home", "tmp", "home/.config", "home/.cache"] {
            std::fs::create_dir_all(env.root.join(dir)).unwrap();
        }
        // The engine takes GIT_* variables away from git, so the file must be the one git finds alone.
        write(
            env.home().join(".gitconfig"),
            "[user]\n\tname = Ann Example\n\temail = ann@example.org\n[init]\n\tdefaultBranch = main\n\
             [protocol \"file\"]\n\tallow = always\n[core]\n\tfsync = none\n[gc]\n\tauto = 0\n\
             [maintenance]\n\tauto = false\n[advice]\n\tdetachedHead = false\n",
        );
        // Waits between two tries are random up to this bound; what is tested is what comes after. And a
        // session start waits for its pull, however busy the machine is.
        env.configure(json!({
            "retry": {"baseMs": 1},
            "autoSync": {"triggers": {"sessionStart": {"budgetMs": 20_000}}},
        }));
        env
    }

    /// The folder of this test.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Our folder below the home.
    pub fn craft_dir(&self) -> PathBuf {
        self.home().join(".claude/craft")
    }

    /// A path below the folder of this test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Sets a variable for every program started from now on.
    pub fn set(&self, name: &str, value: impl AsRef<OsStr>) {
        self.unset(name);
        self.vars.borrow_mut().push((name.into(), value.as_ref().into()));
    }

    /// Takes a variable of [`set`](Self::set) back.
    pub fn unset(&self, name: &str) {
        self.vars.borrow_mut().retain(|(n, _)| n != OsStr::new(name));
    }

    /// Merges `patch` into the configuration file.
    pub fn configure(&self, patch: Value) {
        let path = self.craft_dir().join("config.json");
        let mut config = std::fs::read(&path).map_or(json!({}), |b| serde_json::from_slice(&b).unwrap());
        claude_craft::config::load::merge_patch(&mut config, &patch);
        write(&path, serde_json::to_vec_pretty(&config).unwrap());
        for (path, mode) in [(self.craft_dir(), 0o700), (path, 0o600)] {
            std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        }
    }

    /// The state file as JSON; null where there is none.
    pub fn state_file(&self) -> Value {
        std::fs::read(self.home().join(".claude/auto-sync-state.json"))
            .map_or(Value::Null, |b| serde_json::from_slice(&b).unwrap())
    }

    /// A command that sees only this test's folder.
    pub fn command(&self, program: impl AsRef<OsStr>, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(dir).stdin(Stdio::null());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").env("HOME", self.home());
        command.env("TMPDIR", self.path("tmp")).env("USER", "ann").env("LC_ALL", "C.UTF-8");
        command.env("XDG_CONFIG_HOME", self.home().join(".config")).env("XDG_CACHE_HOME", self.home().join(".cache"));
        command.env("GIT_CONFIG_GLOBAL", self.home().join(".gitconfig")).env("GIT_CONFIG_SYSTEM", "/dev/null");
        command.envs(self.vars.borrow().iter().map(|(n, v)| (n, v)));
        command
    }

    /// Runs a command to its end with `stdin`. A program that hangs is ended by its id.
    pub fn run(&self, mut command: Command, stdin: &[u8]) -> Ran {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let out = std::thread::spawn(move || read_all(&mut out));
        let err = std::thread::spawn(move || read_all(&mut err));
        let mut input = child.stdin.take().unwrap();
        let _ = input.write_all(stdin);
        drop(input);
        let Some(status) = child.wait_timeout(PATIENCE).unwrap() else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{command:?} did not end in {PATIENCE:?}");
        };
        let signal = std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0);
        Ran { code: status.code().unwrap_or(128 + signal), stdout: out.join().unwrap(), stderr: err.join().unwrap() }
    }

    /// Runs the real git; its output without the last line end. Panics where it fails.
    #[track_caller]
    pub fn git(&self, dir: &Path, args: &[&str]) -> String {
        let ran = self.git_try(dir, args);
        assert_eq!(ran.code, 0, "git {args:?} in {}: {}{}", dir.display(), ran.stdout, ran.stderr);
        ran.stdout.trim_end_matches('\n').to_owned()
    }

    /// Runs the real git, which may fail.
    pub fn git_try(&self, dir: &Path, args: &[&str]) -> Ran {
        let mut command = self.command("git", dir);
        command.args(args);
        self.run(command, b"")
    }

    /// Runs `craft`.
    pub fn craft(&self, dir: &Path, args: &[&str]) -> Ran {
        let mut command = self.command(env!("CARGO_BIN_EXE_craft"), dir);
        command.args(args);
        self.run(command, b"")
    }

    /// Runs `craft auto-sync …` and panics unless it ends well.
    #[track_caller]
    pub fn auto_sync(&self, dir: &Path, args: &[&str]) -> Ran {
        self.craft(dir, &[&["auto-sync"], args].concat()).ok()
    }

    /// Gives an event to a hook executable, as the client does: one line of JSON on stdin.
    #[track_caller]
    pub fn hook(&self, event: &Value) -> Value {
        let program = match event["hook_event_name"].as_str().unwrap() {
            "SessionStart" => env!("CARGO_BIN_EXE_craft-session-start"),
            "SessionEnd" => env!("CARGO_BIN_EXE_craft-session-end"),
            "UserPromptSubmit" => env!("CARGO_BIN_EXE_craft-prompt-sync"),
            "Stop" => env!("CARGO_BIN_EXE_craft-stop"),
            other => panic!("no hook for {other}"),
        };
        let mut command = self.command(program, Path::new(event["cwd"].as_str().unwrap()));
        // The client is this test, unless the test says otherwise.
        if !self.vars.borrow().iter().any(|(name, _)| name == "CLAUDE_PID") {
            command.env("CLAUDE_PID", std::process::id().to_string());
        }
        let ran = self.run(command, format!("{event}\n").as_bytes()).ok();
        if ran.stdout.trim().is_empty() { Value::Null } else { serde_json::from_str(&ran.stdout).unwrap() }
    }

    /// A session starts in `dir`; what its hook says to the user.
    #[track_caller]
    pub fn session_start(&self, dir: &Path, session: &str) -> String {
        said(&self.hook(&json!({
            "session_id": session, "transcript_path": "/dev/null", "cwd": dir, "hook_event_name": "SessionStart",
            "source": "startup", "model": "m",
        })))
    }

    /// A session ends in `dir`.
    #[track_caller]
    pub fn session_end(&self, dir: &Path, session: &str) {
        let answer = self.hook(&json!({
            "session_id": session, "transcript_path": "/dev/null", "cwd": dir, "hook_event_name": "SessionEnd",
            "reason": "prompt_input_exit",
        }));
        assert_eq!(answer, Value::Null, "the client throws away what a SessionEnd hook prints");
    }

    /// A prompt is submitted in `dir`; what its hook says to the user.
    #[track_caller]
    pub fn prompt(&self, dir: &Path, session: &str) -> String {
        said(&self.hook(&json!({
            "session_id": session, "transcript_path": "/dev/null", "cwd": dir,
            "hook_event_name": "UserPromptSubmit", "permission_mode": "default", "prompt": "hello",
        })))
    }

    /// Names of the requests that wait in the queue.
    pub fn queued(&self) -> Vec<Value> {
        let Ok(entries) = std::fs::read_dir(self.craft_dir().join("queue")) else { return Vec::new() };
        let files = entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "json"));
        files.filter_map(|p| serde_json::from_slice(&std::fs::read(p).ok()?).ok()).collect()
    }

    /// Waits until no process of this test runs any more; requests may be left in the queue.
    #[track_caller]
    pub fn wait_until_quiet(&self) {
        self.wait_until_quiet_but(0);
    }

    #[track_caller]
    fn wait_until_quiet_but(&self, known: u32) {
        // A process that is just becoming another program shows no environment, so one look may miss it.
        const LOOKS: u32 = 3;
        let (begun, mut quiet) = (Instant::now(), 0);
        while quiet < LOOKS {
            match self.processes().iter().find(|(pid, _)| u32::try_from(*pid) != Ok(known)) {
                Some((pid, what)) => {
                    assert!(begun.elapsed() < PATIENCE, "process {pid} ({what}) still runs\n{}", self.diagnostics());
                    quiet = 0;
                }
                None => quiet += 1,
            }
            std::thread::sleep(Duration::from_millis(if quiet == 0 { 5 } else { 1 }));
        }
    }

    /// Waits until the workers are gone, the queue is empty and the repository's lock is free.
    #[track_caller]
    pub fn wait_for_worker(&self, repo: &Path) {
        self.wait_for_worker_but(repo, 0);
    }

    /// The same, beside a process `known` that the test itself keeps.
    #[track_caller]
    pub fn wait_for_worker_but(&self, repo: &Path, known: u32) {
        self.wait_until_quiet_but(known);
        assert!(self.queued().is_empty(), "left in the queue: {:#?}\n{}", self.queued(), self.diagnostics());
        let common = self.git(repo, &["rev-parse", "--path-format=absolute", "--git-common-dir"]);
        if let Ok(lock) = std::fs::File::open(Path::new(&common).join("craft/lock")) {
            fs2::FileExt::try_lock_exclusive(&lock).expect("a lock is held by nobody");
        }
    }

    /// What the programs wrote for whoever debugs them.
    pub fn diagnostics(&self) -> String {
        let mut text = String::new();
        for name in ["craft.log", "journal.jsonl"] {
            let _ = std::fs::File::open(self.craft_dir().join("log").join(name))
                .and_then(|mut f| f.read_to_string(&mut text));
        }
        text
    }

    /// Processes that were started with this test's home, whoever started them.
    pub fn processes(&self) -> Vec<(i32, String)> {
        let mark = [b"HOME=", self.home().as_os_str().as_encoded_bytes()].concat();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else { continue };
            let environ = environment(&entry.path());
            if environ.split(|b| *b == 0).any(|var| var == mark) {
                let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
                found.push((pid, String::from_utf8_lossy(&line).replace('\0', " ")));
            }
        }
        found
    }
}

impl Drop for TestEnv {
    fn drop(&mut self) {
        for (pid, _) in self.processes() {
            if let Some(pid) = Pid::from_raw(pid) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        if std::thread::panicking() {
            eprintln!("--- log of {}\n{}", self.folder.path().display(), self.diagnostics());
        }
    }
}

/// The environment of a process. At the very moment it is replaced by another program it looks empty,
/// so an empty one is looked at again, unless it belongs to the kernel.
fn environment(process: &Path) -> Vec<u8> {
    for _ in 0..20 {
        match std::fs::read(process.join("environ")) {
            Ok(environ) if !environ.is_empty() => return environ,
            Ok(_) if std::fs::read_link(process.join("exe")).is_ok() => std::thread::sleep(Duration::from_millis(1)),
            _ => break,
        }
    }
    Vec::new()
}

fn said(answer: &Value) -> String {
    answer["systemMessage"].as_str().unwrap_or_default().to_owned()
}

fn read_all(from: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = from.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
