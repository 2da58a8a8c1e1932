//! `craft scan`, as somebody types it.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;

use crate::common::{Pair, Ran, TestEnv, write};
use crate::scan_gate::key;

/// A repository with findings of all kinds, and fingerprints that are the same each time.
fn repository() -> (TestEnv, std::path::PathBuf) {
    let env = TestEnv::new();
    env.set("CRAFT_INTERNAL__SEED", "1");
    let top = env.path("r");
    env.git(env.root(), &["init", "-q", "r"]);
    write(top.join(".gitignore"), "ignored*\n");
    write(top.join("a/config.ini"), format!("x\nid = {}\n", key(1)));
    write(top.join("ignored.ini"), format!("id = {}\n", key(2)));
    write(top.join("ignored/deep.ini"), format!("id = {}\n", key(2)));
    write(top.join("fine.txt"), "fine\n");
    std::os::unix::fs::symlink("ignored.ini", top.join("link.ini")).unwrap();
    (env, top)
}

fn scan(env: &TestEnv, top: &Path, args: &[&str]) -> String {
    let Ran { stdout, stderr, code } = env.craft(top, &[&["scan"], args].concat());
    format!("{stdout}{stderr}exit {code}").replace(env.root().to_str().unwrap(), "[root]")
}

/// The files in which a scan finds something that counts.
#[track_caller]
fn found(env: &TestEnv, top: &Path, args: &[&str]) -> Vec<String> {
    let ran = env.craft(top, &[&["scan", "--json"], args].concat());
    let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr));
    let counting = document["findings"].as_array().unwrap().iter().filter(|f| f["excuse"].is_null());
    counting.map(|f| f["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_git_does_not_ignore_is_scanned_and_what_is_named() {
    let (env, top) = repository();
    assert_snapshot!(scan(&env, &top, &[]), @"
    a/config.ini:2  critical  AWS access key id  AKIA…  1a4a67f14feac471
    3 files scanned: 1 credential
    hint: take the value out, and have whoever issued it make a new one
    to let it pass: craft scan allow 1a4a67f14feac471 --reason TEXT
    exit 4
    ");
    assert_snapshot!(scan(&env, &top, &["fine.txt"]), @"
    1 file scanned, nothing found
    exit 0
    ");
    assert_eq!(found(&env, &top, &["."]), ["a/config.ini"]);
    assert_eq!(found(&env, &top, &["ignored.ini"]), ["ignored.ini"]);
    assert_eq!(found(&env, &top, &["ignored", "a"]), ["a/config.ini", "ignored/deep.ini"]);
    assert_eq!(found(&env, &top.join("a"), &[]), ["a/config.ini"], "from below it is all of it too");
    assert_snapshot!(scan(&env, &top, &["gone.txt"]), @"
    error: there is no [root]/r/gone.txt
    exit 2
    ");
}

#[test]
fn outside_of_a_repository_files_have_to_be_named() {
    let env = TestEnv::new();
    env.set("CRAFT_INTERNAL__SEED", "1");
    write(env.path("p/config.ini"), format!("id = {}\n", key(1)));
    write(env.path("p/.git-not/x"), format!("id = {}\n", key(2)));
    env.git(env.root(), &["init", "-q", "p/nested"]);
    let mut pipe = env.command("mkfifo", env.root());
    pipe.arg(env.path("p/pipe"));
    env.run(pipe, b"").ok();
    assert_snapshot!(scan(&env, env.root(), &[]), @"
    error: [root] is not inside a git repository
    hint: name the files or folders to scan
    exit 2
    ");
    assert_snapshot!(scan(&env, env.root(), &["p"]), @"
    p/.git-not/x:1  critical  AWS access key id  AKIA…  86122a4d511a51af
    p/config.ini:1  critical  AWS access key id  AKIA…  a7c51135bd290b59
    not scanned: p/pipe, no ordinary file
    2 files scanned: 2 credentials
    hint: take the value out, and have whoever issued it make a new one
    exit 4
    ");
}

#[test]
fn index_outgoing_commits_and_history_are_scanned() {
    let pair = Pair::new();
    let top = &pair.a;
    write(top.join("old.ini"), format!("id = {}\n", key(1)));
    let first = pair.commit(top, "old");
    pair.git(top, &["rm", "-q", "old.ini"]);
    pair.commit(top, "away");
    write(top.join("staged.ini"), format!("id = {}\n", key(2)));
    pair.git(top, &["add", "-A"]);
    write(top.join("staged.ini"), "gone from the file\n");
    assert_eq!(found(&pair, top, &["--staged"]), ["staged.ini"]);
    assert_eq!(found(&pair, top, &["--outgoing"]), ["old.ini"]);
    assert_eq!(found(&pair, top, &["--history"]), ["old.ini"]);
    let shown = scan(&pair, top, &["--outgoing"]);
    assert!(shown.contains(&format!("old.ini:1 in {}  critical", &first[..7])) && shown.ends_with("exit 4"), "{shown}");
    pair.git(top, &["push", "-q"]);
    assert_eq!(found(&pair, top, &["--outgoing"]), [""; 0]);
    assert_eq!(found(&pair, top, &["--history"]), ["old.ini"]);
    assert_eq!(found(&pair, top, &[]), [""; 0]);
}

#[test]
fn snapshots_are_no_history() {
    let pair = Pair::enrolled();
    write(pair.a.join(".env"), format!("ID={}\n", key(5)));
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.force("sync").done();
    assert!(!pair.snapshots().is_empty());
    assert_eq!(found(&pair, &pair.a, &["--history"]), [""; 0]);
}

#[test]
fn by_hand_the_trees_own_rules_and_exceptions_count() {
    let (env, top) = repository();
    write(top.join(".gitleaksignore"), "a/config.ini:aws-access-key-id:2\n");
    assert_snapshot!(scan(&env, &top, &[]), @"
    4 files scanned: 1 allowed or known
    exit 0
    ");
    assert_eq!(found(&env, &top, &["--no-excuses"]), ["a/config.ini"]);
    std::fs::remove_file(top.join(".gitleaksignore")).unwrap();
    let baseline = env.craft(&top, &["scan", "--json"]).stdout;
    write(env.path("baseline.json"), baseline);
    assert_eq!(env.craft(&top, &["scan", "--baseline", "../baseline.json"]).code, 0);
    write(top.join("b.ini"), format!("id = {}\n", key(3)));
    assert_eq!(found(&env, &top, &["--baseline", "../baseline.json"]), ["b.ini"]);
    assert_eq!(env.craft(&top, &["scan", "--baseline", "../gone.json"]).code, 1);
}

#[test]
fn what_cannot_be_scanned_makes_the_scan_incomplete() {
    let (env, top) = repository();
    env.configure(serde_json::json!({"security": {"scanMaxMib": 1}}));
    write(top.join("big.txt"), vec![b'a'; (1 << 20) + 1]);
    std::fs::remove_file(top.join("a/config.ini")).unwrap();
    assert_snapshot!(scan(&env, &top, &[]), @"
    big.txt  critical  not scanned: 1048577 bytes are more than the scan takes (1048576)  1f096e15df432e81
    3 files scanned: 1 file that could not be scanned
    hint: security.scanMaxMib says how large a file may be
    to let it pass: craft scan allow 1f096e15df432e81 --reason TEXT
    exit 1
    ");
    let sarif: Value = serde_json::from_str(&env.craft(&top, &["scan", "--sarif"]).stdout).unwrap();
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn many_files_are_told_in_the_same_order_each_time() {
    let (env, top) = repository();
    for n in 0..300 {
        write(top.join(format!("many/{n:03}.ini")), format!("id = {}\n", key(n)));
    }
    let first = found(&env, &top, &[]);
    assert_eq!(first.len(), 301);
    assert!(first.is_sorted());
    assert_eq!(found(&env, &top, &[]), first);
}
