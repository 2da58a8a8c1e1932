//! The program `craft`, started as a process with a home folder of its own.

mod config;
mod enroll;
mod line;
mod logs;
mod output;
mod settings;
mod slash;
mod status;
mod words;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use claude_craft::context::Context;
use claude_craft::env::Env;
use serde_json::{Value, json};

/// 2025-09-01T12:00:00Z.
const NOW: u64 = 1_756_728_000_000;

struct Home {
    root: PathBuf,
    _tmp: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(tmp.path()).unwrap();
        fs::create_dir(root.join("home")).unwrap();
        Self { root, _tmp: tmp }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn config(&self) -> PathBuf {
        self.path("home/.claude/craft/config.json")
    }

    fn state(&self) -> PathBuf {
        self.path("home/.claude/auto-sync-state.json")
    }

    fn write(&self, path: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        path
    }

    fn json(&self, path: &Path) -> Value {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    /// What a command of this home has, for what is done without one.
    fn context(&self) -> Context {
        let claude = self.path("home/.claude");
        let at = NOW.to_string();
        let vars = [
            ("CLAUDE_CONFIG_DIR", claude.as_os_str()),
            ("USER", "ann".as_ref()),
            ("CRAFT_INTERNAL__NOW_MS", at.as_ref()),
        ];
        Context { host: "here".into(), ..Context::new(Env::from_pairs(vars)).unwrap() }
    }

    #[expect(clippy::disallowed_methods, reason = "a test starts what it tests")]
    fn command(&self, program: impl AsRef<Path>, folder: &str) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().stdin(Stdio::null()).current_dir(self.root.join(folder));
        command.env("PATH", env!("PATH")).env("HOME", self.path("home")).env("USER", "ann");
        command.env("CRAFT_INTERNAL__NOW_MS", NOW.to_string()).env("CRAFT_WORKER", "/bin/true");
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    fn craft(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_craft"), folder);
        command.args(arguments);
        command
    }

    /// Runs `craft auto-sync` and shows all that came of it.
    fn auto_sync(&self, folder: &str, arguments: &[&str]) -> String {
        let arguments: Vec<_> = ["auto-sync"].iter().chain(arguments).copied().collect();
        self.show(&self.craft(folder, &arguments).output().unwrap())
    }

    fn show(&self, output: &Output) -> String {
        let code = output.status.code().map_or_else(|| "killed".into(), |c| c.to_string());
        let text = format!(
            "{}{}exit {code}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        text.replace(&self.root.display().to_string(), "[TMP]")
    }

    fn git(&self, folder: &str, arguments: &[&str]) {
        let output = self.command("git", folder).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", self.show(&output));
    }

    /// A folder that looks like a repository to whoever only reads recorded state.
    fn shell_of_a_repository(&self, name: &str) {
        self.write(format!("{name}/.git/HEAD"), "ref: refs/heads/main\n");
    }

    fn enrolled(&self, name: &str) -> Value {
        json!({
            "path": self.path(name), "commonDir": self.path(name).join(".git"), "remote": "origin",
            "remoteUrl": "https://example.org/app.git", "branch": "main",
        })
    }

    /// A real repository with one commit and a bare remote.
    fn repository(&self, name: &str) {
        self.git(".", &["init", "-q", "--bare", "-b", "main", "remote.git"]);
        self.git(".", &["init", "-q", "-b", "main", name]);
        for (key, value) in [("user.name", "Ann"), ("user.email", "ann@example.org")] {
            self.git(name, &["config", key, value]);
        }
        self.git(name, &["commit", "-q", "--allow-empty", "-m", "first"]);
        self.git(name, &["remote", "add", "origin", "../remote.git"]);
    }
}
