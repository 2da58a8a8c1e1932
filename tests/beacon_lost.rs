//! Messages that somebody takes off the channel before they were taken in.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use claude_craft::ops::beacon::{pull, status, watch};

use crate::common::{Sides, read, write};

const CHANNEL: &str = "refs/craft/beacons/main";
const A: &str = ".claude/planning/a.md";
const B: &str = ".claude/planning/b.md";

/// Sets the channel back by so many commits.
fn set_back(sides: &Sides, by: usize) {
    sides.git(&sides.remote, &["update-ref", CHANNEL, &format!("{CHANNEL}~{by}")]);
}

/// Where a side keeps what it saw last.
fn seen(sides: &Sides, clone: &Path) -> String {
    sides.place(&sides.context(), clone).seen()
}

fn status_of(sides: &Sides, clone: &Path) -> status::Standing {
    let ctx = sides.context();
    status::status(&ctx, &sides.place(&ctx, clone), true).unwrap()
}

fn pulled(sides: &Sides, clone: &Path) -> pull::Pulled {
    let ctx = sides.context();
    pull::pull(&ctx, &sides.place(&ctx, clone), false).unwrap()
}

/// Whether the last message is about the edit of a version that the other side has.
fn goes_on_from(sides: &Sides, text: &str) -> bool {
    let mut hash = sides.command("git", &sides.remote);
    hash.args(["hash-object", "--stdin"]);
    let base = sides.run(hash, text.as_bytes()).ok().stdout;
    sides.messages().pop().unwrap().files.iter().any(|f| f.path == A && f.base.as_deref() == Some(base.trim()))
}

#[test]
fn what_went_before_anybody_took_it_in_is_told_once_and_counts_as_changed_again() {
    for first in ["status", "pull", "push"] {
        let sides = Sides::new();
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        sides.sends(&desk, "a.md", "one\n");
        assert_eq!(pulled(&sides, &code).messages.len(), 1);
        sides.sends(&desk, "a.md", "two\n");
        sides.sends(&desk, "b.md", "b\n");
        sides.sends(&desk, "a.md", "three\n");
        assert_eq!(status_of(&sides, &desk).lost, [0; 0]);
        set_back(&sides, 3);
        match first {
            "status" => {
                let standing = status_of(&sides, &desk);
                assert_eq!((standing.lost.as_slice(), standing.changed.len()), ([2, 3, 4].as_slice(), 2));
            }
            "pull" => {
                let pulled = pulled(&sides, &desk);
                assert!(pulled.lost == [2, 3, 4] && pulled.remarks[0].contains("3 messages of yours (2, 3, 4)"));
                assert_eq!(status_of(&sides, &desk).lost, [0; 0], "said once");
            }
            _ => {
                // As another command has seen it.
                sides.git(&desk, &["fetch", "-q", "origin", &format!("+{CHANNEL}:{}", seen(&sides, &desk))]);
            }
        }
        let pushed = sides.push(&desk, &[]).unwrap();
        assert_eq!((pushed.files.len(), pushed.sent.messages.len()), (2, 1), "{first}: {pushed:?}");
        assert_eq!(pushed.remarks.len(), usize::from(first != "pull"), "{pushed:?}");
        assert!(goes_on_from(&sides, "one\n"));
        assert_eq!(pulled(&sides, &code).files.len(), 2);
        assert_eq!((read(code.join(A)), read(code.join(B))), (b"three\n".to_vec(), b"b\n".to_vec()));
        assert_eq!(status_of(&sides, &desk).lost, [0; 0]);
        assert_eq!(sides.push(&desk, &[]).unwrap().files, [""; 0]);
        assert_eq!(sides.diagnostics().matches("\"operation\":\"lost\"").count(), 1);
    }
}

#[test]
fn what_went_with_the_whole_channel_is_offered_again_and_a_deletion_too() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "one\n");
    sides.sends(&desk, "b.md", "b\n");
    pulled(&sides, &code);
    pulled(&sides, &desk);
    std::fs::remove_file(desk.join(A)).unwrap();
    sides.push(&desk, &[A]).unwrap();
    sides.git(&sides.remote, &["update-ref", "-d", CHANNEL]);
    let standing = status_of(&sides, &desk);
    assert_eq!((standing.lost, standing.gone, standing.changed), (vec![3], vec![A.to_owned()], vec![]));
    assert_eq!(pulled(&sides, &desk).lost, [3]);
    sides.push(&desk, &[A]).unwrap();
    pulled(&sides, &code);
    assert!(!code.join(A).exists() && code.join(B).exists());
    // There is nothing of the former channel on this one.
    assert_eq!((pulled(&sides, &desk).lost, status_of(&sides, &desk).lost), (vec![], vec![]));
}

#[test]
fn what_others_have_or_is_on_the_channel_in_other_commits_is_not_lost() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "one\n");
    pulled(&sides, &code);
    pulled(&sides, &desk);
    // What was seen last may be older than what was sent: then the remote is asked.
    let older = sides.git(&sides.remote, &["rev-parse", CHANNEL]);
    sides.sends(&desk, "b.md", "b\n");
    sides.git(&desk, &["update-ref", &seen(&sides, &desk), &older]);
    let pushed = sides.push(&desk, &[]).unwrap();
    assert!(pushed.remarks.is_empty() && pushed.files.is_empty(), "{pushed:?}");
    // All was taken in before the channel was set back.
    pulled(&sides, &code);
    pulled(&sides, &desk);
    let whole = sides.git(&sides.remote, &["rev-parse", CHANNEL]);
    set_back(&sides, 3);
    assert_eq!((status_of(&sides, &desk).lost, status_of(&sides, &desk).changed), (vec![], vec![]));
    // Somebody has put what waited onto other commits.
    sides.git(&sides.remote, &["update-ref", CHANNEL, &whole]);
    sides.sends(&desk, "c.md", "c\n");
    let tree = sides.git(&sides.remote, &["rev-parse", &format!("{CHANNEL}^{{tree}}")]);
    let anew = sides.git(&sides.remote, &["commit-tree", &tree, "-p", &whole, "-m", "anew"]);
    sides.git(&sides.remote, &["update-ref", CHANNEL, &anew]);
    assert_eq!((status_of(&sides, &desk).lost, pulled(&sides, &desk).lost), (vec![], vec![]));
}

#[test]
fn what_git_has_thrown_away_meanwhile_stops_nothing() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "one\n");
    sides.sends(&desk, "b.md", "b\n");
    set_back(&sides, 1);
    assert_eq!(status_of(&sides, &desk).lost, [2]);
    let ctx = sides.context();
    sides.git(&desk, &["update-ref", "-d", &sides.place(&ctx, &desk).former()]);
    sides.git(&desk, &["reflog", "expire", "--expire=now", "--all"]);
    sides.git(&desk, &["gc", "-q", "--prune=now"]);
    assert_eq!(pulled(&sides, &desk).lost, [0; 0]);
    assert_eq!(sides.sends(&desk, "b.md", "b\nagain\n"), 2);
    pulled(&sides, &code);
    assert_eq!(read(code.join(B)), b"b\nagain\n");
}

#[test]
fn a_push_that_finds_the_channel_set_back_or_gone_says_so_and_sends_it_again() {
    for (gone, other) in [(false, false), (false, true), (true, false), (true, true)] {
        let sides = Sides::new();
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        sides.sends(&desk, "a.md", "one\n");
        assert_eq!(pulled(&sides, &code).messages.len(), 1);
        sides.sends(&desk, "a.md", "two\n");
        match gone {
            true => sides.git(&sides.remote, &["update-ref", "-d", CHANNEL]),
            false => sides.git(&sides.remote, &["update-ref", CHANNEL, &format!("{CHANNEL}~1")]),
        };
        // Nobody has asked the remote since.
        if other {
            write(desk.join(B), "b\n");
        }
        let pushed = sides.push(&desk, &[]).unwrap();
        assert_eq!(pushed.remarks.len(), 1, "{pushed:?}");
        assert!(pushed.remarks[0].contains("1 message of yours (2) is no longer on the channel"), "{pushed:?}");
        assert_eq!(pushed.files.len(), 1 + usize::from(other));
        assert_eq!(pushed.sent.messages.len(), 1 + usize::from(other));
        pulled(&sides, &code);
        assert_eq!(read(code.join(A)), b"two\n", "{gone} {other}");
        assert_eq!(sides.push(&desk, &[]).unwrap().files, [""; 0]);
    }
}

#[test]
fn what_is_known_to_be_received_is_not_lost_though_only_a_status_has_heard_of_it() {
    for gone in [false, true] {
        let sides = Sides::new();
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        sides.sends(&desk, "a.md", "one\n");
        pulled(&sides, &code);
        assert_eq!(status_of(&sides, &desk).unread, [""; 0]);
        let first = sides.git(&sides.remote, &["rev-parse", &format!("{CHANNEL}~1")]);
        match gone {
            true => sides.git(&sides.remote, &["update-ref", "-d", CHANNEL]),
            // Somebody begins it anew.
            false => {
                let tree = sides.git(&sides.remote, &["rev-parse", &format!("{first}^{{tree}}")]);
                let other = sides.git(&sides.remote, &["commit-tree", &tree, "-m", "anew"]);
                sides.git(&sides.remote, &["update-ref", CHANNEL, &other])
            }
        };
        assert_eq!((status_of(&sides, &desk).lost, pulled(&sides, &desk).lost), (vec![], vec![]), "{gone}");
        assert_eq!(status_of(&sides, &desk).changed, [""; 0]);
    }
}

#[test]
fn a_watch_that_sends_sends_what_went_again_and_a_mode_too() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "one\n");
    pulled(&sides, &code);
    std::fs::set_permissions(desk.join(A), std::fs::Permissions::from_mode(0o755)).unwrap();
    sides.push(&desk, &[]).unwrap();
    set_back(&sides, 1);
    let ctx = sides.context();
    let look = watch::look(&ctx, &sides.place(&ctx, &desk), false, true).unwrap();
    assert!(look.remarks[0].contains("1 message of yours (2) is no longer"), "{look:?}");
    assert_eq!(look.pushed.map(|pushed| pushed.files), Some(vec![A.to_owned()]));
    pulled(&sides, &code);
    assert_eq!(std::fs::metadata(code.join(A)).unwrap().permissions().mode() & 0o100, 0o100);
    let look = watch::look(&ctx, &sides.place(&ctx, &desk), false, true).unwrap();
    assert!(look.remarks.is_empty() && look.pushed.is_none(), "{look:?}");
}

#[test]
fn what_was_queued_meanwhile_goes_on_from_what_the_other_side_has() {
    for look in [false, true] {
        let sides = Sides::new();
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        for name in ["a.md", "b.md"] {
            sides.sends(&desk, name, "one\n");
        }
        pulled(&sides, &code);
        for name in ["a.md", "b.md"] {
            sides.sends(&desk, name, "two\n");
        }
        sides.git(&desk, &["remote", "set-url", "origin", "/nowhere.git"]);
        std::fs::remove_file(desk.join(A)).unwrap();
        write(desk.join(B), "three\n");
        sides.push(&desk, &[A, B]).unwrap();
        sides.git(&desk, &["remote", "set-url", "origin", sides.remote.to_str().unwrap()]);
        set_back(&sides, 2);
        if look {
            assert_eq!(pulled(&sides, &desk).lost, [3, 4]);
        }
        let sent = sides.push(&desk, &[]).unwrap().sent;
        assert_eq!((sent.waits, sent.messages.len()), (None, usize::from(!look)), "one was on its way already");
        assert!(goes_on_from(&sides, "one\n"));
        assert_eq!(pulled(&sides, &code).conflicts, [""; 0]);
        assert_eq!((code.join(A).exists(), read(code.join(B))), (false, b"three\n".to_vec()));
        assert_eq!(sides.push(&desk, &[]).unwrap().files, [""; 0]);
    }
}
