//! What a watcher and the job do where nobody stands by: they end with all they have started, keep to their folders and
//! their channel, and say each trouble once.

use std::os::unix::fs::symlink;

use claude_craft::fs::layout::repo_key;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::beacon_watch::{NOTES, Sides, Watching, words};
use crate::common::{FakeGit, Pair, Rule, read, script, wait_until, write};

const PLAN: &str = ".claude/planning/plan.md";

/// What the journal has on beacons of one outcome: operation and reason.
pub fn journal(sides: &Sides, outcome: &str) -> Vec<String> {
    let text = std::fs::read_to_string(sides.craft_dir().join("log/journal.jsonl")).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let entry = |e: Value| format!("{} {}", e["operation"].as_str().unwrap(), e["reason"].as_str().unwrap_or_default());
    lines
        .filter(|e| e["result"] == outcome && e["item"].as_str().is_some_and(|i| i.starts_with("main")))
        .map(entry)
        .collect()
}

/// How many folders a process has the system watch.
fn watches(of: &Watching) -> usize {
    let folder = format!("/proc/{}/fdinfo", of.child.id());
    let files = std::fs::read_dir(folder).unwrap().flatten();
    files.map(|f| std::fs::read_to_string(f.path()).unwrap_or_default().matches("inotify wd:").count()).sum()
}

#[test]
fn links_in_a_repository_have_nothing_outside_of_it_watched() {
    let sides = Sides::new();
    for n in 0..40 {
        std::fs::create_dir_all(sides.path(&format!("outside/{n}"))).unwrap();
    }
    symlink(sides.path("outside"), sides.a.join(".claude/planning/deep")).unwrap();
    std::fs::remove_dir(sides.a.join(".claude/implementation")).unwrap();
    symlink(sides.path("outside"), sides.a.join(".claude/implementation")).unwrap();
    let mut code = Watching::start(&sides, &sides.a, &["--auto", "--interval", "1h"]);
    code.until("watching");
    write(sides.a.join(NOTES), "mine\n");
    assert_eq!(code.until("sent")["files"], json!([NOTES]));
    let count = watches(&code);
    assert!((1..10).contains(&count), "{count} folders are watched");
}

#[test]
fn a_folder_that_was_made_anew_is_watched_again() {
    let sides = Sides::new();
    let mut code = Watching::start(&sides, &sides.a, &["--auto", "--interval", "1h"]);
    code.until("watching");
    write(sides.a.join(NOTES), "one\n");
    code.until("sent");
    // As a checkout does.
    std::fs::remove_dir_all(sides.a.join(".claude/planning")).unwrap();
    std::fs::create_dir(sides.a.join(".claude/planning")).unwrap();
    wait_until("it has seen that", || watches(&code) >= 2);
    write(sides.a.join(NOTES), "two\n");
    assert_eq!(code.until("sent")["files"], json!([NOTES]));
    write(sides.a.join(NOTES), "three\n");
    assert_eq!(code.until("sent")["files"], json!([NOTES]));
}

/// Sides of which `a` reaches the remote through an ssh that never answers while there is a file of this name.
fn hanging() -> Sides {
    let sides = Sides::of(Pair::over_ssh());
    script(
        sides.path("ssh.sh"),
        &format!(
            "if [ -e '{0}' ]; then trap '' HUP; touch '{0}.asked'; sleep 3600 & sleep 3600; fi\n\
             for last; do :; done\nexec sh -c \"$last\"",
            sides.path("ssh-hangs").display()
        ),
    );
    sides
}

#[test]
fn a_signal_ends_it_with_all_that_it_has_started() {
    let sides = hanging();
    sides.configure(json!({"limits": {"networkSeconds": 3600}}));
    write(sides.a.join(NOTES), "mine\n");
    write(sides.path("ssh-hangs"), "");
    for (args, signals, code) in
        [(&["--auto"][..], 1, Some(0)), (&["--auto"], 3, Some(0)), (&["--once", "--auto"], 1, Some(6))]
    {
        let asked = sides.path("ssh-hangs.asked");
        let _ = std::fs::remove_file(&asked);
        let mut watching = Watching::start(&sides, &sides.a, args);
        wait_until("it asks the remote", || asked.exists());
        for _ in 1..signals {
            kill_process(Pid::from_child(&watching.child), Signal::INT).unwrap();
        }
        if !args.contains(&"--once") {
            assert_eq!(watching.next()["event"], "watching");
        }
        let (ended, said) = watching.end(Signal::INT);
        assert_eq!((ended, said.as_str()), (code, ""), "{args:?} {signals}");
        wait_until("nothing of it is left", || sides.processes().is_empty());
    }
    assert_eq!(
        std::fs::read_dir(sides.a.join(".git"))
            .unwrap()
            .flatten()
            .filter(|f| f.file_name().to_string_lossy().ends_with(".lock"))
            .count(),
        0
    );
}

#[test]
fn any_command_that_a_signal_ends_takes_along_what_it_has_started_and_says_which_it_was() {
    use std::os::unix::process::ExitStatusExt;
    use wait_timeout::ChildExt;

    let sides = hanging();
    write(sides.a.join(NOTES), "mine\n");
    write(sides.path("ssh-hangs"), "");
    let asked = sides.path("ssh-hangs.asked");
    for (verb, signal) in [(&["push"][..], Signal::INT), (&["pull"], Signal::TERM), (&["status"], Signal::HUP)] {
        let _ = std::fs::remove_file(&asked);
        let mut command = sides.command(env!("CARGO_BIN_EXE_craft"), &sides.a);
        command.arg("beacon").args(verb).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        wait_until("it asks the remote", || asked.exists());
        kill_process(Pid::from_child(&child), signal).unwrap();
        let ended = child.wait_timeout(std::time::Duration::from_secs(60)).unwrap().expect("a signal ends it");
        assert_eq!(ended.signal(), Some(signal.as_raw()), "{verb:?}");
        wait_until("nothing of it is left", || sides.processes().is_empty());
    }
    std::fs::remove_file(sides.path("ssh-hangs")).unwrap();
    sides.beacon(&sides.a, &["push"]).ok();
    sides.beacon(&sides.b, &["pull"]).ok();
    assert_eq!(read(sides.b.join(NOTES)), b"mine\n");
}

/// Ids of the messages that wait to go out of `a`.
fn waiting(sides: &Sides) -> Vec<String> {
    let told = sides.beacon(&sides.a, &["queue", "list", "--json"]).ok().stdout;
    let told: Value = serde_json::from_str(&told).unwrap();
    let ids = told["queued"].as_array().unwrap().iter().map(|q| q["message"]["id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[test]
fn a_remote_that_never_answers_keeps_nobody_from_queueing_settling_and_dropping() {
    let sides = hanging();
    sides.configure(json!({"limits": {"networkSeconds": 3600}}));
    sides.b_sends(NOTES, "plan\n");
    sides.beacon(&sides.a, &["pull"]).ok();
    sides.b_sends(NOTES, "theirs\n");
    write(sides.a.join(NOTES), "mine\n");
    assert_eq!(sides.beacon(&sides.a, &["pull"]).code, 3);
    let asked = sides.path("ssh-hangs.asked");
    let hangs = |verb: &str| {
        let _ = std::fs::remove_file(&asked);
        let mut command = sides.command(env!("CARGO_BIN_EXE_craft"), &sides.a);
        command.args(["beacon", verb]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let child = command.spawn().unwrap();
        wait_until("it asks the remote", || asked.exists());
        child
    };
    let url = sides.git(&sides.a, &["remote", "get-url", "origin"]);
    let away =
        |away: bool| sides.git(&sides.a, &["remote", "set-url", "origin", if away { "/nowhere.git" } else { &url }]);
    write(sides.path("ssh-hangs"), "");

    let mut pull = hangs("pull");
    away(true);
    sides.beacon(&sides.a, &["resolve", NOTES, "--ours"]).ok();
    assert_eq!(sides.beacon(&sides.a, &["push"]).code, 6, "offline, as ever");
    let queued = waiting(&sides);
    assert_eq!(queued.len(), 1);
    sides.beacon(&sides.a, &["queue", "drop", &queued[0]]).ok();
    sides.beacon(&sides.a, &["init", "--to", "Desktop"]).ok();
    kill_process(Pid::from_child(&pull), Signal::TERM).unwrap();
    pull.wait().unwrap();

    // Two that send: the one has the line, and the other one's message is kept all the same.
    away(false);
    let mut first = hangs("push");
    write(sides.a.join(PLAN), "plan\n");
    let mut command = sides.command(env!("CARGO_BIN_EXE_craft"), &sides.a);
    command.args(["beacon", "push"]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut second = command.spawn().unwrap();
    wait_until("it is queued", || waiting(&sides).len() == 2);
    for child in [&mut first, &mut second] {
        kill_process(Pid::from_child(child), Signal::TERM).unwrap();
        child.wait().unwrap();
    }
    std::fs::remove_file(sides.path("ssh-hangs")).unwrap();
    sides.beacon(&sides.a, &["queue", "send"]).ok();
    sides.beacon(&sides.b, &["pull"]).ok();
    assert_eq!((read(sides.b.join(NOTES)), read(sides.b.join(PLAN))), (b"mine\n".to_vec(), b"plan\n".to_vec()));
}

#[test]
fn a_watcher_that_was_started_to_outlive_its_terminal_does() {
    let sides = Sides::new();
    let mut command = sides.command("sh", &sides.a);
    command.args(["-c", "trap '' HUP; exec \"$0\" beacon watch --json", env!("CARGO_BIN_EXE_craft")]);
    let mut watching = Watching::of(command);
    watching.until("watching");
    kill_process(Pid::from_child(&watching.child), Signal::HUP).unwrap();
    sides.b_sends(NOTES, "plan\n");
    kill_process(Pid::from_child(&watching.child), Signal::HUP).unwrap();
    assert!(watching.child.try_wait().unwrap().is_none());
    assert_eq!(watching.end(Signal::TERM).0, Some(0));
}

#[test]
fn a_push_that_a_signal_ends_goes_out_once_with_the_next_look() {
    let sides = hanging();
    write(sides.a.join(NOTES), "mine\n");
    // The first call asks what is there, the second one sends.
    let git =
        FakeGit::install(&sides, &[Rule::before(" push ", format!("touch '{}'", sides.path("ssh-hangs").display()))]);
    let mut watching = Watching::start(&sides, &sides.a, &["--auto"]);
    assert_eq!(watching.next()["event"], "watching");
    wait_until("it sends", || sides.path("ssh-hangs.asked").exists());
    let (code, said) = watching.end(Signal::TERM);
    assert!(code == Some(0) && !said.contains("remark") && !said.contains("offline"), "{code:?} {said}");
    wait_until("nothing of it is left", || sides.processes().is_empty());
    git.remove();
    std::fs::remove_file(sides.path("ssh-hangs")).unwrap();
    let queued: Value =
        serde_json::from_str(&sides.beacon(&sides.a, &["queue", "list", "--json"]).ok().stdout).unwrap();
    assert_eq!(queued["queued"].as_array().unwrap().len(), 1, "{queued}");
    assert_eq!(words(&sides.look(&["--auto"])), ["delivered", "looked"]);
    assert_eq!(words(&sides.look(&["--auto"])), ["looked"]);
    sides.beacon(&sides.b, &["pull"]).ok();
    assert_eq!(read(sides.b.join(NOTES)), b"mine\n");
    let subjects = sides.git(&sides.remote, &["log", "--format=%s", "refs/craft/beacons/main"]);
    assert_eq!(subjects.lines().filter(|s| !s.starts_with("beacon: received")).count(), 1, "{subjects}");
}

#[test]
fn a_watcher_of_another_channel_leaves_the_usual_one_to_the_job() {
    let sides = Sides::new();
    sides.at(0);
    sides.look(&["--channel", "draft"]);
    let tick = sides.kept(&sides.a, "beacon.tick");
    assert!(!tick.exists(), "that says nothing of when the usual channel was looked at");
    sides.look(&[]);
    assert!(tick.exists());
    let mut draft = Watching::start(&sides, &sides.a, &["--channel", "draft", "--interval", "5s"]);
    draft.until("watching");
    sides.b_sends(NOTES, "plan\n");
    wait_until("it has looked", || sides.kept(&sides.a, "beacon-watch-draft.lock").exists());
    let said = sides.job().ok().stdout;
    assert!(said.contains("looked at 2 beacons; 1 message waiting"), "{said}");
    let mut usual = Watching::start(&sides, &sides.a, &[]);
    usual.until("waits");
    sides.at(86_400);
    let said = sides.job().ok().stdout;
    assert!(said.contains("looked at 1 beacon; 1 beacon left to whoever watches"), "{said}");
    assert_eq!(usual.end(Signal::TERM).0, Some(0));
    sides.at(2 * 86_400);
    assert!(sides.job().ok().stdout.contains("looked at 2 beacons"), "the tick is that of the usual channel");
}

#[test]
fn a_conflict_keeps_no_other_file_here_and_is_no_line_at_each_look() {
    let sides = Sides::new();
    sides.b_sends(NOTES, "plan\n");
    sides.beacon(&sides.a, &["pull"]).ok();
    sides.b_sends(NOTES, "theirs\n");
    write(sides.a.join(NOTES), "mine\n");
    assert_eq!(words(&sides.look(&["--auto"])), ["taken", "conflicts", "looked"]);
    let before = journal(&sides, "error").len() + journal(&sides, "skipped").len();
    for _ in 0..3 {
        assert_eq!(words(&sides.look(&["--auto"])), ["conflicts", "looked"]);
    }
    assert_eq!(journal(&sides, "error").len() + journal(&sides, "skipped").len(), before);
    write(sides.a.join(PLAN), "another\n");
    let events = sides.look(&["--auto"]);
    assert_eq!(words(&events), ["sent", "conflicts", "remark", "looked"]);
    assert_eq!(events[0]["files"], json!([PLAN]));
    assert!(
        events[2]["text"].as_str().unwrap().contains("notes.md has a conflict that nobody has settled"),
        "{}",
        events[2]
    );
    assert_eq!(sides.beacon(&sides.a, &["push"]).code, 3, "who asks for all of them is told");
    sides.beacon(&sides.a, &["resolve", NOTES, "--ours"]).ok();
    sides.beacon(&sides.b, &["pull"]).ok();
    assert_eq!(read(sides.b.join(PLAN)), b"another\n");
}

#[test]
fn what_fails_at_each_look_is_in_the_journal_once_and_again_after_it_went_well() {
    let sides = Sides::new();
    sides.at(0);
    let mut time = 0;
    let mut job = || {
        time += 600;
        sides.at(time);
        sides.job();
    };
    // A file with a credential: it stays, and the journal says why.
    sides.configure(json!({"beacon": {"watch": {"push": true, "pull": true}}}));
    let key = crate::scan_gate::key(7);
    write(sides.a.join(PLAN), format!("token = \"{key}\"\n"));
    (0..3).for_each(|_| job());
    let refused = journal(&sides, "error");
    assert!(refused.len() == 1 && refused[0].starts_with("push ") && refused[0].contains("plan.md"), "{refused:?}");
    assert!(!refused[0].contains(&key));
    write(sides.a.join(PLAN), "clean\n");
    job();
    write(sides.a.join(PLAN), format!("token = \"{key}\"\n"));
    (0..2).for_each(|_| job());
    assert_eq!(journal(&sides, "error").len(), 2);
    let ran = sides.beacon(&sides.a, &["push"]);
    assert_eq!((ran.code, journal(&sides, "error").len()), (4, 3), "a push by hand is in it each time: {}", ran.stderr);
    write(sides.a.join(PLAN), "clean\n");

    for denied in ["read", "pull", "push"] {
        write(sides.a.join(NOTES), format!("not {denied}\n"));
        sides.b_sends(&format!(".claude/planning/{denied}.md"), "theirs\n");
        sides.configure(json!({"permissions": {"beacon": {"overrides": {denied: false}}}}));
        let before = journal(&sides, "denied").len();
        (0..3).for_each(|_| job());
        let lines = journal(&sides, "denied");
        // The other side is one of its own.
        assert!((1..=2).contains(&(lines.len() - before)), "{denied}: {lines:?}");
        sides.configure(json!({"permissions": {"beacon": {"overrides": {denied: true}}}}));
        (0..2).for_each(|_| job());
        sides.beacon(&sides.b, &["pull"]);
    }
}

#[test]
fn a_message_of_somebody_unknown_is_told_wherever_one_looks() {
    let sides = Sides::new();
    sides.at(0);
    sides.job().ok();
    sides.git(&sides.b, &["config", "user.email", "eve@example.org"]);
    write(sides.b.join(NOTES), "plan\n");
    sides.beacon(&sides.b, &["push", "-m", "Do as I say"]).ok();
    for seconds in [600, 1200] {
        sides.at(seconds);
        let said = sides.job().ok().stdout;
        assert!(said.contains("1 message not accepted"), "{said}");
        assert_eq!(sides.notifications(), ["sync-failure a: 1 message of the beacon is not accepted"]);
    }
    assert!(sides.craft(&sides.a, &["brief"]).ok().stdout.contains("⚠ 1 held"));
    let told = sides.session_start(&sides.a, "one");
    assert!(told.contains("⚠ 1 message is not accepted — run: craft beacon status"), "{told}");
    assert!(!told.contains("Do as I say") && !told.contains("eve@"), "{told}");
    sides.wait_until_quiet();
    sides.beacon(&sides.a, &["pull", "--skip", "1"]).ok();
    assert_eq!(sides.notifications(), Vec::<String>::new());
    assert!(!sides.session_start(&sides.a, "two").contains("accepted"));
}

#[test]
fn what_was_found_waiting_is_never_older_than_what_was_taken_in() {
    let sides = Sides::new();
    sides.b_sends(NOTES, "one\n");
    sides.beacon(&sides.a, &["pull"]).ok();
    sides.b_sends(NOTES, "two\n");
    sides.look(&[]);
    assert_eq!(sides.waiting()["messages"], 1);
    // Only the git program reads a repository with this extension, so that there is a moment to come in between.
    sides.git(&sides.a, &["config", "core.repositoryFormatVersion", "1"]);
    sides.git(&sides.a, &["config", "extensions.partialClone", "origin"]);
    // A pull begins and ends while somebody else works out what waits.
    let real = "CRAFT_GIT=\"$FAKE_GIT_REAL\"";
    let pull = format!("{real} '{}' -C '{}' beacon pull >/dev/null", env!("CARGO_BIN_EXE_craft"), sides.a.display());
    let git = FakeGit::install(&sides, &[Rule::before(" ls-tree ", pull).nth(1)]);
    sides.beacon(&sides.a, &["status", "--offline"]).ok();
    assert!(!git.calls(" ls-tree ").is_empty());
    git.remove();
    assert_eq!(read(sides.a.join(NOTES)), b"two\n");
    assert_eq!(sides.waiting()["messages"], 0);
}

#[test]
fn an_identity_of_a_newer_version_is_not_written() {
    let sides = Sides::new();
    let path = sides.kept(&sides.a, "beacon.json");
    assert!(path.ends_with(format!("{}/beacon.json", repo_key(&sides.a.join(".git")))));
    let newer = String::from_utf8(read(&path)).unwrap().replace("\"version\": 1", "\"version\": 9");
    write(&path, &newer);
    // A host that takes nothing but branches: that is remembered, elsewhere.
    script(
        sides.remote.join("hooks/pre-receive"),
        "while read -r _ _ ref; do case $ref in refs/heads/*) ;; *) echo 'deny updating a hidden ref' >&2; exit 1;; esac; done",
    );
    write(sides.a.join(NOTES), "mine\n");
    let ran = sides.beacon(&sides.a, &["push"]);
    assert_eq!(String::from_utf8(read(&path)).unwrap(), newer, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!sides.git(&sides.remote, &["rev-parse", "refs/heads/craft/beacons/main"]).is_empty());
}
