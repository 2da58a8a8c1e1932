//! Faults, played for real: gits killed while they hold a lock, full and broken disks, files that cannot be read,
//! clocks that jump, remotes that break off or never answer. After each, a second run brings the repository to a
//! state that its user would call right.

mod killed;

use claude_craft::sync::outcome::End;

use crate::common::{Entry, Pair, tree};

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
        assert_eq!(remote[name.to_str().unwrap()].as_bytes(), bytes, "{what}");
    }
}

/// Panics unless no byte of what [`Pair::busy`] made on either side is missing in `a`'s tree.
#[track_caller]
fn still_there(pair: &Pair, what: &str) {
    for (name, text) in [("one.txt", "mine\n"), ("two.txt", "mine\n"), ("new.txt", "new\n")] {
        let bytes = crate::common::read(pair.a.join(name));
        assert!(bytes.starts_with(text.as_bytes()), "{what}: {name} is {:?}", String::from_utf8_lossy(&bytes));
    }
}
