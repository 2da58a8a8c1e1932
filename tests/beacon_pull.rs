//! Taking in what the other side of a beacon sent: each file as both sides mean it, and nothing of the user's lost.

use std::os::unix::fs::PermissionsExt;

use claude_craft::beacon::block;
use claude_craft::clock::ManualClock;
use claude_craft::context::Context;
use claude_craft::ops::beacon::applied;
use claude_craft::ops::beacon::pull::{Became, pull, pull_without};
use claude_craft::ops::beacon::resolve::{With, conflicts, diff, resolve};
use claude_craft::ops::error::Kind;
use serde_json::json;

use super::common::desk::{Desk, Item, blob_id, party};
use super::common::{State, read, tree, write};

const A: &str = ".claude/planning/a.md";
const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n";

fn line(number: u32, text: &str) -> String {
    LINES.replace(&format!("{number}\n"), &format!("{text}\n"))
}

/// Sends `LINES` as `A` and takes it in.
fn with_a() -> Desk {
    let desk = Desk::new();
    desk.post(&[Item::new(A, LINES)]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Created)]);
    desk
}

#[test]
fn what_was_sent_is_here_and_a_second_pull_does_nothing() {
    let desk = Desk::new();
    let binary = [0, 159, 146, 150, 13, 10, 0];
    let deep = ".claude/implementation/x/y/z/deep.bin";
    desk.post(&[
        Item::new(A, "a\r\nb"),
        Item::new(deep, binary),
        Item::new(".claude/planning/run.sh", "#!/bin/sh\n").executable(),
        Item::new(".claude/planning/empty", ""),
        Item::new(".claude/planning/session-notes/Session 3 – Ünï \"code\".md", "ü"),
    ]);
    let pulled = desk.pull();
    assert_eq!(pulled.files.len(), 5);
    assert!(pulled.files.iter().all(|f| f.became == Became::Created && f.beside.is_empty() && f.seq == 1));
    let [heard] = &pulled.messages[..] else { panic!("{pulled:?}") };
    assert_eq!((heard.seq, heard.from.as_str(), heard.note.as_str()), (1, "Desktop on far", "a note"));
    assert_eq!(heard.time, "2025-10-06T09:30:00Z");
    assert!(pulled.backup.is_none() && pulled.offline.is_none() && pulled.conflicts.is_empty());
    assert_eq!(read(desk.a.join(A)), b"a\r\nb");
    assert_eq!(read(desk.a.join(deep)), binary);
    assert_eq!(read(desk.a.join(".claude/planning/empty")), b"");
    let mode = |path: &str| desk.a.join(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(A) & 0o700, mode(".claude/planning/run.sh") & 0o700), (0o600, 0o700));
    assert!(!desk.a.join(".claude/sync/.stage").exists());
    let manifest: serde_json::Value = serde_json::from_slice(&read(desk.a.join(".claude/sync/manifest.json"))).unwrap();
    assert_eq!((manifest["seq"].as_u64(), manifest["channel"].as_str()), (Some(1), Some("main")));
    assert_eq!(desk.git(&desk.a, &["status", "--porcelain", ".claude/sync"]), "");

    let (before, applied) = (tree(&desk.a), desk.git(&desk.a, &["for-each-ref", "refs/craft"]));
    let again = desk.pull();
    assert!(again.files.is_empty() && again.messages.is_empty(), "{again:?}");
    assert_eq!((tree(&desk.a), desk.git(&desk.a, &["for-each-ref", "refs/craft"])), (before, applied));
    desk.whole();
}

#[test]
fn a_channel_without_a_message_is_no_error() {
    let desk = Desk::new();
    let pulled = desk.pull();
    assert!(pulled.messages.is_empty() && pulled.offline.is_none());
    assert!(!desk.a.join(".claude").exists());
}

#[test]
fn index_head_and_fetch_head_stay_as_they_are_and_status_shows_only_what_was_taken_in() {
    let desk = Desk::new();
    write(desk.a.join(A), LINES);
    desk.commit(&desk.a, "a tracked plan");
    desk.edit(&desk.a, "one.txt", 1, "staged");
    desk.git(&desk.a, &["add", "one.txt"]);
    desk.edit(&desk.a, "two.txt", 1, "not staged");
    desk.git(&desk.a, &["fetch", "-q"]);
    let bytes = |name: &str| std::fs::read(desk.a.join(".git").join(name)).ok();
    let names = ["index", "HEAD", "FETCH_HEAD", "ORIG_HEAD", "logs/HEAD"];
    let (before, files) = (desk.state(), names.map(bytes));
    assert_eq!(desk.changes(), "M  one.txt\n M two.txt");
    desk.post(&[Item::new(A, line(2, "theirs")).from(LINES), Item::new(".claude/planning/b.md", "b")]);
    let pulled = desk.pull();
    assert_eq!(pulled.files.iter().map(|f| f.became).collect::<Vec<_>>(), [Became::Updated, Became::Created]);
    assert_eq!(names.map(bytes), files);
    let after = desk.state();
    assert_eq!((&after.head, &after.refs, &after.index), (&before.head, &before.refs, &before.index));
    assert_eq!(desk.changes(), " M .claude/planning/a.md\nM  one.txt\n M two.txt\n?? .claude/planning/b.md");
    desk.whole();
}

#[test]
fn what_nobody_changed_here_is_replaced_and_kept_by_a_backup() {
    let desk = with_a();
    std::fs::set_permissions(desk.a.join(A), std::fs::Permissions::from_mode(0o640)).unwrap();
    desk.post(&[Item::new(A, line(2, "theirs")).from(LINES)]);
    let pulled = desk.pull();
    assert_eq!(pulled.files[0].became, Became::Updated);
    assert_eq!(desk.text(A), line(2, "theirs"));
    let mode = || desk.a.join(A).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o640, "who may read it stays");
    let kept = desk.git(&desk.a, &["cat-file", "blob", &format!("{}:{A}", pulled.backup.unwrap())]);
    assert_eq!(format!("{kept}\n"), LINES);
    desk.post(&[Item::new(A, line(2, "theirs")).from(line(2, "theirs")).executable()]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Updated)]);
    assert_eq!(mode(), 0o750);
}

#[test]
fn changes_of_both_sides_are_put_together() {
    let desk = with_a();
    write(desk.a.join(A), line(1, "ours"));
    desk.post(&[Item::new(A, line(7, "theirs")).from(LINES)]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Merged)]);
    assert_eq!(desk.text(A), line(1, "ours").replace("7\n", "theirs\n"));
    // What both are known to have is theirs: the next change of theirs is merged from there.
    desk.post(&[Item::new(A, line(7, "theirs").replace("4\n", "more\n")).from(line(7, "theirs"))]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Merged)]);
    assert_eq!(desk.text(A), "ours\n2\n3\nmore\n5\n6\ntheirs\n");
}

#[test]
fn a_base_that_is_not_here_gives_way_to_what_was_taken_in_and_one_that_is_counts() {
    let desk = with_a();
    write(desk.a.join(A), line(1, "ours"));
    desk.post(&[Item::new(A, line(7, "theirs")).from("never seen here")]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Merged)]);
    // A file that was never taken in, but whose former version git has here.
    let desk = Desk::new();
    let one = String::from_utf8(read(desk.a.join("one.txt"))).unwrap();
    write(desk.a.join(A), one.replace("1\n2\n", "ours\n2\n"));
    desk.post(&[Item::new(A, one.replace("12\n", "theirs\n")).from(&one)]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Merged)]);
    assert!(desk.text(A).starts_with("ours\n") && desk.text(A).ends_with("theirs\n"));
}

#[test]
fn the_same_bytes_are_no_change_and_no_conflict() {
    let desk = Desk::new();
    write(desk.a.join(A), LINES);
    let before = desk.a.join(A).metadata().unwrap().modified().unwrap();
    desk.post(&[Item::new(A, LINES)]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Same)]);
    assert_eq!(desk.a.join(A).metadata().unwrap().modified().unwrap(), before, "it is not even touched");
    // From now on both are known to have it.
    desk.post(&[Item::new(A, line(1, "theirs")).from(LINES)]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Updated)]);
}

#[test]
fn what_both_changed_stays_and_theirs_lies_beside_it() {
    let desk = with_a();
    write(desk.a.join(A), line(2, "ours"));
    desk.post(&[Item::new(A, line(2, "theirs")).from(LINES)]);
    let pulled = desk.pull();
    assert_eq!(
        (pulled.files[0].became, pulled.files[0].beside.as_str()),
        (Became::Conflict, ".claude/planning/a.md.theirs")
    );
    assert_eq!(pulled.conflicts, [A]);
    assert_eq!((desk.text(A), desk.text(".claude/planning/a.md.theirs")), (line(2, "ours"), line(2, "theirs")));
    // It stays one until it is settled, and a newer version of theirs takes the place of the copy.
    assert_eq!(desk.pull().conflicts, [A]);
    desk.post(&[Item::new(A, line(2, "newer")).from(line(2, "theirs"))]);
    assert_eq!(desk.pull().conflicts, [A]);
    assert_eq!((desk.text(A), desk.text(".claude/planning/a.md.theirs")), (line(2, "ours"), line(2, "newer")));
    // Where they give way by themselves, the copy goes.
    desk.post(&[Item::new(A, line(2, "ours")).from(line(2, "newer"))]);
    let pulled = desk.pull();
    assert_eq!((pulled.files[0].became, pulled.conflicts.len()), (Became::Same, 0));
    assert_eq!(desk.text(".claude/planning/a.md.theirs"), "-");
}

#[test]
fn a_file_of_that_name_which_they_never_had_is_a_conflict_and_a_users_own_copy_is_not_written_over() {
    let desk = Desk::new();
    write(desk.a.join(A), "mine");
    write(desk.a.join(".claude/planning/a.md.theirs"), "a user's own");
    let binary = ".claude/planning/b.bin";
    write(desk.a.join(binary), "b\0");
    desk.post(&[Item::new(A, "theirs"), Item::new(binary, "c\0")]);
    let pulled = desk.pull();
    assert_eq!(pulled.conflicts, [A, binary]);
    assert_eq!(desk.text(A), "mine");
    assert_eq!(desk.text(".claude/planning/a.md.theirs"), "a user's own");
    assert_eq!(desk.text(".claude/planning/a.md.2.theirs"), "theirs");
    assert_eq!((desk.text(binary), desk.text(".claude/planning/b.bin.theirs")), ("b\0".into(), "c\0".into()));
    // The longest name there can be has a copy as well.
    let long = format!(".claude/planning/{}", "ü".repeat(127));
    write(desk.a.join(&long), "mine");
    desk.post(&[Item::new(&long, "theirs")]);
    let pulled = desk.pull();
    assert_eq!(desk.text(&pulled.files[0].beside), "theirs");
}

#[test]
fn what_they_took_away_goes_to_the_archive_only_where_it_is_unchanged() {
    let desk = with_a();
    let (b, today) = (".claude/planning/b.md", &claude_craft::clock::rfc3339(desk.context().clock.now_ms())[..10]);
    desk.post(&[Item::new(b, LINES)]);
    desk.pull();
    write(desk.a.join(b), "mine now");
    let kept = format!(".claude/sync/archive/{today}/{A}");
    write(desk.a.join(&kept), "of an earlier day");
    desk.post(&[Item::gone(A).from(LINES), Item::gone(b).from(LINES), Item::gone(".claude/planning/never.md")]);
    let pulled = desk.pull();
    let became: Vec<_> = pulled.files.iter().map(|f| f.became).collect();
    assert_eq!(became, [Became::Archived, Became::Kept, Became::Same]);
    assert_eq!((desk.text(A), desk.text(b)), ("-".into(), "mine now".into()));
    assert_eq!(pulled.files[0].beside, format!("{kept}.2"));
    assert_eq!((desk.text(&kept), desk.text(&format!("{kept}.2"))), ("of an earlier day".into(), LINES.into()));
    assert_eq!(pulled.conflicts, [b]);
    assert_eq!(desk.git(&desk.a, &["status", "--porcelain", ".claude/sync"]), "");
    let ctx = desk.context();
    resolve(&ctx, &desk.place(&ctx), b, With::Theirs).unwrap();
    assert_eq!(desk.text(b), "-");
    assert_eq!(desk.text(&format!(".claude/sync/archive/{today}/{b}")), "mine now");
    assert_eq!(conflicts(&ctx, &desk.place(&ctx)).unwrap(), []);
}

#[test]
fn what_was_removed_here_comes_back_only_where_they_went_on_with_it() {
    let desk = with_a();
    std::fs::remove_file(desk.a.join(A)).unwrap();
    desk.post(&[Item::new(A, LINES).from(LINES)]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Same)]);
    assert_eq!(desk.text(A), "-");
    desk.post(&[Item::new(A, line(3, "theirs")).from(LINES)]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Created)]);
    desk.post(&[Item::gone(A).from(line(3, "theirs"))]);
    desk.pull();
    desk.post(&[Item::new(A, "again")]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Created)]);
    assert_eq!(desk.text(A), "again");
}

#[test]
fn several_messages_on_one_path_are_taken_in_one_after_another() {
    let desk = with_a();
    write(desk.a.join(A), line(1, "ours"));
    desk.post(&[Item::new(A, line(4, "first")).from(LINES)]);
    desk.post(&[Item::new(A, line(4, "second")).from(line(4, "first")), Item::new(".claude/planning/x", "1")]);
    desk.send(desk.receipt(1));
    desk.post(&[Item::new(A, line(4, "third")).from(line(4, "second")), Item::gone(".claude/planning/x").from("1")]);
    let pulled = desk.pull();
    assert_eq!(pulled.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [2, 3, 4]);
    let became: Vec<_> = pulled.files.iter().map(|f| (f.path.as_str(), f.became, f.seq)).collect();
    assert_eq!(became, [(A, Became::Merged, 4), (".claude/planning/x", Became::Same, 4)]);
    assert_eq!(desk.text(A), line(4, "third").replace("1\n", "ours\n"));
    let ctx = desk.context();
    let place = desk.place(&ctx);
    let known = applied::read(&place, &place.git(&ctx)).unwrap();
    assert_eq!((known.state.seq, known.state.received(), known.files.len()), (4, 4, 1));
    assert_eq!(known.files[A].blob, blob_id(line(4, "third").as_bytes()));
}

#[test]
fn a_conflict_is_shown_and_settled_in_three_ways() {
    for (with, wanted) in [(With::Ours, "ours"), (With::Theirs, "theirs"), (With::Merged, "both")] {
        let desk = with_a();
        write(desk.a.join(A), line(2, "ours"));
        desk.post(&[Item::new(A, line(2, "theirs")).from(LINES)]);
        desk.pull();
        let ctx = desk.context();
        let place = desk.place(&ctx);
        let [shown] = &diff(&ctx, &place, Some(A)).unwrap()[..] else { panic!("one file") };
        let text = shown.text.as_deref().unwrap();
        assert_eq!(shown.sides, ("here".into(), "theirs, from Desktop".into()));
        assert!(text.contains("\n-ours\n+theirs\n"), "{text}");
        if with == With::Merged {
            write(desk.a.join(A), "<<<<<<< ours\n");
            assert_eq!(resolve(&ctx, &place, A, with).unwrap_err().kind, Kind::Conflict);
            write(desk.a.join(A), line(2, "both"));
        }
        resolve(&ctx, &place, A, with).unwrap();
        assert_eq!(desk.text(A), line(2, wanted));
        assert_eq!(desk.text(".claude/planning/a.md.theirs"), "-");
        assert!(desk.kept().contains(&line(2, "theirs").into_bytes()));
        assert!(with != With::Theirs || desk.kept().contains(&line(2, "ours").into_bytes()));
        assert!(!desk.a.join(".claude/sync/.stage").exists());
        assert_eq!(resolve(&ctx, &place, A, with).unwrap_err().kind, Kind::Failed, "there is none any more");
        // What is here is a change to theirs now.
        let known = applied::read(&place, &place.git(&ctx)).unwrap();
        assert_eq!(known.files[A].blob, blob_id(line(2, "theirs").as_bytes()));
        assert_eq!(known.state.conflicts, []);
        desk.post(&[Item::new(A, line(2, wanted).replace("7\n", "on\n")).from(line(2, wanted))]);
        assert!(desk.pull().conflicts.is_empty());
        assert_eq!(desk.text(A), line(2, wanted).replace("7\n", "on\n"));
    }
}

#[test]
fn an_edited_copy_of_theirs_is_kept_when_the_conflict_is_over() {
    let copy = ".claude/planning/a.md.theirs";
    let desk = with_a();
    write(desk.a.join(A), line(2, "ours"));
    desk.post(&[Item::new(A, line(2, "theirs")).from(LINES)]);
    desk.pull();
    write(desk.a.join(copy), "my notes on it");
    desk.post(&[Item::new(A, line(2, "newer")).from(line(2, "theirs"))]);
    desk.pull();
    assert_eq!(desk.text(copy), line(2, "newer"));
    assert!(desk.kept().contains(&b"my notes on it".to_vec()));
    write(desk.a.join(copy), "more notes");
    desk.post(&[Item::new(A, line(2, "ours")).from(line(2, "newer"))]);
    let pulled = desk.pull();
    assert!(pulled.conflicts.is_empty() && pulled.remarks.iter().any(|r| r.contains(copy)), "{pulled:?}");
    assert_eq!(desk.text(copy), "more notes");
    let seen = desk.git(&desk.a, &["status", "--porcelain", "-uall"]);
    assert!(seen.contains(copy), "git sees it again: {seen}");
}

#[test]
fn a_difference_to_what_both_had_is_shown_and_bytes_are_not() {
    let desk = with_a();
    let ctx = desk.context();
    let place = desk.place(&ctx);
    let text = |path: &str| diff(&ctx, &place, Some(path)).unwrap().pop().unwrap().text;
    assert_eq!(text(A).as_deref(), Some(""));
    write(desk.a.join(A), line(2, "ours"));
    assert!(text(A).unwrap().contains("\n-2\n+ours\n"));
    write(desk.a.join(A), "\0");
    assert_eq!(text(A), None);
    assert_eq!(diff(&ctx, &place, Some("../x")).unwrap_err().kind, Kind::Usage);
    assert_eq!(diff(&ctx, &place, Some("one.txt")).unwrap_err().kind, Kind::Usage);
}

#[test]
fn only_what_is_for_this_side_is_taken_in() {
    let desk = Desk::new();
    let item = [Item::new(A, "a")];
    let mut mine = desk.message(&item);
    mine.from = party("c0dec0dec0dec0de", "Code");
    mine.to = vec!["*".into()];
    desk.send(desk.draft_of(mine, &item));
    let mut others = desk.message(&item);
    others.to = vec!["lab".into()];
    desk.send(desk.draft_of(others, &item));
    desk.send(desk.receipt(1));
    let pulled = desk.pull();
    assert!(pulled.messages.is_empty() && pulled.files.is_empty() && pulled.held.is_empty());
    assert_eq!(desk.text(A), "-");
    let mut all = desk.message(&item);
    all.to = vec!["*".into()];
    desk.send(desk.draft_of(all, &item));
    assert_eq!(desk.pulled(), [(A.into(), Became::Created)]);
}

#[test]
fn a_message_of_somebody_unknown_waits_until_its_author_is_accepted() {
    let desk = Desk::new();
    let mut draft = desk.draft(&[Item::new(A, "by eve")]);
    draft.email = "eve@example.org".into();
    let commit = desk.send(draft);
    desk.post(&[Item::new(".claude/planning/b.md", "b")]);
    let pulled = desk.pull();
    assert_eq!(pulled.files.len(), 1, "the next one goes on");
    let [held] = &pulled.held[..] else { panic!("{pulled:?}") };
    assert_eq!((held.seq, &held.commit), (1, &commit));
    assert!(held.why.contains("eve@example.org"), "{}", held.why);
    assert_eq!(desk.text(A), "-");
    let before = desk.applied_tree();
    assert_eq!(desk.pull().held.len(), 1);
    assert_eq!(desk.applied_tree(), before);
    desk.configure(json!({"beacon": {"authors": ["eve@example.org"]}}));
    let pulled = desk.pull();
    assert!(pulled.held.is_empty() && pulled.messages.len() == 1 && pulled.messages[0].seq == 1);
    assert_eq!(desk.text(A), "by eve");
    let ctx = desk.context();
    let place = desk.place(&ctx);
    assert_eq!(applied::read(&place, &place.git(&ctx)).unwrap().state.received(), 2);
}

#[test]
fn a_held_message_that_is_gone_from_the_channel_is_forgotten() {
    let desk = Desk::new();
    let mut draft = desk.draft(&[Item::new(A, "by eve")]);
    draft.email = "eve@example.org".into();
    desk.send(draft);
    assert_eq!(desk.pull().held.len(), 1);
    desk.git(&desk.remote, &["update-ref", "-d", "refs/craft/beacons/main"]);
    for text in ["one", "two"] {
        desk.post(&[Item::new(".claude/planning/b.md", text)]);
    }
    let pulled = desk.pull();
    assert!(pulled.held.is_empty() && pulled.remarks.iter().any(|r| r.contains("gone from the channel")), "{pulled:?}");
}

#[test]
fn without_the_remote_what_had_arrived_is_taken_in() {
    let desk = Desk::new();
    desk.post(&[Item::new(A, "a")]);
    let seen = "refs/craft/beacon/c0dec0dec0dec0de/main/seen";
    desk.git(&desk.a, &["fetch", "-q", "origin", &format!("+refs/craft/beacons/main:{seen}")]);
    let away = desk.path("away.git");
    std::fs::rename(&desk.remote, &away).unwrap();
    desk.git(&desk.a, &["remote", "set-url", "origin", "https://127.0.0.1:1/none.git"]);
    let pulled = desk.pull();
    assert!(pulled.offline.is_some());
    assert_eq!((desk.text(A), pulled.messages.len()), ("a".into(), 1));
}

#[test]
fn a_rehearsal_tells_what_would_happen_and_changes_nothing() {
    let desk = with_a();
    write(desk.a.join(A), line(2, "ours"));
    let seen = "refs/craft/beacon/c0dec0dec0dec0de/main/seen";
    let mut draft = desk.draft(&[Item::new(".claude/planning/e.md", "by eve")]);
    draft.email = "eve@example.org".into();
    desk.send(draft);
    desk.post(&[Item::new(A, line(2, "theirs")).from(LINES), Item::new(".claude/planning/b.md", "b")]);
    let refs = || desk.git(&desk.a, &["for-each-ref", "--format=%(refname) %(objectname)"]);
    let all = |refs: String| refs.lines().filter(|l| !l.starts_with(seen)).map(str::to_owned).collect::<Vec<_>>();
    let (before, known) = (tree(&desk.a), all(refs()));
    let pulled = desk.try_pull(true).unwrap();
    let became: Vec<_> = pulled.files.iter().map(|f| f.became).collect();
    assert_eq!(became, [Became::Conflict, Became::Created]);
    assert_eq!((pulled.held.len(), pulled.conflicts.len()), (1, 1));
    assert_eq!((tree(&desk.a), all(refs())), (before, known));
    let exclude = String::from_utf8(read(desk.a.join(".git/info/exclude"))).unwrap();
    let real = desk.pull();
    assert_eq!(real.files, pulled.files);
    let after = String::from_utf8(read(desk.a.join(".git/info/exclude"))).unwrap();
    assert_eq!(after, format!("{exclude}/{A}.theirs\n"));
}

#[test]
fn who_may_not_take_in_takes_nothing_in() {
    let desk = Desk::new();
    desk.post(&[Item::new(A, "a")]);
    desk.configure(json!({"permissions": {"beacon": {"overrides": {"pull": false}}}}));
    let before = State::of(&desk, &desk.a);
    assert_eq!(desk.try_pull(false).unwrap_err().kind, Kind::Gate);
    assert_eq!(State::of(&desk, &desk.a), before);
}

#[test]
fn old_backups_go_but_the_newest_ten_stay() {
    const DAY: u64 = 24 * 3_600_000;
    let desk = with_a();
    let mut text = LINES.to_owned();
    let backups = || desk.git(&desk.a, &["for-each-ref", "--format=%(refname)", "refs/craft/beacon"]);
    let count = || backups().lines().filter(|l| l.contains("/backup/")).count();
    for n in 0..14 {
        let next = line(2, &n.to_string());
        desk.post(&[Item::new(A, &next).from(&text)]);
        text = next;
        let clock = Box::new(ManualClock::at(1_800_000_000_000 + n * DAY));
        let ctx = Context { clock, ..desk.context() };
        pull(&ctx, &desk.place(&ctx), false).unwrap();
    }
    assert_eq!(count(), 14, "none is old yet");
    desk.post(&[Item::new(A, LINES).from(&text)]);
    let ctx = Context { clock: Box::new(ManualClock::at(1_800_000_000_000 + 100 * DAY)), ..desk.context() };
    pull(&ctx, &desk.place(&ctx), false).unwrap();
    assert_eq!(count(), 10);
    assert!(desk.kept().contains(&text.into_bytes()));
}

/// Lets the side send, and tells what the end of the channel says on the remote.
fn may_send(desk: &Desk) {
    desk.configure(json!({"permissions": {"beacon": {"overrides": {"push": true}}}}));
}

fn beacon(desk: &Desk) -> String {
    let mut command = desk.command("git", &desk.remote);
    command.args(["cat-file", "blob", "refs/craft/beacons/main:beacon.md"]);
    desk.run(command, b"").ok().stdout
}

#[test]
fn what_was_taken_in_is_said_where_that_may_be_and_waits_while_offline() {
    let desk = Desk::new();
    let received = || desk.last().unwrap().received.get("Code").copied();
    desk.post(&[Item::new(A, "a")]);
    let pulled = desk.pull();
    assert_eq!((received(), pulled.remarks.len()), (None, 0), "who may not send says nothing: {pulled:?}");
    may_send(&desk);
    assert!(desk.pull().remarks.is_empty());
    assert_eq!(received(), Some(1), "once it may, the next pull says so");
    assert_eq!(beacon(&desk), block::template());
    desk.post(&[Item::new(A, "b").from("a")]);
    desk.pull();
    assert_eq!((received(), beacon(&desk)), (Some(2), block::template()));
    assert!(desk.pull().messages.is_empty());
    assert_eq!(desk.last().unwrap().received["Code"], 2, "a second pull says nothing more");

    desk.post(&[Item::new(A, "c").from("b")]);
    let seen = "refs/craft/beacon/c0dec0dec0dec0de/main/seen";
    desk.git(&desk.a, &["fetch", "-q", "origin", &format!("+refs/craft/beacons/main:{seen}")]);
    let url = desk.git(&desk.a, &["remote", "get-url", "origin"]);
    desk.git(&desk.a, &["remote", "set-url", "origin", "https://127.0.0.1:1/none.git"]);
    let pulled = desk.pull();
    assert!(pulled.offline.is_some() && pulled.messages.len() == 1, "{pulled:?}");
    assert!(pulled.remarks.iter().any(|r| r.contains("the others are not told yet what was taken in")), "{pulled:?}");
    desk.git(&desk.a, &["remote", "set-url", "origin", &url]);
    assert!(desk.pull().remarks.is_empty());
    assert_eq!((received(), beacon(&desk)), (Some(3), block::template()));
}

#[test]
fn a_held_message_that_nobody_wants_is_dropped_for_good_and_the_beacon_is_idle() {
    let desk = Desk::new();
    may_send(&desk);
    let by_eve = || {
        let mut draft = desk.draft(&[Item::new(A, "by eve")]);
        draft.email = "eve@example.org".into();
        desk.send(draft);
    };
    let skip = |seqs: &[u64], dry: bool| {
        let ctx = desk.context();
        let words: Vec<_> = seqs.iter().map(u64::to_string).collect();
        pull_without(&ctx, &desk.place(&ctx), dry, &words)
    };
    by_eve();
    desk.post(&[Item::new(".claude/planning/b.md", "b")]);
    assert_eq!(desk.pull().held.len(), 1);
    assert_eq!(desk.last().unwrap().received.get("Code"), None, "what is held was not received");
    let error = skip(&[2], false).unwrap_err();
    assert!(error.kind == Kind::Usage && error.remedy.is_some(), "only what is held: {error}");
    assert_eq!(skip(&[1], true).unwrap().skipped.len(), 1);
    assert_eq!(desk.pull().held.len(), 1, "a rehearsal drops nothing");
    let dropped = skip(&[1], false).unwrap();
    assert_eq!((dropped.held.len(), dropped.skipped.len(), dropped.skipped[0].seq), (0, 1, 1));
    assert_eq!((desk.last().unwrap().received["Code"], beacon(&desk)), (2, block::template()));
    // For good, even where its author is accepted later; and without a pull before, as a status names it.
    by_eve();
    assert_eq!(skip(&[3], false).unwrap().skipped.len(), 1);
    desk.configure(json!({"beacon": {"authors": ["eve@example.org"]}}));
    let pulled = desk.pull();
    assert!(pulled.messages.is_empty() && pulled.held.is_empty(), "{pulled:?}");
    assert_eq!(desk.text(A), "-");
    let journal = String::from_utf8(read(desk.craft_dir().join("log/journal.jsonl"))).unwrap();
    assert!(journal.contains("message 1 dropped for good: ") && journal.contains("message 3 dropped for good: "));
    // A last message that nobody understands can be dropped as well, and does not come back.
    let mut draft = desk.draft(&[]);
    draft.manifest = b"not JSON".to_vec();
    desk.send(draft);
    let held = desk.pull().held;
    assert_eq!(skip(&[held[0].seq], false).unwrap().held, []);
    assert_eq!(desk.pull().held, []);
    desk.post(&[Item::new(A, "at last")]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Created)]);
    assert_eq!(beacon(&desk), block::template());
}

#[test]
fn a_copy_of_theirs_is_no_matter_of_git_while_there_is_a_conflict() {
    let copy = ".claude/planning/a.md.theirs";
    let excluded = |desk: &Desk| String::from_utf8(read(desk.a.join(".git/info/exclude"))).unwrap().contains(copy);
    for settles in [true, false] {
        let desk = with_a();
        desk.commit(&desk.a, "the plan");
        write(desk.a.join(A), line(2, "ours"));
        desk.post(&[Item::new(A, line(2, "theirs")).from(LINES)]);
        desk.pull();
        assert!(desk.a.join(copy).exists());
        assert_eq!(desk.changes(), format!(" M {A}"));
        desk.git(&desk.a, &["add", "-A"]);
        assert_eq!(desk.git(&desk.a, &["diff", "--cached", "--name-only"]), A, "a commit has ours and nothing else");
        assert!(excluded(&desk));
        if settles {
            let ctx = desk.context();
            resolve(&ctx, &desk.place(&ctx), A, With::Ours).unwrap();
        } else {
            desk.post(&[Item::new(A, line(2, "ours")).from(line(2, "theirs"))]);
            assert!(desk.pull().conflicts.is_empty());
        }
        assert!(!excluded(&desk), "a file of that name is the user's again");
    }
}

#[test]
fn an_old_copy_of_a_newcomer_does_not_take_the_place_of_what_both_sides_went_on_with() {
    let desk = Desk::new();
    desk.post(&[Item::new(A, "1\n")]);
    desk.pulled();
    desk.post(&[Item::new(A, "2\n").from("1\n")]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Updated)]);
    // Whoever has just cloned a branch of long ago knows no version of the channel, and sends what lies there.
    desk.post(&[Item::new(A, "1\n")]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Conflict)]);
    assert_eq!(desk.text(A), "2\n");
    desk.post(&[Item::new(A, "2\n")]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Same)]);
}
