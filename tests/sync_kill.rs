//! A sync that is killed at any of its steps leaves nothing behind that the next one cannot finish.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Pair, read, script, tree, write};

/// Names of the steps at which the engine lets itself be killed, as its sources have them.
pub fn steps() -> Vec<String> {
    all_steps()
        .into_iter()
        .filter(|name| !["plan-", "beacon-", "vscode-"].iter().any(|p| name.starts_with(p)))
        .collect()
}

/// Those of `craft plan`.
pub fn plan_steps() -> Vec<String> {
    all_steps().into_iter().filter(|name| name.starts_with("plan-")).collect()
}

/// Those of a beacon.
pub fn beacon_steps() -> Vec<String> {
    all_steps().into_iter().filter(|name| name.starts_with("beacon-")).collect()
}

fn all_steps() -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                let calls = text.split("fail_point(").skip(1);
                found.extend(
                    calls
                        .filter_map(|c| c.split_once('"'))
                        .filter(|(before, _)| before.len() < 40)
                        .filter_map(|(_, rest)| Some(rest.split_once('"')?.0.to_owned())),
                );
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    found.dedup();
    found
}

/// A situation, what is typed in it, and what must hold in the end, killed or not.
struct Scene {
    make: fn() -> Pair,
    command: &'static [&'static str],
    finish: fn(&Pair, &str),
}

fn merged(pair: &Pair, step: &str) {
    assert!(read(pair.a.join("two.txt")).starts_with(b"mine\n2\n"), "{step}: the edit is in the tree");
    assert_eq!(read(pair.a.join("new.txt")), b"new\n", "{step}");
    let forced = pair.force("sync");
    assert_eq!(forced.code, 0, "{step}: {forced:#?}");
    let remote = pair.remote_tree();
    assert_eq!(remote.keys().collect::<Vec<_>>(), ["new.txt", "one.txt", "theirs.txt", "two.txt"], "{step}");
    assert_eq!(remote["two.txt"], "mine\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\ntheirs\n", "{step}");
    assert!(remote["one.txt"].starts_with("mine\n2\n"), "{step}");
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"), "{step}");
    assert_eq!(pair.changes(), "", "{step}");
    let here: Vec<_> = tree(&pair.a).into_keys().collect();
    assert_eq!(here, ["new.txt", "one.txt", "theirs.txt", "two.txt"].map(std::path::PathBuf::from), "{step}");
}

fn forward() -> Pair {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "dirty");
    pair.edit(&pair.a, "three.txt", 1, "staged");
    pair.git(&pair.a, &["add", "three.txt"]);
    for n in 0..60 {
        write(pair.b.join(format!("many/{n}.txt")), format!("{n}\n"));
    }
    pair.b_pushes("two.txt", "theirs\n");
    pair
}

fn forwarded(pair: &Pair, step: &str) {
    assert!(read(pair.a.join("one.txt")).starts_with(b"dirty\n"), "{step}");
    let forced = pair.force("pull");
    assert_eq!(forced.code, 0, "{step}: {forced:#?}");
    assert_eq!(pair.rev(&pair.a, "HEAD"), pair.remote_tip(), "{step}");
    assert_eq!(pair.changes(), " M one.txt\nM  three.txt", "{step}");
    assert_eq!(read(pair.a.join("two.txt")), b"theirs\n", "{step}");
    assert_eq!(tree(&pair.a).len(), 63, "{step}");
}

fn clash() -> Pair {
    let pair = Pair::enrolled();
    pair.configure(json!({"conflict": {"policy": "branch"}}));
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.edit(&pair.b, "one.txt", 1, "theirs");
    pair.b_pushes_all("b: clash");
    pair
}

fn clashed(pair: &Pair, step: &str) {
    assert_eq!(pair.force("sync").conflict(), ["one.txt"], "{step}");
    assert!(read(pair.a.join("one.txt")).starts_with(b"mine\n"), "{step}");
    let branches = pair.git(&pair.remote, &["for-each-ref", "--format=%(objectname)", "refs/heads/craft/"]);
    assert!(!branches.is_empty(), "{step}");
    assert!(branches.lines().all(|b| b == pair.rev(&pair.a, "HEAD")), "{step}");
    assert!(pair.remote_file("one.txt").starts_with("theirs\n"), "{step}");
}

fn first() -> Pair {
    let pair = Pair::new();
    pair.git(&pair.a, &["checkout", "-q", "-b", "topic"]);
    pair.auto_sync(&pair.a, &["enable", "--publish"]);
    write(pair.a.join("mine.txt"), "mine\n");
    pair
}

fn published(pair: &Pair, step: &str) {
    let forced = pair.force("sync");
    assert_eq!(forced.code, 0, "{step}: {forced:#?}");
    assert_eq!(pair.rev(&pair.remote, "topic"), pair.rev(&pair.a, "HEAD"), "{step}");
    assert_eq!(pair.git(&pair.remote, &["show", "topic:mine.txt"]), "mine", "{step}");
}

fn synced() -> Pair {
    let pair = Pair::enrolled();
    pair.edit(&pair.a, "one.txt", 1, "mine");
    write(pair.a.join("new.txt"), "new\n");
    pair.force("push").done();
    pair.edit(&pair.a, "two.txt", 1, "later");
    write(pair.a.join("later.txt"), "later\n");
    pair
}

fn undone(pair: &Pair, step: &str) {
    // A killed undo is completed by the next one, which may be of the same snapshot or of the undo's.
    let snapshots = pair.snapshots();
    let kept = |name: &str, wanted: &str| {
        let texts = snapshots.iter().map(|s| pair.git_try(&pair.a, &["show", &format!("{s}:{name}")]).stdout);
        read_or_nothing(&pair.a.join(name)).starts_with(wanted) || texts.into_iter().any(|t| t.starts_with(wanted))
    };
    assert!(kept("later.txt", "later\n") && kept("two.txt", "later\n"), "{step}: work of after the sync is kept");
    let listed: Value = serde_json::from_str(&pair.auto_sync(&pair.a, &["history", "--json"]).stdout).unwrap();
    let oldest = listed["snapshots"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    pair.auto_sync(&pair.a, &["undo", &oldest]);
    assert_eq!(pair.changes(), " M one.txt\n?? new.txt", "{step}");
    assert!(read(pair.a.join("one.txt")).starts_with(b"mine\n"), "{step}");
    assert!(read(pair.a.join("two.txt")).starts_with(b"1\n"), "{step}");
    assert!(!pair.a.join("later.txt").exists(), "{step}");
}

fn read_or_nothing(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// A pull that was killed, with its git, in the middle of a checkout.
fn torn() -> Pair {
    let pair = forward();
    let sync = "$(cut -d' ' -f4 /proc/$PPID/stat)";
    let (filter, once) = (pair.path("filter"), pair.path("killed"));
    let text = format!("[ -e '{0}' ] || {{ touch '{0}'; kill -9 {sync} $PPID; }}\nexec cat", once.display());
    script(&filter, &text);
    pair.git(&pair.a, &["config", "filter.kill.smudge", filter.to_str().unwrap()]);
    write(pair.a.join(".git/info/attributes"), "many/7.txt filter=kill\n");
    assert_eq!(pair.craft(&pair.a, &["auto-sync", "force", "pull"]).code, 128 + 9);
    pair
}

const SCENES: [Scene; 6] = [
    Scene { make: Pair::busy, command: &["force", "sync"], finish: merged },
    Scene { make: forward, command: &["force", "pull"], finish: forwarded },
    Scene { make: clash, command: &["force", "sync"], finish: clashed },
    Scene { make: first, command: &["force", "sync"], finish: published },
    Scene { make: synced, command: &["undo"], finish: undone },
    Scene { make: torn, command: &["force", "pull"], finish: forwarded },
];

/// The steps that are passed while `run` runs, in their order, each once.
fn passed(pair: &Pair, run: impl Fn(&Pair)) -> Vec<String> {
    let file = pair.path("passed");
    pair.set("CRAFT_INTERNAL__KILL_AT", &file);
    run(pair);
    pair.unset("CRAFT_INTERNAL__KILL_AT");
    let mut names: Vec<String> = Vec::new();
    for name in String::from_utf8(read(file)).unwrap().lines().filter(|l| !l.starts_with("request ")) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

impl Scene {
    fn run(&self, pair: &Pair) -> i32 {
        pair.craft(&pair.a, &[&["auto-sync"], self.command].concat()).code
    }

    fn passed(&self) -> Vec<String> {
        passed(&(self.make)(), |pair| {
            self.run(pair);
        })
    }

    /// Kills at each step of the scene, each time anew.
    fn play(&self) {
        for step in self.passed() {
            let pair = (self.make)();
            pair.set("CRAFT_INTERNAL__KILL_AT", &step);
            assert_eq!(self.run(&pair), 128 + 9, "{step}");
            pair.unset("CRAFT_INTERNAL__KILL_AT");
            (self.finish)(&pair, &step);
            pair.whole();
        }
    }
}

#[test]
fn every_step_of_the_engine_that_has_a_name_comes_up_in_a_scene() {
    let mut missing = steps();
    assert!(missing.len() > 25, "{missing:?}");
    for scene in &SCENES {
        let passed = scene.passed();
        missing.retain(|step| !passed.contains(step));
    }
    assert_eq!(missing, [""; 0], "no scene comes to these steps");
}

#[test]
fn a_kill_at_any_step_of_a_sync_loses_nothing_and_the_next_one_ends_whole() {
    SCENES[0].play();
}

#[test]
fn a_kill_at_any_step_of_a_pull_loses_nothing_and_the_next_one_ends_whole() {
    SCENES[1].play();
}

#[test]
fn a_kill_at_any_step_of_a_conflict_loses_nothing_and_the_next_sync_tells_it() {
    SCENES[2].play();
}

#[test]
fn a_kill_at_any_step_of_a_first_push_loses_nothing_and_the_next_one_ends_whole() {
    SCENES[3].play();
}

#[test]
fn a_kill_at_any_step_of_an_undo_loses_nothing_and_the_next_one_ends_whole() {
    SCENES[4].play();
}

#[test]
fn a_second_kill_while_a_torn_checkout_is_mended_loses_nothing() {
    SCENES[5].play();
}

#[test]
fn the_locks_of_a_git_that_died_with_its_sync_are_taken_away() {
    let pair = Pair::busy();
    pair.set("CRAFT_INTERNAL__KILL_AT", "forward-begun");
    assert_eq!(pair.craft(&pair.a, &["auto-sync", "force", "sync"]).code, 128 + 9);
    pair.unset("CRAFT_INTERNAL__KILL_AT");
    for name in ["index", "HEAD", "ORIG_HEAD", "AUTO_MERGE", "packed-refs", "refs/heads/main"] {
        write(pair.a.join(".git").join(format!("{name}.lock")), "");
    }
    merged(&pair, "locks");
    pair.whole();
}

#[test]
fn a_worker_that_is_killed_leaves_its_request_to_the_next() {
    let end = |pair: &Pair| {
        pair.session_end(&pair.a, "s");
        pair.wait_until_quiet();
    };
    for step in passed(&Pair::busy(), end) {
        let pair = Pair::busy();
        pair.set("CRAFT_INTERNAL__KILL_AT", &step);
        end(&pair);
        pair.unset("CRAFT_INTERNAL__KILL_AT");
        pair.session_start(&pair.a, "t");
        pair.wait_for_worker(&pair.a);
        merged(&pair, &step);
        pair.whole();
    }
}
