//! Whether the lines of a journal hang together: each holds the number after the one before and the hash of it.
//!
//! A line that was edited no longer fits the hash in the next; a line that is gone leaves a hole in the numbers. What
//! a crash leaves (a last line that was cut off, a head that is one line behind) is known by the same hashes, and is
//! no fault.

use serde::Serialize;

use super::line::{Hash, Line, Point};
use crate::clock::Millis;

/// No more faults than this are listed.
const LISTED: usize = 1000;

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Kind {
    /// The line is not what was written: its hash does not fit the one in the next line, or in the head.
    Altered,
    /// Lines that were written before this one are not there.
    Missing {
        /// Number of the first.
        first: u64,
        /// Number of the last.
        last: u64,
    },
    /// Lines that should still be there at the beginning are not.
    RemovedAtBeginning {
        /// Number of the first.
        first: u64,
        /// Number of the last.
        last: u64,
    },
    /// Lines that were written last are not there.
    CutOff {
        /// Number of the first.
        first: u64,
        /// Number of the last, as the head has it.
        last: u64,
    },
    /// The line stands behind one with a higher number, or stands here twice.
    OutOfOrder,
    /// It is no line of a journal.
    Damaged,
    /// The file that says where the journal ends is missing or damaged, so that nobody can tell whether it was cut off.
    NoHead,
    /// The file cannot be read to its end.
    Unreadable {
        /// What the system said.
        why: String,
    },
}

/// A fault and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// The file's name.
    pub file: String,
    /// The line in it, from 1; 0 where the file as a whole is meant.
    pub line: u64,
    /// The number in the line; 0 where there is none.
    pub seq: u64,
    /// What is wrong.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What came of a walk over all lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// How many lines hang together.
    pub lines: u64,
    /// Number of the first of them; 0 where there is none.
    pub first: u64,
    /// Number of the last.
    pub last: u64,
    /// Their earliest time.
    pub from: Option<Millis>,
    /// Their latest time.
    pub to: Option<Millis>,
    /// Lines that a crash cut off; the chain knows them.
    pub torn: u64,
    /// How many lines the head is behind, as after a crash.
    pub head_behind: u64,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// How many faults there are beyond those listed.
    pub more: u64,
}

/// The walk.
#[derive(Debug, Default)]
pub struct Chain {
    base: Option<Point>,
    /// The last line that was read: its number, the hash of its bytes, its place.
    last: Option<(Point, Place)>,
    /// Whether that line was reported.
    told: bool,
    /// Lines since that are none, with the hash of the last one.
    damaged: Vec<Place>,
    tip: Hash,
    verdict: Verdict,
}

#[derive(Debug, Clone, Default)]
struct Place {
    file: String,
    line: u64,
}

impl Chain {
    /// A walk that begins behind `base`; where that is not known, wherever the first line says.
    #[must_use]
    pub fn new(base: Option<Point>) -> Self {
        Self { base, ..Self::default() }
    }

    /// Takes the next line: its bytes without the line feed.
    pub fn feed(&mut self, file: &str, number: u64, bytes: &[u8]) {
        let place = Place { file: file.to_owned(), line: number };
        let hash = Hash::of(bytes);
        let Some(line) = Line::parse(bytes) else {
            self.damaged.push(place);
            if self.damaged.len() > LISTED {
                self.damaged.remove(0);
                self.verdict.more += 1;
            }
            self.tip = hash;
            return;
        };
        // What is about to be removed as too old.
        if self.last.is_none() && self.base.is_some_and(|b| line.seq <= b.seq) {
            self.damaged.clear();
            return;
        }
        let begins = self.last.is_none() && self.base.is_none();
        let before = self.last.as_ref().map(|(p, _)| *p).or(self.base);
        let before = before.unwrap_or(Point { seq: line.seq - 1, hash: line.prev });
        let fits = line.prev == if self.damaged.is_empty() { before.hash } else { self.tip };
        self.told = match (line.seq.cmp(&before.seq.saturating_add(1)), fits || begins) {
            (std::cmp::Ordering::Equal, true) => {
                self.verdict.torn += self.damaged.len() as u64;
                self.damaged.clear();
                false
            }
            (std::cmp::Ordering::Equal, false) => {
                // Lines that are none and that nobody wrote here leave the chain as it was.
                let whole = line.prev == before.hash;
                self.tell_damaged(0);
                if !whole {
                    self.tell_last_altered(&place, line.seq);
                }
                false
            }
            (std::cmp::Ordering::Greater, true) => {
                // Its hash is that of the line before, so nothing is gone: its number was changed.
                self.tell(place.clone(), line.seq, Kind::Altered);
                self.verdict.torn += self.damaged.len() as u64;
                self.damaged.clear();
                true
            }
            (std::cmp::Ordering::Greater, false) => {
                let gone = line.seq - before.seq - 1;
                let unreadable = self.damaged.len() as u64;
                self.tell_damaged(before.seq + 1);
                if gone > unreadable {
                    let (first, last) = (before.seq + 1 + unreadable, line.seq - 1);
                    let kind = if self.last.is_none() {
                        Kind::RemovedAtBeginning { first, last }
                    } else {
                        Kind::Missing { first, last }
                    };
                    self.tell(place.clone(), line.seq, kind);
                }
                false
            }
            (std::cmp::Ordering::Less, _) => {
                self.tell_damaged(0);
                self.tell(place.clone(), line.seq, Kind::OutOfOrder);
                true
            }
        };
        let verdict = &mut self.verdict;
        verdict.lines += 1;
        verdict.first = if verdict.first == 0 { line.seq } else { verdict.first };
        verdict.last = line.seq;
        let at = line.entry.timestamp;
        verdict.from = Some(verdict.from.map_or(at, |t| t.min(at)));
        verdict.to = Some(verdict.to.map_or(at, |t| t.max(at)));
        self.last = Some((Point { seq: line.seq, hash }, place));
        self.tip = hash;
    }

    /// Tells that a file could not be read.
    pub fn unreadable(&mut self, file: &str, why: String) {
        self.tell(Place { file: file.to_owned(), line: 0 }, 0, Kind::Unreadable { why });
    }

    /// The end, which must be where the head says; `file` is the name of the last file.
    #[must_use]
    pub fn finish(mut self, head: Option<Point>, file: &str) -> Verdict {
        let last = self.last.as_ref().map(|(p, _)| *p).or(self.base).unwrap_or_default();
        match head {
            None => {
                self.tell_damaged(0);
                if self.verdict.lines > 0 {
                    self.tell(Place { file: file.to_owned(), line: 0 }, 0, Kind::NoHead);
                }
            }
            Some(head) if head.seq > last.seq => {
                let unreadable = self.damaged.len() as u64;
                self.tell_damaged(last.seq + 1);
                if head.seq - last.seq > unreadable {
                    let place = Place { file: file.to_owned(), line: 0 };
                    let kind = Kind::CutOff { first: last.seq + 1 + unreadable, last: head.seq };
                    self.tell(place, last.seq, kind);
                }
            }
            Some(head) if head.seq == last.seq => {
                let known = head.hash == last.hash || (!self.damaged.is_empty() && head.hash == self.tip);
                if known {
                    self.verdict.torn += self.damaged.len() as u64;
                } else {
                    self.tell_damaged(0);
                    if let Some((point, place)) = self.last.take().filter(|_| !self.told) {
                        self.tell(place, point.seq, Kind::Altered);
                    }
                }
            }
            Some(head) => {
                self.verdict.head_behind = last.seq - head.seq;
                self.verdict.torn += self.damaged.len() as u64;
            }
        }
        self.verdict
    }

    fn tell(&mut self, place: Place, seq: u64, kind: Kind) {
        if self.verdict.faults.len() < LISTED {
            self.verdict.faults.push(Fault { file: place.file, line: place.line, seq, kind });
        } else {
            self.verdict.more += 1;
        }
    }

    /// `first` is the number that the first of them had; 0 where they had none.
    fn tell_damaged(&mut self, first: u64) {
        for (n, place) in std::mem::take(&mut self.damaged).into_iter().enumerate() {
            let seq = if first == 0 { 0 } else { first.saturating_add(n as u64) };
            self.tell(place, seq, Kind::Damaged);
        }
    }

    fn tell_last_altered(&mut self, here: &Place, seq: u64) {
        match self.last.clone() {
            Some((point, place)) if !self.told => self.tell(place, point.seq, Kind::Altered),
            Some(_) => {}
            // The first line that is kept does not fit what was kept of the one before it.
            None => self.tell(here.clone(), seq, Kind::Altered),
        }
    }
}
