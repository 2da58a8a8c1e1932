//! Places that others may have prepared, and repositories that mean harm: real git, real hooks.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use claude_craft::sync::outcome::Refusal;
use serde_json::json;

use crate::common::{Pair, Ran, is_root, read, script, write};

/// A user that is nobody here.
const STRANGER: u32 = 54_321;
const ESC: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J";
const BIDI: &str = "\u{202e}\u{2066}\u{200f}\u{61c}";

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).mode() & 0o7777
}

/// Every file and folder at and below `path`.
fn below(path: &Path) -> Vec<PathBuf> {
    let mut all = vec![path.to_owned()];
    if path.is_dir() && !path.is_symlink() {
        all.extend(fs::read_dir(path).unwrap().flat_map(|e| below(&e.unwrap().path())));
    }
    all
}

fn open_ones(path: &Path) -> Vec<PathBuf> {
    below(path).into_iter().filter(|p| mode(p) & 0o077 != 0).collect()
}

/// Runs a program of ours in `dir` under the umask that keeps nothing from anybody.
fn without_umask(pair: &Pair, dir: &Path, program: &str, args: &[&str], stdin: &str) -> Ran {
    let mut command = pair.command("sh", dir);
    command.args(["-c", "umask 0; exec \"$@\"", "sh", program]).args(args);
    command.env("CLAUDE_PID", std::process::id().to_string());
    pair.run(command, stdin.as_bytes())
}

fn event(pair: &Pair, name: &str) -> String {
    json!({"session_id": "s", "transcript_path": "/dev/null", "cwd": pair.a, "hook_event_name": name,
        "source": "startup", "reason": "other", "prompt": "hello"})
    .to_string()
}

#[test]
fn what_is_made_is_closed_to_others_whatever_the_umask_is() {
    let pair = Pair::new();
    let claude = pair.path("fresh/claude");
    pair.set("CLAUDE_CONFIG_DIR", &claude);
    let craft = env!("CARGO_BIN_EXE_craft");
    without_umask(&pair, &pair.a, craft, &["auto-sync", "enable"], "").ok();
    pair.b_pushes("theirs.txt", "theirs\n");
    write(pair.a.join("mine.txt"), "mine\n");
    for (program, name) in [
        (env!("CARGO_BIN_EXE_craft-session-start"), "SessionStart"),
        (env!("CARGO_BIN_EXE_craft-prompt-sync"), "UserPromptSubmit"),
        (env!("CARGO_BIN_EXE_craft-session-end"), "SessionEnd"),
    ] {
        without_umask(&pair, &pair.a, program, &[], &event(&pair, name)).ok();
        pair.wait_until_quiet();
    }
    without_umask(&pair, &pair.a, craft, &["settings", "apply", "--yes"], "");
    write(pair.a.join("more.txt"), "more\n");
    without_umask(&pair, &pair.a, craft, &["auto-sync", "force"], "").ok();

    let ours = claude.join("craft");
    for place in [&ours, &claude.join("auto-sync-state.json"), &pair.a.join(".git/craft")] {
        assert!(open_ones(place).is_empty(), "open to others: {:?}", open_ones(place));
    }
    let made: Vec<_> = below(&ours).into_iter().filter(|p| p.is_file()).collect();
    for name in [
        "config.json",
        "state.lock",
        "journal.jsonl",
        "journal.head",
        "heartbeat-SessionEnd.json",
        "status.json",
        "pull.tick",
    ] {
        assert!(made.iter().any(|p| p.ends_with(name)), "{name} was not made: {made:?}");
    }
}

#[test]
fn what_an_earlier_version_left_open_is_closed() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.force("sync").done();
    let (craft, state) = (pair.craft_dir(), pair.home().join(".claude/auto-sync-state.json"));
    let program = craft.join("bin/craft-session-end");
    script(&program, "exit 0");
    let places = [craft.clone(), pair.a.join(".git/craft"), state.clone()];
    for path in places.iter().flat_map(|p| below(p)).filter(|p| !p.starts_with(craft.join("bin"))) {
        fs::set_permissions(&path, Permissions::from_mode(if path.is_dir() { 0o755 } else { 0o644 })).unwrap();
    }
    write(pair.a.join("mine.txt"), "again\n");
    pair.force("sync").done();
    for written in
        [&state, &craft.join("state.lock"), &craft.join("log/journal.jsonl"), &pair.a.join(".git/craft/lock")]
    {
        assert_eq!(mode(written), 0o600, "{}", written.display());
    }
    let home = mode(&pair.home().join(".claude"));
    assert!(pair.craft(&pair.a, &["doctor"]).stdout.contains("other users may read"));
    pair.craft(&pair.a, &["doctor", "--fix"]);
    let open: Vec<_> = places.iter().flat_map(|p| open_ones(p)).collect();
    assert_eq!(open, [craft.join("bin"), program.clone()], "only what the client runs");
    assert_eq!(mode(&program), 0o755);
    assert_eq!(mode(&pair.home().join(".claude")), home, "the user's own folder");
}

/// Puts a link to `victim` in the place of `path`.
fn plant(path: &Path, victim: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    symlink(victim, path).unwrap();
}

#[test]
fn nothing_is_written_through_a_planted_link() {
    for name in [
        "state.lock",
        "log/journal.jsonl",
        "log/journal.head",
        "held.jsonl",
        "log/craft.log",
        "heartbeat-UserPromptSubmit.json",
        "heartbeat-SessionStart.json",
        "../auto-sync-state.json",
        "repo/prompt.tick",
        "repo/pull.tick",
        "repo/notices.jsonl",
        "repo/status.json",
    ] {
        let pair = Pair::enrolled();
        pair.force("sync").done();
        let repo = fs::read_dir(pair.craft_dir().join("repos")).unwrap().next().unwrap().unwrap().path();
        let place = name.strip_prefix("repo/").map_or(pair.craft_dir().join(name), |name| repo.join(name));
        for victim in ["there", "missing"].map(|v| pair.path(v)) {
            if victim.ends_with("there") {
                write(&victim, "precious\n");
            }
            plant(&place, &victim);
            write(pair.a.join("mine.txt"), victim.to_str().unwrap());
            pair.craft(&pair.a, &["auto-sync", "force", "sync"]);
            pair.session_start(&pair.a, "s");
            pair.prompt(&pair.a, "s");
            pair.session_end(&pair.a, "s");
            pair.wait_until_quiet();
            assert!(!victim.ends_with("missing") || !victim.exists(), "{name}: made something elsewhere");
        }
        assert_eq!(read(pair.path("there")), b"precious\n", "{name}");
    }
}

#[test]
fn a_configuration_that_the_user_linked_stays_linked_and_keeps_its_mode() {
    let pair = Pair::new();
    let (config, dotfile) = (pair.craft_dir().join("config.json"), pair.path("dotfiles/craft.json"));
    write(&dotfile, fs::read(&config).unwrap());
    fs::set_permissions(&dotfile, Permissions::from_mode(0o644)).unwrap();
    plant(&config, &dotfile);
    pair.auto_sync(&pair.a, &["enable"]);
    assert!(config.is_symlink() && String::from_utf8(read(&dotfile)).unwrap().contains("repositories"));
    assert_eq!(mode(&dotfile), 0o644);
    write(pair.a.join("mine.txt"), "mine\n");
    pair.force("sync").done();
}

#[test]
fn a_folder_of_ours_in_a_repository_that_leads_elsewhere_is_refused() {
    let pair = Pair::enrolled();
    let (ours, elsewhere) = (pair.a.join(".git/craft"), pair.path("elsewhere"));
    fs::create_dir(&elsewhere).unwrap();
    let _ = fs::remove_dir_all(&ours);
    symlink(&elsewhere, &ours).unwrap();
    write(pair.a.join("mine.txt"), "mine\n");
    let tip = pair.remote_tip();
    let ran = pair.craft(&pair.a, &["auto-sync", "force", "sync"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains(".git/craft: it is a symbolic link") && said.contains("rm "), "{said}");
    pair.craft(&pair.a, &["auto-sync", "force", "sync", "--dry-run"]);
    pair.session_end(&pair.a, "s");
    pair.wait_until_quiet();
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert_eq!(pair.remote_tip(), tip);
    assert_eq!(pair.changes(), "?? mine.txt");
}

#[test]
fn what_belongs_to_another_user_is_refused_and_hooks_let_the_session_go_on() {
    if !is_root() {
        return;
    }
    for name in ["home/.claude/craft", "home/.claude/craft/config.json", "a/.git/craft"] {
        let pair = Pair::enrolled();
        pair.force("sync").done();
        let craft = pair.craft_dir();
        for event in ["SessionStart", "SessionEnd", "UserPromptSubmit", "Stop"] {
            let _ = fs::remove_file(craft.join(format!("heartbeat-{event}.json")));
        }
        chown(pair.path(name), Some(STRANGER), None).unwrap();
        write(pair.a.join("mine.txt"), "mine\n");
        let (tip, known) = (pair.remote_tip(), below(&craft).len());
        let log = read(craft.join("log/journal.jsonl"));
        let ran = pair.craft(&pair.a, &["auto-sync", "force", "sync"]);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_ne!(ran.code, 0, "{name}: {said}");
        assert!(said.contains("another user (id 54321)") && said.contains("chown"), "{name}: {said}");
        let tail = Path::new(name).file_name().unwrap().to_str().unwrap();
        assert!(said.contains(tail), "{name}: {said}");
        let told = pair.session_start(&pair.a, "s");
        pair.prompt(&pair.a, "s");
        pair.session_end(&pair.a, "s");
        pair.wait_until_quiet();
        assert_eq!(pair.remote_tip(), tip, "{name}");
        if name == "home/.claude/craft" {
            assert_eq!(
                (below(&craft).len(), read(craft.join("log/journal.jsonl"))),
                (known, log),
                "{name}: written to"
            );
        }
        if name.ends_with("config.json") {
            assert!(told.contains("another user"), "{told}");
            assert!(!craft.join("complaints").exists(), "nothing is written on its account");
        }
    }
}

/// Panics where `text` holds what steers a terminal, or a line that a name began.
#[track_caller]
fn tame(what: &str, text: &str) {
    let bad = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(bad), "{what}: {text:?}");
    assert!(!text.lines().any(|l| l.starts_with("forged")), "{what}: {text:?}");
}

/// The other side takes in what is there and changes `name`.
fn b_follows(pair: &Pair, branch: &str, name: &str) {
    pair.git(&pair.b, &["pull", "-q", "--rebase", "origin", branch]);
    write(pair.b.join(name), "changed there\n");
    pair.b_pushes_all(&format!("later{ESC}{BIDI}"));
}

#[test]
fn names_and_texts_of_a_repository_cannot_steer_a_terminal() {
    let pair = Pair::new();
    let branch = format!("main{BIDI}x");
    pair.git(&pair.a, &["switch", "-qc", &branch]);
    pair.git(&pair.a, &["push", "-qu", "origin", &branch]);
    pair.git(&pair.b, &["fetch", "-q"]);
    pair.git(&pair.b, &["switch", "-q", &branch]);
    pair.set("NO_COLOR", "1");
    let mut said: Vec<(String, String)> = Vec::new();
    let mut hear = |what: &str, ran: Ran| said.push((what.to_owned(), format!("{}{}", ran.stdout, ran.stderr)));
    hear("enable", pair.craft(&pair.a, &["auto-sync", "enable"]));
    let evil = |n: u32| format!("{n}{ESC}{BIDI}\nforged {n}");
    // Left out of the commit, committed, pulled.
    write(pair.a.join(format!("{}.pem", evil(1))), "x");
    write(pair.a.join(evil(2)), "x");
    pair.b_pushes(&evil(3), "theirs\n");
    write(pair.b.join(evil(4)), "x\n");
    pair.b_pushes_all(&format!("subject{ESC}{BIDI}"));
    hear("dry run", pair.craft(&pair.a, &["auto-sync", "force", "--dry-run"]));
    hear("force", pair.craft(&pair.a, &["auto-sync", "force"]));
    b_follows(&pair, &branch, &evil(5));
    let told = pair.session_start(&pair.a, "s");
    pair.wait_until_quiet();
    // A conflict in such a file.
    write(pair.a.join(evil(3)), "mine\n");
    b_follows(&pair, &branch, &evil(3));
    hear("conflict", pair.craft(&pair.a, &["auto-sync", "force"]));
    for words in [
        &["auto-sync", "status"][..],
        &["auto-sync", "log"],
        &["auto-sync", "history"],
        &["auto-sync", "undo", "--dry-run"],
        &["auto-sync", "config", "check"],
        &["brief"],
        &["statusline"],
        &["doctor"],
    ] {
        hear(&words.join(" "), pair.craft(&pair.a, words));
    }
    let later = pair.prompt(&pair.a, "s");
    for (what, text) in &said {
        tame(what, text);
    }
    tame("session start", &told);
    tame("prompt", &later);
    tame("log", &String::from_utf8(read(pair.craft_dir().join("log/craft.log"))).unwrap_or_default());
    let force = &said.iter().find(|(what, _)| what == "force").unwrap().1;
    assert!(force.contains(r"\u{1b}") && force.contains(r"\u{202e}"), "shown, not hidden: {force}");
}

#[test]
fn a_projects_broken_settings_cannot_turn_the_sentence_round() {
    let pair = Pair::enrolled();
    write(pair.a.join(".claude/craft.json"), format!("{{\"autoSync\": {{\"enabled\": \"{BIDI}evil\"}}}}"));
    let told = pair.session_start(&pair.a, "s");
    assert!(told.contains("craft.json") && told.contains(r"\u{202e}"), "{told}");
    tame("session start", &told);
}

#[test]
fn a_remote_whose_name_is_an_option_is_never_one() {
    let pair = Pair::new();
    let canary = pair.path("canary");
    let name = format!("--upload-pack=touch {};", canary.display());
    pair.git(&pair.a, &["config", &format!("remote.{name}.url"), pair.remote.to_str().unwrap()]);
    pair.git(&pair.a, &["config", &format!("remote.{name}.fetch"), "+refs/heads/*:refs/remotes/x/*"]);
    pair.git(&pair.a, &["config", "branch.main.remote", &name]);
    pair.git(&pair.a, &["remote", "remove", "origin"]);
    // What an option in the place of the remote would make of the word behind it.
    pair.git(&pair.a, &["clone", "-q", "--bare", pair.remote.to_str().unwrap(), "HEAD"]);
    write(pair.a.join(".git/info/exclude"), "HEAD\n");
    pair.craft(&pair.a, &["auto-sync", "enable"]);
    write(pair.a.join("mine.txt"), "mine\n");
    pair.craft(&pair.a, &["auto-sync", "force", "sync", "--publish"]);
    pair.craft(&pair.a, &["doctor"]);
    assert!(!canary.exists(), "enrolled on its own account");
    // And where somebody wrote it into the configuration.
    let mut config: serde_json::Value = serde_json::from_slice(&read(pair.craft_dir().join("config.json"))).unwrap();
    config["repositories"][0]["remote"] = json!(name);
    config["repositories"][0]["remoteUrl"] = json!(pair.remote);
    write(pair.craft_dir().join("config.json"), config.to_string());
    pair.craft(&pair.a, &["auto-sync", "force", "sync", "--publish"]);
    pair.craft(&pair.a, &["doctor"]);
    assert!(!canary.exists(), "by the configuration");
}

#[test]
fn a_branch_whose_name_is_an_option_is_left_alone_with_a_way_out() {
    let pair = Pair::enrolled();
    pair.git(&pair.a, &["update-ref", "refs/heads/--force", "HEAD"]);
    pair.git(&pair.a, &["symbolic-ref", "HEAD", "refs/heads/--force"]);
    pair.auto_sync(&pair.a, &["enable", "--branch", "**"]);
    write(pair.a.join("mine.txt"), "mine\n");
    let refs = pair.remote_refs();
    let forced = pair.force("sync");
    assert!(forced.refused(Refusal::OtherBranch).contains("looks like an option"));
    assert_eq!(pair.remote_refs(), refs);
    pair.git(&pair.a, &["branch", "-m", "--", "--force", "force"]);
    assert_eq!(pair.git(&pair.a, &["branch", "--show-current"]), "force");
}

/// A program that leaves its name in `canary` and goes on as what it stands for would.
fn tell_tale(pair: &Pair, name: &str, rest: &str) -> String {
    let path = pair.path(&format!("tale-{name}"));
    script(&path, &format!("echo {name} >> '{}'\n{rest}", pair.path("canary").display()));
    path.to_str().unwrap().to_owned()
}

fn ran(pair: &Pair) -> BTreeSet<String> {
    let text = fs::read_to_string(pair.path("canary")).unwrap_or_default();
    let _ = fs::remove_file(pair.path("canary"));
    text.lines().map(str::to_owned).collect()
}

/// Settings of a repository that make git run programs.
fn booby_trap(pair: &Pair, clone: &Path) {
    let hooks = pair.path("hooks");
    for name in ["pre-commit", "post-commit", "post-checkout", "post-merge", "pre-push", "reference-transaction"] {
        let tale = tell_tale(pair, name, "cat >/dev/null 2>&1; exit 0");
        fs::create_dir_all(&hooks).unwrap();
        fs::copy(tale, hooks.join(name)).unwrap();
    }
    for (setting, value) in [
        ("core.hooksPath", hooks.to_str().unwrap().to_owned()),
        ("core.fsmonitor", tell_tale(pair, "fsmonitor", "exit 1")),
        ("core.sshCommand", tell_tale(pair, "ssh", "exit 255")),
        ("core.askPass", tell_tale(pair, "askpass", "exit 1")),
        ("core.editor", tell_tale(pair, "editor", "exit 1")),
        ("core.pager", tell_tale(pair, "pager", "cat")),
        ("credential.helper", tell_tale(pair, "credential", "exit 0")),
        ("diff.external", tell_tale(pair, "diff", "exit 0")),
        ("gpg.program", tell_tale(pair, "gpg", "exit 1")),
        ("remote.origin.uploadpack", tell_tale(pair, "upload-pack", "exec git-upload-pack \"$@\"")),
        ("remote.origin.receivepack", tell_tale(pair, "receive-pack", "exec git-receive-pack \"$@\"")),
    ] {
        pair.git(clone, &["config", setting, &value]);
    }
}

#[test]
fn a_repository_that_is_not_enrolled_runs_no_program_of_its_own() {
    let pair = Pair::new();
    booby_trap(&pair, &pair.a);
    write(pair.a.join("mine.txt"), "mine\n");
    write(pair.a.join(".claude/craft.json"), "{\"autoSync\": {\"enabled\": true}}");
    ran(&pair);
    pair.session_start(&pair.a, "s");
    pair.prompt(&pair.a, "s");
    pair.session_end(&pair.a, "s");
    for words in [&["brief"][..], &["statusline"], &["auto-sync", "status"], &["doctor"], &["auto-sync", "force"]] {
        pair.craft(&pair.a, words);
    }
    pair.wait_until_quiet();
    assert_eq!(ran(&pair), BTreeSet::new());
}

#[test]
fn a_sync_runs_no_program_that_git_would_not_run_for_the_user() {
    let pair = Pair::enrolled();
    write(pair.a.join("first.txt"), "1\n");
    pair.force("sync").done();
    booby_trap(&pair, &pair.a);
    booby_trap(&pair, &pair.b);
    write(pair.b.join("theirs.txt"), "1\n");
    ran(&pair);
    for words in [
        &["status"][..],
        &["add", "-A"],
        &["commit", "-qm", "by hand"],
        &["fetch", "-q"],
        &["pull", "-q", "--no-rebase", "--no-edit"],
        &["push", "-q"],
    ] {
        pair.git(&pair.b, words);
    }
    let by_hand = ran(&pair);
    write(pair.a.join("mine.txt"), "1\n");
    pair.force("sync").done();
    let by_sync = ran(&pair);
    assert!(by_sync.is_subset(&by_hand), "{:?} besides {by_hand:?}", by_sync.difference(&by_hand).collect::<Vec<_>>());
    assert!(by_sync.contains("upload-pack"), "{by_sync:?}");
}

#[test]
fn a_remote_that_is_a_command_line_is_not_run() {
    let pair = Pair::new();
    let url = format!("ext::sh -c touch% {}", pair.path("canary").display());
    pair.git(&pair.a, &["remote", "set-url", "origin", &url]);
    pair.auto_sync(&pair.a, &["enable"]);
    write(pair.a.join("mine.txt"), "mine\n");
    let ran = pair.craft(&pair.a, &["auto-sync", "force", "sync"]);
    pair.session_start(&pair.a, "s");
    pair.craft(&pair.a, &["doctor"]);
    pair.wait_until_quiet();
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    assert!(!pair.path("canary").exists());

    let pair = Pair::enrolled();
    pair.git(&pair.a, &["config", "protocol.ext.allow", "always"]);
    pair.git(&pair.a, &["remote", "set-url", "origin", &url]);
    pair.force("sync").refused(Refusal::RemoteChanged);
    assert!(!pair.path("canary").exists());
}

#[test]
fn the_transports_that_a_user_allows_hold_for_a_sync_too() {
    let pair = Pair::enrolled();
    write(pair.a.join("mine.txt"), "mine\n");
    let tip = pair.remote_tip();
    pair.set("GIT_ALLOW_PROTOCOL", "https:ssh");
    let forced = pair.force("sync");
    assert_ne!(forced.code, 0);
    assert_eq!(pair.remote_tip(), tip, "the remote is a path, and that was not allowed");
    pair.unset("GIT_ALLOW_PROTOCOL");
    pair.force("sync").done();
}

#[test]
fn nothing_behind_a_link_out_of_the_repository_is_read_or_written() {
    let pair = Pair::enrolled();
    let ssh = pair.home().join(".ssh");
    write(ssh.join("id_test"), "secret\n");
    symlink(&ssh, pair.b.join("keys")).unwrap();
    pair.b_pushes_all("a link");
    pair.force("sync").done();
    assert!(pair.a.join("keys").is_symlink());
    write(ssh.join("new"), "secret too\n");
    write(pair.a.join("mine.txt"), "mine\n");
    pair.force("sync").done();
    let tree = pair.remote_tree();
    assert!(!tree.keys().any(|n| n.starts_with("keys/")) && !tree.values().any(|v| v.contains("secret")), "{tree:?}");
    // The link becomes a folder over there, with a file that would land behind it here.
    pair.git(&pair.b, &["pull", "-q"]);
    fs::remove_file(pair.b.join("keys")).unwrap();
    write(pair.b.join("keys/authorized_keys"), "theirs\n");
    pair.b_pushes_all("a folder");
    pair.force("sync").done();
    assert!(!ssh.join("authorized_keys").exists());
    assert_eq!(
        (read(ssh.join("id_test")), read(pair.a.join("keys/authorized_keys"))),
        (b"secret\n".into(), b"theirs\n".into())
    );
    // And a link here in the place of a folder over there.
    fs::remove_dir_all(pair.a.join("keys")).unwrap();
    symlink(&ssh, pair.a.join("keys")).unwrap();
    pair.b_pushes("keys/config", "theirs\n");
    pair.craft(&pair.a, &["auto-sync", "force", "sync"]);
    assert!(!ssh.join("config").exists() && !ssh.join("authorized_keys").exists());
    assert_eq!(read(ssh.join("id_test")), b"secret\n");
}

#[test]
fn submodules_of_a_hostile_gitmodules_are_not_fetched() {
    let pair = Pair::enrolled();
    let canary = pair.path("canary");
    for (name, value) in
        [("fetch.recurseSubmodules", "true"), ("submodule.recurse", "true"), ("protocol.ext.allow", "always")]
    {
        pair.git(&pair.a, &["config", name, value]);
    }
    let touch = canary.display();
    write(
        pair.b.join(".gitmodules"),
        format!(
            "[submodule \"one\"]\n\tpath = one\n\turl = \"ext::sh -c touch% {touch}\"\n\tupdate = !touch {touch}\n\
             [submodule \"two\"]\n\tpath = two\n\turl = \"-u./touch {touch};x\"\n\
             [submodule \"../../evil\"]\n\tpath = three\n\turl = \"--upload-pack=touch {touch}\"\n"
        ),
    );
    let tip = pair.rev(&pair.b, "HEAD");
    for path in ["one", "two", "three"] {
        pair.git(&pair.b, &["update-index", "--add", "--cacheinfo", &format!("160000,{tip},{path}")]);
    }
    pair.git(&pair.b, &["add", ".gitmodules"]);
    pair.git(&pair.b, &["commit", "-qm", "submodules"]);
    pair.git(&pair.b, &["push", "-q"]);
    pair.force("sync").done();
    write(pair.a.join("mine.txt"), "mine\n");
    pair.craft(&pair.a, &["auto-sync", "force", "sync"]);
    pair.session_start(&pair.a, "s");
    pair.wait_until_quiet();
    assert!(!canary.exists());
    assert!(!pair.a.join(".git/modules").exists() && !pair.path("evil").exists());
}

#[test]
fn a_projects_settings_cannot_widen_what_is_done() {
    let pair = Pair::enrolled();
    pair.configure(
        json!({"autoSync": {"triggers": {"sessionEnd": {"enabled": false}}}, "paths": {"exclude": ["big/**"]}}),
    );
    write(
        pair.b.join(".claude/craft.json"),
        json!({
            "autoSync": {"enabled": true, "triggers": {"sessionEnd": {"enabled": true, "action": "sync"}}},
            "security": {"allow": ["**"]}, "paths": {"include": ["**"], "exclude": []},
            "limits": {"maxFileMiB": 100_000}, "gate": {"maxDeletions": 1_000_000},
            "repositories": [{"path": "/", "commonDir": "/", "branch": "*"}],
        })
        .to_string(),
    );
    pair.b_pushes_all("settings");
    pair.force("sync").done();
    write(pair.a.join("server.pem"), "x");
    write(pair.a.join("big/x"), "x");
    pair.session_end(&pair.a, "s");
    pair.wait_until_quiet();
    let tree = pair.remote_tree();
    pair.force("sync").done();
    assert!(!tree.contains_key("big/x") && tree == pair.remote_tree(), "{:?}", pair.remote_tree().keys());
}

#[test]
fn another_upstream_branch_than_the_enrolled_one_stops_the_sync_until_it_is_enrolled() {
    let pair = Pair::enrolled();
    pair.git(&pair.b, &["push", "-q", "origin", "HEAD:release"]);
    pair.git(&pair.a, &["fetch", "-q"]);
    pair.git(&pair.a, &["branch", "-q", "-u", "origin/release"]);
    write(pair.a.join("mine.txt"), "mine\n");
    let refs = pair.remote_refs();
    pair.session_end(&pair.a, "s");
    pair.wait_until_quiet();
    let told = pair.session_start(&pair.a, "t");
    assert!(told.contains("main follows origin/release"), "{told}");
    pair.force("sync").refused(Refusal::RemoteChanged);
    assert_eq!(pair.remote_refs(), refs);
    pair.auto_sync(&pair.a, &["enable"]);
    pair.force("sync").done();
    assert_eq!(pair.rev(&pair.remote, "release"), pair.rev(&pair.a, "HEAD"));
}
