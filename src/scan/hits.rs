//! Places of a text where a detector found something, and which of them count.

use std::borrow::Cow;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::assign;
use super::context::Place;
use super::decode;
use super::finding::Severity;
use super::provider::{self, Pair, Provider, Said};
use super::{jwt, keys, read, table, url, value};

/// At most this many places of a text are kept.
const MOST: usize = 2000;
/// How deep base64 inside base64 is followed.
const DEPTH: u8 = 2;
/// How far from a key id its secret may stand.
const PAIR: usize = 400;

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
    automaton: Option<AhoCorasick>,
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
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words.keys())
            .ok();
        Self { providers, automaton, actions: words.into_values().collect() }
    }

    /// What stands in `text`, in its order, without overlaps. `binary` content has no assignments.
    pub(super) fn hits(&self, text: &[u8], place: Place, binary: bool) -> Vec<Hit<'_>> {
        let mut hits = Vec::new();
        if place.whole && value::is_hex(text.trim_ascii()) && text.trim_ascii().len() == 32 {
            hits.push(found_as(0..text.trim_ascii().len(), "rails-master-key", "Rails master key"));
        }
        self.gather(text, place, binary, &mut hits);
        self.encoded(text, place, DEPTH, &mut hits);
        settle(hits)
    }

    fn gather<'s>(&'s self, text: &[u8], place: Place, binary: bool, hits: &mut Vec<Hit<'s>>) {
        let mut cell = |range, rule, severity| hits.push(generic(range, rule, severity));
        match place.table {
            Some(b'|') => table::markdown(text, &mut cell),
            Some(separator) if !binary => table::cells(text, separator, &mut cell),
            _ => {}
        }
        let Some(automaton) = &self.automaton else { return };
        let mut named = 0;
        for found in automaton.find_overlapping_iter(text) {
            if hits.len() >= MOST {
                return;
            }
            let at = found.start()..found.end();
            for action in &self.actions[found.pattern().as_usize()] {
                match action {
                    Action::Provider(rule) => self.provider(text, &at, &self.providers[*rule], hits),
                    Action::Name if !binary => {
                        let name = read::name(text, at.clone());
                        if name.end > named {
                            named = name.end;
                            if let Some(given) = assign::look(text, &name, place) {
                                hits.push(generic(given.range, given.rule, given.severity));
                            }
                        }
                    }
                    Action::Url => {
                        if let Some((range, rule)) = url::password(text, at.start) {
                            let title = if rule == "url-password" { "Password in a URL" } else { "Token in a URL" };
                            hits.push(Hit { rank: 2, ..found_as(range, rule, title) });
                        }
                    }
                    Action::Armour => {
                        if let Some(range) = keys::armoured(text, at.start) {
                            hits.push(found_as(range, "private-key", "Private key"));
                        }
                    }
                    Action::Putty => {
                        if let Some(range) = keys::putty(text, at.start) {
                            hits.push(found_as(range, "putty-private-key", "PuTTY private key"));
                        }
                    }
                    Action::Jwt if provider::boundary(text, at.start) => {
                        if let Some(range) = jwt::token(text, at.start) {
                            hits.push(Hit { rank: 1, ..found_as(range, "json-web-token", "JSON Web Token") });
                        }
                    }
                    Action::Insert => {
                        table::insert(text, at.end, |range, rule, severity| hits.push(generic(range, rule, severity)));
                    }
                    Action::Jwt | Action::Name => {}
                }
            }
        }
    }

    fn provider<'s>(&self, text: &[u8], at: &Range<usize>, rule: &'s Provider, hits: &mut Vec<Hit<'s>>) {
        let (range, harmless) = match rule.look(text, at) {
            Said::No => return,
            Said::Harmless(range) => (range, true),
            Said::Yes(range) => (range, false),
        };
        if !harmless && rule.pair() == Some(Pair::Aws) {
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
    fn encoded<'s>(&'s self, text: &[u8], place: Place, depth: u8, hits: &mut Vec<Hit<'s>>) {
        for (range, inner) in decode::base64_texts(text) {
            let mut found = Vec::new();
            self.gather(&inner, Place { code: false, ..place }, false, &mut found);
            if depth > 1 {
                self.encoded(&inner, place, depth - 1, &mut found);
            }
            let best = settle(found).into_iter().filter(|h| h.severity == Severity::Critical).min_by_key(|h| h.rank);
            if let Some(hit) = best
                && hits.len() < MOST
            {
                let title = format!("{} in base64", hit.title);
                hits.push(Hit { range, title: title.into(), public: 0, rank: 1, ..hit });
            }
        }
    }
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
