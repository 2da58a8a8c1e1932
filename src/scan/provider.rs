//! Rules as data: formats that a provider documents, and credentials in commands and headers.
//!
//! | Key | Meaning |
//! |---|---|
//! | `id`, `title` | Its name for machines and for people. |
//! | `keywords` | Literals without which it cannot match; case does not matter. |
//! | `regex` | For bytes, without Unicode. The value is the first group that took part, or all. |
//! | `back`, `forward` | How far in front of the keyword and behind it the pattern looks. Without them it begins at the keyword. |
//! | `check` | A checksum that has to be right. |
//! | `judge` | How the value is weighed: `token` (no placeholder), `password`, `basic` (user and password in base64), `form` (the form says it all). |
//! | `near` | A pattern that has to match within 200 bytes. |
//! | `entropy`, `mixed` | Bits a byte the value needs; whether it needs letters and digits. |
//! | `pair` | `aws`: a secret of 40 characters nearby belongs to it. |
//! | `severity` | `warning` where it stops nothing. |

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use super::checksum;
use super::effort::Effort;
use super::finding::Severity;
use super::placeholder::{is_placeholder, is_weak, token_is_placeholder};
use super::value::{Strength, decoded_text, entropy, strength};

/// The files, in the order in which their rules are preferred.
const FILES: [&str; 7] = [
    include_str!("rules/cloud.toml"),
    include_str!("rules/code.toml"),
    include_str!("rules/ai.toml"),
    include_str!("rules/money.toml"),
    include_str!("rules/messages.toml"),
    include_str!("rules/watch.toml"),
    COMMANDS,
];
/// Credentials in commands, headers and files of their own form.
const COMMANDS: &str = include_str!("rules/commands.toml");
/// How far a pattern looks behind its keyword, where it does not say.
const FORWARD: usize = 320;
/// How far `near` looks.
const NEAR: usize = 200;
/// What a search costs beside the bytes it goes over.
const PATTERN: usize = 300;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Check {
    #[serde(rename = "crc32-base62")]
    Crc32Base62,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Judge {
    #[default]
    Token,
    Password,
    Basic,
    Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pair {
    Aws,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    id: String,
    title: String,
    keywords: Vec<String>,
    regex: String,
    #[serde(default)]
    back: usize,
    forward: Option<usize>,
    #[serde(default)]
    search: bool,
    check: Option<Check>,
    #[serde(default)]
    judge: Judge,
    near: Option<String>,
    #[serde(default)]
    entropy: f64,
    #[serde(default)]
    mixed: bool,
    pair: Option<Pair>,
    severity: Option<Severity>,
}

#[derive(Debug, Deserialize)]
struct File {
    rule: Vec<Data>,
}

/// A built-in rule.
pub(super) struct Provider {
    data: Data,
    regex: OnceLock<Option<Regex>>,
    near: OnceLock<Option<Regex>>,
}

/// What a rule says of a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing.
    No,
    /// It has the form, but is no credential: a placeholder, or a wrong checksum.
    Harmless(Range<usize>),
    /// A credential.
    Yes(Range<usize>),
}

/// The text of all built-in rules; it tells one version from another.
pub(super) fn text() -> impl Iterator<Item = &'static str> {
    FILES.into_iter()
}

/// The keywords of rules for commands and headers, without making the rules ready.
pub(super) fn command_words() -> impl Iterator<Item = &'static str> {
    let lists = COMMANDS.lines().filter_map(|line| line.strip_prefix("keywords = ["));
    // Words of one or two letters stand everywhere; what they begin has digits and letters of its own.
    lists.flat_map(|list| list.split('"').skip(1).step_by(2)).filter(|word| word.len() > 2)
}

/// All built-in rules.
pub(super) fn all() -> Vec<Provider> {
    FILES
        .iter()
        .flat_map(|text| toml::from_str::<File>(text).map(|f| f.rule).unwrap_or_default())
        .map(|data| Provider { data, regex: OnceLock::new(), near: OnceLock::new() })
        .collect()
}

fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).unicode(false).size_limit(4 << 20).build().ok()
}

impl Provider {
    pub(super) fn id(&self) -> &str {
        &self.data.id
    }

    pub(super) fn title(&self) -> &str {
        &self.data.title
    }

    pub(super) fn keywords(&self) -> &[String] {
        &self.data.keywords
    }

    pub(super) fn severity(&self) -> Severity {
        self.data.severity.unwrap_or(Severity::Critical)
    }

    pub(super) fn pair(&self) -> Option<Pair> {
        self.data.pair
    }

    /// Whether the pattern begins at the keyword.
    fn anchored(&self) -> bool {
        self.data.back == 0 && !self.data.search
    }

    fn regex(&self) -> Option<&Regex> {
        let pattern = || match self.anchored() {
            true => compile(&format!(r"\A(?:{})", self.data.regex)),
            false => compile(&self.data.regex),
        };
        self.regex.get_or_init(pattern).as_ref()
    }

    fn is_near(&self, text: &[u8], value: &Range<usize>) -> bool {
        let Some(pattern) = &self.data.near else { return true };
        let around = &text[value.start.saturating_sub(NEAR)..text.len().min(value.end + NEAR)];
        self.near.get_or_init(|| compile(pattern)).as_ref().is_some_and(|r| r.is_match(around))
    }

    /// Looks around `hit`, where one of the keywords stands. `effort` takes what it costs.
    pub(super) fn look(&self, text: &[u8], hit: &Range<usize>, effort: &mut Effort) -> Said {
        let Some(regex) = self.regex() else { return Said::No };
        let from = hit.start.saturating_sub(self.data.back);
        let to = text.len().min(hit.end + self.data.forward.unwrap_or(FORWARD).max(long(&self.data.regex)));
        // Tokens begin where a word begins; cheap to see, and most hits of short keywords end here.
        let begins = |at: usize| boundary(text, at);
        let literal = self.anchored() && !self.data.regex.contains("(?i");
        if literal && !begins(hit.start) {
            return Said::No;
        }
        let anywhere = self.data.search || self.data.forward.is_some();
        // What has no group is the value, and begins where a word does: no need to try the places between.
        let word = !self.anchored() && regex.captures_len() == 1;
        let mut at = 0;
        let window = &text[from..to];
        loop {
            while word && at < window.len() && !begins(from + at) {
                at += 1;
            }
            if at > window.len() || (!anywhere && from + at > hit.start) {
                return Said::No;
            }
            effort.take(PATTERN + 4 * (window.len() - at));
            if effort.spent() {
                return Said::No;
            }
            let Some(found) = regex.captures_at(window, at) else { return Said::No };
            let Some(whole) = found.get(0) else { return Said::No };
            let value = (1..found.len()).find_map(|i| found.get(i)).unwrap_or(whole);
            let range = from + value.start()..from + value.end();
            let covers = anywhere || (from + whole.start() <= hit.start && from + whole.end() >= hit.end);
            let grouped = value.range() != whole.range();
            if covers && (grouped || begins(range.start)) && ends(text, range.end) && self.is_near(text, &range) {
                return self.judge(text, range);
            }
            if self.anchored() || whole.end() <= at {
                return Said::No;
            }
            at = whole.start() + 1;
        }
    }

    fn judge(&self, text: &[u8], range: Range<usize>) -> Said {
        let value = &text[range.clone()];
        let fits = match self.data.judge {
            Judge::Token => {
                let prefix = self
                    .data
                    .keywords
                    .iter()
                    .filter(|k| value.len() >= k.len() && value[..k.len()].eq_ignore_ascii_case(k.as_bytes()))
                    .map(String::len)
                    .max();
                let body = &value[prefix.unwrap_or(0)..];
                let mixed = value.iter().any(u8::is_ascii_digit) && body.iter().any(u8::is_ascii_alphabetic);
                !token_is_placeholder(value, body) && entropy(body) >= self.data.entropy && (mixed || !self.data.mixed)
            }
            Judge::Form => entropy(value) >= self.data.entropy,
            Judge::Password => is_secret(value),
            Judge::Basic => decoded_text(value).is_some_and(|text| {
                let Some(colon) = text.iter().position(|b| *b == b':') else { return false };
                text[..colon].iter().all(u8::is_ascii_graphic) && is_secret(&text[colon + 1..])
            }),
        };
        let right = match self.data.check {
            Some(Check::Crc32Base62) => checksum::crc32_base62(value),
            None => true,
        };
        if fits && right { Said::Yes(range) } else { Said::Harmless(range) }
    }

    /// How many bytes of a value are the public prefix of its format.
    pub(super) fn public(&self, value: &[u8]) -> usize {
        let fits = |k: &&String| value.len() > k.len() + 8 && value.starts_with(k.as_bytes());
        if self.anchored() { self.data.keywords.iter().filter(fits).map(String::len).max().unwrap_or(0) } else { 0 }
    }
}

/// Whether a password that stands where only one can stand is a real one.
fn is_secret(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    if value.len() < 6 || is_placeholder(value) || is_weak(&lower) {
        return false;
    }
    let digits = value.iter().any(u8::is_ascii_digit);
    let letters = value.iter().any(u8::is_ascii_alphabetic);
    strength(value) > Strength::None || (value.len() >= 8 && digits && letters && value.is_ascii())
}

/// The longest repetition a pattern asks for, so that the window holds it.
fn long(pattern: &str) -> usize {
    pattern.split('{').skip(1).filter_map(|r| r.split('}').next()?.rsplit(',').next()?.parse::<usize>().ok()).sum()
}

/// Whether a word begins at `at`: in front of it no letter or digit, unless that is the end of an escape
/// (`\n`, `\t`, `%3D`, `\u0022`).
pub(super) fn boundary(text: &[u8], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).and_then(|i| text.get(i)).copied();
    match before(1) {
        None => true,
        Some(b'n' | b't' | b'r') if before(2) == Some(b'\\') => true,
        Some(b) if b.is_ascii_hexdigit() && before(3) == Some(b'%') => true,
        Some(b'2' | b'7' | b'd') if before(6) == Some(b'\\') && before(5) == Some(b'u') => true,
        Some(b'/' | b'+') => {
            // Inside of base64 any prefix turns up now and then.
            let from = at.saturating_sub(25);
            let run = text[from..at]
                .iter()
                .rev()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
                .count();
            let mixed = text[at - run..at].iter().any(u8::is_ascii_digit)
                && text[at - run..at].iter().any(u8::is_ascii_uppercase);
            run < 24 || !mixed
        }
        Some(b) => !(b.is_ascii_alphanumeric() || b == b'_'),
    }
}

/// Whether a word ends at `at`.
fn ends(text: &[u8], at: usize) -> bool {
    !text.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_sound() {
        let rules = all();
        assert!(rules.len() > 150, "{}", rules.len());
        let mut ids = std::collections::BTreeSet::new();
        for rule in &rules {
            assert!(ids.insert(rule.id().to_owned()), "{} is there twice", rule.id());
            assert!(rule.regex().is_some(), "{}: its pattern does not compile", rule.id());
            assert!(rule.data.near.as_deref().is_none_or(|n| compile(n).is_some()), "{}", rule.id());
            assert!(!rule.keywords().is_empty() && rule.keywords().iter().all(|k| k.len() >= 2), "{}", rule.id());
        }
    }

    #[test]
    fn a_token_begins_and_ends_where_a_word_does() {
        let rules = all();
        let rule = rules.iter().find(|r| r.id() == "huggingface-token").unwrap();
        let token = format!("hf_{}", "q8Zt2Lw9Xk4Vb7NmR3c5Hy6Tg1Fs0DpAeJ");
        let look = |text: &str| {
            let at = text.find("hf_").unwrap();
            rule.look(text.as_bytes(), &(at..at + 3), &mut Effort::for_bytes(text.len()))
        };
        assert_eq!(look(&format!("x={token}")), Said::Yes(2..39));
        assert_eq!(look(&format!("\\n{token}\\n")), Said::Yes(2..39));
        assert_eq!(look(&format!("x{token}")), Said::No);
        assert_eq!(look(&format!("{token}{}", "a".repeat(20))), Said::No);
        assert_eq!(look(&format!("hf_{}", "x".repeat(34))), Said::Harmless(0..37));
    }
}
