//! A line as it stands in the journal: an entry with its number and the hash of the line before it.
//!
//! Every line begins with its time, at the same place in all of them, so that a reader that looks for a time need
//! not take it apart.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::Entry;
use crate::clock::{self, Millis};

/// Longest line that is written, in bytes.
pub const LONGEST: usize = 64 * 1024;
/// The last time that four digits of a year can tell: `9999-12-31T23:59:59.999Z`.
pub const LAST_TIME: Millis = 253_402_300_799_999;

const OPENING: &[u8] = b"{\"timestamp\":\"";
const STAMP: usize = 24;
/// Where the number begins: behind the time, its quote and a comma.
const SEQ: usize = OPENING.len() + STAMP + 2;

/// The hash of a line without its line feed: the first 16 bytes of its SHA-256. Enough to find what was altered by
/// hand or by accident; who writes a whole new journal is not found by any length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hash([u8; 16]);

impl Hash {
    /// The hash of a line.
    #[must_use]
    pub fn of(line: &[u8]) -> Self {
        let mut short = [0; 16];
        short.iter_mut().zip(Sha256::digest(line).iter()).for_each(|(to, from)| *to = *from);
        Self(short)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let mut hash = [0; 16];
        if text.len() != 32 {
            return None;
        }
        for (to, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
            let digit = |b: u8| char::from(b).to_digit(16).filter(|_| !b.is_ascii_uppercase());
            *to = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text.as_bytes()).ok_or_else(|| serde::de::Error::custom("no hash of a line"))
    }
}

/// A place in the chain: a line's number and its hash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// The number; 0 before the first line.
    pub seq: u64,
    /// The hash; zeros before the first line.
    pub hash: Hash,
}

/// A line that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its number; the first is 1.
    pub seq: u64,
    /// The hash of the line before it.
    pub prev: Hash,
    /// What it says.
    pub entry: Entry,
}

impl Line {
    /// Reads a line, without its line feed; `None` where it is none of ours.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let (seq, prev) = link(line)?;
        let entry = serde_json::from_slice(line).ok()?;
        Some(Self { seq, prev, entry })
    }
}

/// The line that says `entry` after `before`, without a line feed. Where it would be too long its context goes first,
/// then its texts are cut; `cut` in its context says so.
#[must_use]
pub fn write(before: Point, entry: &Entry) -> String {
    let line = written(before, entry);
    if line.len() <= LONGEST {
        return line;
    }
    let mut short = Entry { context: serde_json::Map::new(), ..entry.clone() }.with("cut", line.len());
    let line = written(before, &short);
    if line.len() <= LONGEST {
        return line;
    }
    // Each byte of a text becomes six at most (`\u0000`), and there are eight texts.
    for text in [&mut short.platform, &mut short.operation, &mut short.actor.trigger] {
        shorten(text);
    }
    for text in [&mut short.actor.user, &mut short.actor.host] {
        shorten(text);
    }
    for text in [&mut short.item, &mut short.reason, &mut short.actor.session].into_iter().flatten() {
        shorten(text);
    }
    written(before, &short)
}

fn shorten(text: &mut String) {
    const KEPT: usize = 1024;
    if text.len() > KEPT {
        let end = (0..=KEPT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}

fn written(before: Point, entry: &Entry) -> String {
    let entry = Entry { timestamp: entry.timestamp.min(LAST_TIME), ..entry.clone() };
    // Nothing in an entry cannot be written as JSON: all its names are texts.
    let mut text = serde_json::to_string(&entry).unwrap_or_default();
    let link = format!("\"seq\":{},\"prev\":\"{}\",", before.seq.saturating_add(1), before.hash);
    if text.len() > SEQ {
        text.insert_str(SEQ, &link);
    }
    text
}

/// The time of a line as it stands there; `None` where none stands there.
#[must_use]
pub fn stamp(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(OPENING)?;
    let (stamp, rest) = rest.split_at_checked(STAMP)?;
    rest.starts_with(b"\",").then_some(stamp)
}

/// The time of a line.
#[must_use]
pub fn time(line: &[u8]) -> Option<Millis> {
    clock::parse_rfc3339(std::str::from_utf8(stamp(line)?).ok()?)
}

/// A time in the form that stands in a line. Two of them compare as their times do.
#[must_use]
pub fn stamped(ms: Millis) -> String {
    clock::rfc3339_ms(ms.min(LAST_TIME))
}

/// The number of a line and the hash in it, without taking the rest apart.
#[must_use]
pub fn link(line: &[u8]) -> Option<(u64, Hash)> {
    stamp(line)?;
    let rest = line.get(SEQ..)?.strip_prefix(b"\"seq\":")?;
    let digits = rest.iter().position(|b| !b.is_ascii_digit())?;
    let (number, rest) = rest.split_at(digits);
    let seq: u64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    let rest = rest.strip_prefix(b",\"prev\":\"")?;
    let hash = Hash::parse(rest.get(..32)?)?;
    rest[32..].starts_with(b"\",").then_some((seq, hash)).filter(|(seq, _)| *seq > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::Outcome;

    fn entry() -> Entry {
        let entry = Entry::new("git", "push", Outcome::Success).item("/r").reason("two\nlines").with("n", 1);
        Entry { timestamp: 1_756_728_000_042, duration_ms: Some(7), ..entry }
    }

    #[test]
    fn a_line_begins_with_its_time_its_number_and_the_hash_before_it() {
        let before = Point { seq: 6, hash: Hash::of(b"six") };
        let text = write(before, &entry());
        let opening =
            "{\"timestamp\":\"2025-09-01T12:00:00.042Z\",\"seq\":7,\"prev\":\"cc3d73d3e5d10e9aa5e37c2d25a99a15\",";
        let hash = before.hash.to_string();
        assert!(text.starts_with(&opening.replace("cc3d73d3e5d10e9aa5e37c2d25a99a15", &hash)), "{text}");
        assert!(!text.contains('\n'));
        assert_eq!(Line::parse(text.as_bytes()), Some(Line { seq: 7, prev: before.hash, entry: entry() }));
        assert_eq!((time(text.as_bytes()), link(text.as_bytes())), (Some(1_756_728_000_042), Some((7, before.hash))));
        assert_eq!(Hash::of(b"").to_string(), "e3b0c44298fc1c149afbf4c8996fb924", "the published SHA-256 of nothing");
    }

    #[test]
    fn a_text_without_end_is_cut_and_a_far_future_still_fits() {
        let long = "\u{1}é".repeat(200_000);
        let with_context = write(Point::default(), &entry().with("long", &long));
        let line = Line::parse(with_context.as_bytes()).unwrap();
        assert!(with_context.len() < 1000 && line.entry.context["cut"].as_u64() > Some(200_000));
        assert_eq!(line.entry.reason.as_deref(), Some("two\nlines"), "what fits stays");

        let all = Entry { platform: long.clone(), operation: long.clone(), ..entry().item(&long).reason(&long) };
        let all = Entry { timestamp: Millis::MAX, ..all };
        let text = write(Point { seq: u64::MAX - 1, hash: Hash::default() }, &all);
        assert!(text.len() <= LONGEST, "{}", text.len());
        let line = Line::parse(text.as_bytes()).unwrap();
        assert_eq!((line.seq, line.entry.timestamp), (u64::MAX, LAST_TIME));
        assert!(line.entry.reason.unwrap().ends_with('…'));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_any_entry_comes_back(
            bytes in prop::collection::vec(any::<u8>(), 0..120), text in any::<String>(), at in 0..=LAST_TIME,
        ) {
            let _ = (Line::parse(&bytes), link(&bytes), time(&bytes));
            let _ = link(&[b"{\"timestamp\":\"2025-09-01T12:00:00.042Z\",".as_slice(), &bytes].concat());
            let entry = Entry { timestamp: at, ..entry().item(&text).reason(&text).with(&text, &text) };
            let line = write(Point::default(), &entry);
            prop_assert_eq!(Line::parse(line.as_bytes()).unwrap().entry, entry);
        }
    }
}
