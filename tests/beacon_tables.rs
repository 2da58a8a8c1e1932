//! Tables and numbers of a manifest that an older version dropped, or that somebody made up: anybody who can push may
//! write any.

use std::path::Path;
use std::sync::{Arc, Mutex};

use claude_craft::beacon::block::{self, Block, Status};
use claude_craft::ops::beacon::push::Ask;
use claude_craft::ops::beacon::{pull, send, status};
use claude_craft::ops::error::Kind;
use serde_json::{Value, json};

use crate::common::github::{self, one_issue_after};
use crate::common::{Sides, write};

const CHANNEL: &str = "refs/craft/beacons/main";

fn sends_to(sides: &Sides, clone: &Path, to: &str, name: &str) {
    write(clone.join(".claude/planning").join(name), format!("{name}\n"));
    let ask = Ask { to: vec![to.into()], files: vec![format!(".claude/planning/{name}")], ..Ask::default() };
    let sent = sides.push_as(clone, &ask).unwrap().sent;
    assert_eq!((sent.waits, sent.messages.len()), (None, 1));
}

fn pulls(sides: &Sides, clone: &Path) -> pull::Pulled {
    let ctx = sides.context();
    pull::pull(&ctx, &sides.place(&ctx, clone), false).unwrap()
}

/// Sends the receipt that is owed, as each look does.
fn answers(sides: &Sides, clone: &Path) {
    let ctx = sides.context();
    let place = sides.place(&ctx, clone);
    send::drain(&ctx, &place, &place.git(&ctx)).unwrap();
}

fn unread(sides: &Sides, clone: &Path) -> Vec<String> {
    let ctx = sides.context();
    status::status(&ctx, &sides.place(&ctx, clone), true).unwrap().unread
}

fn count(sides: &Sides) -> usize {
    sides.chain(CHANNEL).len()
}

/// Turns a manifest into a message of a stranger's.
fn by_a_stranger(manifest: &mut Value, seq: u64, to: &str) {
    manifest.as_object_mut().unwrap().remove("receipt");
    manifest["seq"] = seq.into();
    manifest["message"] =
        json!({"id": "00000000000000aa", "from": {"id": "aa", "name": "Eve"}, "to": [to], "files": []});
}

#[test]
fn tables_that_somebody_made_up_have_nobody_say_a_thing_twice_and_the_next_receipt_mends_them() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sends_to(&sides, &desk, "Code", "a.md");
    sends_to(&sides, &code, "Desktop", "b.md");
    pulls(&sides, &desk);
    pulls(&sides, &code);
    let many: serde_json::Map<String, Value> = (1..3000_u64).map(|n| (format!("{n:016x}"), n.into())).collect();
    let made_up = [
        json!({"sentToAll": {"x": 9, "y": 1}}),
        json!({"sentToAll": {"x": 90}, "receivedByOthers": {"y": 80}}),
        json!({"sentToAll": {}, "receivedByOthers": {}, "sent": {"*": 70}}),
        json!({"sentToAll": {"": 60}, "sent": {"Code": 9000, "Desktop": 9000, "*": 9000}}),
        json!({"received": {"Code": 9000, "Desktop": 9000}, "receivedByOthers": {"x": 9000}}),
        json!({"sentToAll": many, "receivedByOthers": {}}),
        json!({"seq": 0}),
    ];
    for (n, tables) in made_up.iter().enumerate() {
        sides.puts(|manifest| {
            for (name, table) in tables.as_object().unwrap() {
                manifest[name] = table.clone();
            }
        });
        for clone in [&code, &desk] {
            pulls(&sides, clone);
        }
        let before = count(&sides);
        for clone in [&code, &desk] {
            pulls(&sides, clone);
            answers(&sides, clone);
        }
        assert_eq!(count(&sides), before, "{n}: {:?}", sides.chain(CHANNEL).last().unwrap().receipt);

        sends_to(&sides, &desk, "*", &format!("{n}.md"));
        assert_eq!(unread(&sides, &desk)[0], "*", "{n}");
        assert_eq!(pulls(&sides, &code).messages.len(), 1);
        assert_eq!(sides.at_the_end("beacon.md"), block::template(), "{n}");
        assert_eq!(unread(&sides, &desk), [] as [&str; 0], "{n}");
    }
}

#[test]
fn what_a_stranger_made_up_is_over_when_the_message_is_skipped() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sends_to(&sides, &desk, "Code", "a.md");
    pulls(&sides, &code);
    sides.puts_by("eve@example.org", |manifest| {
        by_a_stranger(manifest, 2, "Code");
        manifest["sent"]["Code"] = 2.into();
        manifest["sentToAll"] = json!({"x": 9});
    });
    assert_eq!(pulls(&sides, &code).held.len(), 1);
    let before = count(&sides);
    pulls(&sides, &code);
    answers(&sides, &code);
    assert_eq!(count(&sides), before, "nothing is said twice");
    let ctx = sides.context();
    pull::pull_without(&ctx, &sides.place(&ctx, &code), false, &["2".into()]).unwrap();
    let before = count(&sides);
    pulls(&sides, &code);
    answers(&sides, &code);
    assert_eq!(count(&sides), before, "nor after that");
    assert_eq!(sides.at_the_end("beacon.md"), block::template());
    assert_eq!(unread(&sides, &desk), [] as [&str; 0]);
}

#[test]
fn what_an_older_side_forgot_waits_until_a_side_other_than_its_sender_has_it() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sends_to(&sides, &desk, "*", "all.md");
    sides.puts(|manifest| {
        by_a_stranger(manifest, 2, "Desktop");
        manifest["sent"]["Desktop"] = 2.into();
        let manifest = manifest.as_object_mut().unwrap();
        manifest.remove("sentToAll");
        manifest.remove("receivedByOthers");
    });
    assert_eq!(unread(&sides, &desk), ["*"]);
    // Its sender takes in what the older one has sent; then what is for all comes again.
    let waits = || {
        let told = Block::parse(&sides.at_the_end("beacon.md")).unwrap();
        (told.status, told.files)
    };
    let all = |files: &[&str]| files.iter().map(|f| format!(".claude/planning/{f}")).collect::<Vec<_>>();
    pulls(&sides, &desk);
    assert_eq!(waits(), (Status::UpdateAvailable, all(&["all.md"])));
    assert_eq!(unread(&sides, &desk), ["*"]);
    sends_to(&sides, &desk, "*", "more.md");
    assert_eq!(waits(), (Status::UpdateAvailable, all(&["more.md", "all.md"])));
    assert_eq!(pulls(&sides, &code).messages.len(), 2);
    assert_eq!(sides.at_the_end("beacon.md"), block::template());
    assert_eq!(unread(&sides, &desk), [] as [&str; 0]);
    let before = count(&sides);
    for clone in [&desk, &code, &desk] {
        pulls(&sides, clone);
    }
    assert_eq!(count(&sides), before);
}

#[test]
fn what_is_new_goes_by_the_chain_though_numbers_were_made_up() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    for name in ["a.md", "b.md", "x.md"] {
        sends_to(&sides, &desk, "Code", name);
    }
    for seq in [1_000_000_000_000, 1] {
        sides.puts(|manifest| {
            by_a_stranger(manifest, seq, "Lab");
            for table in ["sent", "received"] {
                manifest[table] = json!({});
            }
        });
    }
    pulls(&sides, &code);
    pulls(&sides, &desk);
    write(desk.join(".claude/planning/x.md"), "theirs\n");
    assert_eq!(sides.push(&desk, &[]).unwrap().sent.messages[0].0, 2);
    write(code.join(".claude/planning/x.md"), "ours\n");
    let error = sides.push(&code, &[]).unwrap_err();
    assert_eq!(error.kind, Kind::Conflict, "{error}");
    assert!(error.remedy.unwrap().contains("pull first"));
    answers(&sides, &code);
    assert_eq!(unread(&sides, &desk), ["Code"], "what was not taken in is not said to be");
    let before = count(&sides);
    assert_eq!(pulls(&sides, &code).messages.len(), 1);
    assert_eq!(unread(&sides, &desk), [] as [&str; 0]);
    assert_eq!(count(&sides), before + 1);
}

#[test]
fn a_receipt_stays_behind_what_is_held_whatever_its_number() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sends_to(&sides, &desk, "Code", "a.md");
    pulls(&sides, &code);
    sides.puts_by("eve@example.org", |manifest| by_a_stranger(manifest, 500, "Code"));
    sides.puts(|manifest| by_a_stranger(manifest, 1, "Lab"));
    sends_to(&sides, &desk, "Code", "b.md");
    let pulled = pulls(&sides, &code);
    assert_eq!((pulled.messages.len(), pulled.held.len()), (1, 1));
    assert_eq!(unread(&sides, &desk), ["Code"]);
    let ctx = sides.context();
    pull::pull_without(&ctx, &sides.place(&ctx, &code), false, &["500".into()]).unwrap();
    assert_eq!(unread(&sides, &desk), [] as [&str; 0]);
}

#[test]
fn a_bell_that_tells_of_a_commit_before_the_end_is_no_newer_whatever_its_numbers() {
    let sides = Sides::new();
    let desk = sides.side("desk", "Desktop");
    let last = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&last);
    let weather = one_issue_after(move |asked| {
        if asked.writes() {
            *written.lock().unwrap() = asked.body.clone();
        }
    });
    github::configure(&sides, &weather.url());
    sends_to(&sides, &desk, "*", "a.md");
    sends_to(&sides, &desk, "*", "b.md");
    sides.puts(|manifest| {
        by_a_stranger(manifest, 0, "Lab");
        for table in ["sent", "received", "sentToAll", "receivedByOthers"] {
            manifest[table] = json!({});
        }
    });
    sends_to(&sides, &desk, "*", "c.md");
    let body: Value = serde_json::from_slice(&last.lock().unwrap()).unwrap();
    let text = body["body"].as_str().unwrap();
    assert!(text.contains("\"seq\":1,") && text.contains("c.md"), "{text}");
}
