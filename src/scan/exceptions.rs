//! What users do not want to be told of.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::alias::alias;
use super::finding::{Excuse, Finding};
use super::rule::Problem;

/// The most that a baseline or an ignore file may hold, in bytes.
const MOST: usize = 32 << 20;

/// Findings that do not count: `.gitleaksignore`, a baseline, and what somebody allowed by its fingerprint.
#[derive(Debug, Clone, Default)]
pub struct Exceptions {
    ignored: BTreeSet<String>,
    allowed: BTreeMap<String, String>,
    /// `file:rule:line`, or `commit:file:rule:line` for what was found in a commit.
    known: BTreeSet<String>,
    known_prints: BTreeSet<String>,
}

/// Whether a comment in `line` lets pass what stands there: `gitleaks:allow` anywhere, as gitleaks has it, or
/// `craft:allow` as a word.
#[must_use]
pub fn comment_allows(line: &[u8]) -> bool {
    let ours = b"craft:allow";
    let word = |at: Option<&u8>| at.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-');
    memchr::memmem::find(line, b"gitleaks:allow").is_some()
        || memchr::memmem::find_iter(line, ours).any(|at| {
            let before = at.checked_sub(1).and_then(|b| line.get(b));
            !word(before) && !word(line.get(at + ours.len()))
        })
}

/// An entry of gitleaks' JSON report. The values in it are not even read.
#[derive(Deserialize)]
struct Theirs {
    #[serde(rename = "RuleID", default)]
    rule: String,
    #[serde(rename = "File", default)]
    file: String,
    #[serde(rename = "StartLine", default)]
    line: usize,
    #[serde(rename = "Commit", default)]
    commit: String,
}

/// What `craft scan --json` printed.
#[derive(Deserialize)]
struct Ours {
    findings: Vec<Print>,
}

#[derive(Deserialize)]
struct Print {
    fingerprint: String,
    #[serde(default)]
    excuse: Option<IgnoredAny>,
}

impl Exceptions {
    /// Takes in a `.gitleaksignore`: `commit:file:rule:line` or `file:rule:line`, a line each, with the ids of
    /// rules as gitleaks or we have them; `#` begins a comment. A path may hold colons, and `\` is read as `/`.
    pub fn add_ignore_file(&mut self, text: &str) {
        if text.len() > MOST {
            return;
        }
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        for line in lines.filter(|l| !l.is_empty() && !l.starts_with('#')) {
            self.ignored.insert(line.to_owned());
            if line.contains('\\') {
                self.ignored.insert(line.replace('\\', "/"));
            }
        }
    }

    /// Takes in a baseline: the JSON report of gitleaks, or what `craft scan --json` printed. An entry of gitleaks'
    /// counts for its rule, file and line, and for its commit where it has one; ours for their fingerprints.
    ///
    /// # Errors
    ///
    /// If the text is neither; it is not quoted. Nothing of it counts then.
    pub fn add_baseline(&mut self, text: &str) -> Result<(), Problem> {
        let place = "baseline";
        if text.len() > MOST {
            return Err(Problem::new(place, format!("it has more than {MOST} bytes and does not count")));
        }
        let text = text.trim_start_matches('\u{feff}');
        // The parser's own message may quote the text.
        let wrong = |e: &serde_json::Error| {
            let place = format!("{place}, line {}, column {}", e.line(), e.column());
            let what = "this is neither a JSON report of gitleaks nor of `craft scan`; it does not count";
            Problem::new(place, what)
        };
        if text.trim_start().starts_with('{') {
            let ours: Ours = serde_json::from_str(text).map_err(|e| wrong(&e))?;
            // What was excused then has to be excused by its own reason now.
            let plain = ours.findings.into_iter().filter(|f| f.excuse.is_none());
            self.known_prints.extend(plain.map(|f| f.fingerprint));
            return Ok(());
        }
        // gitleaks writes `null` where it has found nothing.
        let theirs: Option<Vec<Theirs>> = serde_json::from_str(text).map_err(|e| wrong(&e))?;
        for entry in theirs.unwrap_or_default().into_iter().filter(|e| !e.rule.is_empty() && !e.file.is_empty()) {
            let plain = format!("{}:{}:{}", entry.file.replace('\\', "/"), entry.rule, entry.line);
            self.known.insert(if entry.commit.is_empty() { plain } else { format!("{}:{plain}", entry.commit) });
        }
        Ok(())
    }

    /// Lets a fingerprint pass.
    pub fn allow(&mut self, fingerprint: &str, reason: &str) {
        self.allowed.insert(fingerprint.to_owned(), reason.to_owned());
    }

    /// Why `finding`, in `commit` (its whole id) where it was found in one, does not count.
    #[must_use]
    pub fn excuse(&self, finding: &Finding, commit: Option<&str>) -> Option<Excuse> {
        if let Some(reason) = self.allowed.get(&finding.fingerprint) {
            return Some(Excuse::Allowed { reason: reason.clone() });
        }
        if self.names(&self.ignored, finding, commit) {
            return Some(Excuse::IgnoreFile);
        }
        let known = self.known_prints.contains(&finding.fingerprint) || self.names(&self.known, finding, commit);
        known.then_some(Excuse::Baseline)
    }

    fn names(&self, set: &BTreeSet<String>, finding: &Finding, commit: Option<&str>) -> bool {
        !set.is_empty()
            && std::iter::once(finding.rule.as_str()).chain(alias(&finding.rule).iter().copied()).any(|rule| {
                let plain = format!("{}:{rule}:{}", finding.path, finding.line);
                set.contains(&plain) || commit.is_some_and(|c| set.contains(&format!("{c}:{plain}")))
            })
    }
}
