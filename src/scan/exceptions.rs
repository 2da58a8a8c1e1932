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

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn finding(rule: &str, path: &str, line: usize) -> Finding {
        Finding {
            rule: rule.into(),
            title: "A key".into(),
            severity: Severity::Critical,
            path: path.into(),
            line,
            column: 1,
            end_line: line,
            mask: "…".into(),
            fingerprint: format!("print of {rule} {path} {line}"),
            excuse: None,
        }
    }

    fn ignore(text: &str) -> Exceptions {
        let mut exceptions = Exceptions::default();
        exceptions.add_ignore_file(text);
        exceptions
    }

    #[test]
    fn a_line_of_an_ignore_file_names_file_rule_and_line() {
        let exceptions = ignore(
            "\u{feff}# a comment\r\n\r\nsrc/a.txt:own:3\r\n  c0ffee:b.txt:own:4  \r\nC:/x:y.txt:own:5\ndir\\d.txt:own:6\n\
             a.txt:aws-access-token:7\n#a.txt:own:8",
        );
        let excused = |path, rule, line, commit| exceptions.excuse(&finding(rule, path, line), commit);
        for (path, rule, line, commit) in [
            ("src/a.txt", "own", 3, None),
            ("src/a.txt", "own", 3, Some("abc")),
            ("b.txt", "own", 4, Some("c0ffee")),
            ("C:/x:y.txt", "own", 5, None),
            ("dir/d.txt", "own", 6, None),
            ("dir\\d.txt", "own", 6, None),
            ("a.txt", "aws-access-key-id", 7, None),
        ] {
            assert_eq!(excused(path, rule, line, commit), Some(Excuse::IgnoreFile), "{path}");
        }
        for (path, rule, line, commit) in [
            ("src/a.txt", "own", 4, None),
            ("src/a.txt", "other", 3, None),
            ("a.txt", "own", 3, None),
            ("b.txt", "own", 4, None),
            ("b.txt", "own", 4, Some("c0ffee1")),
            ("a.txt", "own", 8, None),
            ("#a.txt", "own", 8, None),
        ] {
            assert_eq!(excused(path, rule, line, commit), None, "{path}:{line}");
        }
    }

    #[test]
    fn a_baseline_of_gitleaks_counts_by_rule_file_and_line() {
        let mut exceptions = Exceptions::default();
        let text = r#"[
            {"RuleID": "aws-access-token", "Description": "x", "StartLine": 3, "EndLine": 3, "Match": "REDACTED",
             "Secret": "REDACTED", "File": "a.txt", "Commit": "", "Entropy": 3.1, "Tags": [], "Fingerprint": "f"},
            {"RuleID": "own", "StartLine": 4, "File": "dir\\b.txt", "Commit": "c0ffee"}, {"newer": 1}]"#;
        exceptions.add_baseline(text).unwrap();
        let excuse = |rule, path, line, commit| exceptions.excuse(&finding(rule, path, line), commit);
        assert_eq!(excuse("aws-access-key-id", "a.txt", 3, None), Some(Excuse::Baseline));
        assert_eq!(excuse("aws-access-key-id", "a.txt", 3, Some("abc")), Some(Excuse::Baseline));
        assert_eq!(excuse("own", "dir/b.txt", 4, Some("c0ffee")), Some(Excuse::Baseline));
        assert_eq!(excuse("own", "dir/b.txt", 4, None), None);
        assert_eq!(excuse("aws-access-key-id", "a.txt", 2, None), None);
        for empty in ["null", "[]"] {
            Exceptions::default().add_baseline(empty).unwrap();
        }
    }

    #[test]
    fn a_report_of_ours_is_a_baseline_by_its_fingerprints() {
        let (old, other) = (finding("own", "a.txt", 3), finding("own", "a.txt", 9));
        let allowed = Finding { excuse: Some(Excuse::Comment), ..other.clone() };
        let findings = vec![old.clone().into(), allowed.into()];
        let report = super::super::report::Report { findings, ..Default::default() };
        let mut exceptions = Exceptions::default();
        exceptions.add_baseline(&super::super::report::json(&report)).unwrap();
        let moved = Finding { line: 7, ..old };
        assert_eq!(exceptions.excuse(&moved, None), Some(Excuse::Baseline));
        assert_eq!(exceptions.excuse(&other, None), None, "what a comment excused has to be excused by it");
    }

    #[test]
    fn a_baseline_that_cannot_be_read_is_told_without_its_text() {
        for text in [
            "",
            "hush",
            "\"hush\"",
            "[\"hush\"]",
            "[{\"RuleID\": [\"hush\"]}]",
            "{\"findings\": \"hush\"}",
            "{}",
            "[{]",
            "[{\"StartLine\": \"hush\"}]",
            "{\"findings\": [{\"fingerprint\": 3, \"hush\": 1}]}",
        ] {
            let mut exceptions = Exceptions::default();
            let problem = exceptions.add_baseline(text).unwrap_err().to_string();
            assert!(problem.starts_with("baseline, line ") && !problem.contains("hush"), "{problem}");
            assert_eq!(exceptions.excuse(&finding("own", "a", 1), None), None);
        }
    }

    #[test]
    fn a_fingerprint_that_somebody_allowed_has_its_reason() {
        let mut exceptions = ignore("a:own:1");
        exceptions.allow("print of own a 1", "a test key");
        let excuse = exceptions.excuse(&finding("own", "a", 1), None);
        assert_eq!(excuse, Some(Excuse::Allowed { reason: "a test key".into() }));
    }

    #[test]
    fn a_comment_is_a_word_of_its_own() {
        for line in ["x = 1 # craft:allow", "// gitleaks:allow", "craft:allow", "x:gitleaks:allowed", "(craft:allow)"] {
            assert!(comment_allows(line.as_bytes()), "{line}");
        }
        for line in ["minecraft:allow", "craft:allowed", "craft: allow", "craft:allow-list", "_craft:allow", ""] {
            assert!(!comment_allows(line.as_bytes()), "{line}");
        }
    }
}
