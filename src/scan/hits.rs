//! Places of a text where a detector found something, and which of them count.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::assign;
use super::context::Place;
use super::decode;
use super::effort::Effort;
use super::finding::Severity;
use super::provider::{self, Pair, Provider, Said};
use super::scanner::Unscanned;
use super::{jwt, keys, read, table, url, value};

/// A text with more places than this is not looked at to its end, and counts as one that was not scanned.
const MOST: usize = 50_000;
/// How many of them are told that stop nothing.
const WARNINGS: usize = 2000;
/// From how many bytes on the faster automaton is worth its making.
const WARM: usize = 1 << 20;
/// How deep base64 inside base64 is followed.
const DEPTH: u8 = 2;
/// How far from a key id its secret may stand.
const PAIR: usize = 400;

/// What it costs to go over a byte, to look at a keyword, to look far behind one, and to read a byte closely.
const EACH: usize = 15;
const HIT: usize = 40;
const FAR: usize = 600;
const BODY: usize = 12;

/// A place where something was found.
#[derive(Debug, Clone)]
pub(super) struct Hit<'r> {
    pub(super) range: Range<usize>,
    pub(super) rule: &'r str,
    pub(super) title: Cow<'r, str>,
    pub(super) severity: Severity,
    /// How many bytes of the value are public.
    pub(super) public: usize,
    /// The lower, the more the rule knows of what it found.
    rank: u8,
    /// No credential; it only keeps other rules from saying more of it.
    harmless: bool,
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Provider(usize),
    Name,
    Url,
    Armour,
    Putty,
    Jwt,
    Insert,
}

/// All detectors behind one automaton.
pub(super) struct Detectors {
    providers: Vec<Provider>,
    /// For the first [`WARM`] bytes: it is made in a third of the time.
    small: Option<AhoCorasick>,
    /// For all that comes after: twice as fast.
    large: OnceLock<Option<AhoCorasick>>,
    words: Vec<String>,
    seen: AtomicUsize,
    actions: Vec<Vec<Action>>,
}

impl Detectors {
    pub(super) fn new() -> Self {
        let providers = provider::all();
        let mut words: std::collections::BTreeMap<String, Vec<Action>> = std::collections::BTreeMap::new();
        let mut add = |word: &str, action| words.entry(word.to_ascii_lowercase()).or_default().push(action);
        for (at, rule) in providers.iter().enumerate() {
            rule.keywords().iter().for_each(|word| add(word, Action::Provider(at)));
        }
        assign::KEYWORDS.iter().for_each(|word| add(word, Action::Name));
        add("://", Action::Url);
        add(r":\/\/", Action::Url);
        add("-----begin ", Action::Armour);
        add("putty-user-key-file-", Action::Putty);
        add("eyj", Action::Jwt);
        add("insert into", Action::Insert);
        let (words, actions): (Vec<_>, Vec<_>) = words.into_iter().unzip();
        let small = automaton(&words, AhoCorasickKind::ContiguousNFA);
        Self { providers, small, large: OnceLock::new(), words, seen: AtomicUsize::new(0), actions }
    }

    /// The automaton for the next `bytes`.
    fn automaton(&self, bytes: usize) -> Option<&AhoCorasick> {
        if self.seen.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) < WARM {
            return self.small.as_ref();
        }
        self.large.get_or_init(|| automaton(&self.words, AhoCorasickKind::DFA)).as_ref().or(self.small.as_ref())
    }

    /// Whether all could be made that a scan needs.
    pub(super) fn ready(&self) -> bool {
        self.small.is_some() && !self.providers.is_empty()
    }

    /// What stands in `text`, in its order, without overlaps, and why that is not all. `binary` content has no
    /// assignments.
    pub(super) fn hits(&self, text: &[u8], place: Place, binary: bool) -> (Vec<Hit<'_>>, Option<Unscanned>) {
        self.hits_within(text, place, binary, Effort::for_bytes(text.len()))
    }

    fn hits_within(
        &self,
        text: &[u8],
        place: Place,
        binary: bool,
        mut effort: Effort,
    ) -> (Vec<Hit<'_>>, Option<Unscanned>) {
        let mut hits = Vec::new();
        if place.whole && value::is_hex(text.trim_ascii()) && text.trim_ascii().len() == 32 {
            hits.push(found_as(0..text.trim_ascii().len(), "rails-master-key", "Rails master key"));
        }
        self.gather(text, place, binary, &mut hits, &mut effort);
        self.encoded(text, place, DEPTH, &mut hits, &mut effort);
        let unscanned = match (effort.spent(), hits.len() >= MOST) {
            (true, _) => Some(Unscanned::TooSlow),
            (_, true) => Some(Unscanned::TooMany(MOST)),
            _ => None,
        };
        let mut hits = settle(hits);
        let mut warnings = 0;
        hits.retain(|h| {
            warnings += usize::from(h.severity == Severity::Warning);
            h.severity == Severity::Critical || warnings <= WARNINGS
        });
        (hits, unscanned)
    }

    fn gather<'s>(&'s self, text: &[u8], place: Place, binary: bool, hits: &mut Vec<Hit<'s>>, effort: &mut Effort) {
        effort.take(EACH * text.len());
        let mut cell = |range, rule, severity| hits.push(generic(range, rule, severity));
        match place.table {
            Some(b'|') => table::markdown(text, &mut cell),
            Some(separator) if !binary => table::cells(text, separator, &mut cell),
            _ => {}
        }
        let Some(automaton) = self.automaton(text.len()) else { return };
        let mut named = 0;
        for found in automaton.find_overlapping_iter(text) {
            if hits.len() >= MOST || effort.spent() {
                return;
            }
            effort.take(HIT);
            let at = found.start()..found.end();
            for action in &self.actions[found.pattern().as_usize()] {
                match action {
                    Action::Provider(rule) => self.provider(text, &at, &self.providers[*rule], hits, effort),
                    Action::Name if !binary => {
                        let name = read::name(text, at.clone());
                        if name.end > named {
                            named = name.end;
                            if let Some(given) = assign::look(text, &name, place, effort) {
                                hits.push(generic(given.range, given.rule, given.severity));
                            }
                        }
                    }
                    Action::Url => {
                        effort.take(FAR);
                        if let Some((range, rule)) = url::password(text, at.start) {
                            let title = if rule == "url-password" { "Password in a URL" } else { "Token in a URL" };
                            hits.push(Hit { rank: 2, ..found_as(range, rule, title) });
                        }
                    }
                    Action::Armour => {
                        effort.take(FAR);
                        if let Some(range) = keys::armoured(text, at.start) {
                            effort.take(BODY * range.len());
                            hits.push(found_as(range, "private-key", "Private key"));
                        }
                    }
                    Action::Putty => {
                        effort.take(FAR);
                        if let Some(range) = keys::putty(text, at.start) {
                            effort.take(BODY * range.len());
                            hits.push(found_as(range, "putty-private-key", "PuTTY private key"));
                        }
                    }
                    Action::Jwt if provider::boundary(text, at.start) => {
                        effort.take(FAR);
                        if let Some(range) = jwt::token(text, at.start) {
                            effort.take(BODY * range.len());
                            hits.push(Hit { rank: 1, ..found_as(range, "json-web-token", "JSON Web Token") });
                        }
                    }
                    Action::Insert => {
                        let mut hear = |range, rule, severity| hits.push(generic(range, rule, severity));
                        let end = table::insert(text, at.end, &mut hear);
                        effort.take(FAR + BODY * (end - at.end));
                    }
                    Action::Jwt | Action::Name => {}
                }
            }
        }
    }

    fn provider<'s>(
        &self,
        text: &[u8],
        at: &Range<usize>,
        rule: &'s Provider,
        hits: &mut Vec<Hit<'s>>,
        effort: &mut Effort,
    ) {
        let (range, harmless) = match rule.look(text, at, effort) {
            Said::No => return,
            Said::Harmless(range) => (range, true),
            Said::Yes(range) => (range, false),
        };
        if !harmless && rule.pair() == Some(Pair::Aws) {
            effort.take(BODY * 2 * PAIR);
            aws_secret(text, &range, hits);
        }
        let public = rule.public(&text[range.clone()]);
        let rank = if rule.public(&text[range.clone()]) > 0 { 0 } else { 1 };
        hits.push(Hit {
            range,
            rule: rule.id(),
            title: rule.title().into(),
            severity: rule.severity(),
            public,
            rank,
            harmless,
        });
    }

    /// Base64 that stands for text is looked at as that text; what is found there stands where the base64 does.
    fn encoded<'s>(&'s self, text: &[u8], place: Place, depth: u8, hits: &mut Vec<Hit<'s>>, effort: &mut Effort) {
        for (range, inner) in decode::base64_texts(text) {
            if hits.len() >= MOST || effort.spent() {
                return;
            }
            let mut found = Vec::new();
            self.gather(&inner, Place { code: false, ..place }, false, &mut found, effort);
            if depth > 1 {
                self.encoded(&inner, place, depth - 1, &mut found, effort);
            }
            let best = settle(found).into_iter().filter(|h| h.severity == Severity::Critical).min_by_key(|h| h.rank);
            if let Some(hit) = best {
                let title = format!("{} in base64", hit.title);
                hits.push(Hit { range, title: title.into(), public: 0, rank: 1, ..hit });
            }
        }
    }
}

fn automaton(words: &[String], kind: AhoCorasickKind) -> Option<AhoCorasick> {
    AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(kind)).build(words).ok()
}

fn found_as<'r>(range: Range<usize>, rule: &'r str, title: &'r str) -> Hit<'r> {
    Hit { range, rule, title: title.into(), severity: Severity::Critical, public: 0, rank: 0, harmless: false }
}

fn generic<'r>(range: Range<usize>, rule: &'static str, severity: Severity) -> Hit<'r> {
    let title = assign::RULES.iter().find(|(id, _)| *id == rule).map_or(rule, |(_, title)| title);
    Hit { severity, rank: 9, ..found_as(range, rule, title) }
}

/// The secret that belongs to an AWS key id: forty characters of base64 next to it.
fn aws_secret(text: &[u8], id: &Range<usize>, hits: &mut Vec<Hit<'_>>) {
    let from = id.start.saturating_sub(PAIR);
    let to = text.len().min(id.end + PAIR);
    let base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let mut at = from;
    for run in text[from..to].split(|b| !base64(b)) {
        let range = at..at + run.len();
        at = range.end + 1;
        let inside = range.start > from || from == 0;
        if run.len() == 40
            && inside
            && !value::is_hex(run)
            && value::strength(run) == value::Strength::Random
            && value::entropy(run) > 4.2
        {
            hits.push(found_as(range, "aws-secret-access-key", "AWS secret access key"));
        }
    }
}

/// Of hits that overlap, the one of the rule that knows most stays; then what is harmless goes.
fn settle(mut hits: Vec<Hit<'_>>) -> Vec<Hit<'_>> {
    hits.sort_by_key(|h| {
        (h.rank, std::cmp::Reverse(h.severity), !h.harmless, std::cmp::Reverse(h.range.len()), h.range.start)
    });
    let mut kept = std::collections::BTreeMap::<usize, Hit<'_>>::new();
    for hit in hits {
        let before = kept.range(..hit.range.end).next_back().is_some_and(|(_, k)| k.range.end > hit.range.start);
        if !before {
            kept.insert(hit.range.start, hit);
        }
    }
    kept.into_values().filter(|h| !h.harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AKIAQ3EGRTXKWN5DLM7P";

    #[test]
    fn what_stands_behind_many_harmless_places_is_found() {
        let harmless = "id = AKIAIOSFODNN7EXAMPLE\n".repeat(3000);
        let named = "password = \"pass1234word\"\n".repeat(3000);
        let detectors = Detectors::new();
        let (hits, unscanned) = detectors.hits(format!("{harmless}{named}{KEY}").as_bytes(), Place::default(), false);
        assert_eq!(unscanned, None);
        assert!(hits.iter().any(|h| h.rule == "aws-access-key-id"), "{}", hits.len());
    }

    #[test]
    fn a_text_with_too_many_places_is_not_taken_for_scanned() {
        let text = format!("{}{KEY}", "AKIAIOSFODNN7EXAMPLE ".repeat(MOST + 1));
        let detectors = Detectors::new();
        let (hits, unscanned) = detectors.hits(text.as_bytes(), Place::default(), false);
        assert_eq!((hits.len(), unscanned), (0, Some(Unscanned::TooMany(MOST))));
    }

    #[test]
    fn a_text_that_costs_too_much_is_not_taken_for_scanned() {
        let detectors = Detectors::new();
        for flood in [
            "password=",
            "insert into a(password) ",
            "insert into a(password) values ('a','b",
            "8Q~",
            "AZDO",
            "chpasswd:",
            "-----BEGIN RSA PRIVATE KEY-----",
            "://a",
            "eyJ ",
            "putty-user-key-file-",
            "cGFzc3dvcmQ9aHVudGVyMg0KdG9rZW49YWJjZGVm ",
        ] {
            let text = flood.repeat(400);
            let (_, unscanned) = detectors.hits_within(text.as_bytes(), Place::default(), false, Effort::of(20_000));
            assert_eq!(unscanned, Some(Unscanned::TooSlow), "{flood}");
        }
        let ordinary = "let total = items.iter().map(|item| item.price).sum::<u64>();\n".repeat(400);
        let (_, unscanned) =
            detectors.hits_within(ordinary.as_bytes(), Place::default(), false, Effort::of(20 * ordinary.len()));
        assert_eq!(unscanned, None);
    }
}
