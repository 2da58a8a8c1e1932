//! The scanner: rules made ready, and the way of one file through them.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::context::Place;
use super::decode;
use super::exceptions::comment_allows;
use super::finding::{Excuse, Finding, Salt, Severity};
use super::gitleaks::{Seen, UserRules};
use super::hits::{Detectors, Hit};
use super::place::Lines;
use super::provider;
use crate::sync::names::{self, Content};

/// Largest file that is scanned, in bytes, where nothing else is said.
const LIMIT: u64 = 64 << 20;
/// From how many bytes on a file that is no text is worth a word.
const LARGE: usize = 10 << 20;
/// Raised when detectors change without a change of the rules' text.
const GENERATION: &str = "2";

/// Rules, made ready. Making one costs a few milliseconds; patterns are compiled when first needed.
pub struct Scanner {
    version: String,
    limit: u64,
    user: UserRules,
    detectors: Detectors,
    watch: Watch,
}

/// Begins the scan of a file of so many bytes with a user's rules; what it returns says whether to go on.
pub type Watch = fn(usize) -> Box<dyn Fn() -> bool>;

/// Why a file could not be scanned as a whole. An automatic commit or push does not go on then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unscanned {
    /// Larger than the limit.
    #[error("{bytes} bytes are more than the scan takes ({limit})")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Scanning it took too long.
    #[error("the scan would take too long")]
    TooSlow,
    /// More places look like credentials than are looked at.
    #[error("more than {0} places look like credentials")]
    TooMany(usize),
    /// It could not be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// What one file holds.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// What was found, in the order of the file.
    pub findings: Vec<Finding>,
    /// Why it was not scanned as a whole.
    pub unscanned: Option<Unscanned>,
}

impl Scanner {
    /// The built-in rules with those of a user beside them.
    #[must_use]
    pub fn new(user: UserRules) -> Self {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        provider::text().for_each(&mut add);
        [env!("CARGO_PKG_VERSION"), GENERATION, user.digest()].into_iter().for_each(&mut add);
        let version = hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect();
        Self { version, limit: LIMIT, user, detectors: Detectors::new(), watch: |_| Box::new(|| true) }
    }

    /// Takes files of up to `bytes`.
    #[must_use]
    pub fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Lets `watch` end the search with a user's rules, which may be made to take for ever.
    #[must_use]
    pub fn with_watch(mut self, watch: Watch) -> Self {
        self.watch = watch;
        self
    }

    /// Tells one set of rules from another: what was found with one says nothing of another.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The users' rules it was made with.
    #[must_use]
    pub fn user(&self) -> &UserRules {
        &self.user
    }

    /// Scans one file. `path` is relative, with `/`; it decides where a finding is likely, never whether the
    /// file is scanned.
    #[must_use]
    pub fn scan(&self, salt: &Salt, path: &str, content: &[u8]) -> Scan {
        let bytes = content.len() as u64;
        if bytes > self.limit {
            let unscanned = Unscanned::TooLarge { bytes, limit: self.limit };
            return Scan { findings: Vec::new(), unscanned: Some(unscanned) };
        }
        if !self.detectors.ready() {
            let unscanned = Unscanned::Unreadable("the built-in rules could not be made ready".into());
            return Scan { findings: Vec::new(), unscanned: Some(unscanned) };
        }
        // What is read as UTF-16 is looked at as it is, too: two bytes in front must not hide a text.
        let decoded = decode::utf16(content);
        let binary = decoded.is_none() && decode::is_binary(content);
        let mut scan = match &decoded {
            Some(decoded) => {
                let (text, raw) = (self.look(salt, path, decoded, false), self.look(salt, path, content, false));
                let mut findings = text.findings;
                let told: BTreeSet<_> = findings.iter().map(|f| f.fingerprint.clone()).collect();
                findings.extend(raw.findings.into_iter().filter(|f| !told.contains(&f.fingerprint)));
                Scan { findings, unscanned: text.unscanned.or(raw.unscanned) }
            }
            None => self.look(salt, path, content, binary),
        };
        scan.findings.splice(0..0, self.whole(salt, path, content, binary));
        scan
    }

    fn look(&self, salt: &Salt, path: &str, text: &[u8], binary: bool) -> Scan {
        let lines = Lines::new(text);
        let (hits, mut unscanned) = self.detectors.hits(text, Place::of(path), binary);
        let enabled = hits.iter().filter(|h| !self.user.disables(h.rule));
        let mut findings: Vec<_> = enabled.map(|hit| self.finding(salt, path, text, &lines, hit)).collect();
        let go_on = (self.watch)(text.len());
        match self.user.scan_while(salt, path, text, &go_on) {
            Some(found) => findings.extend(found),
            None => unscanned = Some(Unscanned::TooSlow),
        }
        findings.sort_by(|a, b| (a.line, a.column, &a.rule).cmp(&(b.line, b.column, &b.rule)));
        Scan { findings, unscanned }
    }

    /// What a file is as a whole, where nobody can read it: stores of keys, and what hardly belongs into a history.
    fn whole(&self, salt: &Salt, path: &str, content: &[u8], binary: bool) -> Option<Finding> {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        // Android's build tools make a store for debugging, with a password that all know.
        let harmless = ["debug", "test", "example", "sample"].iter().any(|w| name.contains(w)) || Place::of(path).test;
        let (rule, title, severity) = match names::content(&content[..content.len().min(names::BEGINNING)]) {
            Some(Content::KeyStore) if harmless => ("key-store", "Store of keys", Severity::Warning),
            Some(Content::KeyStore) => ("key-store", "Store of keys", Severity::Critical),
            Some(Content::CoreDump) => ("core-dump", "Memory of a program that crashed", Severity::Warning),
            Some(Content::Database) => ("database", "Database", Severity::Warning),
            None if binary && content.len() > LARGE => ("large-binary", "Large binary file", Severity::Warning),
            None => return None,
        };
        (!self.user.disables(rule)).then(|| Finding {
            rule: rule.to_owned(),
            title: title.to_owned(),
            severity,
            path: path.to_owned(),
            line: 0,
            column: 0,
            end_line: 0,
            mask: String::new(),
            fingerprint: salt.fingerprint(rule, path, &Sha256::digest(content)),
            excuse: None,
        })
    }

    fn finding(&self, salt: &Salt, path: &str, text: &[u8], lines: &Lines<'_>, hit: &Hit<'_>) -> Finding {
        let secret = &text[hit.range.clone()];
        let line = lines.around(hit.range.clone());
        let seen = Seen { rule: hit.rule, path, secret, matched: secret, line };
        let (first, column) = lines.place(hit.range.start);
        let (last, _) = lines.place(hit.range.end.saturating_sub(1).max(hit.range.start));
        let prefix = String::from_utf8_lossy(&secret[..hit.public.min(secret.len())]).into_owned();
        Finding {
            rule: hit.rule.to_owned(),
            title: hit.title.clone().into_owned(),
            severity: hit.severity,
            path: path.to_owned(),
            line: first,
            column,
            end_line: last,
            mask: format!("{prefix}…"),
            fingerprint: salt.fingerprint(hit.rule, path, secret),
            excuse: if comment_allows(line) { Some(Excuse::Comment) } else { self.user.excuse(&seen) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, content: &[u8]) -> Vec<Finding> {
        Scanner::new(UserRules::default()).scan(&Salt::new([1; 16]), path, content).findings
    }

    #[test]
    fn a_byte_order_mark_hides_no_text_that_is_none_of_utf16() {
        let key = b"id = AKIAQ3EGRTXKWN5DLM7P\n";
        for mark in [[0xff, 0xfe], [0xfe, 0xff]] {
            assert_eq!(found("a.ini", &[&mark[..], key].concat()).len(), 1);
        }
        let wide: Vec<u8> = "one line of this file\n".repeat(30).encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(found("a.ini", &[&wide[..], key].concat()).len(), 1);
    }

    #[test]
    fn rules_of_a_user_are_ended_and_the_file_is_not_taken_for_scanned() {
        let (rules, _) = UserRules::read("[[rules]]\nid = 'own'\nregex = 'x'\n");
        let scanner = Scanner::new(rules).with_watch(|_| Box::new(|| false));
        assert_eq!(scanner.scan(&Salt::new([1; 16]), "a", b"x").unscanned, Some(Unscanned::TooSlow));
    }

    #[test]
    fn a_long_line_is_not_gone_over_for_each_of_its_findings() {
        let lines = b"AKIAQ3EGRTXKWN5DLM7P ".repeat(20_000);
        assert_eq!(found("a.txt", &lines).len(), 20_000);
    }
}
