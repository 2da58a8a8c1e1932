//! The way of one file through the user's rules.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use regex::bytes::Regex;

use super::super::exceptions::comment_allows;
use super::super::finding::{Excuse, Finding, Salt};
use super::super::place::Lines;
use super::Seen;
use super::allow::Allowlist;
use super::reach::{Reach, reach};
use super::read::{Required, Rule};

/// The most findings of one rule in one file.
const FINDINGS: usize = 100;
/// The most matches of one rule that are looked at in one file.
const MATCHES: usize = 10_000;
/// What is shown of a value: nothing is known of its public part.
const MASK: &str = "…";

/// Rules, ready to be used.
#[derive(Default)]
pub(super) struct Search {
    rules: Vec<Ready>,
    /// Allowlists for all rules.
    allow: Vec<Arc<Allowlist>>,
    /// The keywords of all rules, and the rules that have each.
    keywords: Option<(AhoCorasick, Vec<Vec<usize>>)>,
}

struct Ready {
    rule: Rule,
    reach: OnceLock<Reach>,
    /// The rules it requires, by their place in the list.
    required: Vec<(usize, Required)>,
}

/// Where a rule has to look.
#[derive(Clone)]
enum Where {
    /// This file is none of its business.
    Off,
    /// No keyword of it was seen.
    Nowhere,
    File,
    Spans(Vec<Range<usize>>),
}

/// The file that is looked at.
struct File<'f> {
    path: &'f str,
    content: &'f [u8],
    lines: Lines<'f>,
    go_on: &'f dyn Fn() -> bool,
}

/// A match, before it becomes a finding.
#[derive(Clone)]
struct Hit {
    rule: usize,
    whole: Range<usize>,
    secret: Range<usize>,
    place: (usize, usize),
    excuse: Option<Excuse>,
}

impl Search {
    pub(super) fn new(rules: Vec<Rule>, allow: Vec<Arc<Allowlist>>) -> Self {
        let ids: BTreeMap<String, usize> = rules.iter().enumerate().map(|(n, r)| (r.id.clone(), n)).collect();
        let mut rules: Vec<Ready> = rules
            .into_iter()
            .map(|rule| {
                let find = |r: &Required| ids.get(&r.id).map(|n| (*n, r.clone()));
                let required = rule.required.iter().filter_map(find).collect();
                Ready { required, rule, reach: OnceLock::new() }
            })
            .collect();
        let mut words: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (n, ready) in rules.iter_mut().enumerate() {
            let keywords = &mut ready.rule.keywords;
            keywords.sort_unstable();
            keywords.dedup();
            // Case folds in ASCII only, and no text is without the empty keyword.
            if keywords.iter().any(|k| k.is_empty() || !k.is_ascii()) {
                keywords.clear();
            }
            for word in keywords {
                words.entry(word.clone()).or_default().push(n);
            }
        }
        let (words, owners): (Vec<String>, Vec<Vec<usize>>) = words.into_iter().unzip();
        let found = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(&words).ok();
        if found.is_none() {
            // Too many keywords for one automaton: each rule looks for itself.
            rules.iter_mut().for_each(|r| r.rule.keywords.clear());
        }
        Self { rules, allow, keywords: found.filter(|_| !words.is_empty()).map(|f| (f, owners)) }
    }

    pub(super) fn len(&self) -> usize {
        self.rules.len()
    }

    /// None where `go_on` said no.
    pub(super) fn scan(
        &self,
        salt: &Salt,
        path: &str,
        content: &[u8],
        go_on: &dyn Fn() -> bool,
    ) -> Option<Vec<Finding>> {
        if self.rules.is_empty() || self.allow.iter().any(|a| a.allows_file(path, None)) {
            return Some(Vec::new());
        }
        let file = File { path, content, lines: Lines::new(content), go_on };
        let at = self.look(path, content);
        let mut hits: Vec<Hit> = Vec::new();
        let mut more = Vec::new();
        for (n, ready) in self.rules.iter().enumerate().filter(|(_, r)| !r.rule.silent) {
            let (mut found, mut overflow) = self.run(n, &at[n], &file)?;
            for (other, how) in &ready.required {
                if found.is_empty() {
                    break;
                }
                let everywhere = match &at[*other] {
                    Where::Nowhere if ready_reach(&self.rules[*other]) == Reach::File => &Where::File,
                    given => given,
                };
                let (near, _) = self.run(*other, everywhere, &file)?;
                found.retain(|hit| near.iter().any(|n| n.excuse.is_none() && is_near(hit, n, how)));
            }
            let mut kept = [0, 0];
            found.retain(|hit| {
                let kept = &mut kept[usize::from(hit.excuse.is_some())];
                *kept += 1;
                *kept <= FINDINGS
            });
            overflow |= kept[0] > FINDINGS;
            if overflow {
                more.push(n);
            }
            hits.extend(found);
        }
        without_generic(&self.rules, &mut hits, content);
        hits.sort_by_key(|hit| (hit.whole.start, hit.rule));
        let findings = hits.into_iter().map(|hit| self.finding(&hit, salt, &file));
        let rest = more.into_iter().map(|n| self.rest(n, salt, path));
        Some(findings.chain(rest).collect())
    }

    /// Where each rule has to look: one pass for all keywords.
    fn look(&self, path: &str, content: &[u8]) -> Vec<Where> {
        let start = |r: &Ready| {
            let passes = r.rule.paths.as_ref().is_none_or(|p| p.is_match(path));
            if !passes || r.rule.allow.iter().any(|a| a.allows_file(path, None)) {
                Where::Off
            } else if r.rule.keywords.is_empty() {
                Where::File
            } else {
                Where::Nowhere
            }
        };
        let mut at: Vec<Where> = self.rules.iter().map(start).collect();
        let Some((keywords, owners)) = &self.keywords else { return at };
        for hit in keywords.find_overlapping_iter(content) {
            for n in owners[hit.pattern().as_usize()].iter().copied() {
                if matches!(at[n], Where::Off | Where::File) {
                    continue;
                }
                let span = match ready_reach(&self.rules[n]) {
                    Reach::File => {
                        at[n] = Where::File;
                        continue;
                    }
                    Reach::Bytes(most) => {
                        hit.end().saturating_sub(most)..hit.start().saturating_add(most).min(content.len())
                    }
                    Reach::Line => {
                        if let Where::Spans(spans) = &at[n]
                            && spans.last().is_some_and(|s| s.contains(&hit.start()) && hit.end() <= s.end)
                        {
                            continue;
                        }
                        let from = memchr::memrchr(b'\n', &content[..hit.start()]).map_or(0, |nl| nl + 1);
                        let to = memchr::memchr(b'\n', &content[hit.start()..]);
                        from..to.map_or(content.len(), |nl| hit.start() + nl)
                    }
                };
                match &mut at[n] {
                    Where::Spans(spans) => match spans.last_mut() {
                        Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                        _ => spans.push(span),
                    },
                    nowhere => *nowhere = Where::Spans(vec![span]),
                }
            }
        }
        at
    }

    /// What one rule matches, and whether there was more than is looked at. None where it has to stop: no search
    /// takes more than linear time, but many of them may each go to the end of the file.
    fn run(&self, n: usize, at: &Where, file: &File<'_>) -> Option<(Vec<Hit>, bool)> {
        let rule = &self.rules[n].rule;
        let (path, content) = (file.path, file.content);
        let all = 0..content.len();
        let spans = match at {
            Where::Off | Where::Nowhere => &[],
            Where::File => std::slice::from_ref(&all),
            Where::Spans(spans) => spans.as_slice(),
        };
        let Some(pattern) = &rule.regex else {
            // The path alone is the match, and `look` has seen that it fits.
            let hit = Hit { rule: n, whole: 0..0, secret: 0..0, place: (0, 0), excuse: None };
            return Some((if spans.is_empty() { Vec::new() } else { vec![hit] }, false));
        };
        let mut hits = Vec::new();
        if spans.is_empty() {
            return Some((hits, false));
        }
        let Some(regex) = pattern.regex() else { return Some((hits, true)) };
        let mut left = MATCHES;
        for span in spans {
            if !(file.go_on)() {
                return None;
            }
            // One byte more: where the span ends is not where a text ends, for `$` and `\b`.
            let text = &content[..span.end.saturating_add(1).min(content.len())];
            let mut from = span.start;
            while let Some(found) = (from <= text.len()).then(|| regex.find_at(text, from)).flatten() {
                if !(file.go_on)() {
                    return None;
                }
                from = if found.is_empty() { found.end() + 1 } else { found.end() };
                let Some(whole) = trimmed(content, found.range()) else { continue };
                if left == 0 {
                    return Some((hits, true));
                }
                left -= 1;
                let secret = secret(rule, regex, text, found.start(), &whole);
                let Some(secret) = secret else { continue };
                let line = file.lines.around(whole.clone());
                let seen = Seen {
                    rule: &rule.id,
                    path,
                    secret: &content[secret.clone()],
                    matched: &content[whole.clone()],
                    line,
                };
                let excuse = if comment_allows(line) {
                    Some(Excuse::Comment)
                } else {
                    let listed = self.allow.iter().chain(&rule.allow).any(|a| a.allows_value(&seen));
                    listed.then_some(Excuse::Allowlist)
                };
                hits.push(Hit { rule: n, place: file.lines.place(whole.start), whole, secret, excuse });
            }
        }
        Some((hits, false))
    }

    fn finding(&self, hit: &Hit, salt: &Salt, file: &File<'_>) -> Finding {
        let File { path, content, lines, .. } = file;
        let (line, column) = hit.place;
        let end_line = if line == 0 { 0 } else { lines.place(hit.whole.end.saturating_sub(1)).0 };
        let value = &content[hit.secret.clone()];
        let rule = &self.rules[hit.rule].rule;
        Finding {
            title: if rule.title.is_empty() { rule.id.clone() } else { rule.title.clone() },
            severity: rule.severity(),
            path: (*path).to_owned(),
            line,
            column,
            end_line,
            mask: MASK.into(),
            fingerprint: salt.fingerprint(&rule.id, path, value),
            excuse: hit.excuse.clone(),
            rule: rule.id.clone(),
        }
    }

    /// Stands for all that is not listed.
    fn rest(&self, n: usize, salt: &Salt, path: &str) -> Finding {
        let rule = &self.rules[n].rule;
        Finding {
            rule: rule.id.clone(),
            title: format!("more than {FINDINGS} places; the others are not listed"),
            severity: rule.severity(),
            path: path.to_owned(),
            line: 0,
            column: 0,
            end_line: 0,
            mask: MASK.into(),
            fingerprint: salt.fingerprint(&rule.id, path, b"more than can be listed"),
            excuse: None,
        }
    }
}

/// How far around its keywords a rule has to look.
fn ready_reach(ready: &Ready) -> Reach {
    *ready.reach.get_or_init(|| {
        let hir = ready.rule.regex.as_ref().and_then(|r| r.hir());
        hir.map_or(Reach::File, |hir| reach(&hir, &ready.rule.keywords))
    })
}

/// A match without line ends before and behind it; none where nothing is left.
fn trimmed(content: &[u8], found: Range<usize>) -> Option<Range<usize>> {
    let text = &content[found.clone()];
    let first = text.iter().position(|b| *b != b'\n')?;
    let last = text.iter().rposition(|b| *b != b'\n')?;
    Some(found.start + first..found.start + last + 1)
}

/// The value in a match; none if its entropy is too low.
fn secret(rule: &Rule, regex: &Regex, text: &[u8], start: usize, whole: &Range<usize>) -> Option<Range<usize>> {
    let groups = if regex.captures_len() > 1 { regex.captures_at(text, start) } else { None };
    let group = |n: usize| groups.as_ref().and_then(|g| g.get(n)).map(|m| m.range()).filter(|r| !r.is_empty());
    let secret = if rule.group > 0 { group(rule.group) } else { (1..regex.captures_len()).find_map(&group) };
    let secret = secret.unwrap_or_else(|| whole.clone());
    if rule.entropy != 0.0 && entropy(&text[secret.clone()]) <= rule.entropy {
        return None;
    }
    let within = |(least, most, n): &(f64, f64, usize)| {
        let part = if *n == 0 { whole.clone() } else { group(*n).unwrap_or_else(|| whole.clone()) };
        (*least..=*most).contains(&entropy(&text[part]))
    };
    (rule.ranges.is_empty() || rule.ranges.iter().any(within)).then_some(secret)
}

/// Shannon's entropy in bits, as gitleaks has it: characters are counted, and shares are taken of the bytes.
#[expect(clippy::cast_precision_loss, reason = "values are short")]
pub(super) fn entropy(value: &[u8]) -> f64 {
    let mut counts: BTreeMap<char, usize> = BTreeMap::new();
    for chunk in value.utf8_chunks() {
        let broken = std::iter::repeat_n('\u{fffd}', chunk.invalid().len());
        chunk.valid().chars().chain(broken).for_each(|c| *counts.entry(c).or_default() += 1);
    }
    let share = |count: &usize| *count as f64 / value.len() as f64;
    -counts.values().map(share).map(|p| p * p.log2()).sum::<f64>()
}

fn is_near(hit: &Hit, other: &Hit, how: &Required) -> bool {
    how.lines.is_none_or(|most| hit.place.0.abs_diff(other.place.0) <= most)
        && how.columns.is_none_or(|most| hit.place.1.abs_diff(other.place.1) <= most)
}

/// Takes out what a rule with `generic` in its name found where another rule found the same in that line.
fn without_generic(rules: &[Ready], hits: &mut Vec<Hit>, content: &[u8]) {
    let generic: Vec<bool> = rules.iter().map(|r| r.rule.id.to_lowercase().contains("generic")).collect();
    let mut better: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
    for hit in hits.iter().filter(|h| !generic[h.rule] && h.excuse.is_none() && h.place.0 > 0) {
        better.entry(hit.place.0).or_default().push(hit.secret.clone());
    }
    hits.retain(|hit| {
        let value = &content[hit.secret.clone()];
        let same = |other: &Range<usize>| memchr::memmem::find(&content[other.clone()], value).is_some();
        !generic[hit.rule] || value.is_empty() || !better.get(&hit.place.0).is_some_and(|o| o.iter().any(same))
    });
}
#[cfg(test)]
impl Search {
    /// Makes each rule with a keyword in the file look at all of it.
    pub(super) fn look_everywhere(&self) {
        self.rules.iter().for_each(|r| assert!(r.reach.set(Reach::File).is_ok()));
    }

    pub(super) fn reaches(&self) -> Vec<Reach> {
        self.rules.iter().map(ready_reach).collect()
    }
}
