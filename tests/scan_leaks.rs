//! A credential is never written down nor shown, wherever it came from.

use std::path::Path;

use base64::Engine as _;
use serde_json::json;

use crate::common::{Pair, Ran, script, write};
use crate::scan_gate::key;

/// All that was printed so far, and the values that must not be in it.
struct Ear {
    secrets: Vec<String>,
    heard: Vec<(String, String)>,
}

impl Ear {
    fn new(secrets: &[&str]) -> Self {
        let mut all = Vec::new();
        for secret in secrets {
            let base64 = base64::engine::general_purpose::STANDARD.encode(secret);
            let percent: String = secret.bytes().map(|b| format!("%{b:02X}")).collect();
            all.extend([(*secret).to_owned(), base64.trim_end_matches('=').to_owned(), percent]);
        }
        Self { secrets: all, heard: Vec::new() }
    }

    fn hear(&mut self, what: &str, ran: &Ran) {
        self.heard.push((what.into(), format!("{}\n{}", ran.stdout, ran.stderr)));
    }

    fn read(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            self.heard.push(("the name of a file".into(), path.display().to_string()));
            if path.is_dir() {
                self.read(&path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                self.heard.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }

    #[track_caller]
    fn heard_nothing(&self) {
        for (what, text) in &self.heard {
            for secret in &self.secrets {
                assert!(!text.contains(secret.as_str()), "{secret} in {what}:\n{text}");
            }
        }
    }
}

/// Runs all that shows something.
fn show_all(pair: &Pair, ear: &mut Ear) {
    let commands: &[&[&str]] = &[
        &["auto-sync", "status"],
        &["auto-sync", "status", "--json"],
        &["auto-sync", "force", "sync"],
        &["auto-sync", "force", "push", "--json"],
        &["auto-sync", "force", "--dry-run"],
        &["auto-sync", "force", "--dry-run", "--json"],
        &["auto-sync", "log"],
        &["auto-sync", "log", "--json"],
        &["auto-sync", "history"],
        &["auto-sync", "history", "--json"],
        &["auto-sync", "config", "get"],
        &["scan"],
        &["scan", "--json"],
        &["scan", "--sarif"],
        &["scan", "--no-excuses"],
        &["scan", "--staged"],
        &["scan", "--outgoing", "--json"],
        &["scan", "--history"],
        &["scan", "--history", "--sarif"],
        &["scan", "allow", "--list"],
        &["brief", "--json"],
        &["slash", "auto-sync status"],
        &["slash", "scan"],
        &["doctor"],
        &["doctor", "--json"],
    ];
    for command in commands {
        let ran = pair.craft(&pair.a, command);
        ear.hear(&command.join(" "), &ran);
    }
    for session in ["s", "t"] {
        let said = pair.session_start(&pair.a, session);
        pair.wait_until_quiet();
        let more = pair.prompt(&pair.a, session);
        pair.session_end(&pair.a, session);
        pair.wait_until_quiet();
        ear.heard.push(("a hook".into(), format!("{said}\n{more}")));
    }
    let mut line = pair.command(env!("CARGO_BIN_EXE_craft"), &pair.a);
    line.arg("statusline");
    let input = json!({"cwd": pair.a, "workspace": {"current_dir": pair.a}});
    let ran = pair.run(line, input.to_string().as_bytes());
    ear.hear("statusline", &ran);
    ear.read(&pair.home().join(".claude"));
    ear.read(&pair.a.join(".git/craft"));
}

#[test]
fn values_in_files_names_and_messages_are_nowhere() {
    let pair = Pair::enrolled();
    let (file, name, message, subject) = (key(101), key(102), key(103), key(104));
    let mut ear = Ear::new(&[&file, &name, &message, &subject]);
    // Others' commits may hold one already.
    pair.b_pushes("theirs.txt", "theirs\n");
    pair.git(&pair.b, &["commit", "-q", "--allow-empty", "-m", &format!("use {subject}")]);
    pair.git(&pair.b, &["push", "-q"]);
    pair.force("pull").done();
    write(pair.a.join("config.ini"), format!("id = {file}\n"));
    write(pair.a.join(format!("{name}.txt")), "text\n");
    show_all(&pair, &mut ear);
    pair.git(&pair.a, &["add", "-A"]);
    pair.git(&pair.a, &["commit", "-q", "-m", &format!("use {message}")]);
    show_all(&pair, &mut ear);
    ear.heard_nothing();
    assert!(pair.diagnostics().contains("aws-access-key-id"), "it was found");
}

#[test]
fn values_in_urls_are_nowhere() {
    let pair = Pair::new();
    let (password, token, slashed) = ("hunter2Xq9".to_owned(), key(111), "ab/9Zk4Lm".to_owned());
    let mut ear = Ear::new(&[&password, &token, "9Zk4Lm"]);
    for url in [
        format!("https://ann:{password}@127.0.0.1:1/r.git"),
        format!("https://{token}@127.0.0.1:1/r.git"),
        format!("https://127.0.0.1:1/{token}/r.git"),
        format!("https://ann:{slashed}@127.0.0.1:1/r.git"),
        format!("ssh://git:{password}@127.0.0.1:1/r.git"),
    ] {
        pair.git(&pair.a, &["remote", "set-url", "origin", &url]);
        let ran = pair.craft(&pair.a, &["auto-sync", "enable"]);
        ear.hear(
            &format!("enable with {}", url.replace(&password, "_").replace(&token, "_").replace(&slashed, "_")),
            &ran,
        );
        write(pair.a.join("new.txt"), &url[..8]);
        show_all(&pair, &mut ear);
    }
    {
        // And the pinned URL beside another one.
        pair.git(&pair.a, &["remote", "set-url", "--push", "origin", &format!("https://bob:{password}@localhost:1/r")]);
        show_all(&pair, &mut ear);
        pair.git(&pair.a, &["config", "--unset", "remote.origin.pushurl"]);
    }
    ear.heard_nothing();
}

#[test]
fn values_that_hooks_and_servers_say_are_nowhere() {
    let pair = Pair::enrolled();
    let (commit, push, server) = (key(121), key(122), key(123));
    let mut ear = Ear::new(&[&commit, &push, &server]);
    let long = "x".repeat(100_000);
    script(
        pair.a.join(".git/hooks/pre-commit"),
        &format!("echo 'no: id = {commit}' >&2; echo {long} >&2; echo {commit} >&2; exit 1"),
    );
    write(pair.a.join("new.txt"), "new\n");
    show_all(&pair, &mut ear);
    std::fs::remove_file(pair.a.join(".git/hooks/pre-commit")).unwrap();
    script(pair.a.join(".git/hooks/pre-push"), &format!("echo 'found {push} in a file' >&2; exit 1"));
    show_all(&pair, &mut ear);
    std::fs::remove_file(pair.a.join(".git/hooks/pre-push")).unwrap();
    script(pair.remote.join("hooks/pre-receive"), &format!("echo 'GL-HOOK: {server}' >&2; exit 1"));
    show_all(&pair, &mut ear);
    script(pair.remote.join("hooks/update"), &format!("echo '{server}: 50% (1/2)' >&2; exit 1"));
    std::fs::remove_file(pair.remote.join("hooks/pre-receive")).unwrap();
    show_all(&pair, &mut ear);
    ear.heard_nothing();
    assert!(
        pair.diagnostics().contains("the pre-push hook refused the push: found AKIA…"),
        "what is said is passed on"
    );
}

#[test]
fn a_branch_whose_name_is_a_credential_is_neither_pinned_nor_sent_nor_shown() {
    let pair = Pair::enrolled();
    let branch = format!("try-{}", key(131));
    let mut ear = Ear::new(&[&branch[4..]]);
    pair.git(&pair.a, &["checkout", "-q", "-b", &branch]);
    let remote = pair.remote_refs();
    let ran = pair.craft(&pair.a, &["auto-sync", "enable", "--publish"]);
    ear.hear("enable", &ran);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    show_all(&pair, &mut ear);
    pair.auto_sync(&pair.a, &["enable", "--branch", "*", "--publish"]);
    write(pair.a.join("new.txt"), "new\n");
    show_all(&pair, &mut ear);
    assert_eq!(pair.remote_refs(), remote);
    ear.heard_nothing();
}
