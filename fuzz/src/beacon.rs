//! What a beacon is told by others: whatever the bytes, a manifest that is read is written as what it was, paths that
//! may be written are below an allowed folder by the rules of the file system too, a block is a block again, the text of
//! an issue is never longer than its host takes and what was written here is known again, what was taken in is read as it
//! was kept, and no version that only lies here is given up for one that was sent.

use std::path::{Component, Path};
use std::rc::Rc;

use claude_craft::beacon::applied::State;
use claude_craft::beacon::bell::{self, Machine};
use claude_craft::beacon::block::Block;
use claude_craft::beacon::fold::{Before, Content, Offer, fold};
use claude_craft::beacon::manifest::{File, Manifest, parse};
use claude_craft::beacon::name::Name;
use claude_craft::beacon::outlook;
use claude_craft::beacon::path::{Limits, check, check_all};

/// Any bytes as a manifest, as what was taken in, as a path, as a block, as the text of an issue, as versions of a file.
pub fn body(data: &[u8]) {
    versions(data);
    if let Ok(state) = serde_json::from_slice::<State>(data) {
        let text = serde_json::to_vec(&state).expect("it is made of what JSON has");
        assert_eq!(serde_json::from_slice::<State>(&text).expect("what is written can be read"), state);
        assert!(state.received() <= state.seq);
    }
    if let Ok(manifest) = parse(data) {
        let text = serde_json::to_vec(&manifest).expect("it is made of what JSON has");
        let again = parse(&text).expect("what is written can be read");
        assert_eq!(again.message, manifest.message);
        assert_eq!((&again.sent, &again.received), (&manifest.sent, &manifest.received));
        files(manifest.message.as_ref().map_or(&[], |m| &m.files));
        let next = Manifest { seq: manifest.seq.min(1 << 53), ..manifest };
        if let Some(message) = next.message.clone() {
            let made = Manifest::with_message(Some(&next), "main", message);
            assert!(made.seq > next.seq && made.channel == "main");
            waiting(&made);
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    for line in text.lines() {
        files(&[File { path: line.into(), mode: "100644".into(), sha256: "0".repeat(64), ..File::default() }]);
        if let Ok(name) = Name::parse(line) {
            assert!(!name.as_str().contains(['/', ' ', '~', ':']) && !name.as_str().contains(".."));
        }
    }
    issue(text);
    if let Some(block) = Block::parse(text) {
        let again = Block::parse(&block.render()).expect("a block");
        assert_eq!(again.status, block.status);
        // Nothing in a value makes a line of its own.
        assert!(block.other.len() + block.files.len() > 0 || block.render().lines().count() == 8);
    }
}

/// What people are shown of a message: a block that is one again, however it is cut.
fn waiting(made: &Manifest) {
    let message = made.message.as_ref().expect("it was made with one");
    let shown = outlook::block([message]);
    assert!(shown.files.len() <= outlook::NAMES);
    let again = Block::parse(&shown.render()).expect("a block");
    // A name that is empty, which no message that is taken in has, is none.
    assert!(again.status == shown.status && again.files.len() <= shown.files.len());
    // Numbers that make no sense are no reason to look behind the beginning, or for ever.
    let _ = outlook::floor(made);
    let machine = Machine { channel: made.channel.clone(), seq: made.seq, ..Machine::default() };
    let text = bell::body(&outlook::text(&shown), &machine);
    assert!(text.chars().count() <= bell::LONGEST);
    let said = bell::parse(&text);
    assert!(!said.edited && said.machine.is_some_and(|m| m.seq == made.seq));
}

/// A text that somebody else wrote: the line for machines is written as what it was read as.
fn issue(text: &str) {
    let said = bell::parse(text);
    let Some(machine) = said.machine else {
        assert!(said.edited);
        return;
    };
    let ours = bell::body(text, &machine);
    assert!(ours.chars().count() <= bell::LONGEST);
    let again = bell::parse(&ours);
    assert!(!again.edited, "what was written here is nobody's edit: {ours:?}");
    let read = again.machine.expect("a line of ours is read");
    assert_eq!((&read.marker, &read.channel, read.seq), (&machine.marker, &machine.channel, machine.seq));
    assert_eq!((&read.commit, read.received, &read.files), (&machine.commit, machine.received, &machine.files));
    assert!(!read.is_newer_than(&machine));
}

fn files(files: &[File]) {
    let folders = [".claude/planning".to_owned(), ".claude/implementation/".to_owned()];
    let limits = Limits { files: 50, bytes: 1 << 20 };
    match check_all(files, &folders, limits) {
        Err(bad) => assert!(!bad.why.is_empty() && bad.entry.chars().count() <= 121),
        Ok(()) => {
            assert!(files.len() <= 50);
            for file in files {
                assert_eq!(check(&file.path, &folders), Ok(()));
                let path = Path::new(&file.path);
                assert!(folders.iter().any(|f| path.starts_with(f) && path != Path::new(f)));
                let plain = |c: Component<'_>| matches!(c, Component::Normal(n) if !n.eq_ignore_ascii_case(".git"));
                assert!(path.components().all(plain), "{path:?}");
                assert_eq!(path.components().count(), file.path.split('/').count());
                assert!(!file.path.contains(super::steers));
            }
        }
    }
}

/// NUL stands between what lies here, what both had, and what was sent.
fn versions(data: &[u8]) {
    let mut parts = data.splitn(4, |b| *b == 0).map(|part| {
        let (executable, bytes) = match part.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, part),
        };
        (!bytes.is_empty()).then(|| Rc::new(Content { executable, bytes: bytes.to_vec() }))
    });
    let mut next = || parts.next().flatten();
    let (local, both) = (next(), next());
    let offers = [
        Offer { theirs: next(), base: None, late: data.len() % 3 == 1, new: data.len() % 5 == 1 },
        Offer { theirs: next(), base: both.clone(), late: false, new: false },
    ];
    let before = Before { local: local.clone(), both: both.clone(), open: data.len() % 2 == 1 };
    let after = fold(&before, &offers);
    if let Some(here) = &local {
        let has = |v: &Option<Rc<Content>>| v.as_ref().is_some_and(|v| v.bytes == here.bytes);
        let elsewhere = has(&both) || offers.iter().any(|o| has(&o.theirs));
        assert!(elsewhere || after.ours.is_some(), "{before:?} {offers:?} {after:?}");
    }
    assert_eq!(after.open.max(after.both), Some(1));
}
