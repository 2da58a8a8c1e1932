//! The client in a terminal: a tmux server of its own for each test.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::client::Seat;
use crate::common::Ran;
use crate::stub_api::ANSWER;

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

/// A session in a terminal. Whatever is left of it ends with this value.
pub struct Terminal<'a> {
    seat: Seat<'a>,
    server: Child,
    socket: PathBuf,
    client: Pid,
}

impl<'a> Terminal<'a> {
    /// Starts the client in a new terminal, and waits until it takes input.
    #[track_caller]
    pub fn open(seat: Seat<'a>, dir: &Path) -> Self {
        let socket = seat.env.path("tmux").join(format!("{}", std::process::id()));
        let _ = std::fs::remove_file(&socket);
        std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
        let mut server = seat.env.command("tmux", dir);
        seat.surround(&mut server);
        // Not a daemon, so that it is ours to end.
        let server = server.arg("-S").arg(&socket).args(["-f", "/dev/null", "-D"]).spawn().expect("tmux");
        let mut terminal = Self { seat, server, socket, client: Pid::INIT };
        wait_until("tmux listens", || terminal.socket.exists());
        let program = seat.command(dir).get_program().to_str().unwrap().to_owned();
        // `env` so that there is more than one word: tmux gives a single one to a shell.
        let start = ["new-session", "-d", "-x", "160", "-y", "50", "-c", dir.to_str().unwrap(), "env", &program];
        terminal.tmux(&[&["set", "-wg", "remain-on-exit", "on", ";"], &start[..]].concat()).ok();
        let pid = terminal.tmux(&["display-message", "-p", "#{pane_pid}"]).ok().stdout;
        terminal.client = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        // Not a dialog, in which the mark stands further in.
        wait_until("the client takes input", || terminal.screen().contains("\n❯"));
        terminal
    }

    /// Runs a command of tmux.
    fn tmux(&self, args: &[&str]) -> Ran {
        let mut command = self.seat.env.command("tmux", self.seat.env.root());
        command.arg("-S").arg(&self.socket).args(args);
        self.seat.env.run(command, b"")
    }

    /// What the terminal shows, with what was scrolled away above it; wrapped lines are joined.
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-J", "-S", "-"]).stdout
    }

    /// Makes the terminal another size.
    pub fn resize(&self, columns: u32, rows: u32) {
        self.tmux(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]).ok();
    }

    /// What the terminal shows now, with its colours as escape sequences.
    pub fn picture(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-e"]).stdout.trim_end().to_owned()
    }

    /// How often the screen shows `text`.
    pub fn shown(&self, text: &str) -> usize {
        self.screen().matches(text).count()
    }

    /// Waits until the screen shows `text`.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        wait_until(&format!("the screen shows {text:?}"), || self.screen().contains(text));
    }

    /// Types without pressing Enter, and waits until it is seen in the input.
    #[track_caller]
    pub fn type_text(&self, text: &str) {
        let before = self.shown(text);
        self.tmux(&["send-keys", "-l", text]).ok();
        wait_until(&format!("{text:?} is typed"), || self.shown(text) > before);
    }

    /// Presses a key by its name for tmux.
    pub fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]).ok();
    }

    /// Types a line and enters it.
    #[track_caller]
    pub fn enter(&self, line: &str) {
        self.type_text(line);
        self.press("Enter");
    }

    /// Enters a prompt and waits for the model's answer to it.
    #[track_caller]
    pub fn ask(&self, prompt: &str) {
        let before = self.shown(ANSWER);
        self.enter(prompt);
        wait_until("the model's answer is shown", || self.shown(ANSWER) > before);
    }

    /// The client's process.
    pub fn client(&self) -> Pid {
        self.client
    }

    /// Sends a signal to the client alone.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        // One that is killed while it writes its own configuration leaves a lock for which the next one waits.
        let lock = self.seat.env.home().join(".claude.json.lock");
        wait_until("the client has written its configuration", || !lock.exists());
        kill_process(self.client, signal).unwrap();
    }

    /// Closes the terminal, as a window is closed; the client hears of it by SIGHUP.
    #[track_caller]
    pub fn close(&self) {
        self.tmux(&["kill-session"]).ok();
        self.wait_for_end();
    }

    /// Waits until the client is gone.
    #[track_caller]
    pub fn wait_for_end(&self) {
        let status = format!("/proc/{}/stat", self.client.as_raw_nonzero());
        wait_until("the client is gone", || {
            // One that nobody has waited for yet is gone too.
            std::fs::read_to_string(&status).map_or(true, |s| s.rsplit(") ").next().unwrap_or("Z").starts_with('Z'))
        });
    }

    /// Ends the session as a person does, and waits until the client is gone.
    #[track_caller]
    pub fn exit(self) {
        self.enter("/exit");
        self.wait_for_end();
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- screen\n{}", self.screen().trim_end());
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
