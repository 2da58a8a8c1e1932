//! What users do not want to be told of.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::finding::{Excuse, Finding};
use super::rule::Problem;

/// Findings that do not count: `.gitleaksignore`, a baseline, and what somebody allowed by its fingerprint.
#[derive(Debug, Clone, Default)]
pub struct Exceptions {
    ignored: BTreeSet<String>,
    allowed: BTreeMap<String, String>,
}

impl Exceptions {
    /// Takes in a `.gitleaksignore`: `commit:file:rule:line` or `file:rule:line`, a line each; `#` begins a comment.
    pub fn add_ignore_file(&mut self, text: &str) {
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        self.ignored.extend(lines.map(str::to_owned));
    }

    /// Takes in a report of gitleaks, as a baseline.
    ///
    /// # Errors
    /// Where it is none.
    pub fn add_baseline(&mut self, text: &str) -> Result<(), Problem> {
        let broken = |what: String| Problem { place: "baseline".into(), what };
        let list: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|e| broken(e.to_string()))?;
        for entry in list {
            let text = |name: &str| entry.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            let line = entry.get("StartLine").and_then(serde_json::Value::as_u64).unwrap_or(0);
            self.ignored.insert(format!("{}:{}:{line}", text("File"), text("RuleID")));
        }
        Ok(())
    }

    /// Lets a fingerprint pass.
    pub fn allow(&mut self, fingerprint: &str, reason: &str) {
        self.allowed.insert(fingerprint.to_owned(), reason.to_owned());
    }

    /// Why `finding`, in `commit` where it was found in one, does not count.
    #[must_use]
    pub fn excuse(&self, finding: &Finding, commit: Option<&str>) -> Option<Excuse> {
        if let Some(reason) = self.allowed.get(&finding.fingerprint) {
            return Some(Excuse::Allowed { reason: reason.clone() });
        }
        let plain = format!("{}:{}:{}", finding.path, finding.rule, finding.line);
        let named = commit.map(|c| format!("{c}:{plain}"));
        (self.ignored.contains(&plain) || named.is_some_and(|n| self.ignored.contains(&n)))
            .then_some(Excuse::IgnoreFile)
    }
}
