//! The client in a terminal: a tmux server of its own for each test.

use std::ops::Deref;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::client::Seat;
use crate::common::Tmux;
pub use crate::common::wait_until;
use crate::stub_api::ANSWER;

/// A session in a terminal. Whatever is left of it ends with this value.
pub struct Terminal<'a> {
    seat: Seat<'a>,
    tmux: Tmux<'a>,
    client: Pid,
}

impl<'a> Deref for Terminal<'a> {
    type Target = Tmux<'a>;

    fn deref(&self) -> &Tmux<'a> {
        &self.tmux
    }
}

impl<'a> Terminal<'a> {
    /// Starts the client in a new terminal, and waits until it takes input.
    #[track_caller]
    pub fn open(seat: Seat<'a>, dir: &Path) -> Self {
        let tmux = Tmux::start(seat.env, |server| seat.surround(server));
        let mut terminal = Self { seat, tmux, client: Pid::INIT };
        let program = seat.command(dir).get_program().to_str().unwrap().to_owned();
        // `env` so that there is more than one word: tmux gives a single one to a shell.
        let start = ["new-session", "-d", "-x", "160", "-y", "50", "-c", dir.to_str().unwrap(), "env", &program];
        terminal.run(&[&["set", "-wg", "remain-on-exit", "on", ";"], &start[..]].concat()).ok();
        let pid = terminal.run(&["display-message", "-p", "#{pane_pid}"]).ok().stdout;
        terminal.client = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        // Not a dialog, in which the mark stands further in.
        wait_until("the client takes input", || terminal.screen().contains("\n❯"));
        terminal
    }

    /// How often the screen shows `text`.
    pub fn shown(&self, text: &str) -> usize {
        self.screen().matches(text).count()
    }

    /// Types without pressing Enter, and waits until it is seen in the input.
    #[track_caller]
    pub fn type_text(&self, text: &str) {
        let before = self.shown(text);
        self.tmux.type_text(text);
        wait_until(&format!("{text:?} is typed"), || self.shown(text) > before);
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
        self.run(&["kill-session"]).ok();
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
