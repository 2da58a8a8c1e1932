//! Channels that somebody else took away, set back or made anew, and remotes that changed their rules: both sides come to
//! the same all the same, and nobody says that it has what it has not.

use std::path::Path;

use claude_craft::ops::beacon::pull::{self, Pulled};
use claude_craft::ops::beacon::resolve::{self, With};
use claude_craft::ops::beacon::{push, send};
use claude_craft::ops::error::Kind;
use serde_json::json;

use crate::common::{FakeGit, Rule, Sides, read, script, write};

const CHANNEL: &str = "refs/craft/beacons/main";
const BRANCH: &str = "refs/heads/craft/beacons/main";

fn pulls(sides: &Sides, clone: &Path) -> Pulled {
    let ctx = sides.context();
    pull::pull(&ctx, &sides.place(&ctx, clone), false).unwrap()
}

fn text(clone: &Path, name: &str) -> String {
    String::from_utf8(read(clone.join(".claude/planning").join(name))).unwrap()
}

#[test]
fn a_channel_that_was_made_anew_with_lower_numbers_is_taken_in_and_then_acknowledged() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    for n in 0..3 {
        sides.sends(&desk, &format!("{n}.md"), "x\n");
    }
    assert_eq!(pulls(&sides, &code).messages.len(), 3);
    sides.git(&sides.remote, &["update-ref", "-d", CHANNEL]);
    let other = sides.side("other", "Desktop");
    assert_eq!(sides.sends(&other, "new.md", "fresh\n"), 1);
    // It is not undone by who has not seen it, and not said to be received.
    write(code.join(".claude/planning/new.md"), "mine\n");
    let error = sides.push(&code, &[".claude/planning/new.md"]).unwrap_err();
    assert_eq!(error.kind, Kind::Conflict, "{error}");
    assert_eq!(sides.chain(CHANNEL).last().unwrap().received.get("Code"), None);
    std::fs::remove_file(code.join(".claude/planning/new.md")).unwrap();

    let pulled = pulls(&sides, &code);
    assert_eq!(pulled.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [1]);
    assert_eq!(text(&code, "new.md"), "fresh\n");
    assert_eq!(sides.chain(CHANNEL).last().unwrap().received.get("Code"), Some(&1));
    assert!(pulls(&sides, &code).messages.is_empty());
    sides.sends(&other, "next.md", "more\n");
    assert_eq!(pulls(&sides, &code).messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_channel_that_was_set_back_goes_on_from_there() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "a\n");
    let first = sides.git(&sides.remote, &["rev-parse", CHANNEL]);
    sides.sends(&desk, "b.md", "b\n");
    assert_eq!(pulls(&sides, &code).messages.len(), 2);
    sides.git(&sides.remote, &["update-ref", CHANNEL, &first]);
    assert!(pulls(&sides, &code).messages.is_empty());
    let other = sides.side("other", "Desktop");
    assert_eq!(sides.sends(&other, "c.md", "c\n"), 2);
    assert_eq!(pulls(&sides, &code).messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [2]);
    assert_eq!((text(&code, "c.md"), text(&code, "b.md")), ("c\n".into(), "b\n".into()));
}

#[test]
fn who_finds_the_channel_on_a_branch_answers_there_in_the_same_call() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    script(sides.remote.join("hooks/update"), "case $1 in refs/craft/*) exit 1;; esac");
    sides.sends(&desk, "a.md", "a\n");
    let pulled = pulls(&sides, &code);
    assert_eq!((pulled.messages.len(), pulled.remarks), (1, vec![]));
    assert_eq!(sides.chain(BRANCH).last().unwrap().received.get("Code"), Some(&1), "the receipt went out with it");
    // The same for one that sends before it ever took anything in.
    let lab = sides.side("lab", "Desktop");
    write(lab.join(".claude/planning/b.md"), "b\n");
    let sent = sides.push(&lab, &[]).unwrap().sent;
    assert_eq!((sent.waits, sent.messages.len(), sent.tries), (None, 1, 1));
}

#[test]
fn a_message_of_a_stranger_does_not_keep_out_others_where_git_knows_no_address_of_the_user() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "a\n");
    sides.git(&desk, &["config", "user.email", "stranger@example.org"]);
    sides.sends(&desk, "b.md", "b\n");
    sides.configure(json!({"beacon": {"authors": ["ann@example.org"]}}));
    // Nobody, to git: it makes no committer of that.
    sides.git(&code, &["config", "user.name", ""]);
    sides.git(&code, &["config", "user.email", ""]);
    let pulled = pulls(&sides, &code);
    assert_eq!((pulled.messages.len(), pulled.held.len()), (1, 1), "{pulled:?}");
}

#[test]
fn a_message_that_was_held_does_not_undo_a_newer_one_when_it_is_taken_in() {
    let sides = Sides::new();
    let (desk, code, lab) = (sides.side("desk", "Desktop"), sides.side("code", "Code"), sides.side("lab", "Desktop"));
    sides.git(&desk, &["config", "user.email", "stranger@example.org"]);
    sides.sends(&desk, "a.md", "older\n");
    sides.sends(&lab, "a.md", "newer\n");
    assert_eq!((pulls(&sides, &code).held.len(), text(&code, "a.md")), (1, "newer\n".into()));
    sides.configure(json!({"beacon": {"authors": ["stranger@example.org"]}}));
    let pulled = pulls(&sides, &code);
    assert_eq!((pulled.held.len(), pulled.conflicts.len()), (0, 1), "{pulled:?}");
    assert_eq!((text(&code, "a.md"), text(&code, "a.md.theirs")), ("newer\n".into(), "older\n".into()));
}

#[test]
fn a_list_of_files_that_nobody_could_read_is_not_sent_and_the_queue_stays_whole() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.configure(json!({"beacon": {"maxFiles": 10_000}}));
    let folder = format!(".claude/planning/{}/{}/{}", "x".repeat(240), "y".repeat(240), "z".repeat(240));
    std::fs::create_dir_all(desk.join(&folder)).unwrap();
    for n in 0..3600 {
        std::fs::write(desk.join(format!("{folder}/{n}")), "x").unwrap();
    }
    let error = sides.push(&desk, &[]).unwrap_err();
    assert!(error.message.contains("longer than a message can hold"), "{error}");
    let ctx = sides.context();
    let place = sides.place(&ctx, &desk);
    assert_eq!(send::queued(&place, &place.git(&ctx)).unwrap(), []);
}

fn queued(sides: &Sides, clone: &Path) -> Vec<Vec<String>> {
    let ctx = sides.context();
    let place = sides.place(&ctx, clone);
    let queued = send::queued(&place, &place.git(&ctx)).unwrap().into_iter();
    queued.map(|q| q.message.files.into_iter().map(|f| f.path).collect()).collect()
}

#[test]
fn what_was_queued_before_a_conflict_was_known_does_not_go_out_behind_it() {
    for (taken_away, with) in [(false, With::Ours), (false, With::Theirs), (true, With::Theirs), (true, With::Ours)] {
        let sides = Sides::new();
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        let ctx = sides.context();
        let file = ".claude/planning/f.md";
        sides.sends(&desk, "f.md", "zero\n");
        pulls(&sides, &code);
        // Away from the remote, with another file in the same message, and one in a message of its own.
        sides.git(&desk, &["remote", "set-url", "origin", "/nowhere.git"]);
        write(desk.join(file), "ours\n");
        write(desk.join(".claude/planning/beside.md"), "x\n");
        sides.push(&desk, &[file, ".claude/planning/beside.md"]).unwrap();
        write(desk.join(".claude/planning/other.md"), "x\n");
        sides.push(&desk, &[".claude/planning/other.md"]).unwrap();
        if taken_away {
            std::fs::remove_file(code.join(file)).unwrap();
            sides.push(&code, &[file]).unwrap();
        } else {
            sides.sends(&code, "f.md", "theirs\n");
        }
        sides.git(&desk, &["remote", "set-url", "origin", sides.remote.to_str().unwrap()]);

        let pulled = pulls(&sides, &desk);
        assert_eq!(pulled.conflicts, [file], "{pulled:?}");
        assert!(
            pulled.remarks.iter().any(|r| r.contains("craft beacon resolve") && r.contains("yours wait")),
            "{pulled:?}"
        );
        let paths = |sides: &Sides| -> Vec<String> {
            sides.messages().into_iter().flat_map(|m| m.files).map(|f| f.path).collect()
        };
        assert_eq!(paths(&sides), [file, file, ".claude/planning/other.md"], "only what is about something else");
        assert_eq!(sides.chain(CHANNEL).last().unwrap().received.get("Desktop"), Some(&2), "and the receipt");
        let waits = sides.push(&desk, &[]).unwrap().sent.waits.unwrap();
        assert_eq!((waits.kind, queued(&sides, &desk).len()), (Kind::Conflict, 1), "{waits}");

        let place = sides.place(&ctx, &desk);
        resolve::resolve(&ctx, &place, file, with).unwrap();
        assert_eq!(queued(&sides, &desk), [[".claude/planning/beside.md"]]);
        sides.push(&desk, &[]).unwrap();
        assert!(queued(&sides, &desk).is_empty());
        pulls(&sides, &code);
        let there = |clone: &Path| clone.join(file).exists().then(|| text(clone, "f.md"));
        let wanted = match (with, taken_away) {
            (With::Theirs, false) => Some("theirs\n"),
            (With::Theirs, true) => None,
            _ => Some("ours\n"),
        };
        for clone in [&desk, &code] {
            assert_eq!(there(clone).as_deref(), wanted, "{with:?} {taken_away} {}", clone.display());
        }
        assert!(pulls(&sides, &code).conflicts.is_empty());
    }
}

#[test]
fn what_the_other_side_went_on_with_keeps_back_what_is_about_it_and_nothing_else() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let away = |away: bool| {
        let url = if away { "/nowhere.git" } else { sides.remote.to_str().unwrap() };
        sides.git(&desk, &["remote", "set-url", "origin", url]);
    };
    let queues = |name: &str, text: &str| {
        let path = format!(".claude/planning/{name}");
        write(desk.join(&path), text);
        sides.push(&desk, &[&path]).unwrap()
    };
    sides.sends(&code, "read.md", "x\n");
    sides.takes_in(&desk, 1);
    away(true);
    queues("f.md", "ours\n");
    sides.sends(&code, "f.md", "theirs\n");
    away(false);
    // The receipt and what is about another file go out; what was queued later about the same one does not.
    let sent = queues("other.md", "x\n").sent;
    let waits = sent.waits.unwrap();
    assert_eq!((sent.messages.len(), sent.receipt, waits.kind), (1, true, Kind::Conflict), "{waits}");
    assert!(waits.message.starts_with("message 2 from Code changes .claude/planning/f.md"), "{waits}");
    away(true);
    queues("f.md", "ours again\n");
    away(false);
    assert_eq!(queues("another.md", "x\n").sent.messages.len(), 1);
    assert_eq!(queued(&sides, &desk), [[".claude/planning/f.md"], [".claude/planning/f.md"]]);
    assert_eq!(pulls(&sides, &desk).conflicts, [".claude/planning/f.md"]);
    assert_eq!(text(&desk, "f.md"), "ours again\n");
}

#[test]
fn what_was_to_be_taken_away_and_came_back_is_not_taken_away_behind_it() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "f.md", "zero\n");
    pulls(&sides, &code);
    sides.git(&desk, &["remote", "set-url", "origin", "/nowhere.git"]);
    let file = ".claude/planning/f.md";
    // Edited and then taken away: each follows from the one before.
    write(desk.join(file), "one\n");
    sides.push(&desk, &[]).unwrap();
    std::fs::remove_file(desk.join(file)).unwrap();
    sides.push(&desk, &[file]).unwrap();
    sides.git(&desk, &["remote", "set-url", "origin", sides.remote.to_str().unwrap()]);
    let ctx = sides.context();
    let place = sides.place(&ctx, &desk);
    assert_eq!(send::drain(&ctx, &place, &place.git(&ctx)).unwrap().messages.len(), 2);
    pulls(&sides, &code);
    assert!(!code.join(file).exists());

    sides.sends(&code, "f.md", "two\n");
    pulls(&sides, &desk);
    sides.git(&desk, &["remote", "set-url", "origin", "/nowhere.git"]);
    std::fs::remove_file(desk.join(file)).unwrap();
    sides.push(&desk, &[file]).unwrap();
    sides.sends(&code, "f.md", "three\n");
    sides.git(&desk, &["remote", "set-url", "origin", sides.remote.to_str().unwrap()]);
    pulls(&sides, &desk);
    assert_eq!(text(&desk, "f.md"), "three\n");
    let waits = sides.push(&desk, &[]).unwrap().sent.waits.unwrap();
    assert_eq!((waits.kind, waits.message.starts_with(file)), (Kind::Conflict, true), "{waits}");
    pulls(&sides, &code);
    assert_eq!(text(&code, "f.md"), "three\n");
}

#[test]
fn what_was_edited_from_a_message_that_is_dropped_goes_on_from_what_that_was_edited_from() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let ctx = sides.context();
    let place = sides.place(&ctx, &desk);
    let git = place.git(&ctx);
    let path = |name: &str| format!(".claude/planning/{name}");
    for name in ["gone.md", "edited.md"] {
        sides.sends(&desk, name, "zero\n");
    }
    pulls(&sides, &code);
    sides.git(&desk, &["remote", "set-url", "origin", "/nowhere.git"]);
    for name in ["gone.md", "edited.md", "new.md"] {
        write(desk.join(path(name)), "one\n");
    }
    sides.push(&desk, &[]).unwrap();
    write(desk.join(path("edited.md")), "two\n");
    for name in ["gone.md", "new.md"] {
        std::fs::remove_file(desk.join(path(name))).unwrap();
    }
    sides.push(&desk, &[&path("gone.md"), &path("edited.md"), &path("new.md")]).unwrap();
    let first = send::queued(&place, &git).unwrap()[0].message.id.clone();
    assert_eq!(send::unqueue(&place, &git, &[first]).unwrap().len(), 1);
    // What nobody ever had need not be taken away.
    assert_eq!(queued(&sides, &desk), [[path("edited.md"), path("gone.md")]]);
    sides.git(&desk, &["remote", "set-url", "origin", sides.remote.to_str().unwrap()]);
    let sent = send::drain(&ctx, &place, &git).unwrap();
    assert_eq!((sent.waits, sent.messages.len()), (None, 1), "nobody has changed anything");
    assert_eq!(push::changed(&ctx, &place).unwrap(), (vec![], vec![]), "the other side has all of it");
    pulls(&sides, &code);
    assert_eq!((text(&code, "edited.md").as_str(), code.join(path("gone.md")).exists()), ("two\n", false));
}

#[test]
fn what_must_be_taken_in_first_keeps_back_only_what_is_about_the_same_files() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.git(&desk, &["remote", "set-url", "origin", "/nowhere.git"]);
    for name in ["a.md", "b.md", "a.md"] {
        write(desk.join(".claude/planning").join(name), name.repeat(1 + queued(&sides, &desk).len()));
        sides.push(&desk, &[]).unwrap();
    }
    sides.sends(&code, "a.md", "theirs\n");
    sides.git(&desk, &["remote", "set-url", "origin", sides.remote.to_str().unwrap()]);
    let ctx = sides.context();
    let place = sides.place(&ctx, &desk);
    let sent = send::drain(&ctx, &place, &place.git(&ctx)).unwrap();
    let waits = sent.waits.unwrap();
    assert!(waits.remedy.as_deref().is_some_and(|r| r.contains("beacon pull")), "{waits}");
    assert_eq!(sent.messages, [(2, vec![".claude/planning/b.md".to_owned()])]);
    assert_eq!(queued(&sides, &desk), [[".claude/planning/a.md"], [".claude/planning/a.md"]]);
}

#[test]
fn a_message_that_is_out_is_not_said_to_have_failed_since_another_looked_at_that_moment() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    sides.sends(&desk, "a.md", "x\n");
    let ctx = sides.context();
    let seen = sides.place(&ctx, &desk).seen();
    let notes: &'static str = Box::leak(format!(" update-ref {seen} ").into_boxed_str());
    let git = FakeGit::install(&sides, &[Rule::fail(notes, 128, "fatal: cannot lock ref: is at x but expected y")]);
    write(desk.join(".claude/planning/b.md"), "x\n");
    sides.craft(&desk, &["beacon", "push"]).ok();
    assert_eq!((git.calls(notes).len(), sides.messages().len()), (2, 2));
    git.remove();
    assert!(queued(&sides, &desk).is_empty() && sides.push(&desk, &[]).unwrap().files.is_empty());
    assert_eq!(sides.sends(&desk, "c.md", "x\n"), 3);
}

#[test]
fn a_queue_that_is_damaged_names_a_way_on_that_loses_nothing() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    let ctx = sides.context();
    let queue = sides.place(&ctx, &desk).queue();
    sides.git(&desk, &["update-ref", &queue, "HEAD"]);
    write(desk.join(".claude/planning/a.md"), "x\n");
    let error = sides.push(&desk, &[]).unwrap_err();
    assert!(error.message.contains("is damaged"), "{error}");
    let remedy = error.remedy.unwrap();
    let commands: Vec<_> = remedy.split('`').skip(1).step_by(2).filter_map(|c| c.strip_prefix("git ")).collect();
    for command in &commands {
        sides.git(&desk, &command.split(' ').collect::<Vec<_>>());
    }
    assert_eq!((commands.len(), sides.push(&desk, &[]).unwrap().sent.messages.len()), (2, 1), "{remedy}");
    assert_eq!(sides.git(&desk, &["rev-parse", "rescued-queue"]), sides.git(&desk, &["rev-parse", "HEAD"]));
}
