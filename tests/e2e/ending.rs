//! The ways in which a session ends. Whichever it was, the work reaches the remote.

use rustix::process::Signal;

use crate::common::write;
use crate::play::Play;
use crate::terminal::{Terminal, wait_until};

/// A session in which a file was made, up to `end`; then the file must get to the remote by itself.
fn ends_by(end: impl FnOnce(&Terminal<'_>)) {
    let play = Play::ready();
    let terminal = play.seat().open(&play.a);
    terminal.ask("hello");
    write(play.a.join("mine.txt"), "mine\n");
    end(&terminal);
    terminal.wait_for_end();
    drop(terminal);
    play.wait_for_remote("mine.txt");
    play.settled(&play.a);
    assert_eq!(play.changes(), "", "all of it is committed");
    assert_eq!(play.done("session-end"), 1);
    assert_eq!(play.sessions(), 0);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_session_without_a_terminal_is_pushed_after_the_client_is_gone() {
    let play = Play::ready();
    // The push waits until the test says so, which is after the client ended.
    let gate = play.path("gate");
    crate::common::script(
        play.remote.join("hooks/pre-receive"),
        &format!("while ! [ -e '{}' ]; do sleep 0.05; done", gate.display()),
    );
    write(play.a.join("mine.txt"), "mine\n");
    play.seat().say(&play.a, "hello");
    assert_eq!(play.remote_log(), ["first"], "nothing has arrived yet");
    assert!(!play.processes().is_empty(), "the worker outlives the client");
    write(&gate, "");
    play.wait_for_remote("mine.txt");
    play.settled(&play.a);
    assert_eq!(play.changes(), "");
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn leaving_with_exit_pushes() {
    ends_by(|terminal| terminal.enter("/exit"));
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn closing_the_terminal_pushes() {
    ends_by(|terminal| terminal.close());
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn ending_the_client_with_sigterm_pushes() {
    ends_by(|terminal| terminal.signal(Signal::TERM));
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn the_work_of_a_client_that_was_killed_is_pushed_at_the_next_start() {
    let play = Play::ready();
    let terminal = play.seat().open(&play.a);
    terminal.ask("hello");
    write(play.a.join("mine.txt"), "mine\n");
    terminal.signal(Signal::KILL);
    terminal.wait_for_end();
    drop(terminal);
    play.wait_for_worker(&play.a);
    assert_eq!(play.remote_log(), ["first"], "nobody was told of the end");
    assert_eq!(play.sessions(), 1);

    let terminal = play.seat().open(&play.a);
    play.wait_for_remote("mine.txt");
    wait_until("only the new session is known", || play.sessions() == 1 && play.done("recovery") == 1);
    terminal.exit();
    play.settled(&play.a);
    assert_eq!(play.sessions(), 0);
}
