//! Remotes that take a message where nobody reads it: another repository for pushes, refs that are never shown.

use std::path::Path;

use claude_craft::ops::beacon::push::Pushed;
use claude_craft::ops::beacon::{pull, send};
use claude_craft::ops::error::{Kind, OpError};

use crate::common::{Sides, script, write};

const CHANNEL: &str = "refs/craft/beacons/main";
const BRANCH: &str = "refs/heads/craft/beacons/main";

fn pushes(sides: &Sides, clone: &Path, name: &str) -> Pushed {
    write(clone.join(".claude/planning").join(name), "x\n");
    sides.push(clone, &[]).unwrap()
}

/// Why a message waits that was tried at most three times.
fn waits(pushed: Pushed) -> OpError {
    assert!(pushed.sent.messages.is_empty() && pushed.sent.tries <= 3, "{pushed:?}");
    pushed.sent.waits.expect("it waits")
}

/// How many messages wait.
pub fn queued(sides: &Sides, clone: &Path) -> usize {
    let ctx = sides.context();
    let place = sides.place(&ctx, clone);
    send::queued(&place, &place.git(&ctx)).unwrap().len()
}

/// What comes of sending them.
pub fn drained(sides: &Sides, clone: &Path) -> send::Sent {
    let ctx = sides.context();
    let place = sides.place(&ctx, clone);
    send::drain(&ctx, &place, &place.git(&ctx)).unwrap()
}

fn taken(sides: &Sides, clone: &Path) -> Vec<u64> {
    let ctx = sides.context();
    pull::pull(&ctx, &sides.place(&ctx, clone), false).unwrap().messages.iter().map(|m| m.seq).collect()
}

fn refs(sides: &Sides) -> String {
    sides.git(&sides.remote, &["for-each-ref", "--format=%(refname)", "refs/craft", "refs/heads/craft"])
}

#[test]
fn what_is_pushed_to_another_repository_waits_and_both_addresses_are_named() {
    for rewritten in [false, true] {
        let sides = Sides::new();
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        sides.sends(&code, "theirs.md", "x\n");
        let fork = sides.path("fork.git");
        sides.git(sides.root(), &["clone", "-q", "--bare", sides.remote.to_str().unwrap(), "fork.git"]);
        if rewritten {
            let key = format!("url.{}.pushInsteadOf", fork.display());
            sides.git(&desk, &["config", &key, sides.remote.to_str().unwrap()]);
        } else {
            sides.git(&desk, &["config", "remote.origin.pushurl", fork.to_str().unwrap()]);
        }
        let told = |error: OpError| {
            assert_eq!(error.kind, Kind::Failed, "{error}");
            for part in [fork.to_str().unwrap(), sides.remote.to_str().unwrap(), "does not show at the other"] {
                assert!(error.message.contains(part), "{error}");
            }
            let remedy = error.remedy.unwrap();
            assert!(remedy.contains("beacon.remote NAME"), "{remedy}");
            assert_eq!(remedy.contains("--unset-all remote.origin.pushurl`"), !rewritten, "{remedy}");
            assert_eq!(remedy.contains("pushInsteadOf"), rewritten, "{remedy}");
        };
        // The channel is there, and the fork has none; then the fork takes it, since it was told of none.
        told(waits(pushes(&sides, &desk, "a.md")));
        sides.git(&sides.remote, &["update-ref", "-d", CHANNEL]);
        told(waits(sides.push(&desk, &[]).unwrap()));
        // And from then on it has another end.
        told(waits(sides.push(&desk, &[]).unwrap()));
        assert_eq!((queued(&sides, &desk), refs(&sides)), (1, String::new()));
        let ctx = sides.context();
        let place = sides.place(&ctx, &desk);
        assert!(place.identity.branches.is_empty());

        for key in ["remote.origin.pushurl", &format!("url.{}.pushInsteadOf", fork.display())] {
            let _ = sides.run(
                {
                    let mut command = sides.command("git", &desk);
                    command.args(["config", "--unset-all", key]);
                    command
                },
                b"",
            );
        }
        let sent = drained(&sides, &desk);
        assert_eq!((sent.waits, sent.messages.len(), sent.tries, queued(&sides, &desk)), (None, 1, 1, 0));
        assert_eq!(sides.messages().len(), 1, "once");
    }
}

#[test]
fn the_fork_itself_may_carry_the_channel() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.git(sides.root(), &["clone", "-q", "--bare", sides.remote.to_str().unwrap(), "fork.git"]);
    let fork = sides.path("fork.git");
    sides.git(&desk, &["config", "remote.origin.pushurl", fork.to_str().unwrap()]);
    waits(pushes(&sides, &desk, "a.md"));
    sides.git(&desk, &["remote", "add", "fork", fork.to_str().unwrap()]);
    sides.configure(serde_json::json!({"beacon": {"remote": "fork"}}));
    // What was taken there is the message, and not sent again.
    let sent = drained(&sides, &desk);
    assert_eq!((sent.messages.len(), sent.tries, sent.waits), (1, 0, None));
    assert_eq!(sides.git(&fork, &["rev-list", "--count", CHANNEL]), "1");
}

#[test]
fn two_addresses_of_one_repository_are_as_good_as_one() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let other = format!("file://{}", sides.remote.display());
    sides.git(&desk, &["config", "remote.origin.pushurl", &other]);
    for name in ["a.md", "b.md"] {
        let sent = pushes(&sides, &desk, name).sent;
        assert_eq!((sent.waits, sent.messages.len(), sent.tries), (None, 1, 1));
    }
    assert_eq!(taken(&sides, &code), [1, 2]);
    // Others are faster now and then.
    sides.sends(&code, "c.md", "x\n");
    let sent = pushes(&sides, &desk, "d.md").sent;
    assert_eq!((sent.waits, sent.messages[0].0), (None, 4));
}

#[test]
fn a_namespace_that_is_taken_and_never_shown_is_found_out_at_the_first_message() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.git(&sides.remote, &["config", "uploadpack.hideRefs", "refs/craft"]);
    let sent = pushes(&sides, &desk, "a.md").sent;
    assert_eq!((sent.waits, sent.messages[0].0, sent.tries), (None, 1, 2));
    assert_eq!(refs(&sides), BRANCH, "nothing is left where nobody sees it");
    let ctx = sides.context();
    assert_eq!(sides.place(&ctx, &desk).identity.branches.len(), 1);
    assert_eq!(taken(&sides, &code), [1]);
    assert_eq!(pushes(&sides, &desk, "b.md").sent.tries, 1, "it is kept in mind");
    // Who sends before it ever took anything in.
    let lab = sides.side("lab", "Desktop");
    assert_eq!(pushes(&sides, &lab, "c.md").sent.tries, 1);
    assert_eq!(taken(&sides, &code), [2, 3]);
    let ids: std::collections::BTreeSet<_> =
        sides.chain(BRANCH).into_iter().filter_map(|m| Some(m.message?.id)).collect();
    assert_eq!(ids.len(), 3, "once each");
}

#[test]
fn a_channel_that_a_server_hides_later_goes_on_as_a_branch() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "x\n");
    assert_eq!(taken(&sides, &code), [1]);
    sides.git(&sides.remote, &["config", "uploadpack.hideRefs", "refs/craft"]);
    let lab = sides.side("lab", "Desktop");
    let sent = pushes(&sides, &lab, "b.md").sent;
    assert_eq!((sent.waits, sent.messages.len(), sent.tries), (None, 1, 4), "three refusals and one that shows");
    for name in ["c.md", "d.md"] {
        assert_eq!(pushes(&sides, &desk, name).sent.waits, None);
    }
    // With the first one, of which its sender cannot know that it was taken in.
    assert_eq!(taken(&sides, &code).len(), 4);
    assert!(!code.join(".claude/planning/a.md.theirs").exists());
    // Where pushes are told of nothing either, git has words for it.
    sides.git(&sides.remote, &["config", "--unset", "uploadpack.hideRefs"]);
    sides.git(&sides.remote, &["update-ref", "-d", BRANCH]);
    sides.git(&sides.remote, &["config", "transfer.hideRefs", "refs/craft"]);
    let new = sides.side("new", "Desktop");
    let sent = pushes(&sides, &new, "e.md").sent;
    assert_eq!((sent.waits, sent.messages.len(), sent.tries), (None, 1, 2));
}

#[test]
fn where_branches_are_hidden_as_well_that_is_said_and_nothing_stays_behind() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    for hidden in ["refs/craft", "refs/heads/craft"] {
        sides.git(&sides.remote, &["config", "--add", "uploadpack.hideRefs", hidden]);
    }
    for _ in 0..2 {
        let error = waits(pushes(&sides, &desk, "a.md"));
        assert_eq!(error.kind, Kind::Failed);
        assert!(error.message.contains("does not show it") && error.remedy.unwrap().contains("hideRefs"));
        assert_eq!((refs(&sides), queued(&sides, &desk)), (String::new(), 1));
    }
    // A server that lets nothing be taken away again: the end that nobody sees is what refuses the next one.
    sides.git(&sides.remote, &["config", "receive.denyDeletes", "true"]);
    for _ in 0..2 {
        let sent = sides.push(&desk, &[]).unwrap().sent;
        assert!(sent.waits.unwrap().message.contains("does not show it") && sent.tries < 8);
    }
    let ctx = sides.context();
    assert!(sides.place(&ctx, &desk).identity.branches.is_empty(), "nothing wrong is remembered");
    sides.git(&sides.remote, &["config", "--unset-all", "uploadpack.hideRefs"]);
    let sent = drained(&sides, &desk);
    assert_eq!((sent.waits, sent.messages.len(), sent.tries), (None, 1, 0), "it was there all the time");
}

#[test]
fn refs_that_only_pushes_do_not_see_are_not_taken_for_others_being_faster() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "x\n");
    sides.git(&sides.remote, &["config", "receive.hideRefs", "refs/craft"]);
    let error = waits(pushes(&sides, &desk, "b.md"));
    assert_eq!(error.kind, Kind::Busy);
    assert!(error.message.contains("otherwise than to pushes") && error.remedy.unwrap().contains("hideRefs"));
    assert_eq!((refs(&sides).as_str(), queued(&sides, &desk)), (CHANNEL, 1), "no second channel is begun");
    // A channel that is new is begun where it is taken.
    sides.git(&sides.remote, &["update-ref", "-d", CHANNEL]);
    let sent = pushes(&sides, &code, "c.md").sent;
    assert_eq!((sent.waits, sent.messages.len(), refs(&sides).as_str()), (None, 1, BRANCH));
    assert_eq!(drained(&sides, &desk).messages.len(), 1);
    assert_eq!(sides.chain(BRANCH).iter().filter(|m| m.message.is_some()).count(), 2);
}

/// A server that shows the channel to fetches of `clone` from look `late` on (the first is 0).
fn shows_late(sides: &Sides, clone: &Path, late: u32) {
    script(
        sides.path("late"),
        &format!(
            "n=$(cat \"$0.n\" 2>/dev/null || echo 0); echo $((n + 1)) > \"$0.n\"\n\
             [ $n -ge {late} ] || set -- -c uploadpack.hideRefs=refs/craft upload-pack \"$@\"\n\
             [ $n -lt {late} ] || set -- upload-pack \"$@\"\nexec git \"$@\""
        ),
    );
    sides.git(clone, &["config", "remote.origin.uploadpack", sides.path("late").to_str().unwrap()]);
}

/// Another side puts a commit onto the first message as soon as it is there.
fn gone_on_from(sides: &Sides) {
    let next = format!(
        "rm -f hooks/post-receive; c=$(git -c user.name=x -c user.email=x@example.org commit-tree -m x \
         -p {CHANNEL} {CHANNEL}^{{tree}}) && git update-ref {CHANNEL} $c"
    );
    script(sides.remote.join("hooks/post-receive"), &next);
}

#[test]
fn a_server_that_shows_a_message_late_keeps_it_and_so_does_who_went_on_from_it() {
    for (late, goes_on) in [(2, false), (4, false), (5, true)] {
        let sides = Sides::new();
        let desk = sides.side("desk", "Desktop");
        shows_late(&sides, &desk, late);
        if goes_on {
            gone_on_from(&sides);
        }
        let sent = pushes(&sides, &desk, "a.md").sent;
        assert_eq!((sent.waits, sent.messages.len(), sent.tries), (None, 1, 1), "{late}");
        assert_eq!((refs(&sides).as_str(), sides.messages().len()), (CHANNEL, if goes_on { 2 } else { 1 }));
        let ctx = sides.context();
        assert!(sides.place(&ctx, &desk).identity.branches.is_empty());
    }
}

#[test]
fn what_cannot_be_taken_back_and_shows_after_all_is_the_one_chain() {
    // It shows while a branch is looked for, or when the message is on one already.
    for late in [5, 6] {
        let sides = Sides::new();
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        // The server lets nothing be taken away there.
        let keeps = format!("[ $1 != {CHANNEL} ] || [ -n \"$(printf %s $3 | tr -d 0)\" ]");
        script(sides.remote.join("hooks/update"), &keeps);
        shows_late(&sides, &desk, late);
        let sent = pushes(&sides, &desk, "a.md").sent;
        let there = refs(&sides);
        assert_eq!((sent.waits, sent.messages.len(), there.as_str()), (None, 1, CHANNEL), "{late}");
        assert_eq!(sides.messages().len(), 1, "{late}");
        let ctx = sides.context();
        assert!(sides.place(&ctx, &desk).identity.branches.is_empty());
        sides.sends(&code, "b.md", "x\n");
        assert_eq!(taken(&sides, &code), [1]);
        assert_eq!(taken(&sides, &desk), [2], "both are on it");
    }
}

#[test]
fn a_channel_that_somebody_went_on_from_is_not_left_for_a_branch_while_it_does_not_show() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    shows_late(&sides, &desk, 1000);
    gone_on_from(&sides);
    let sent = pushes(&sides, &desk, "a.md").sent;
    assert!(
        sent.messages.is_empty() && sent.waits.is_some_and(|e| e.kind == Kind::Busy),
        "{refs}",
        refs = refs(&sides)
    );
    assert_eq!((refs(&sides).as_str(), queued(&sides, &desk)), (CHANNEL, 1));
    sides.git(&desk, &["config", "--unset", "remote.origin.uploadpack"]);
    assert_eq!(drained(&sides, &desk).messages.len(), 1);
    assert_eq!(sides.messages().iter().filter(|m| m.from.name == "Desktop").count(), 2, "theirs is a copy of it");
    drop(code);
}

#[test]
fn who_took_in_what_was_taken_back_finds_it_on_the_branch_and_goes_on() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    shows_late(&sides, &desk, 1000);
    // The other side takes it in at once.
    let ctx = sides.context();
    let seen = sides.place(&ctx, &code).seen();
    let copy = format!("git push -q '{}' {CHANNEL}:{seen}; rm -f hooks/post-receive", code.display());
    script(sides.remote.join("hooks/post-receive"), &copy);
    let sent = pushes(&sides, &desk, "a.md").sent;
    assert_eq!((sent.waits, sent.messages.len(), refs(&sides).as_str()), (None, 1, BRANCH));
    let away = sides.path("away.git");
    std::fs::rename(&sides.remote, &away).unwrap();
    assert_eq!(taken(&sides, &code), [1]);
    std::fs::rename(&away, &sides.remote).unwrap();
    write(code.join(".claude/planning/a.md"), "x\nmine\n");
    pull::pull(&ctx, &sides.place(&ctx, &code), false).unwrap();
    let sent = pushes(&sides, &code, "b.md").sent;
    assert_eq!((sent.waits, sent.messages.len(), refs(&sides).as_str()), (None, 1, BRANCH));
    assert_eq!(std::fs::read(code.join(".claude/planning/a.md")).unwrap(), b"x\nmine\n");
    assert!(!code.join(".claude/planning/a.md.theirs").exists());
    assert_eq!(taken(&sides, &desk), [2]);
    assert_eq!(std::fs::read(desk.join(".claude/planning/a.md")).unwrap(), b"x\nmine\n");
}
