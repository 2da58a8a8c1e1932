//! Remotes that do not answer, or ask for what a session cannot give.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::json;

use crate::client::Client;
use crate::common::{Pair, read, write};
use crate::install::Kind;
use crate::play::Play;
use crate::stub_api::ANSWER;
use crate::terminal::wait_until;

/// A session with a remote at `url`, which holds a file of ours.
fn with_remote(url: &str) -> Play {
    let play = Play::installed(Client::current(), Pair::new(), Kind::Fitting);
    play.git(&play.a, &["remote", "set-url", "origin", url]);
    play.auto_sync(&play.a, &["enable"]);
    // What a hook waits for at most; far less than the remote would need.
    play.configure(json!({"autoSync": {"triggers": {"sessionStart": {"budgetMs": 300}}}}));
    write(play.a.join("mine.txt"), "mine\n");
    play
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_session_works_while_its_remote_says_nothing_at_all() {
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let play = with_remote(&format!("git://{}/r.git", silent.local_addr().unwrap()));
    // The client would wait for ever: only the hook itself can give up.
    let hooks = play.home().join(".claude/skills/craft/hooks/hooks.json");
    let patient = String::from_utf8(read(&hooks)).unwrap().replace("\"timeout\": 10", "\"timeout\": 3600");
    write(&hooks, patient);
    let terminal = play.seat().open(&play.a);
    terminal.ask("hello");
    assert_eq!(play.syncs(), [], "the pull still waits");
    let screen = terminal.screen();
    assert!(!screen.contains("hook error") && !screen.contains("cancelled"), "{screen}");
    terminal.exit();
    assert!(play.processes().iter().any(|(_, line)| line.contains("worker")), "the worker goes on");
    // Now the remote is gone for good, and whoever waits for it learns so.
    drop(silent);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn work_without_a_network_is_committed_and_pushed_by_a_later_session() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let play = with_remote(&format!("git://{free}/r.git"));
    play.configure(json!({"retry": {"capMs": 1}}));
    assert_eq!(play.seat().say(&play.a, "hello").trim(), ANSWER);
    play.wait_until_quiet();
    assert_eq!(play.changes(), "", "committed");
    assert_eq!(play.remote_log(), ["first"]);

    play.git(&play.a, &["remote", "set-url", "origin", play.remote.to_str().unwrap()]);
    play.auto_sync(&play.a, &["enable"]);
    assert_eq!(play.seat().say(&play.a, "hello").trim(), ANSWER);
    play.wait_for_remote("mine.txt");
    play.settled(&play.a);
}

#[test]
#[ignore = "needs the Claude Code client: scripts/e2e.sh"]
fn a_remote_that_wants_a_password_gets_none_and_asks_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let play = with_remote(&format!("http://{}/r.git", listener.local_addr().unwrap()));
    std::thread::spawn(move || listener.incoming().flatten().for_each(wants_a_password));
    let terminal = play.seat().open(&play.a);
    terminal.ask("hello");
    wait_until("the pull has ended", || !play.syncs().is_empty());
    // What git itself would ask for; it writes to the terminal, whoever owns it.
    for word in ["Username for", "Password for"] {
        assert!(!terminal.screen().contains(word), "{}", terminal.screen());
    }
    terminal.exit();
    play.wait_until_quiet();
    let attention = play.auto_sync(&play.a, &["status"]).stdout;
    assert!(attention.contains("fetch origin"), "it tells what to do: {attention}");
}

fn wants_a_password(mut stream: TcpStream) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request);
    let _ = stream.write_all(
        b"HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"r\"\r\ncontent-length: 0\r\n\
          connection: close\r\n\r\n",
    );
}
