//! What a beacon is told by others: whatever the bytes, a manifest that is read is written as what it was, paths that
//! may be written are below an allowed folder by the rules of the file system too, a block is a block again, and no
//! version that only lies here is given up for one that was sent.

use std::path::{Component, Path};
use std::rc::Rc;

use claude_craft::beacon::block::Block;
use claude_craft::beacon::fold::{Before, Content, Offer, fold};
use claude_craft::beacon::manifest::{File, Manifest, parse};
use claude_craft::beacon::name::Name;
use claude_craft::beacon::path::{Limits, check, check_all};

/// Any bytes as a manifest, as a path, as a block, as versions of a file.
pub fn body(data: &[u8]) {
    versions(data);
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
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    for line in text.lines() {
        files(&[File { path: line.into(), mode: "100644".into(), sha256: "0".repeat(64), ..File::default() }]);
        if let Ok(name) = Name::parse(line) {
            assert!(!name.as_str().contains(['/', ' ', '~', ':']) && !name.as_str().contains(".."));
        }
    }
    if let Some(block) = Block::parse(text) {
        let again = Block::parse(&block.render()).expect("a block");
        assert_eq!(again.status, block.status);
        // Nothing in a value makes a line of its own.
        assert!(block.other.len() + block.files.len() > 0 || block.render().lines().count() == 8);
    }
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
    let offers =
        [Offer { theirs: next(), ..Offer::default() }, Offer { theirs: next(), base: both.clone(), late: false }];
    let before = Before { local: local.clone(), both: both.clone(), open: data.len() % 2 == 1 };
    let after = fold(&before, &offers);
    if let Some(here) = &local {
        let has = |v: &Option<Rc<Content>>| v.as_ref().is_some_and(|v| v.bytes == here.bytes);
        let elsewhere = has(&both) || offers.iter().any(|o| has(&o.theirs));
        assert!(elsewhere || after.ours.is_some(), "{before:?} {offers:?} {after:?}");
    }
    assert_eq!(after.open.max(after.both), Some(1));
}
