//! Faults, played for real: gits killed while they hold a lock, full and broken disks, files that cannot be read,
//! clocks that jump, remotes that break off or never answer. After each, a second run brings the repository to a
//! state that its user would call right.

mod clock;
mod crowd;
mod disk;
mod durable;
mod killed;
mod remote;
pub mod rights;

use claude_craft::sync::outcome::End;

use crate::common::{Entry, Pair, Ran, tree};

/// Panics unless a sync of `a` now ends well, and all its user has is in the remote too.
#[track_caller]
fn comes_right(pair: &Pair, what: &str) {
    let forced = pair.force("sync");
    assert_eq!(forced.report.end, End::Done, "{what}: {forced:#?}");
    pair.whole();
    assert_eq!(pair.remote_tip(), pair.rev(&pair.a, "HEAD"), "{what}");
    assert_eq!(pair.changes(), "", "{what}");
    let remote = pair.remote_tree();
    let here = tree(&pair.a);
    assert_eq!(here.len(), remote.len(), "{what}");
    for (name, entry) in here {
        let Entry::File { bytes, .. } = entry else { panic!("{what}: {}", name.display()) };
        // What is no text, git compares well enough.
        let text = String::from_utf8(bytes).ok();
        assert!(text.is_none_or(|t| remote[name.to_str().unwrap()] == t), "{what}: {}", name.display());
    }
}

/// Panics unless what [`Pair::busy`] made in `a` lies there, or is kept by a ref of `a`.
#[track_caller]
fn still_there(pair: &Pair, what: &str) {
    for (name, text) in [("one.txt", "mine\n"), ("two.txt", "mine\n"), ("new.txt", "new\n")] {
        let bytes = std::fs::read(pair.a.join(name)).unwrap_or_default();
        let kept = || {
            let refs = pair.git(&pair.a, &["for-each-ref", "--format=%(refname)", "refs/heads", "refs/craft/backup"]);
            refs.lines().any(|r| pair.git_try(&pair.a, &["show", &format!("{r}:{name}")]).stdout.starts_with(text))
        };
        let lies = bytes.starts_with(text.as_bytes());
        assert!(lies || kept(), "{what}: {name} is {:?}", String::from_utf8_lossy(&bytes));
    }
}

/// Runs `craft auto-sync force sync` in `a` by way of another program. Whatever is wrong, it ends by itself and says
/// so in its own words.
#[track_caller]
fn force_by(pair: &Pair, by: &[&str], what: &str) -> Ran {
    let words = [by, &[env!("CARGO_BIN_EXE_craft"), "auto-sync", "force", "sync", "--json"]].concat();
    let mut command = pair.command(words[0], &pair.a);
    command.args(&words[1..]);
    let ran = pair.run(command, b"");
    assert!((0..=6).contains(&ran.code) && !ran.stderr.contains("panicked"), "{what}: {ran:?}");
    ran
}

/// Says that the machine does not let a fault be played.
fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}
