//! Several writers at once, and writers that are killed: every message arrives, once, in the order of its writer.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use claude_craft::context::Context;
use claude_craft::dice::Dice;
use claude_craft::env::Env;
use claude_craft::ops::beacon::push::{self, Ask};
use claude_craft::ops::beacon::{Place, pull, send};
use claude_craft::queue::Trigger;
use serde_json::json;
use wait_timeout::ChildExt;

use crate::common::{Sides, assert_whole, read, write};
use crate::sync_kill::beacon_steps;

/// Tells a test that it is a writer of another one: the clone, and how many messages it sends.
const WRITER: &str = "CRAFT_BEACON_WRITER";
const MESSAGES: &str = "CRAFT_BEACON_MESSAGES";

/// Clones with names of their own, whose messages are for `reader`.
fn writers(sides: &Sides, count: usize) -> Vec<PathBuf> {
    (0..count).map(|n| sides.side(&format!("w{n}"), &format!("writer-{n}"))).collect()
}

fn path(writer: &str, n: usize) -> String {
    format!(".claude/planning/{writer}/{n:03}.md")
}

/// Sends files one by one; each but the last is there already where a former run got so far.
fn send_all(ctx: &Context, clone: &Path, count: usize) {
    let writer = clone.file_name().unwrap().to_str().unwrap();
    let send = || {
        let place = Place::find(ctx, clone, None, Trigger::Manual).unwrap();
        let ask = Ask { to: vec!["reader".into()], ..Ask::default() };
        push::push(ctx, &place, &ask).unwrap_or_else(|e| panic!("{writer}: {e}"))
    };
    for n in 0..count {
        let file = clone.join(path(writer, n));
        if !file.exists() {
            // What a run before left unsent goes out by itself.
            send();
            claude_craft::fs::atomic::replace(&file, format!("{writer} {n}\n").as_bytes()).unwrap();
        }
    }
    for _ in 0..20 {
        let pushed = send();
        if pushed.sent.waits.is_none() {
            return;
        }
    }
    panic!("{writer}: it never went out");
}

/// Takes in what comes until `over` and once more; the numbers and files of the messages, as they came.
fn read_all(vars: Vars, clone: &Path, over: &AtomicBool) -> Vec<(u64, String)> {
    let ctx = Context::new(Env::from_pairs(vars)).unwrap();
    let place = Place::find(&ctx, clone, None, Trigger::Manual).unwrap();
    let mut came = Vec::new();
    loop {
        let last = over.load(Ordering::SeqCst);
        let pulled = pull::pull(&ctx, &place, false).unwrap();
        assert!(pulled.held.is_empty() && pulled.conflicts.is_empty() && pulled.offline.is_none(), "{pulled:?}");
        let numbers: Vec<_> = pulled.messages.iter().map(|message| message.seq).collect();
        let mut files: Vec<_> = pulled.files.into_iter().map(|file| (file.seq, file.path)).collect();
        files.sort();
        assert_eq!(files.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), numbers, "one file a message");
        came.extend(files);
        if last {
            return came;
        }
    }
}

/// All that was sent was taken in: each message once, in the order of the channel and so of its writer, byte for byte.
fn all_read(reader: &Path, came: &[(u64, String)], writers_: usize, count: usize) {
    let numbers: Vec<_> = came.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, (1..=(writers_ * count) as u64).collect::<Vec<_>>());
    for writer in (0..writers_).map(|n| format!("w{n}")) {
        let folder = format!("/{writer}/");
        let of_writer: Vec<_> = came.iter().map(|(_, path)| path).filter(|path| path.contains(&folder)).collect();
        assert_eq!(of_writer, (0..count).map(|n| path(&writer, n)).collect::<Vec<_>>().iter().collect::<Vec<_>>());
        for n in 0..count {
            assert_eq!(read(reader.join(path(&writer, n))), format!("{writer} {n}\n").into_bytes());
        }
    }
}

/// All files of all writers are on the channel, each in one message, in order; nothing is left anywhere.
fn all_arrived(sides: &Sides, clones: &[PathBuf], count: usize) {
    all_arrived_on("refs/craft/beacons/main", sides, clones, count);
}

fn all_arrived_on(channel: &str, sides: &Sides, clones: &[PathBuf], count: usize) {
    let chain: Vec<_> = sides.chain(channel).into_iter().filter(|manifest| manifest.message.is_some()).collect();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut ids = Vec::new();
    for (n, manifest) in chain.iter().enumerate() {
        assert_eq!(manifest.seq, n as u64 + 1, "numbers without a gap");
        let message = manifest.message.as_ref().unwrap();
        ids.push(message.id.clone());
        let paths = message.files.iter().map(|f| f.path.clone());
        found.entry(message.from.name.replace("writer-", "w")).or_default().extend(paths);
    }
    for clone in clones {
        let writer = clone.file_name().unwrap().to_str().unwrap();
        let wanted: Vec<_> = (0..count).map(|n| path(writer, n)).collect();
        assert_eq!(found[writer], wanted, "once each, in order");
        let ctx = sides.context();
        let place = sides.place(&ctx, clone);
        assert_eq!(send::queued(&place, &place.git(&ctx)).unwrap(), []);
        assert_eq!(push::changed(&ctx, &place).unwrap(), (vec![], vec![]));
        assert_whole(sides, clone);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), chain.len());
    sides.git(&sides.remote, &["fsck", "--strict", "--no-dangling", "--no-progress"]);
}

fn race(writers_: usize, count: usize) {
    let sides = Sides::new();
    let reader = sides.side("reader", "reader");
    let over = AtomicBool::new(false);
    let (clones, came) = std::thread::scope(|scope| {
        let (vars, reader, over) = (vars(&sides), &reader, &over);
        let came = scope.spawn(move || read_all(vars, reader, over));
        let clones = raced(&sides, writers_, count);
        over.store(true, Ordering::SeqCst);
        (clones, came.join().unwrap())
    });
    all_arrived(&sides, &clones, count);
    assert_eq!(sides.messages().len(), writers_ * count, "one message a push");
    all_read(&reader, &came, writers_, count);
}

/// The environment of the test's commands, for contexts of other threads.
type Vars = Vec<(OsString, OsString)>;

fn vars(sides: &Sides) -> Vars {
    let command = sides.command("true", sides.root());
    command.get_envs().filter_map(|(n, v)| Some((n.to_owned(), v?.to_owned()))).collect()
}

fn raced(sides: &Sides, writers_: usize, count: usize) -> Vec<PathBuf> {
    let clones = writers(sides, writers_);
    let start = Barrier::new(writers_);
    sides.configure(json!({"retry": {"baseMs": 20}}));
    let vars = vars(sides);
    std::thread::scope(|scope| {
        for clone in &clones {
            let (start, vars) = (&start, vars.clone());
            scope.spawn(move || {
                let ctx = Context::new(Env::from_pairs(vars)).unwrap();
                start.wait();
                send_all(&ctx, clone, count);
            });
        }
    });
    clones
}

#[test]
fn writers_at_once_who_find_that_a_server_shows_none_of_it_all_go_over_to_a_branch() {
    let sides = Sides::new();
    sides.git(&sides.remote, &["config", "uploadpack.hideRefs", "refs/craft"]);
    let clones = raced(&sides, 4, 2);
    all_arrived_on("refs/heads/craft/beacons/main", &sides, &clones, 2);
}

#[test]
fn eight_writers_at_once_lose_nothing_and_repeat_nothing() {
    race(8, 5);
}

#[test]
#[ignore = "minutes; scripts/beacon.sh"]
fn eight_writers_with_fifty_messages_each() {
    race(8, number("CRAFT_BEACON_EACH", 50));
}

#[test]
fn writers_that_are_killed_at_random_lose_nothing_and_repeat_nothing() {
    killed(3, 4, 3, 7);
}

#[test]
#[ignore = "minutes; scripts/beacon.sh"]
fn eight_writers_with_fifty_messages_each_that_are_killed_at_random() {
    killed(8, number("CRAFT_BEACON_EACH", 50), 40, number("CRAFT_BEACON_SEED", 1) as u64);
}

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(usual)
}

fn killed(writers_: usize, count: usize, kills: usize, seed: u64) {
    let sides = Sides::new();
    let clones = writers(&sides, writers_);
    let reader = sides.side("reader", "reader");
    let sides = &sides;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (vars, reader, over) = (vars(sides), &reader, &over);
        let came = scope.spawn(move || read_all(vars, reader, over));
        kill_them(sides, &clones, count, kills, seed);
        over.store(true, Ordering::SeqCst);
        all_read(reader, &came.join().unwrap(), writers_, count);
    });
    all_arrived(sides, &clones, count);
}

/// Each clone's writer is a process, killed `kills` times at a random moment and then let be.
fn kill_them(sides: &Sides, clones: &[PathBuf], count: usize, kills: usize, seed: u64) {
    let mut dead = 0;
    let mut running: Vec<_> = Vec::new();
    for (n, clone) in clones.iter().enumerate() {
        let command = writer(sides, clone, count);
        running.push(std::thread::Builder::new().spawn({
            let (clone, mut command) = (clone.clone(), command);
            move || {
                let mut dice = Dice::seeded(seed * 100 + n as u64);
                let mut dead = 0;
                loop {
                    let mut child = command.spawn().unwrap();
                    let patience = if dead < kills { 20 + dice.below(700) } else { 600_000 };
                    match child.wait_timeout(Duration::from_millis(patience)).unwrap() {
                        Some(status) => {
                            assert!(status.success(), "{} ended with {status}", clone.display());
                            return dead;
                        }
                        None => {
                            child.kill().unwrap();
                            child.wait().unwrap();
                            dead += 1;
                        }
                    }
                }
            }
        }));
    }
    for thread in running {
        dead += thread.unwrap().join().unwrap();
    }
    eprintln!("killed {dead} times");
    assert!(dead > 0, "nobody was killed");
}

/// This very program, as a writer.
fn writer(sides: &Sides, clone: &Path, count: usize) -> std::process::Command {
    let mut command = sides.command(std::env::current_exe().unwrap(), sides.root());
    command.args(["--exact", "beacon_race::a_writer_of_another_test", "--ignored"]);
    command.env(WRITER, clone).env(MESSAGES, count.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::inherit());
    command
}

#[test]
#[ignore = "it is called by other tests"]
fn a_writer_of_another_test() {
    let Some(clone) = std::env::var_os(WRITER) else { return };
    let ctx = Context::new(Env::from_process()).unwrap();
    send_all(&ctx, Path::new(&clone), number(MESSAGES, 1));
}

#[test]
fn a_writer_that_is_killed_at_any_step_goes_on_where_it_was() {
    let mine = [
        "beacon-queueing",
        "beacon-queued",
        "beacon-built",
        "beacon-pushed",
        "beacon-seen",
        "beacon-applied",
        "beacon-unqueued",
    ];
    for step in mine {
        let sides = Sides::new();
        let clones = writers(&sides, 1);
        // The first message went well, the second is in the middle of it.
        write(clones[0].join(path("w0", 0)), "w0 0\n");
        let ctx = sides.context();
        send_all(&ctx, &clones[0], 1);
        let mut command = writer(&sides, &clones[0], 2);
        let killed = command.env("CRAFT_INTERNAL__KILL_AT", step).status().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&killed), Some(9), "{step} is never passed");
        let expected = if ["beacon-queueing", "beacon-queued", "beacon-built"].contains(&step) { 1 } else { 2 };
        assert_eq!(sides.messages().len(), expected, "{step}");
        // Others go on meanwhile.
        let other = sides.side("other", "writer-other");
        send_all(&ctx, &other, 1);
        send_all(&ctx, &clones[0], 2);
        let mut names: Vec<_> = sides.messages().into_iter().map(|m| m.files[0].path.clone()).collect();
        assert_eq!(names.len(), 3, "{step}: {names:?}");
        names.retain(|n| n.contains("/w0/"));
        assert_eq!(names, [path("w0", 0), path("w0", 1)], "{step}");
        assert_eq!(push::changed(&ctx, &sides.place(&ctx, &clones[0])).unwrap().0, Vec::<String>::new(), "{step}");
    }
    let tests: String = ["beacon_moved.rs", "beacon_race.rs", "beacon_watch.rs", "bell_emulate.rs", "bell_http.rs"]
        .iter()
        .filter_map(|name| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)).ok())
        .collect();
    // Those of a pull are put together of a path and found by their test (`beacon_kill.rs`) itself.
    let own = beacon_steps().into_iter().filter(|step| !step.contains('{'));
    let missing: Vec<_> = own.filter(|step| !tests.contains(&format!("\"{step}\""))).collect();
    assert_eq!(missing, Vec::<String>::new(), "steps at which no test kills");
}
