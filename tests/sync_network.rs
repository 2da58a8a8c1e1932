//! Networks that are away, slow, or that ask questions.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use claude_craft::sync::outcome::{End, Refusal};
use serde_json::json;

use crate::common::{Forced, Pair, script, write};

/// `a` with a remote at `url` and work that is not committed yet.
fn with_remote(url: &str) -> Pair {
    let pair = Pair::new();
    pair.git(&pair.a, &["remote", "set-url", "origin", url]);
    pair.auto_sync(&pair.a, &["enable"]);
    write(pair.a.join("mine.txt"), "mine\n");
    pair
}

/// However the conversation ended: the work is committed here, nothing else has moved.
#[track_caller]
fn work_is_kept(pair: &Pair) {
    assert_eq!(pair.git(&pair.a, &["show", "HEAD:mine.txt"]), "mine");
    assert_eq!(pair.changes(), "");
    assert_eq!(pair.git(&pair.a, &["rev-list", "--count", "origin/main..HEAD"]), "1");
    pair.whole();
}

#[test]
fn a_refused_connection_is_offline_and_the_work_is_committed() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for url in [format!("https://127.0.0.1:{port}/x.git"), format!("ssh://git@127.0.0.1:{port}/x.git")] {
        let pair = with_remote(&url);
        let forced = pair.force("sync");
        forced.offline();
        assert_eq!(forced.code, 6);
        work_is_kept(&pair);
        pair.force("push").offline();
        assert_eq!(pair.git(&pair.a, &["rev-list", "--count", "origin/main..HEAD"]), "1", "committed once");
    }
}

#[test]
fn a_name_nobody_knows_is_offline() {
    for url in ["https://no-such-host.invalid/x.git", "ssh://git@no-such-host.invalid/x.git"] {
        let pair = with_remote(url);
        pair.force("sync").offline();
        work_is_kept(&pair);
    }
}

#[test]
fn offline_work_goes_out_when_the_network_is_back() {
    let pair = Pair::over_ssh();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.ssh_says(Some("ssh: connect to host host.example port 22: Network is unreachable\n"));
    pair.force("sync").offline();
    work_is_kept(&pair);
    write(pair.a.join("more.txt"), "more\n");
    pair.force("sync").offline();
    pair.b_pushes("theirs.txt", "theirs\n");
    pair.ssh_says(None);
    pair.force("sync").done();
    let remote = pair.remote_tree();
    assert_eq!(["mine.txt", "more.txt", "theirs.txt"].map(|n| remote[n].as_str()), ["mine\n", "more\n", "theirs\n"]);
    pair.whole();
}

#[test]
fn what_ssh_says_is_understood() {
    for (text, wanted) in [
        ("git@host.example: Permission denied (publickey).\n", Refusal::Authentication),
        ("git@host.example: Permission denied (publickey,password).\n", Refusal::Authentication),
        ("Host key verification failed.\n", Refusal::HostKey),
        (
            "@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@@@\nHost key verification failed.\n",
            Refusal::HostKey,
        ),
        ("ERROR: Repository not found.\n", Refusal::RemoteMissing),
    ] {
        let pair = Pair::over_ssh();
        write(pair.a.join("mine.txt"), "mine\n");
        let remote = pair.remote_refs();
        pair.ssh_says(Some(&format!(
            "{text}fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\n"
        )));
        pair.force("sync").refused(wanted);
        work_is_kept(&pair);
        assert_eq!(pair.remote_refs(), remote);
    }
    for text in ["kex_exchange_identification: Connection closed by remote host\n", "Connection reset by peer\n"] {
        let pair = Pair::over_ssh();
        write(pair.a.join("mine.txt"), "mine\n");
        pair.ssh_says(Some(&format!("{text}fatal: Could not read from remote repository.\n")));
        pair.force("sync").transient();
        work_is_kept(&pair);
    }
}

/// It ended because of the bound: that may pass by itself, and no process is left.
#[track_caller]
fn ended_in_time(pair: &Pair, forced: &Forced) {
    assert!(
        matches!(forced.report.end, End::Offline { .. } | End::Failed { transient: true, .. }),
        "{:?}",
        forced.report.end
    );
    assert_eq!(pair.processes(), [], "all that was started is gone");
    work_is_kept(pair);
}

#[test]
fn an_ssh_that_hangs_is_ended_with_its_children() {
    for by_variable in [false, true] {
        let pair = with_remote("ssh://git@host.example/x.git");
        pair.configure(json!({"limits": {"networkSeconds": 1}}));
        script(pair.path("ssh.sh"), "trap '' TERM HUP; sleep 1000 & sleep 1000");
        let ssh = pair.path("ssh.sh");
        if by_variable {
            pair.set("GIT_SSH_COMMAND", &ssh);
        } else {
            pair.git(&pair.a, &["config", "core.sshCommand", ssh.to_str().unwrap()]);
        }
        let forced = pair.force("sync");
        ended_in_time(&pair, &forced);
    }
}

#[test]
fn a_push_that_hangs_is_ended_too() {
    let pair = Pair::over_ssh();
    pair.configure(json!({"limits": {"networkSeconds": 1}}));
    let ssh = String::from_utf8(crate::common::read(pair.path("ssh.sh"))).unwrap();
    let hang = "case \"$*\" in *receive-pack*) sleep 1000 & sleep 1000;; esac\n";
    script(pair.path("ssh.sh"), &format!("{hang}{}", ssh.trim_start_matches("#!/bin/sh\n")));
    write(pair.a.join("mine.txt"), "mine\n");
    let forced = pair.force("push");
    ended_in_time(&pair, &forced);
}

#[test]
fn the_users_ssh_is_given_bounds_and_may_not_ask() {
    let pair = with_remote("ssh://git@host.example/x.git");
    let seen = pair.path("seen");
    std::fs::create_dir(pair.path("bin")).unwrap();
    script(
        pair.path("bin/ssh"),
        &format!("{{ echo \"$@\"; env; }} >>'{}'; echo 'Host key verification failed.' >&2; exit 255", seen.display()),
    );
    pair.set("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", pair.path("bin").display()));
    pair.set("SSH_ASKPASS", "/bin/false");
    pair.set("DISPLAY", ":0");
    pair.force("sync").refused(Refusal::HostKey);
    let seen = String::from_utf8(crate::common::read(seen)).unwrap();
    for wanted in [
        "BatchMode=yes",
        "ConnectTimeout=",
        "ServerAliveInterval=",
        "SSH_ASKPASS_REQUIRE=never",
        "GIT_TERMINAL_PROMPT=0",
    ] {
        assert!(seen.contains(wanted), "{wanted} is missing in:\n{seen}");
    }
}

/// A server on a port of its own that gives every request the same answer, or none.
struct Server {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    fn new(answer: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                match answer {
                    Some(answer) => {
                        let _ = stream.read(&mut [0; 65536]);
                        let _ = stream.write_all(answer.as_bytes());
                    }
                    None => kept.push(stream),
                }
            }
        });
        Self { port, stop, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.thread.take().unwrap().join();
    }
}

#[test]
fn a_server_that_wants_a_password_is_not_given_a_prompt() {
    let server = Server::new(Some(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ));
    let pair = with_remote(&format!("http://127.0.0.1:{}/x.git", server.port));
    pair.set("GIT_ASKPASS", "/bin/false");
    pair.git(&pair.a, &["config", "core.askPass", "/bin/false"]);
    pair.force("sync").refused(Refusal::Authentication);
    work_is_kept(&pair);
}

#[test]
fn a_server_in_trouble_is_a_failure_that_may_pass() {
    let server =
        Server::new(Some("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    let pair = with_remote(&format!("http://127.0.0.1:{}/x.git", server.port));
    pair.force("sync").transient();
    work_is_kept(&pair);
}

#[test]
fn a_repository_the_server_does_not_have_is_named() {
    let server = Server::new(Some("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    let pair = with_remote(&format!("http://127.0.0.1:{}/x.git", server.port));
    pair.force("sync").refused(Refusal::RemoteMissing);
    work_is_kept(&pair);
}

#[test]
fn a_server_that_never_answers_is_left_at_the_bound() {
    let server = Server::new(None);
    let pair = with_remote(&format!("http://127.0.0.1:{}/x.git", server.port));
    pair.configure(json!({"limits": {"networkSeconds": 1}}));
    let forced = pair.force("sync");
    ended_in_time(&pair, &forced);
}

#[test]
fn a_password_in_the_address_is_written_down_nowhere() {
    let server = Server::new(Some(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ));
    let pair = with_remote(&format!("http://ann:hunter2-secret@127.0.0.1:{}/x.git", server.port));
    let ran = pair.craft(&pair.a, &["auto-sync", "force", "sync", "--json"]);
    assert_ne!(ran.code, 0);
    assert!(!format!("{ran:?}").contains("hunter2"), "{ran:?}");
    let mut command = pair.command("grep", &pair.home());
    command.args(["-rl", "hunter2-secret", "."]);
    assert_eq!(pair.run(command, b"").stdout, "");
}
