//! Which lines somebody asks for.

use memchr::memmem::Finder;

use super::line::{Line, stamp, stamped};
use super::{Entry, Outcome};
use crate::clock::Millis;

/// What is asked for. Empty lists ask for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Not before this time.
    pub since: Option<Millis>,
    /// Not after this time.
    pub until: Option<Millis>,
    /// On one of these platforms.
    pub platforms: Vec<String>,
    /// One of these operations.
    pub operations: Vec<String>,
    /// With one of these ends.
    pub results: Vec<Outcome>,
    /// Made to happen by one of these.
    pub triggers: Vec<String>,
    /// Only the newest so many.
    pub limit: Option<usize>,
}

/// What a line is to a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Match {
    /// Not asked for.
    Other,
    /// No line of a journal.
    Damaged,
    /// Asked for.
    Hit(Box<Line>),
}

/// A query made ready to be held against many lines.
#[derive(Debug, Clone)]
pub struct Matcher<'q> {
    query: &'q Query,
    since: String,
    until: String,
    /// Of each list of words one has to stand in the line, in quotes.
    words: Vec<Vec<Finder<'static>>>,
}

impl Query {
    /// Makes it ready.
    #[must_use]
    pub fn matcher(&self) -> Matcher<'_> {
        let since = self.since.map(stamped).unwrap_or_default();
        // A word that JSON writes in another way is left to who takes the line apart.
        let plain = |word: &&str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let results: Vec<_> = self.results.iter().map(|o| o.word().to_owned()).collect();
        let lists = [&self.platforms, &self.operations, &self.triggers, &results];
        let lists = lists.map(|list| list.iter().map(String::as_str).collect::<Vec<_>>());
        let lists = lists.into_iter().filter(|list| !list.is_empty() && list.iter().all(plain));
        let finder = |word: &str| Finder::new(&format!("\"{word}\"")).into_owned();
        let words = lists.map(|list| list.into_iter().map(finder).collect()).collect();
        Matcher { query: self, since, until: self.until.map_or_else(|| "~".into(), stamped), words }
    }

    /// Whether a file whose times lie between `from` and `to` may hold something.
    #[must_use]
    pub fn reaches(&self, from: Millis, to: Millis) -> bool {
        self.since.is_none_or(|since| to >= since) && self.until.is_none_or(|until| from <= until)
    }

    fn asks_for(&self, entry: &Entry) -> bool {
        let among = |list: &[String], word: &str| list.is_empty() || list.iter().any(|w| w == word);
        among(&self.platforms, &entry.platform)
            && among(&self.operations, &entry.operation)
            && among(&self.triggers, &entry.actor.trigger)
            && (self.results.is_empty() || self.results.contains(&entry.result))
    }
}

impl Matcher<'_> {
    /// Holds it against a line without its line feed. Its time is compared, and words are looked for, as bytes before
    /// anything is taken apart.
    #[must_use]
    pub fn look(&self, line: &[u8]) -> Match {
        let Some(at) = stamp(line) else { return Match::Damaged };
        if at < self.since.as_bytes() || at > self.until.as_bytes() {
            return Match::Other;
        }
        if self.words.iter().any(|list| list.iter().all(|word| word.find(line).is_none())) {
            return Match::Other;
        }
        match Line::parse(line) {
            Some(line) if self.query.asks_for(&line.entry) => Match::Hit(Box::new(line)),
            Some(_) => Match::Other,
            None => Match::Damaged,
        }
    }
}
