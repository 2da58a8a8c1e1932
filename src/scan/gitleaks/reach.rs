//! How far around a keyword a rule has to look, so that it finds what it would find in the whole file.
//!
//! A rule of gitleaks runs over the whole file as soon as one of its keywords stands anywhere in it. Where every
//! text that the pattern can match has a keyword in it, that is the same as to look around the keywords: with a
//! longest match of `n` bytes, all matches lie within `n` bytes of a keyword; without one, but when no match goes
//! over the end of a line, they lie in the lines of the keywords.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, Hir, HirKind};

use super::pattern::cost;

/// The most letters of keywords, and the largest pattern, for which this is worked out.
const LETTERS: usize = 1000;
const COST: usize = 5000;

/// Where matches can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Anywhere in the file.
    File,
    /// In the line of a keyword.
    Line,
    /// In a span of so many bytes with a keyword in it.
    Bytes(usize),
}

/// Where the matches of `hir` can be, seen from `keywords` (ASCII, lower case).
pub(super) fn reach(hir: &Hir, keywords: &[String]) -> Reach {
    let letters: usize = keywords.iter().map(String::len).sum();
    if keywords.is_empty() || letters > LETTERS || cost(hir) > COST {
        return Reach::File;
    }
    if !Avoiding::new(keywords).after(hir, &BTreeSet::from([0])).is_empty() {
        return Reach::File;
    }
    match hir.properties().maximum_len() {
        Some(most) => Reach::Bytes(most),
        None if !crosses_lines(hir) => Reach::Line,
        None => Reach::File,
    }
}

fn crosses_lines(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.contains(&b'\n'),
        HirKind::Class(Class::Bytes(class)) => class.iter().any(|r| (r.start()..=r.end()).contains(&b'\n')),
        HirKind::Class(Class::Unicode(class)) => class.iter().any(|r| (r.start()..=r.end()).contains(&'\n')),
        HirKind::Repetition(r) => crosses_lines(&r.sub),
        HirKind::Capture(c) => crosses_lines(&c.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(crosses_lines),
    }
}

/// The automaton of texts without a keyword: a state says how much of the keywords was just read. Its walk along a
/// pattern ends in no state at all if, and only if, the pattern has no text without a keyword.
struct Avoiding {
    /// The next state for each byte, `None` where a keyword was read to its end.
    next: Vec<Vec<(u8, Option<usize>)>>,
    /// The bytes of the keywords. All others lead back to the start.
    bytes: Vec<u8>,
}

impl Avoiding {
    fn new(keywords: &[String]) -> Self {
        let words: Vec<&[u8]> = keywords.iter().map(String::as_bytes).collect();
        let prefixes: BTreeSet<&[u8]> = words.iter().flat_map(|w| (0..w.len()).map(|n| &w[..n])).collect();
        let prefixes: Vec<&[u8]> = prefixes.into_iter().collect();
        let bytes: Vec<u8> =
            words.iter().flat_map(|w| w.iter().copied()).collect::<BTreeSet<u8>>().into_iter().collect();
        let step = |state: &[u8], byte: u8| {
            let read = [state, &[byte]].concat();
            if words.iter().any(|w| read.ends_with(w)) {
                return None;
            }
            (0..=read.len()).find_map(|from| prefixes.binary_search(&&read[from..]).ok())
        };
        let next = prefixes.iter().map(|p| bytes.iter().map(|b| (*b, step(p, *b))).collect()).collect();
        Self { next, bytes }
    }

    /// The states in which a text of `hir` can leave the automaton that enters it in one of `from`.
    fn after(&self, hir: &Hir, from: &BTreeSet<usize>) -> BTreeSet<usize> {
        if from.is_empty() {
            return BTreeSet::new();
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => from.clone(),
            HirKind::Literal(literal) => literal.0.iter().fold(from.clone(), |states, byte| {
                self.over(&states, |b| b == byte.to_ascii_lowercase(), !self.knows(*byte))
            }),
            HirKind::Class(class) => {
                let has = |byte: u8| match class {
                    Class::Bytes(c) => c.iter().any(|r| (r.start()..=r.end()).contains(&byte)),
                    Class::Unicode(c) => c.iter().any(|r| (r.start()..=r.end()).contains(&char::from(byte))),
                };
                let either = |byte: u8| has(byte) || has(byte.to_ascii_uppercase());
                let strange = match class {
                    Class::Bytes(_) => (0..=255).any(|b| has(b) && !self.knows(b)),
                    Class::Unicode(c) => {
                        c.iter().any(|r| !r.end().is_ascii()) || (0..128).any(|b| has(b) && !self.knows(b))
                    }
                };
                self.over(from, either, strange)
            }
            HirKind::Capture(capture) => self.after(&capture.sub, from),
            HirKind::Concat(parts) => parts.iter().fold(from.clone(), |states, part| self.after(part, &states)),
            HirKind::Alternation(parts) => parts.iter().flat_map(|part| self.after(part, from)).collect(),
            HirKind::Repetition(r) => {
                let mut states = from.clone();
                for _ in 0..r.min {
                    let more = self.after(&r.sub, &states);
                    if more == states {
                        break;
                    }
                    states = more;
                }
                let mut all = states.clone();
                for _ in r.min..r.max.unwrap_or(u32::MAX) {
                    states = self.after(&r.sub, &states);
                    let before = all.len();
                    all.extend(&states);
                    if all.len() == before {
                        break;
                    }
                }
                all
            }
        }
    }

    fn knows(&self, byte: u8) -> bool {
        self.bytes.contains(&byte.to_ascii_lowercase())
    }

    /// One byte on. `strange`: it may be one that no keyword has.
    fn over(&self, from: &BTreeSet<usize>, has: impl Fn(u8) -> bool, strange: bool) -> BTreeSet<usize> {
        let known = from.iter().flat_map(|s| &self.next[*s]).filter(|(byte, _)| has(*byte));
        known.filter_map(|(_, next)| *next).chain((strange && !from.is_empty()).then_some(0)).collect()
    }
}
