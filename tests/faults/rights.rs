//! Folders that cannot be written and files that cannot be read. Root may everything, so where the tests run as root
//! the right to that is taken from the programs.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use claude_craft::sync::outcome::End;

use super::{comes_right, force_by, skipped, still_there};
use crate::common::{Forced, Pair, is_root, write};

/// What runs a program without root's right to pass modes by; `None` where that cannot be had.
pub fn plain(pair: &Pair) -> Option<Vec<&'static str>> {
    const PLAIN: [&str; 3] = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"];
    if !is_root() {
        return Some(vec!["env"]);
    }
    let mut command = pair.command(PLAIN[0], pair.root());
    command.args(&PLAIN[1..]).arg("true");
    if command.status().is_ok_and(|s| s.success()) {
        return Some(PLAIN.to_vec());
    }
    skipped("root's rights cannot be taken from a program here");
    None
}

/// Sets the mode of a file, or of a folder and all folders below it.
fn set_mode(path: &Path, mode: u32) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            let below = entry.unwrap().path();
            if below.is_dir() {
                set_mode(&below, mode);
            }
        }
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_cannot_be_written_or_read_loses_nothing_and_is_named() {
    let places = [
        ("a/.git/objects", 0o500, 0o755),
        ("a/.git/refs/craft", 0o500, 0o755),
        ("a/.git/craft", 0o500, 0o700),
        ("a/.git", 0o500, 0o755),
        ("a/two.txt", 0o000, 0o644),
        ("home/.claude", 0o500, 0o700),
        ("home/.claude/craft/queue", 0o500, 0o700),
    ];
    for (place, closed, open) in places {
        let pair = Pair::busy();
        let Some(by) = plain(&pair) else { return };
        // So that all folders are there.
        pair.force("pull");
        std::fs::create_dir_all(pair.craft_dir().join("queue")).unwrap();
        pair.b_pushes("later.txt", "later\n");
        pair.edit(&pair.a, "one.txt", 3, "again");
        pair.edit(&pair.a, "two.txt", 3, "again");
        write(pair.a.join("mine.txt"), "mine\n");
        let path = pair.path(place);
        set_mode(&path, closed);
        let forced = Forced::parse(force_by(&pair, &by, place));
        set_mode(&path, open);
        still_there(&pair, place);
        // Where only our own record cannot be kept, the work goes out all the same.
        let ours = place.starts_with("home") || place.ends_with("refs/craft");
        match &forced.report.end {
            // A file that cannot be read is left out, and named.
            End::Done => {
                assert!(ours || forced.left_out(place.trim_start_matches("a/")).is_some(), "{place}: {forced:#?}");
            }
            End::Refused { reason, .. } | End::Failed { reason, .. } => {
                let name = place.trim_start_matches("a/");
                assert!(reason.contains(name.split('/').next().unwrap()), "{place}: {reason}");
            }
            other => panic!("{place}: {other:?}"),
        }
        comes_right(&pair, place);
    }
}
