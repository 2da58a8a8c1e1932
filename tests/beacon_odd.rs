//! Ends of a channel that are none: objects of another kind, manifests that are too large; and very many messages.

use std::path::Path;

use claude_craft::beacon::manifest::{self, File, Manifest, Message, Party};
use claude_craft::fs::lock;
use claude_craft::git::objects::Content;
use claude_craft::git::repository::Repository;
use claude_craft::locate::locate;
use claude_craft::ops::beacon::fetch::{self, For};
use claude_craft::ops::beacon::{log, pull, send, status, watch};
use sha2::{Digest, Sha256};

use crate::common::{Sides, read, write};

const CHANNEL: &str = "refs/craft/beacons/main";
/// More than a manifest may have.
const LARGE: usize = 5 << 20;

#[test]
fn what_is_no_commit_at_the_end_is_said_at_once_and_goes_away_with_it() {
    for format in ["sha1", "sha256"] {
        let sides = Sides::with(&[&format!("--object-format={format}")]);
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        sides.git(&sides.remote, &["tag", "-am", "x", "v1", "main"]);
        let odd = [
            ("blob", sides.fed(&["hash-object", "-w", "--stdin"], b"x")),
            ("tree", sides.git(&sides.remote, &["rev-parse", "main^{tree}"])),
            ("tag", sides.git(&sides.remote, &["rev-parse", "v1"])),
        ];
        let ctx = sides.context();
        for (n, (kind, id)) in odd.iter().enumerate() {
            sides.sends(&desk, &format!("{n}.md"), "x\n");
            sides.git(&sides.remote, &["update-ref", CHANNEL, id]);
            let why = format!("it is a {kind}, and no commit");
            // One that knows the channel, and one that never looked.
            let new = sides.side(&format!("new-{n}"), "Code");
            for clone in [&desk, &code, &new] {
                let place = sides.place(&ctx, clone);
                let git = place.git(&ctx);
                let told = |error: claude_craft::ops::error::OpError| {
                    assert!(error.message.contains(&format!("is none of ours: {why}")), "{format} {kind}: {error}");
                };
                told(fetch::fetch(&ctx, &place, &git, For::Look).unwrap_err());
                told(pull::pull(&ctx, &place, false).unwrap_err());
                told(log::log(&ctx, &place, 9).unwrap_err());
                for pulls in [false, true] {
                    let remarks = watch::look(&ctx, &place, pulls, false).unwrap().remarks;
                    assert_eq!(remarks.iter().filter(|r| r.contains(&why)).count(), 1, "{remarks:?}");
                }
                let stands = status::status(&ctx, &place, true).unwrap();
                assert_eq!(
                    (stands.offline, stands.held[0].why.as_str(), &stands.held[0].commit),
                    (None, why.as_str(), id)
                );
            }
            write(code.join(".claude/planning/b.md"), format!("{kind}\n"));
            let sent = sides.push(&code, &[]).unwrap().sent;
            assert!(sent.waits.unwrap().message.contains(&why) && sent.tries == 0);

            sides.git(&sides.remote, &["update-ref", "-d", CHANNEL]);
            let sent = sides.push(&code, &[]).unwrap().sent;
            assert_eq!((sent.waits, sent.messages.len()), (None, 1), "{format} {kind}: what waited goes out");
            assert_eq!(status::status(&ctx, &sides.place(&ctx, &code), true).unwrap().held, []);
            let taken = pull::pull(&ctx, &sides.place(&ctx, &desk), false).unwrap();
            assert_eq!(taken.messages.len(), 1, "{format} {kind}");
        }
    }
}

#[test]
fn a_manifest_that_is_too_large_is_held_at_the_end_and_in_the_middle() {
    for format in ["sha1", "sha256"] {
        let sides = Sides::with(&[&format!("--object-format={format}")]);
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        sides.sends(&desk, "a.md", "x\n");
        sides.puts(|manifest| {
            manifest["seq"] = 2.into();
            manifest["message"]["files"] = serde_json::json!([]);
            manifest["padding"] = "x".repeat(LARGE).into();
        });
        let ctx = sides.context();
        let place = sides.place(&ctx, &code);
        let git = place.git(&ctx);
        let error = fetch::fetch(&ctx, &place, &git, For::Look).unwrap_err();
        assert!(error.message.contains("its manifest is larger than 4 MiB"), "{error}");
        let stands = status::status(&ctx, &place, true).unwrap();
        assert_eq!((stands.waiting.messages, stands.held.len(), stands.offline), (1, 1, None));
        let pulled = pull::pull(&ctx, &place, false).unwrap();
        assert_eq!((pulled.messages.len(), pulled.held.len()), (1, 1), "{pulled:?}");

        sides.puts(|manifest| {
            manifest["seq"] = 3.into();
            manifest["sent"]["Code"] = 3.into();
            manifest["padding"] = "".into();
            manifest["message"]["id"] = "0123456789abcdef".into();
            manifest["message"]["files"] = serde_json::json!([]);
        });
        let pulled = pull::pull(&ctx, &place, false).unwrap();
        assert_eq!((pulled.messages.len(), pulled.held.len()), (1, 1), "{pulled:?}");
        assert!(pulled.held[0].why.contains("larger than 4 MiB"), "{pulled:?}");
        assert!(log::log(&ctx, &place, 9).unwrap().iter().any(|link| link.manifest.is_err()));
    }
}

#[test]
fn what_nobody_understood_and_was_taken_away_stops_nobody_any_more() {
    for change in [
        |manifest: &mut serde_json::Value| *manifest = serde_json::json!({"version": 9}),
        |manifest: &mut serde_json::Value| manifest["channel"] = "other".into(),
    ] {
        let sides = Sides::new();
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        sides.sends(&desk, "a.md", "x\n");
        sides.puts(change);
        let ctx = sides.context();
        write(desk.join(".claude/planning/b.md"), "x\n");
        assert!(sides.push(&desk, &[]).unwrap().sent.waits.unwrap().remedy.unwrap().contains("taken away"));
        assert_eq!(pull::pull(&ctx, &sides.place(&ctx, &code), false).unwrap().messages.len(), 1);
        sides.git(&sides.remote, &["update-ref", "-d", CHANNEL]);

        let sent = sides.push(&desk, &[]).unwrap().sent;
        assert_eq!((sent.waits, sent.messages[0].0), (None, 2), "its numbers go on");
        // That the first one was taken in could not be said on that channel, so its file goes out again.
        for clone in [&code, &sides.side("new", "Code")] {
            let pulled = pull::pull(&ctx, &sides.place(&ctx, clone), false).unwrap();
            assert_eq!(pulled.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [2, 3], "{pulled:?}");
            assert!(clone.join(".claude/planning/a.md").exists() && pulled.conflicts.is_empty());
        }
        write(code.join(".claude/planning/c.md"), "x\n");
        assert_eq!(sides.push(&code, &[]).unwrap().sent.waits, None);
        assert_eq!(pull::pull(&ctx, &sides.place(&ctx, &desk), false).unwrap().messages.len(), 1);
        assert_eq!(status::status(&ctx, &sides.place(&ctx, &desk), true).unwrap().held, []);
    }
}

#[test]
fn a_number_that_only_the_next_message_would_break_is_not_gone_on_from() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    sides.sends(&desk, "a.md", "x\n");
    sides.puts(|manifest| manifest["seq"] = ((1_u64 << 53) - 1).into());
    write(code.join(".claude/planning/b.md"), "x\n");
    let error = sides.push(&code, &[]).unwrap_err();
    assert!(error.message.contains("nobody could read what comes next"), "{error}");
    assert!(error.remedy.unwrap().contains("another channel"));
    assert_eq!(sides.chain(CHANNEL).len(), 2);
    let ctx = sides.context();
    let place = sides.place(&ctx, &code);
    assert_eq!(send::queued(&place, &place.git(&ctx)).unwrap(), []);
}

/// How `id` is kept in the pack of a repository: as a difference to another object.
fn is_delta(sides: &Sides, clone: &Path, id: &str) -> bool {
    let packs = clone.join(".git/objects/pack");
    let index = std::fs::read_dir(packs)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "idx"));
    let told = sides.git(clone, &["verify-pack", "-v", index.unwrap().to_str().unwrap()]);
    told.lines().any(|line| line.starts_with(id) && line.split_whitespace().count() > 5)
}

#[test]
fn what_is_too_large_is_told_by_its_head_however_it_is_kept() {
    let sides = Sides::new();
    let clone = sides.side("desk", "Desktop");
    let text = |end: char| (0..LARGE / 8).map(|n| format!("{n:07}\n")).chain([end.to_string()]).collect::<String>();
    let ids: Vec<_> = ['a', 'b']
        .map(|end| {
            write(clone.join(format!("{end}.txt")), text(end));
            sides.git(&clone, &["hash-object", "-w", &format!("{end}.txt")])
        })
        .into();
    let look = || {
        let repository = Repository::open(&locate(&clone).unwrap()).unwrap();
        for id in &ids {
            assert_eq!(repository.content(id, 4 << 20).unwrap(), Content::TooLarge(LARGE as u64 + 1));
            assert!(matches!(repository.content(id, 6 << 20).unwrap(), Content::Bytes(b) if b.len() == LARGE + 1));
        }
        assert!(repository.content(&"1".repeat(40), 1).is_err());
    };
    look();
    sides.git(&clone, &["add", "a.txt", "b.txt"]);
    sides.git(&clone, &["-c", "core.bigFileThreshold=1g", "repack", "-adfq"]);
    assert!(ids.iter().any(|id| is_delta(&sides, &clone, id)), "one is kept as a difference to the other");
    look();
}

/// Puts `count` messages of somebody else onto the channel, of which those that `ours` picks are for `Code`, each with
/// a file of its own.
fn many(sides: &Sides, count: u64, ours: impl Fn(u64) -> bool) {
    let mut stream = String::new();
    let mut end: Option<Manifest> = None;
    for n in 1..=count {
        let text = format!("{n}\n");
        let path = format!(".claude/planning/{n}.md");
        let file = File {
            path: path.clone(),
            mode: "100644".into(),
            size: text.len() as u64,
            sha256: Sha256::digest(&text).iter().map(|b| format!("{b:02x}")).collect(),
            ..File::default()
        };
        let message = Message {
            id: format!("{n:016x}"),
            from: Party { id: "f".repeat(16), name: "Desktop".into(), host: "h".into(), ..Party::default() },
            to: vec![if ours(n) { "Code" } else { "Lab" }.into()],
            note: path.clone(),
            files: vec![file],
            ..Message::default()
        };
        let manifest = Manifest::with_message(end.as_ref(), "main", message);
        let json = serde_json::to_string(&manifest).unwrap();
        let commit = format!(
            "commit {CHANNEL}\ncommitter Ann <ann@example.org> {n} +0000\ndata 1\nx\ndeleteall\n\
             M 100644 inline manifest.json\ndata {}\n{json}\nM 100644 inline files/{path}\ndata {}\n{text}\n",
            json.len(),
            text.len()
        );
        stream.push_str(&commit);
        end = Some(manifest);
    }
    sides.fed(&["fast-import", "--quiet"], stream.as_bytes());
}

/// Takes in what [`many`] made, by pulls until none has anything: once each and in order.
fn all_are_taken_in(count: u64, ours: impl Fn(u64) -> bool) {
    let sides = Sides::new();
    let code = sides.side("code", "Code");
    many(&sides, count, &ours);
    let wanted: Vec<u64> = (1..=count).filter(|n| ours(*n)).collect();
    let first = wanted.iter().filter(|n| **n <= 10_000).count();
    let ctx = sides.context();
    let place = sides.place(&ctx, &code);
    let stands = status::status(&ctx, &place, true).unwrap();
    assert_eq!((stands.waiting.messages as usize, stands.tip.unwrap().manifest.seq), (first, count));
    let pulled = |pulled: &pull::Pulled| pulled.messages.iter().map(|m| m.seq).collect::<Vec<_>>();
    let one = pull::pull(&ctx, &place, false).unwrap();
    assert_eq!((pulled(&one).as_slice(), one.held.len()), (&wanted[..first], 0));
    assert_eq!(status::status(&ctx, &place, true).unwrap().waiting.messages as usize, wanted.len() - first);
    let two = pull::pull(&ctx, &place, false).unwrap();
    assert_eq!(pulled(&two).as_slice(), &wanted[first..]);
    assert_eq!(pulled(&pull::pull(&ctx, &place, false).unwrap()), [0_u64; 0]);
    let end = manifest::parse(sides.at_the_end("manifest.json").as_bytes()).unwrap();
    assert_eq!(end.received.get("Code"), wanted.last());
    for n in wanted {
        assert_eq!(read(code.join(format!(".claude/planning/{n}.md"))), format!("{n}\n").as_bytes());
    }
}

#[test]
fn of_more_than_ten_thousand_messages_two_pulls_take_in_what_is_for_this_side() {
    all_are_taken_in(10_020, |n| n % 1000 == 1 || n > 10_010);
}

#[test]
#[ignore = "minutes; each message is checked by programs of its own"]
fn more_than_ten_thousand_messages_that_are_all_for_this_side_are_taken_in_by_two_pulls() {
    all_are_taken_in(10_020, |_| true);
}

#[test]
fn a_number_that_somebody_made_up_hides_no_message_and_has_none_sent_twice() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    // Killed when it was on the channel and nobody here knew it yet.
    write(desk.join(".claude/planning/a.md"), "a\n");
    let mut push = sides.command(env!("CARGO_BIN_EXE_craft"), &desk);
    push.args(["beacon", "push"]).env("CRAFT_INTERNAL__KILL_AT", "beacon-pushed");
    assert!(push.output().unwrap().status.code().is_none());
    for number in [0, 1] {
        sides.puts(|manifest| {
            manifest["seq"] = number.into();
            manifest["message"]["id"] = format!("{number:016x}").into();
            manifest["message"]["to"] = serde_json::json!(["Lab"]);
            manifest["message"]["files"] = serde_json::json!([]);
        });
    }
    sides.craft(&desk, &["beacon", "queue", "send"]).ok();
    sides.sends(&desk, "b.md", "b\n");
    let sent: Vec<_> = sides.messages().into_iter().flat_map(|m| m.files).map(|f| f.path).collect();
    assert_eq!(sent, [".claude/planning/a.md", ".claude/planning/b.md"], "once each");

    let ctx = sides.context();
    let place = sides.place(&ctx, &code);
    assert_eq!(status::status(&ctx, &place, true).unwrap().messages.len(), 2);
    let taken = pull::pull(&ctx, &place, false).unwrap();
    assert_eq!(taken.files.into_iter().map(|f| f.path).collect::<Vec<_>>(), sent);
}

#[test]
fn what_waits_is_put_in_place_only_by_who_has_the_right_to() {
    let sides = Sides::new();
    let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
    let ctx = sides.context();
    let place = sides.place(&ctx, &code);
    let look = || status::status(&ctx, &place, true).unwrap().waiting.messages;
    let kept = || {
        let files = [place.files(&ctx).beacon_waiting(), code.join(".claude/sync/manifest.json")];
        files.map(|file| String::from_utf8(read(file)).unwrap())
    };
    sides.sends(&desk, "a.md", "a\n");
    assert_eq!(look(), 1);
    let before = kept();
    sides.sends(&desk, "b.md", "b\n");
    let holder = claude_craft::ops::sync::me(&ctx, "status");
    let guard = lock::try_exclusive(&place.files(&ctx).beacon_waiting_lock(), &holder).unwrap().unwrap();
    assert_eq!((look(), kept()), (2, before.clone()), "who asks is told, and what another one puts there stays");
    drop(guard);
    assert_eq!(look(), 2);
    let after = kept();
    assert!(after[0] != before[0] && after[1] != before[1]);
}
