//! Messages that were held and are taken in later, or dropped: nothing newer gives way to them.

use claude_craft::ops::beacon::applied;
use claude_craft::ops::beacon::pull::{Became, Pulled, pull_without};
use claude_craft::ops::beacon::push;
use claude_craft::ops::beacon::resolve::{With, conflicts, resolve};
use claude_craft::ops::beacon::status::status;
use claude_craft::ops::beacon::watch;
use claude_craft::ops::error::{Kind, OpError};
use serde_json::json;

use super::common::desk::{CHANNEL, Desk, Item};
use super::common::{FakeGit, Rule};
use super::common::{read, tree, write};

const A: &str = ".claude/planning/a.md";
const B: &str = ".claude/planning/b.md";
const COPY: &str = ".claude/planning/a.md.theirs";
const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n";
const SEEN: &str = "refs/craft/beacon/c0dec0dec0dec0de/main/seen";

fn line(number: u32, text: &str) -> String {
    LINES.replace(&format!("{number}\n"), &format!("{text}\n"))
}

/// A message of somebody whom nobody here knows yet.
fn by_eve(desk: &Desk, items: &[Item]) -> String {
    by("eve@example.org", desk, items)
}

fn by(email: &str, desk: &Desk, items: &[Item]) -> String {
    let mut draft = desk.draft(items);
    draft.email = email.into();
    desk.send(draft)
}

fn accept_eve(desk: &Desk) {
    desk.configure(json!({"beacon": {"authors": ["eve@example.org"]}}));
}

fn skip(desk: &Desk, words: &[&str]) -> Result<Pulled, OpError> {
    let ctx = desk.context();
    let words: Vec<_> = words.iter().map(|w| (*w).to_owned()).collect();
    pull_without(&ctx, &desk.place(&ctx), false, &words)
}

/// `LINES` as `A`, known to both.
fn with_a() -> Desk {
    let desk = Desk::new();
    desk.post(&[Item::new(A, LINES)]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Created)]);
    desk
}

/// What one pull makes of messages of which `late` comes only with the second, and what two make of them. The first
/// becomes of the file in the second pull is told.
fn in_order_and_late(local: &str, late: &Item, next: &Item) -> (Vec<String>, Vec<String>, Became) {
    let end = |desk: &Desk| {
        let ctx = desk.context();
        let open = conflicts(&ctx, &desk.place(&ctx)).unwrap();
        vec![desk.text(A), desk.text(COPY), open.len().to_string()]
    };
    let play = |known_at_once: bool| {
        let desk = with_a();
        write(desk.a.join(A), local);
        if known_at_once {
            accept_eve(&desk);
        }
        by_eve(&desk, std::slice::from_ref(late));
        desk.post(std::slice::from_ref(next));
        let mut pulled = desk.pull();
        if !known_at_once {
            assert_eq!(pulled.held.len(), 1);
            accept_eve(&desk);
            pulled = desk.pull();
            assert!(pulled.held.is_empty() && pulled.messages.len() == 1, "{pulled:?}");
        }
        (end(&desk), pulled.files[0].became)
    };
    let (in_order, (late, became)) = (play(true).0, play(false));
    (in_order, late, became)
}

#[test]
fn a_late_message_is_not_laid_over_what_was_sent_after_it() {
    let old = || Item::new(A, line(2, "old")).from(LINES);
    let new = || Item::new(A, line(2, "new")).from(line(2, "old"));
    // Ours clashes with both: the newer one stays beside it.
    let (in_order, late, became) = in_order_and_late(&line(2, "ours"), &old(), &new());
    assert_eq!((late, became), (in_order.clone(), Became::Older));
    assert_eq!(in_order, [line(2, "ours"), line(2, "new"), "1".into()]);
    // Ours is what the late one brings: it settles nothing of what came after it.
    let (_, late, became) = in_order_and_late(&line(2, "old"), &old(), &Item::new(A, line(2, "new")).from("unknown"));
    assert_eq!((late, became), (vec![line(2, "old"), line(2, "new"), "1".into()], Became::Older));
    // Nobody has changed it here, but the newer one was edited from what was held, so it is in conflict, and stays that.
    let (_, late, became) = in_order_and_late(LINES, &old(), &new());
    assert_eq!((late, became), (vec![LINES.into(), line(2, "new"), "1".into()], Became::Older));
    // They took it away in between, and it came back.
    let (in_order, late, became) = in_order_and_late(LINES, &Item::gone(A).from(LINES), &Item::new(A, LINES));
    assert_eq!((late, became), (in_order, Became::Older));
    // It is gone by now.
    let (in_order, late, became) = in_order_and_late(LINES, &old(), &Item::gone(A).from(LINES));
    assert_eq!(late[0], "-");
    assert_eq!((became, in_order[2].as_str()), (Became::Older, "1"), "in order it would be a conflict of theirs");
}

#[test]
fn a_late_message_of_which_nobody_knew_is_put_together_with_what_came_after_it() {
    let late = Item::new(A, line(2, "late")).from(LINES);
    let (in_order, late, became) = in_order_and_late(LINES, &late, &Item::new(A, line(6, "next")).from(LINES));
    assert_eq!((late, became), (in_order.clone(), Became::Merged));
    assert_eq!(in_order[0], line(2, "late").replace("6\n", "next\n"));
}

#[test]
fn after_a_late_message_both_still_have_the_newest_version() {
    let desk = with_a();
    by_eve(&desk, &[Item::new(A, line(2, "late")).from(LINES)]);
    desk.post(&[Item::new(A, line(6, "next")).from(LINES)]);
    desk.pull();
    accept_eve(&desk);
    desk.pull();
    // A base that says nothing: what both had counts, which is the newest and not the late one.
    desk.post(&[Item::new(A, line(6, "last")).from("unknown")]);
    assert_eq!(desk.pulled(), [(A.into(), Became::Merged)]);
    assert_eq!(desk.text(A), line(2, "late").replace("6\n", "last\n"));
}

#[test]
fn a_late_message_after_which_nothing_came_is_one_like_any_other() {
    let desk = with_a();
    write(desk.a.join(A), line(2, "ours"));
    desk.post(&[Item::new(A, line(2, "theirs")).from(LINES)]);
    by_eve(&desk, &[Item::new(A, line(2, "newest")).from(line(2, "theirs"))]);
    desk.post(&[Item::new(B, "b")]);
    assert_eq!(desk.pull().conflicts, [A]);
    assert_eq!(desk.text(COPY), line(2, "theirs"));
    write(desk.a.join(COPY), "my notes");
    accept_eve(&desk);
    let pulled = desk.pull();
    assert_eq!((desk.text(A), desk.text(COPY)), (line(2, "ours"), line(2, "newest")));
    // What the user wrote into the copy is kept, and it is said where.
    let said = pulled.remarks.iter().find(|r| r.contains("your edits")).unwrap();
    let backup = pulled.backup.unwrap();
    assert!(said.contains(&format!("{backup}:{COPY}")), "{said}");
    assert_eq!(desk.git(&desk.a, &["show", &format!("{backup}:{COPY}")]), "my notes");
}

#[test]
fn a_message_of_this_side_counts_as_what_came_after() {
    let desk = with_a();
    by_eve(&desk, &[Item::gone(A).from(LINES)]);
    let item = [Item::new(A, LINES)];
    let mut mine = desk.message(&item);
    mine.from.id = "c0dec0dec0dec0de".into();
    desk.send(desk.draft_of(mine, &item));
    assert_eq!(desk.pull().held.len(), 1);
    accept_eve(&desk);
    assert_eq!(desk.pulled(), [(A.into(), Became::Older)]);
    assert_eq!(desk.text(A), LINES);
}

#[test]
fn what_was_sent_from_here_meanwhile_does_not_give_way_to_a_late_message() {
    // Held by a pull before, or never looked at by one.
    for (looked_at, with) in [(true, With::Theirs), (false, With::Theirs), (true, With::Ours)] {
        let desk = Desk::new();
        desk.configure(json!({"permissions": {"beacon": {"overrides": {"push": true}}}}));
        by_eve(&desk, &[Item::new(A, "theirs"), Item::new(B, LINES)]);
        if looked_at {
            assert_eq!(desk.pull().held.len(), 1);
        }
        write(desk.a.join(A), "ours");
        desk.craft(&desk.a, &["beacon", "push", A]).ok();
        accept_eve(&desk);
        let pulled = desk.pull();
        assert_eq!(pulled.conflicts, [A], "they have ours, so theirs would be where ours was: {pulled:?}");
        assert_eq!((desk.text(A), desk.text(COPY), desk.text(B)), ("ours".into(), "theirs".into(), LINES.into()));
        // They have ours by now, so what is not that has to be sent, and nothing else.
        let ctx = desk.context();
        resolve(&ctx, &desk.place(&ctx), A, with).unwrap();
        let (changed, _) = push::changed(&ctx, &desk.place(&ctx)).unwrap();
        assert_eq!(changed.len(), usize::from(with == With::Theirs), "{changed:?}");
    }
}

#[test]
fn what_was_taken_in_of_a_message_is_not_offered_again_for_the_rest_of_it() {
    let desk = with_a();
    desk.post(&[Item::new(B, LINES)]);
    desk.pull();
    desk.post(&[Item::new(A, line(2, "theirs")).from(LINES), Item::new(B, line(2, "theirs")).from(LINES)]);
    // Only A is edited while it is put in place.
    let known = {
        let ctx = desk.context();
        let place = desk.place(&ctx);
        applied::read(&place, &place.git(&ctx)).unwrap()
    };
    assert_eq!(known.files.len(), 2);
    let script = format!("printf edited >> '{}'", desk.a.join(A).display());
    let rule = Rule::before(" commit-tree ", script).nth(1);
    let fake = FakeGit::install(&desk, &[rule]);
    let ran = desk.craft(&desk.a, &["beacon", "pull", "--json"]);
    fake.remove();
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["held"][0]["paths"], json!([A]), "{told}");
    assert_eq!(desk.text(B), line(2, "theirs"));
    // Meanwhile the user goes on with B.
    write(desk.a.join(B), line(2, "mine now"));
    let pulled = desk.pull();
    assert_eq!(pulled.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), [A]);
    assert_eq!((pulled.held.len(), pulled.conflicts.len()), (0, 0), "{pulled:?}");
    assert_eq!(desk.text(A), format!("{}edited", line(2, "theirs")));
    assert_eq!((desk.text(B), desk.text(".claude/planning/b.md.theirs")), (line(2, "mine now"), "-".into()));
}

#[test]
fn what_stays_behind_of_one_message_leaves_another_of_its_number_told() {
    let desk = with_a();
    by_eve(&desk, &[Item::new(A, line(2, "theirs")).from(LINES)]);
    by_eve(&desk, &[Item::new(B, LINES)]);
    assert_eq!(desk.pull().held.len(), 2);
    // As they are where the first could not be understood, and can be now: it got the number of the next one.
    let ctx = desk.context();
    let place = desk.place(&ctx);
    let git = place.git(&ctx);
    let mut known = applied::read(&place, &git).unwrap();
    known.state.held[0].seq = 3;
    applied::write(&place, &git, &mut known).unwrap();
    accept_eve(&desk);
    let script = format!("printf edited >> '{}'", desk.a.join(A).display());
    let fake = FakeGit::install(&desk, &[Rule::before(" commit-tree ", script).nth(1)]);
    let ran = desk.craft(&desk.a, &["beacon", "pull", "--json"]);
    fake.remove();
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&told["held"][0]["seq"], &told["held"][0]["paths"]), (&json!(3), &json!([A])), "{told}");
    assert_eq!((desk.text(B), told["messages"].as_array().unwrap().len()), (LINES.into(), 1), "{told}");
}

#[test]
fn what_was_dropped_for_good_is_nothing_that_came_after() {
    let desk = with_a();
    by_eve(&desk, &[Item::new(A, line(2, "first")).from(LINES), Item::new(B, "b")]);
    let second = by_eve(&desk, &[Item::new(A, line(2, "second")).from(line(2, "first"))]);
    assert_eq!(desk.pull().held.len(), 2);
    assert_eq!(skip(&desk, &[&second[..10]]).unwrap().held.len(), 1);
    accept_eve(&desk);
    assert_eq!(desk.pulled(), [(A.into(), Became::Updated), (B.into(), Became::Created)]);
    assert_eq!(desk.text(A), line(2, "first"));
    let ctx = desk.context();
    let place = desk.place(&ctx);
    let known = claude_craft::ops::beacon::applied::read(&place, &place.git(&ctx)).unwrap();
    assert_eq!(known.state.dropped, [], "once nothing is held it is of no use");
    // Where both are said in one call.
    let desk = with_a();
    by_eve(&desk, &[Item::new(A, line(2, "first")).from(LINES)]);
    by_eve(&desk, &[Item::new(A, line(2, "second")).from(line(2, "first"))]);
    assert_eq!(desk.pull().held.len(), 2);
    accept_eve(&desk);
    assert_eq!(skip(&desk, &["3"]).unwrap().files[0].became, Became::Updated);
    assert_eq!(desk.text(A), line(2, "first"));
}

#[test]
fn two_hundred_messages_of_strangers_cost_no_more_programs_than_one() {
    let programs = |messages: u32, strangers: u32| {
        let desk = Desk::new();
        for n in 0..messages {
            let email = format!("eve{}@example.org", n % strangers);
            by(&email, &desk, &[Item::new(&format!(".claude/planning/{n}.md"), "x")]);
        }
        assert_eq!(desk.pull().held.len(), messages as usize);
        let fake = FakeGit::install(&desk, &[]);
        assert_eq!(desk.craft(&desk.a, &["beacon", "pull"]).code, 4);
        fake.calls("").len()
    };
    let one = programs(1, 1);
    assert_eq!((programs(200, 1), programs(20, 20)), (one, one), "of one stranger, and each of another one");
}

#[test]
fn of_two_messages_with_one_number_the_commit_says_which_is_meant() {
    let desk = Desk::new();
    desk.post(&[Item::new(B, "b")]);
    // What nobody understands has no number of its own, and gets that of the next one.
    let mut draft = desk.draft(&[Item::new(A, "one")]);
    draft.manifest = b"not JSON".to_vec();
    let first = desk.send(draft);
    let second = by_eve(&desk, &[Item::new(A, "two")]);
    let held = desk.pull().held;
    assert_eq!(held.iter().map(|h| h.seq).collect::<Vec<_>>(), [2, 2]);
    let error = skip(&desk, &["2"]).unwrap_err();
    assert_eq!(error.kind, Kind::Usage);
    assert!(error.message.contains(&first[..10]) && error.message.contains(&second[..10]), "{error}");
    assert!(error.remedy.unwrap().contains("--skip"));
    let said = desk.craft(&desk.a, &["beacon", "pull"]).stdout;
    assert!(said.contains(&format!("message 2 ({})", &second[..10])), "{said}");
    assert!(said.contains(&format!("--skip {}", &held[0].commit[..10])), "{said}");
    assert_eq!(skip(&desk, &["2", "1234567"]).unwrap_err().kind, Kind::Usage);
    assert_eq!(skip(&desk, &[&first[..3]]).unwrap_err().kind, Kind::Usage, "so little of an id names nothing");
    assert_eq!(desk.pull().held.len(), 2, "nothing was dropped");
    let pulled = skip(&desk, &[&second[..8].to_uppercase()]).unwrap();
    assert_eq!((pulled.skipped.len(), &pulled.skipped[0].commit), (1, &second));
    assert_eq!(pulled.held.iter().map(|h| &h.commit).collect::<Vec<_>>(), [&first]);
}

#[test]
fn what_had_arrived_is_taken_in_though_the_channel_was_taken_away() {
    let desk = Desk::new();
    desk.post(&[Item::new(A, "a")]);
    by_eve(&desk, &[Item::new(B, "b")]);
    desk.git(&desk.a, &["fetch", "-q", "origin", &format!("+{CHANNEL}:{SEEN}")]);
    desk.git(&desk.remote, &["update-ref", "-d", CHANNEL]);
    let ctx = desk.context();
    assert_eq!(status(&ctx, &desk.place(&ctx), true).unwrap().waiting.messages, 1);
    let pulled = desk.pull();
    assert!(pulled.remarks.iter().any(|r| r.contains("not on the remote any more")), "{pulled:?}");
    assert_eq!((desk.text(A), pulled.held.len(), pulled.held[0].seq), ("a".into(), 1, 2));
    assert_eq!(status(&ctx, &desk.place(&ctx), true).unwrap().waiting.messages, 0, "nothing waits for good");
    assert!(skip(&desk, &["2"]).unwrap().held.is_empty());
    let (before, pulled) = (tree(&desk.a), desk.pull());
    assert!(pulled.remarks.is_empty() && tree(&desk.a) == before, "{pulled:?}");
    // Whoever makes it anew is heard.
    desk.post(&[Item::new(B, "anew")]);
    desk.pull();
    assert_eq!(read(desk.a.join(B)), b"anew");
}

#[test]
fn what_a_pull_will_hold_for_its_manifest_waits_nowhere_and_keeps_no_push_back() {
    let desk = Desk::new();
    write(desk.a.join(A), "ours");
    // Each speaks of a file that is about to be sent from here, too.
    let mut bad = Vec::new();
    for path in [COPY, "../a.md"] {
        let items = [Item::new(A, "theirs"), Item::new(path, "x")];
        bad.push(desk.send(desk.draft_of(desk.message(&items), &items[..1])));
    }
    let ctx = desk.context();
    let place = desk.place(&ctx);
    let standing = status(&ctx, &place, true).unwrap();
    assert_eq!((standing.waiting.messages, standing.messages), (0, vec![]));
    assert_eq!(standing.held.iter().map(|h| &h.commit).collect::<Vec<_>>(), bad.iter().collect::<Vec<_>>());
    desk.configure(json!({"permissions": {"beacon": {"overrides": {"push": true}}}}));
    desk.craft(&desk.a, &["beacon", "push", A]).ok();
    let pulled = desk.pull();
    let [asked, held] = [&standing.held, &pulled.held].map(|all| all.iter().map(|h| &h.why).collect::<Vec<_>>());
    assert_eq!(asked, held, "both say the same of it");
    assert_eq!(desk.text(A), "ours");
}

#[test]
fn behind_an_end_that_nobody_understands_the_channel_is_not_said_to_be_gone() {
    let desk = Desk::new();
    desk.post(&[Item::new(A, "a")]);
    let mut draft = desk.draft(&[Item::new(B, "b")]);
    draft.manifest = b"not JSON".to_vec();
    desk.send(draft);
    let pulled = desk.pull();
    assert_eq!((desk.text(A), pulled.held.len()), ("a".into(), 1));
    assert!(pulled.remarks.is_empty(), "{pulled:?}");
}

#[test]
fn an_edited_copy_of_theirs_stays_under_its_name_when_the_conflict_is_settled() {
    for with in [With::Ours, With::Theirs, With::Merged] {
        let desk = with_a();
        write(desk.a.join(A), line(2, "ours"));
        desk.post(&[Item::new(A, line(2, "theirs")).from(LINES)]);
        desk.pull();
        write(desk.a.join(COPY), "my notes");
        let ctx = desk.context();
        let settled = resolve(&ctx, &desk.place(&ctx), A, with).unwrap();
        assert!(settled.remarks.iter().any(|r| r.contains(COPY)), "{settled:?}");
        assert_eq!(settled.backup.is_some(), with == With::Theirs);
        assert_eq!(desk.text(COPY), "my notes");
        let journal = String::from_utf8(read(desk.craft_dir().join("log/journal.jsonl"))).unwrap();
        assert!(journal.contains("has edits of yours"), "{journal}");
        let exclude = String::from_utf8(read(desk.a.join(".git/info/exclude"))).unwrap();
        assert!(!exclude.contains(".theirs"), "git sees it again: {exclude}");
        // The next conflict of that file has another copy.
        desk.post(&[Item::new(A, "quite another").from("unknown")]);
        write(desk.a.join(A), "mine");
        assert_eq!(desk.pull().conflicts, [A]);
        assert_eq!(desk.text(COPY), "my notes");
        assert_eq!(desk.text(".claude/planning/a.md.2.theirs"), "quite another");
    }
}

fn push_is_allowed(desk: &Desk) {
    desk.configure(json!({"permissions": {"beacon": {"overrides": {"push": true}}}}));
}

#[test]
fn nobody_else_can_make_a_message_older_by_sending_in_the_name_of_this_side() {
    let desk = Desk::new();
    desk.post(&[Item::new(A, "theirs\n")]);
    let item = [Item::new(A, "forged\n")];
    let mut forged = desk.message(&item);
    forged.from.id = "c0dec0dec0dec0de".into();
    let mut draft = desk.draft_of(forged, &item);
    draft.email = "eve@example.org".into();
    desk.send(draft);
    assert_eq!(desk.pulled(), [(A.into(), Became::Created)]);
    assert_eq!(desk.text(A), "theirs\n");
}

#[test]
fn what_was_held_and_would_be_taken_in_by_now_comes_before_a_push_of_the_same_file() {
    for folder in [false, true] {
        let desk = Desk::new();
        if folder {
            // It is in the way of theirs.
            std::fs::create_dir_all(desk.a.join(A).join("inside")).unwrap();
            desk.post(&[Item::new(A, "theirs\n")]);
        } else {
            by_eve(&desk, &[Item::new(A, "theirs\n")]);
        }
        assert_eq!(desk.pull().held.len(), 1);
        push_is_allowed(&desk);
        if folder {
            std::fs::remove_dir_all(desk.a.join(A)).unwrap();
        } else {
            accept_eve(&desk);
        }
        write(desk.a.join(A), "mine\n");
        write(desk.a.join(B), "b\n");
        let refused = desk.craft(&desk.a, &["beacon", "push", A]);
        assert_eq!(refused.code, 3, "{}", refused.stderr);
        assert!(refused.stderr.contains("message 1 from Desktop changes .claude/planning/a.md as well"));
        desk.craft(&desk.a, &["beacon", "push", B]).ok();
        assert_eq!(desk.pull().conflicts, [A]);
        assert_eq!((desk.text(A), desk.text(COPY)), ("mine\n".into(), "theirs\n".into()));
    }
}

#[test]
fn a_watch_that_takes_in_comes_back_to_what_was_held_once_nothing_is_in_its_way() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.a.join(A).join("inside")).unwrap();
    desk.post(&[Item::new(A, "theirs\n")]);
    let look = || {
        let ctx = desk.context();
        watch::look(&ctx, &desk.place(&ctx), true, false).unwrap()
    };
    assert_eq!(look().pulled.map(|pulled| pulled.held.len()), Some(1));
    let journal = desk.diagnostics();
    // As long as it is in the way nothing is tried, and nothing said.
    assert_eq!((look().pulled, desk.diagnostics()), (None, journal));
    std::fs::remove_dir_all(desk.a.join(A)).unwrap();
    assert_eq!(look().pulled.map(|pulled| (pulled.messages.len(), pulled.held.len())), Some((1, 0)));
    assert_eq!(desk.text(A), "theirs\n");
}
