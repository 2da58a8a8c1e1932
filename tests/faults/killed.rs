//! Real gits, killed while they hold real locks. git runs the hook `reference-transaction` when it holds the locks
//! of all refs it is about to change, and `pre-commit` when it holds the index: there it is killed.

use std::path::PathBuf;

use claude_craft::sync::outcome::End;
use serde_json::json;

use super::{comes_right, still_there};
use crate::common::{Pair, script, write};

const KILLED: i32 = 128 + 9;

/// What dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dies {
    /// git, as where the memory is short.
    Git,
    /// git and the sync, as in a power cut.
    Both,
    /// The sync; git goes on when it is let.
    Sync,
}

/// Lets the first git that holds the lock of a ref named like `pattern` (of `case`), or what started it, be killed.
fn kill_at_ref(pair: &Pair, pattern: &str, dies: Dies) {
    let (once, go) = (pair.path("killed"), pair.path("go"));
    let (sync, git) = ("$(cut -d' ' -f4 /proc/$PPID/stat)", "$PPID");
    let act = match dies {
        Dies::Git => format!("kill -9 {git}"),
        Dies::Both => format!("kill -9 {sync} {git}"),
        Dies::Sync => format!("kill -9 {sync}; cat '{}' >/dev/null", go.display()),
    };
    let text = format!(
        "[ \"$1\" = prepared ] || exit 0\nwhile read -r old new ref; do\n  case \"$ref\" in {pattern}) \
         [ -e '{0}' ] || {{ touch '{0}'; {act}; }};; esac\ndone",
        once.display()
    );
    script(pair.a.join(".git/hooks/reference-transaction"), &text);
    let mut command = pair.command("mkfifo", pair.root());
    command.arg(go);
    pair.run(command, b"").ok();
}

/// The locks that lie in `a`.
fn locks(pair: &Pair) -> Vec<PathBuf> {
    let mut command = pair.command("find", &pair.a.join(".git"));
    command.args([".", "-name", "*.lock", "-o", "-name", "packed-refs.new"]);
    pair.run(command, b"").ok().stdout.lines().map(PathBuf::from).collect()
}

/// Runs a sync that is to be hit; whether it was, and what locks lie there then.
fn hit(pair: &Pair, command: &[&str], dies: Dies) -> Vec<PathBuf> {
    let ran = pair.craft(&pair.a, &[&["auto-sync"], command].concat());
    assert!(pair.path("killed").exists(), "nothing was killed: {ran:?}");
    assert_eq!(ran.code == KILLED, dies != Dies::Git, "{ran:?}");
    locks(pair)
}

fn tagged() -> Pair {
    let pair = Pair::busy();
    pair.git(&pair.b, &["tag", "v1"]);
    pair.git(&pair.b, &["push", "-q", "origin", "v1"]);
    pair
}

fn clash() -> Pair {
    let pair = Pair::enrolled();
    pair.configure(json!({"conflict": {"policy": "branch"}}));
    pair.edit(&pair.a, "one.txt", 1, "mine");
    pair.edit(&pair.b, "one.txt", 1, "theirs");
    pair.b_pushes_all("b: clash");
    pair
}

/// `a` has more old snapshots in its packed refs than are kept, and is due to remove some.
fn old_snapshots() -> Pair {
    let pair = Pair::busy();
    pair.set("CRAFT_INTERNAL__NOW_MS", "1700000000000");
    pair.force("push");
    let snapshot = pair.snapshots().remove(0);
    for n in 0..11 {
        pair.git(&pair.a, &["update-ref", &format!("{snapshot}{n}"), &snapshot]);
    }
    pair.git(&pair.a, &["pack-refs", "--all"]);
    pair.set("CRAFT_INTERNAL__NOW_MS", "1705000000000");
    pair.git(&pair.b, &["pull", "-q"]);
    pair.edit(&pair.a, "one.txt", 5, "more");
    pair.b_pushes("later.txt", "later\n");
    pair
}

#[test]
fn a_git_that_dies_with_the_lock_of_a_ref_does_not_keep_later_syncs_busy() {
    type Make = fn() -> Pair;
    let scenes: [(&str, Make); 7] = [
        ("refs/remotes/*", Pair::busy),
        ("refs/tags/*", tagged),
        ("refs/craft/backup/*", Pair::busy),
        ("refs/craft/upstream/*", Pair::busy),
        ("refs/craft/conflict/*", clash),
        ("refs/craft/backup/*2023*", old_snapshots),
        ("refs/heads/*", Pair::busy),
    ];
    for (pattern, make) in scenes {
        for dies in [Dies::Git, Dies::Both] {
            let what = format!("{pattern} {dies:?}");
            let pair = make();
            kill_at_ref(&pair, pattern, dies);
            let left = hit(&pair, &["force", "sync"], dies);
            // Of a git that died alone, the sync itself took the locks away.
            assert_eq!(left.is_empty(), dies == Dies::Git, "{what}: {left:?}");
            if pattern == "refs/craft/conflict/*" {
                pair.force("sync").conflict();
                let marker = pair.git(&pair.a, &["for-each-ref", "refs/craft/conflict"]);
                assert!(!marker.is_empty(), "{what}");
            } else {
                still_there(&pair, &what);
                comes_right(&pair, &what);
            }
            pair.whole();
        }
    }
}

#[test]
fn a_git_that_dies_with_the_lock_of_the_index_does_not_keep_later_syncs_busy() {
    for (which, command) in [("clean", ["force", "sync"]), ("smudge", ["force", "pull"])] {
        for dies in [Dies::Git, Dies::Both] {
            let what = format!("{which} {dies:?}");
            let pair = Pair::busy();
            // git runs a filter while it puts a file into the index, or takes one out of it.
            let sync = if dies == Dies::Both { "$(cut -d' ' -f4 /proc/$PPID/stat)" } else { "" };
            let text = format!(
                "[ -e .git/index.lock ] && [ ! -e '{0}' ] && {{ touch '{0}'; kill -9 {sync} $PPID; }}\nexec cat",
                pair.path("killed").display()
            );
            script(pair.path("filter"), &text);
            let filter = pair.path("filter");
            pair.git(&pair.a, &["config", &format!("filter.kill.{which}"), filter.to_str().unwrap()]);
            write(pair.a.join(".git/info/attributes"), "* filter=kill\n");
            let left = hit(&pair, &command, dies);
            assert_eq!(left.is_empty(), dies == Dies::Git, "{what}: {left:?}");
            still_there(&pair, &what);
            comes_right(&pair, &what);
        }
    }
}

#[test]
fn locks_of_a_run_that_died_are_only_taken_away_when_they_are_of_its_time_and_kind() {
    let pair = Pair::busy();
    let old = pair.a.join(".git/refs/remotes/origin/other.lock");
    write(&old, "");
    let mut command = pair.command("touch", pair.root());
    command.args(["-d", "5 minutes ago", old.to_str().unwrap()]);
    pair.run(command, b"").ok();
    pair.set("CRAFT_INTERNAL__KILL_AT", "fetched");
    assert_eq!(pair.craft(&pair.a, &["auto-sync", "force", "sync"]).code, KILLED);
    pair.unset("CRAFT_INTERNAL__KILL_AT");
    let ours = ["refs/remotes/origin/main.lock", "refs/craft/upstream/origin/main.lock", "config.lock", "shallow.lock"];
    let ours = ours.into_iter().chain(["packed-refs.lock", "packed-refs.new"]).map(|n| pair.a.join(".git").join(n));
    let ours: Vec<_> = ours.inspect(|lock| write(lock, "")).collect();
    // No git of ours locks a branch outside of the journal.
    let branch = pair.a.join(".git/refs/heads/topic.lock");
    write(&branch, "");
    pair.force("sync").done();
    assert!(ours.iter().all(|lock| !lock.exists()), "{ours:?}");
    assert!(old.exists() && branch.exists(), "{:?}", locks(&pair));
    for lock in [old, branch] {
        std::fs::remove_file(lock).unwrap();
    }
    pair.whole();
}

#[test]
fn a_lock_of_somebody_unknown_is_left_alone_and_told_with_its_remedy() {
    let pair = Pair::busy();
    pair.force("pull");
    pair.b_pushes("later.txt", "later\n");
    let lock = pair.a.join(".git/refs/remotes/origin/main.lock");
    write(&lock, "");
    let forced = pair.force("sync");
    let End::Busy { reason } = &forced.report.end else { panic!("{forced:#?}") };
    assert!(reason.contains(&format!("rm {}", lock.display())), "{reason}");
    assert!(lock.exists());
    std::fs::remove_file(lock).unwrap();
    comes_right(&pair, "when it is gone");
}

#[test]
fn a_lock_of_a_git_that_lives_is_left_alone_whoever_started_it() {
    for by_user in [true, false] {
        let pair = Pair::busy();
        if by_user {
            // A run of ours died, and now the user fetches.
            pair.set("CRAFT_INTERNAL__KILL_AT", "fetched");
            assert_eq!(pair.craft(&pair.a, &["auto-sync", "force", "sync"]).code, KILLED);
            pair.unset("CRAFT_INTERNAL__KILL_AT");
            pair.b_pushes("later.txt", "later\n");
        }
        kill_at_ref(&pair, "refs/remotes/*", Dies::Sync);
        let mut shell = None;
        if by_user {
            // What is killed is the shell in which it was typed.
            let mut command = pair.command("sh", &pair.a);
            command.args(["-c", "git fetch -q; exit"]);
            shell = Some(command.spawn().unwrap());
            while !pair.path("killed").exists() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        } else {
            hit(&pair, &["force", "sync"], Dies::Sync);
        }
        let before = locks(&pair);
        assert!(!before.is_empty());
        let forced = pair.force("sync");
        assert!(matches!(forced.report.end, End::Busy { .. }), "{forced:#?}");
        assert_eq!(locks(&pair), before);
        std::fs::write(pair.path("go"), "").unwrap();
        if let Some(mut shell) = shell {
            shell.wait().unwrap();
        }
        pair.wait_until_quiet();
        assert_eq!(locks(&pair), Vec::<PathBuf>::new());
        comes_right(&pair, "when it has ended");
    }
}

#[test]
fn a_git_that_outlived_its_sync_and_its_bound_is_ended() {
    let pair = Pair::busy();
    kill_at_ref(&pair, "refs/remotes/*", Dies::Sync);
    hit(&pair, &["force", "sync"], Dies::Sync);
    let (orphan, _) = pair.processes().into_iter().find(|(_, line)| line.contains(" fetch ")).expect("it hangs");
    pair.configure(json!({"limits": {"networkSeconds": 1}}));
    // It ages by the clock of the kernel.
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    let _ = pair.force("sync");
    let left = pair.processes();
    assert!(!left.iter().any(|(pid, _)| *pid == orphan), "{left:?}");
    pair.configure(json!({"limits": {"networkSeconds": 60}}));
    comes_right(&pair, "when it was ended");
}
