//! Watching a beacon: in the foreground, as a job, and after a sync, on real clones and a bare remote.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use claude_craft::fs::layout::repo_key;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use wait_timeout::ChildExt;

use crate::common::github::{self, ISSUE, one_issue};
use crate::common::weather::{Fault, Reply};
use crate::common::{FakeGit, Pair, Ran, Rule, Weather, read, wait_until, write};

const NOON: u64 = 1_756_728_000_000;
pub const REFUSED: &str = "ssh: connect to host host.example port 22: Connection refused\n";
pub const NOTES: &str = ".claude/planning/notes.md";

/// `a` is Code, `b` is Desktop.
pub struct Sides(Pair);

impl std::ops::Deref for Sides {
    type Target = Pair;

    fn deref(&self) -> &Pair {
        &self.0
    }
}

impl Sides {
    pub fn new() -> Self {
        Self::of(Pair::new())
    }

    pub fn of(pair: Pair) -> Self {
        let sides = Self(pair);
        sides.beacon(&sides.a, &["init", "--as", "Code"]).ok();
        sides.beacon(&sides.b, &["init", "--as", "Desktop"]).ok();
        sides
    }

    pub fn beacon(&self, side: &Path, args: &[&str]) -> Ran {
        self.craft(side, &[&["beacon"], args].concat())
    }

    /// Desktop writes a file and sends it.
    #[track_caller]
    pub fn b_sends(&self, path: &str, text: &str) {
        write(self.b.join(path), text);
        self.beacon(&self.b, &["push", "-m", "Act 2"]).ok();
    }

    /// One look in `a`: its events.
    #[track_caller]
    pub fn look(&self, args: &[&str]) -> Vec<Value> {
        let ran = self.beacon(&self.a, &[&["watch", "--once", "--json"], args].concat()).ok();
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn job(&self) -> Ran {
        self.craft(self.root(), &["jobs", "run", "beacon-watch"])
    }

    pub fn notifications(&self) -> Vec<String> {
        let ran = self.craft(self.root(), &["notifications", "list", "--json"]).ok();
        let all: Value = serde_json::from_str(&ran.stdout).unwrap();
        let all = all["notifications"].as_array().unwrap().clone();
        all.iter().map(|n| format!("{} {}", n["type"].as_str().unwrap(), n["title"].as_str().unwrap())).collect()
    }

    pub fn kept(&self, side: &Path, name: &str) -> PathBuf {
        self.craft_dir().join("repos").join(repo_key(&side.join(".git"))).join(name)
    }

    pub fn waiting(&self) -> Value {
        serde_json::from_slice(&read(self.kept(&self.a, "beacon-waiting.json"))).unwrap()
    }

    pub fn at(&self, seconds: u64) {
        self.set("CRAFT_INTERNAL__NOW_MS", (NOON + seconds * 1000).to_string());
    }
}

pub fn words(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

/// A `craft beacon watch` in the foreground.
pub struct Watching {
    pub child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Watching {
    pub fn start(sides: &Sides, side: &Path, args: &[&str]) -> Self {
        let mut command = sides.command(env!("CARGO_BIN_EXE_craft"), side);
        command.args(["beacon", "watch", "--json"]).args(args);
        Self::of(command)
    }

    /// What a command starts.
    pub fn of(mut command: std::process::Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next event.
    pub fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or(Value::Null)
    }

    /// Events up to the first `name`; that one.
    #[track_caller]
    pub fn until(&mut self, name: &str) -> Value {
        loop {
            let event = self.next();
            assert!(!event.is_null(), "it has ended before {name}");
            if event["event"] == name {
                return event;
            }
        }
    }

    /// Sends a signal; the exit code, and what was printed still.
    #[track_caller]
    pub fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let ended = self.child.wait_timeout(std::time::Duration::from_secs(60)).unwrap();
        let mut rest = String::new();
        let _ = self.lines.read_to_string(&mut rest);
        (ended.expect("a signal ends it").code(), rest)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything below a folder: its bytes, and which file that is. A file that was replaced is another one.
fn files(folder: &Path) -> BTreeMap<PathBuf, (u64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let id = std::os::unix::fs::MetadataExt::ino(&entry.metadata().unwrap());
                found.insert(path.clone(), (id, read(&path)));
            }
        }
    }
    found
}

/// What was written of `before`, ticks and locks left out: these are written in place.
fn written(before: &BTreeMap<PathBuf, (u64, Vec<u8>)>, folder: &Path) -> Vec<PathBuf> {
    let small = |path: &PathBuf| path.extension().is_some_and(|e| e == "tick" || e == "lock");
    files(folder)
        .into_iter()
        .filter(|(path, now)| !small(path) && before.get(path) != Some(now))
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn an_idle_watch_writes_nothing_but_its_ticks() {
    let sides = Sides::new();
    sides.at(0);
    sides.b_sends(NOTES, "plan\n");
    sides.look(&["--pull"]);
    sides.look(&[]);
    let folders = [sides.craft_dir(), sides.a.join(".git/refs"), sides.a.join(".claude")];
    let before: Vec<_> = folders.iter().map(|folder| files(folder)).collect();
    for minute in 1..=3 {
        sides.at(minute * 60);
        assert_eq!(words(&sides.look(&[])), ["looked"]);
    }
    for (before, folder) in before.iter().zip(&folders) {
        assert_eq!(written(before, folder), [] as [PathBuf; 0]);
    }
    let ran = sides.beacon(&sides.a, &["status", "--offline", "--json"]).ok();
    let status: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(status["checkedAt"], NOON + 180_000, "when the remote was reached is known all the same");
}

/// The sides, with a bell that both have heard, at noon; and how often the remote and GitHub were asked since.
struct Rung {
    sides: Sides,
    weather: Weather,
}

impl Rung {
    fn new() -> Self {
        let (sides, weather) = (Sides::new(), one_issue());
        weather.etags(true);
        github::configure(&sides, &weather.url());
        sides.at(0);
        sides.b_sends(NOTES, "plan\n");
        assert_eq!(words(&sides.look(&["--pull"])), ["taken", "looked"]);
        sides.at(1);
        sides.look(&[]);
        sides.look(&[]);
        weather.asked();
        Self { sides, weather }
    }

    /// One look in `a`; its events, fetches, and requests.
    #[track_caller]
    fn look(&self, git: &FakeGit<'_>, args: &[&str]) -> (Vec<String>, usize, Vec<String>) {
        let before = git.calls(" fetch ").len();
        self.weather.asked();
        let ran = self.sides.beacon(&self.sides.a, &[&["watch", "--once", "--json"], args].concat());
        let events: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let asked = self.weather.asked().into_iter().map(|a| a.method).collect();
        let events = words(&events).into_iter().map(str::to_owned).collect();
        (events, git.calls(" fetch ").len() - before, asked)
    }
}

#[test]
fn a_silent_bell_costs_one_request_and_no_fetch_and_one_that_rings_is_followed() {
    let rung = Rung::new();
    let (sides, git) = (&rung.sides, FakeGit::install(&rung.sides, &[]));
    let before = files(&sides.craft_dir());
    for minute in 1..=3 {
        sides.at(minute * 60);
        let (events, fetches, asked) = rung.look(&git, &[]);
        assert_eq!((events, fetches, asked), (vec!["looked".to_owned()], 0, vec!["GET".to_owned()]));
    }
    assert_eq!(written(&before, &sides.craft_dir()), [] as [PathBuf; 0]);
    sides.b_sends(NOTES, "plan 2\n");
    sides.at(240);
    let (events, fetches, asked) = rung.look(&git, &["--pull"]);
    assert_eq!(events, ["taken", "looked"]);
    assert!(fetches > 0);
    assert_eq!(asked, ["GET", "GET", "PATCH"], "heard, and set back to idle");
    assert_eq!(read(sides.a.join(NOTES)), b"plan 2\n");
    sides.at(250);
    rung.look(&git, &[]);
    assert_eq!(rung.look(&git, &[]).1, 0);
    // Silent or not, the remote is asked now and then.
    sides.at(250 + 16 * 60);
    let (_, fetches, asked) = rung.look(&git, &[]);
    assert_eq!((fetches, asked.len()), (1, 0));
}

#[test]
fn what_a_bell_told_of_is_fetched_by_a_later_look_where_the_fetch_failed() {
    let rung = Rung::new();
    let sides = &rung.sides;
    // A message, and then only a receipt: the second changes no number.
    for second in [60, 600] {
        sides.at(second);
        if second == 60 {
            write(sides.a.join(NOTES), "from code\n");
            sides.beacon(&sides.a, &["push"]).ok();
            sides.look(&[]);
            sides.beacon(&sides.b, &["pull"]).ok();
        } else {
            sides.b_sends(NOTES, "from desktop\n");
        }
        let end = sides.git(&sides.remote, &["rev-parse", "refs/craft/beacons/main"]);
        let git = FakeGit::install(sides, &[Rule::fail(" fetch ", 128, REFUSED)]);
        assert_eq!(rung.look(&git, &[]).0[0], "offline");
        assert!(sides.waiting()["offlineSince"].as_u64().unwrap() > 0);
        let git = FakeGit::install(sides, &[]);
        assert_eq!(rung.look(&git, &[]).1, 1, "the bell is silent by now, and not believed");
        assert!(sides.git(&sides.a, &["for-each-ref", "--format=%(objectname)", "refs/craft/beacon"]).contains(&end));
        assert_eq!(sides.waiting()["offlineSince"], 0);
        assert_eq!(rung.look(&git, &[]).1, 0);
        git.remove();
    }
}

#[test]
fn a_remote_that_is_away_is_so_however_well_the_bell_is() {
    let rung = Rung::new();
    let sides = &rung.sides;
    write(sides.a.join(NOTES), "mine\n");
    let git = FakeGit::install(sides, &[Rule::fail(" push ", 128, REFUSED), Rule::fail(" fetch ", 128, REFUSED)]);
    sides.beacon(&sides.a, &["push"]);
    for minute in 1..=2 {
        sides.at(minute * 60);
        let ran = sides.beacon(&sides.a, &["watch", "--once"]);
        assert_eq!(ran.code, 6, "{}{}", ran.stdout, ran.stderr);
        assert!(sides.waiting()["offlineSince"].as_u64().unwrap() <= NOON + 60_000);
    }
    git.remove();
    sides.at(180);
    assert_eq!(words(&sides.look(&[])), ["delivered", "looked"]);
    assert_eq!(sides.waiting()["offlineSince"], 0);
}

#[test]
fn a_ring_in_vain_is_made_up_for_by_a_look_and_not_once_more() {
    let rung = Rung::new();
    let (sides, weather) = (&rung.sides, &rung.weather);
    write(sides.a.join(NOTES), "from code\n");
    weather.next(1, "PATCH", ISSUE, Fault::Answer(Reply::new(502, "<html>")));
    let ran = sides.beacon(&sides.a, &["push"]).ok();
    assert!(ran.stdout.contains("the bell was not rung: "), "{}", ran.stdout);
    let git = FakeGit::install(sides, &[]);
    sides.at(60);
    let (events, _, asked) = rung.look(&git, &[]);
    assert_eq!(events, ["looked"]);
    assert!(asked.contains(&"PATCH".to_owned()), "{asked:?}");
    assert_eq!(rung.look(&git, &[]).2, ["GET"]);
    // The same where it was not granted, once it is.
    sides.configure(json!({"permissions": {"github": {"overrides": {"upsert-internal": false}}}}));
    write(sides.a.join(NOTES), "from code again\n");
    assert!(sides.beacon(&sides.a, &["push"]).ok().stdout.contains("is not allowed"));
    let (events, _, asked) = rung.look(&git, &[]);
    assert_eq!((events, asked), (vec!["looked".to_owned()], vec!["GET".to_owned()]));
    sides.configure(json!({"permissions": {"github": {"overrides": {"upsert-internal": "internal"}}}}));
    let (events, _, asked) = rung.look(&git, &[]);
    assert_eq!(events, ["looked"]);
    assert!(asked.contains(&"PATCH".to_owned()), "{asked:?}");
}

#[test]
fn what_github_refuses_is_said_once_and_not_asked_again_at_each_look() {
    let rung = Rung::new();
    let (sides, weather) = (&rung.sides, &rung.weather);
    let git = FakeGit::install(sides, &[]);
    weather.next(100, "GET", ISSUE, Fault::Answer(Reply::new(410, "{}")));
    sides.at(60);
    let (events, fetches, asked) = rung.look(&git, &[]);
    assert_eq!((events, fetches, asked.len()), (vec!["remark".to_owned(), "looked".to_owned()], 1, 1));
    for minute in 2..=4 {
        sides.at(minute * 60);
        let (events, fetches, asked) = rung.look(&git, &[]);
        assert_eq!((events, fetches, asked.len()), (vec!["looked".to_owned()], 1, 0));
    }
    let status = sides.beacon(&sides.a, &["status"]);
    assert!(status.stdout.contains("it was deleted"), "asked for by name it is asked at once: {}", status.stdout);
    weather.clear();
    sides.beacon(&sides.a, &["status"]).ok();
    sides.at(300);
    assert_eq!(rung.look(&git, &[]).2, ["GET"], "and heard again from then on");
}

#[test]
fn a_remote_that_lets_nobody_in_is_no_garbled_message() {
    let sides = Sides::new();
    sides.b_sends(NOTES, "plan\n");
    sides.look(&[]);
    let denied = "remote: Invalid username or password.\nfatal: Authentication failed for 'https://host.example/'\n";
    let git = FakeGit::install(&sides, &[Rule::fail(" fetch ", 128, denied)]);
    let ran = sides.beacon(&sides.a, &["watch", "--once", "--pull"]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stderr.contains("cannot be asked"), "{}", ran.stderr);
    assert_eq!(git.calls(" fetch ").len(), 1, "it is asked once");
    assert!(sides.waiting()["offlineSince"].as_u64().unwrap() > 0);
    assert_eq!(sides.waiting()["messages"], 1);
}

#[test]
fn a_message_that_nobody_understands_hides_none_before_it_from_those_who_only_look() {
    let sides = Sides::new();
    sides.look(&[]);
    sides.b_sends(NOTES, "plan\n");
    let end = sides.git(&sides.remote, &["rev-parse", "refs/craft/beacons/main"]);
    let empty = sides.git(&sides.remote, &["hash-object", "-t", "tree", "-w", "/dev/null"]);
    let mut command = sides.command("git", &sides.remote);
    command.args(["-c", "user.name=x", "-c", "user.email=x@example.org", "commit-tree", &empty, "-p", &end, "-m", "x"]);
    let garbage = sides.run(command, b"").ok().stdout;
    sides.git(&sides.remote, &["update-ref", "refs/craft/beacons/main", garbage.trim()]);
    let events = sides.look(&[]);
    assert_eq!(words(&events)[0], "waits", "{events:?}");
    assert_eq!(sides.waiting()["messages"], 1);
}

#[test]
fn a_look_at_which_nothing_has_come_is_one_fetch_of_one_ref() {
    let sides = Sides::new();
    sides.b_sends(NOTES, "plan\n");
    sides.beacon(&sides.a, &["pull"]).ok();
    let before = sides.git(&sides.a, &["status", "--porcelain", "--ignored"]);
    let git = FakeGit::install(&sides, &[]);
    for count in 1..=5 {
        assert_eq!(words(&sides.look(&[])), ["looked"]);
        assert_eq!(git.calls(" fetch ").len(), count);
    }
    for none in [" push ", " ls-remote ", " status "] {
        assert_eq!(git.calls(none), Vec::<String>::new());
    }
    assert!(git.calls(" fetch ").iter().all(|call| call.matches("refs/craft/beacons/").count() == 1));
    git.remove();
    assert!(!sides.a.join(".git/FETCH_HEAD").exists());
    assert_eq!(sides.git(&sides.a, &["status", "--porcelain", "--ignored"]), before);
}

#[test]
fn what_waits_is_told_and_taken_in_where_that_is_wanted() {
    let sides = Sides::new();
    assert_eq!(words(&sides.look(&[])), ["looked"]);
    sides.b_sends(NOTES, "plan\n");
    let events = sides.look(&[]);
    assert_eq!(words(&events), ["waits", "looked"]);
    assert_eq!((&events[0]["from"], &events[0]["files"]), (&json!(["Desktop"]), &json!([NOTES])));
    assert!(!sides.a.join(NOTES).exists());
    let said = sides.beacon(&sides.a, &["watch", "--once"]).ok().stdout;
    assert!(said.contains("📬 1 message from Desktop waits (\"Act 2\")"), "{said}");
    assert_eq!(words(&sides.look(&["--pull"])), ["taken", "looked"]);
    assert_eq!(read(sides.a.join(NOTES)), b"plan\n");
    assert_eq!(sides.waiting()["messages"], 0);
}

#[test]
fn a_message_that_could_not_go_out_goes_with_the_next_look() {
    let sides = Sides::of(Pair::over_ssh());
    sides.ssh_says(Some(REFUSED));
    write(sides.a.join(NOTES), "mine\n");
    sides.beacon(&sides.a, &["push"]);
    let ran = sides.beacon(&sides.a, &["watch", "--once"]);
    assert_eq!(ran.code, 6, "{}", ran.stdout);
    assert!(ran.stdout.contains("offline, looking again now and then: "), "{}", ran.stdout);
    assert!(sides.waiting()["offlineSince"].as_u64().unwrap() > 0 && sides.waiting()["queued"] == 1);
    sides.ssh_says(None);
    assert_eq!(words(&sides.look(&[])), ["delivered", "looked"]);
    assert_eq!((&sides.waiting()["offlineSince"], &sides.waiting()["queued"]), (&json!(0), &json!(0)));
    sides.beacon(&sides.b, &["pull"]).ok();
    assert_eq!(read(sides.b.join(NOTES)), b"mine\n");
}

#[test]
fn two_do_not_watch_one_working_tree_and_a_signal_ends_one_at_once() {
    let sides = Sides::new();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut first = Watching::start(&sides, &sides.a, &[]);
        assert_eq!(first.next()["event"], "watching");
        let second = sides.beacon(&sides.a, &["watch"]);
        assert_eq!(second.code, 5, "{}", second.stderr);
        assert!(
            second.stderr.contains(&format!("is watched already: process {}", first.child.id())),
            "{}",
            second.stderr
        );
        assert_eq!(first.end(signal), (Some(0), String::new()));
    }
    assert_eq!(words(&sides.look(&[])), ["looked"], "the lock is free again");
}

#[test]
fn a_signal_ends_it_even_while_the_remote_never_answers() {
    let sides = Sides::new();
    sides.configure(json!({"limits": {"networkSeconds": 3600}}));
    let git = FakeGit::install(&sides, &[Rule::hang(" fetch ")]);
    let mut watching = Watching::start(&sides, &sides.a, &["--interval", "5s"]);
    assert_eq!(watching.next()["event"], "watching");
    wait_until("it asks the remote", || !git.calls(" fetch ").is_empty());
    assert_eq!(watching.end(Signal::TERM).0, Some(0));
}

#[test]
fn files_go_both_ways_by_themselves() {
    let sides = Sides::new();
    let mut code = Watching::start(&sides, &sides.a, &["--auto", "--interval", "5s"]);
    let mut desktop = Watching::start(&sides, &sides.b, &["--auto", "--interval", "5s"]);
    code.until("watching");
    desktop.until("watching");
    write(sides.b.join(NOTES), "from desktop\n");
    assert_eq!(desktop.until("sent")["files"], json!([NOTES]));
    assert_eq!(code.until("taken")["files"], json!([NOTES]));
    assert_eq!(read(sides.a.join(NOTES)), b"from desktop\n");
    write(sides.a.join(NOTES), "from code\n");
    code.until("sent");
    desktop.until("taken");
    assert_eq!(read(sides.b.join(NOTES)), b"from code\n");
    assert_eq!(code.end(Signal::INT).0, Some(0));
    assert_eq!(desktop.end(Signal::INT).0, Some(0));
    let subjects = sides.git(&sides.remote, &["log", "--format=%s", "refs/craft/beacons/main"]);
    let messages = subjects.lines().filter(|s| !s.starts_with("beacon: received")).count();
    assert_eq!(messages, 2, "what was taken in is not sent back: {subjects}");
}

#[test]
fn the_job_looks_at_every_beacon_and_one_that_is_gone_or_broken_stops_none() {
    let sides = Sides::new();
    sides.at(0);
    sides.b_sends(NOTES, "plan\n");
    sides.git(sides.root(), &["clone", "-q", "remote.git", "gone"]);
    sides.beacon(&sides.path("gone"), &["init", "--as", "Lab"]).ok();
    std::fs::remove_dir_all(sides.path("gone")).unwrap();
    sides.git(sides.root(), &["clone", "-q", "remote.git", "broken"]);
    sides.beacon(&sides.path("broken"), &["init", "--as", "Lab"]).ok();
    write(sides.kept(&sides.path("broken"), "beacon.json"), "{");
    let said = sides.job().ok().stdout;
    assert!(
        said.contains("looked at 2 beacons; 1 message waiting; the working tree is gone: gone; failed: "),
        "{said}"
    );
    assert_eq!(sides.notifications(), ["import-complete a: 1 file from Desktop to be taken in"]);
    sides.at(600);
    sides.job().ok();
    assert_eq!(sides.notifications().len(), 1, "the same is told once");
    sides.beacon(&sides.a, &["pull"]).ok();
    assert_eq!(sides.notifications(), Vec::<String>::new(), "a pull by hand clears it at once");
    sides.at(1200);
    let said = sides.job().ok().stdout;
    assert!(!said.contains("waiting"), "{said}");
    assert_eq!(sides.notifications(), Vec::<String>::new(), "it has passed");

    sides.configure(json!({"beacon": {"watch": {"pull": true}}}));
    sides.b_sends(NOTES, "plan 2\n");
    sides.at(1800);
    assert!(sides.job().ok().stdout.contains("1 file taken in"));
    assert_eq!(read(sides.a.join(NOTES)), b"plan 2\n");
    assert_eq!(sides.notifications().len(), 1);
    assert!(
        sides.notifications()[0].starts_with("import-complete a: took in 1 file from "),
        "{:?}",
        sides.notifications()
    );
}

#[test]
fn a_job_without_any_beacon_says_so_and_is_no_failure() {
    let pair = Pair::new();
    let ran = pair.craft(pair.root(), &["jobs", "run", "beacon-watch"]).ok();
    assert!(ran.stdout.contains("no working tree has a beacon"), "{}", ran.stdout);
}

#[test]
fn after_a_sync_the_worker_looks_once_an_interval() {
    let sides = Sides::new();
    sides.at(0);
    sides.auto_sync(&sides.a, &["enable"]);
    sides.b_sends(NOTES, "plan\n");
    let git = FakeGit::install(&sides, &[]);
    let looks = |sides: &Sides, session: &str| {
        sides.session_start(&sides.a, session);
        sides.wait_for_worker(&sides.a);
        git.calls(" fetch ").iter().filter(|call| call.contains("refs/craft/beacons/")).count()
    };
    assert_eq!(looks(&sides, "one"), 1);
    assert_eq!(sides.waiting()["messages"], 1);
    assert!(sides.craft(&sides.a, &["brief"]).ok().stdout.contains("📬 1"));
    sides.at(30);
    assert_eq!(looks(&sides, "two"), 1, "the interval is not over");
    sides.at(67);
    assert_eq!(looks(&sides, "three"), 2);
    assert!(sides.session_start(&sides.a, "four").contains("📬 1 file waits from Desktop"));
    sides.wait_for_worker(&sides.a);
}

#[test]
fn a_remote_out_of_reach_is_no_failure_of_the_job() {
    let sides = Sides::of(Pair::over_ssh());
    sides.at(0);
    sides.ssh_says(Some(REFUSED));
    let git = FakeGit::install(&sides, &[]);
    let said = sides.job().ok().stdout;
    assert!(said.contains("looked at 2 beacons; offline: a"), "{said}");
    assert_eq!(git.calls(" fetch ").len(), 2);
    // Any time up to an hour is waited with a day behind it, and none with the machine back.
    for second in 1..=20 {
        sides.at(86_400 + second);
        sides.job().ok();
    }
    let asked = git.calls(" fetch ").len() - 2 - 20;
    assert!(asked < 5, "the one out of reach was asked {asked} times in twenty seconds");
    sides.ssh_says(None);
    sides.at(2 * 86_400);
    assert!(!sides.job().ok().stdout.contains("offline"));
}
