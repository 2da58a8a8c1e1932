//! A terminal: a tmux server of its own.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::{Ran, TestEnv};

/// Only ends a hang: far above what a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(40);

/// Looks again and again until `condition` holds; panics with `what` where it never does.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(LOOK);
    }
}

/// A server with one window at most. It ends with this value, and prints the screen where a test fails.
pub struct Tmux<'a> {
    env: &'a TestEnv,
    server: Child,
    socket: PathBuf,
}

impl<'a> Tmux<'a> {
    /// Starts the server; `surround` gives it what else its programs find in their environment.
    #[track_caller]
    pub fn start(env: &'a TestEnv, surround: impl FnOnce(&mut Command)) -> Self {
        let socket = env.path("tmux").join(format!("{}", std::process::id()));
        let _ = std::fs::remove_file(&socket);
        std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
        let mut server = env.command("tmux", env.root());
        surround(&mut server);
        // Not a daemon, so that it is ours to end.
        let server = server.arg("-S").arg(&socket).args(["-f", "/dev/null", "-D"]).spawn().expect("tmux");
        let tmux = Self { env, server, socket };
        wait_until("tmux listens", || tmux.socket.exists());
        tmux
    }

    /// Runs a command of tmux.
    pub fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.env.command("tmux", self.env.root());
        command.arg("-S").arg(&self.socket).args(args);
        self.env.run(command, b"")
    }

    /// What the terminal shows, with what was scrolled away above it; wrapped lines are joined.
    pub fn screen(&self) -> String {
        self.run(&["capture-pane", "-p", "-J", "-S", "-"]).stdout
    }

    /// What it shows now, with its colours as escape sequences.
    #[allow(dead_code, reason = "for the pictures of sessions of the client")]
    pub fn picture(&self) -> String {
        self.run(&["capture-pane", "-p", "-e"]).stdout.trim_end().to_owned()
    }

    /// Makes the terminal another size.
    pub fn resize(&self, columns: u32, rows: u32) {
        self.run(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]).ok();
    }

    /// Waits until the screen shows `text`.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        wait_until(&format!("the screen shows {text:?}"), || self.screen().contains(text));
    }

    /// Types characters as they are.
    pub fn type_text(&self, text: &str) {
        self.run(&["send-keys", "-l", text]).ok();
    }

    /// Presses a key by its name for tmux.
    pub fn press(&self, key: &str) {
        self.run(&["send-keys", key]).ok();
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- screen\n{}", self.screen().trim_end());
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
