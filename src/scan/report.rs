//! What a scan found, for other programs: our JSON, and SARIF 2.1.0. No value is in either.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::finding::{Excuse, Finding, Severity};

/// The version of the JSON format.
const VERSION: u32 = 1;

/// A finding, and the commit it was found in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// The whole id of the commit; none for files of the working tree or the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl From<Finding> for Entry {
    fn from(finding: Finding) -> Self {
        Self { finding, commit: None }
    }
}

/// A file that was not scanned as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Missed {
    /// The file, with `/`, relative to the top of what was scanned.
    pub path: String,
    /// Why.
    pub reason: String,
    /// As in [`Entry`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// The outcome of a scan.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The version of this program.
    pub program: String,
    /// [`super::Scanner::version`].
    pub rules: String,
    /// How many files, or contents of files, were looked at.
    pub scanned: u64,
    /// What was found, excused findings too.
    pub findings: Vec<Entry>,
    /// What was not scanned as a whole.
    pub unscanned: Vec<Missed>,
}

impl Report {
    fn count(&self, which: impl Fn(&Finding) -> bool) -> usize {
        self.findings.iter().filter(|e| which(&e.finding)).count()
    }
}

/// The report as JSON (`docs/formats.md`), with a line end behind it.
#[must_use]
pub fn json(report: &Report) -> String {
    let counts = |severity| report.count(|f| f.excuse.is_none() && f.severity == severity);
    print(&json!({
        "version": VERSION,
        "tool": { "name": "craft", "version": report.program, "rules": report.rules },
        "findings": report.findings,
        "unscanned": report.unscanned,
        "summary": {
            "scanned": report.scanned,
            "critical": counts(Severity::Critical),
            "warning": counts(Severity::Warning),
            "excused": report.count(|f| f.excuse.is_some()),
            "unscanned": report.unscanned.len(),
            "complete": report.unscanned.is_empty(),
        },
    }))
}

/// The report as SARIF 2.1.0, as GitHub's code scanning takes it, with a line end behind it.
#[must_use]
pub fn sarif(report: &Report) -> String {
    let mut rules: BTreeMap<&str, (&str, Severity)> = BTreeMap::new();
    for finding in report.findings.iter().map(|e| &e.finding) {
        let (title, severity) = rules.entry(&finding.rule).or_insert((&finding.title, finding.severity));
        // A finding without a line may stand for many, and its title says so; that of another names the rule.
        if finding.line > 0 {
            *title = &finding.title;
        }
        *severity = (*severity).max(finding.severity);
    }
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(n, id)| (*id, n)).collect();
    let result = |entry| result(entry, &index);
    let missed = |m: &Missed| {
        json!({
            "level": "error",
            "descriptor": { "id": "unscanned" },
            "message": { "text": format!("{} was not scanned: {}", m.path, m.reason) },
            "locations": [{ "physicalLocation": { "artifactLocation": artifact(&m.path) } }],
        })
    };
    print(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "craft",
                "version": report.program,
                "rules": rules.iter().map(|(id, (title, severity))| rule(id, title, *severity)).collect::<Vec<_>>(),
                "notifications": [{ "id": "unscanned", "shortDescription": { "text": "A file was not scanned" } }],
            } },
            "invocations": [{
                "executionSuccessful": report.unscanned.is_empty(),
                "toolExecutionNotifications": report.unscanned.iter().map(missed).collect::<Vec<_>>(),
            }],
            "results": report.findings.iter().map(result).collect::<Vec<_>>(),
        }],
    }))
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "error",
        Severity::Warning => "warning",
    }
}

fn rule(id: &str, title: &str, severity: Severity) -> Value {
    let help = "Make the credential invalid at its provider, then take it out of the file and out of the history \
                that was not pushed yet. If it is none, say so on its line with the comment `craft:allow`, or with \
                `craft scan allow <fingerprint>`.";
    json!({
        "id": id,
        "name": id,
        "shortDescription": { "text": title },
        "fullDescription": { "text": format!("{title} in a file") },
        "help": { "text": help, "markdown": help },
        "defaultConfiguration": { "level": level(severity) },
        "properties": {
            "tags": ["security"],
            "security-severity": match severity { Severity::Critical => "9.0", Severity::Warning => "4.0" },
        },
    })
}

fn result(entry: &Entry, index: &BTreeMap<&str, usize>) -> Value {
    let finding = &entry.finding;
    let mut place = json!({ "artifactLocation": artifact(&finding.path) });
    if finding.line > 0 {
        // No columns: SARIF counts them in characters, findings in bytes.
        place["region"] = json!({ "startLine": finding.line, "endLine": finding.end_line.max(finding.line) });
    }
    let mut properties = json!({});
    if finding.column > 0 {
        properties["byteColumn"] = json!(finding.column);
    }
    if let Some(commit) = &entry.commit {
        properties["commit"] = json!(commit);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": index.get(finding.rule.as_str()),
        "level": level(finding.severity),
        "message": { "text": format!("{} ({})", finding.title, finding.mask) },
        "locations": [{ "physicalLocation": place }],
        "partialFingerprints": { "craftFingerprint/v1": finding.fingerprint },
        "properties": properties,
    });
    if let Some(excuse) = &finding.excuse {
        let (kind, why) = match excuse {
            Excuse::Comment => ("inSource", "a comment on its line"),
            Excuse::IgnoreFile => ("external", ".gitleaksignore"),
            Excuse::Baseline => ("external", "the baseline"),
            Excuse::Allowlist => ("external", "an allowlist of .gitleaks.toml"),
            Excuse::Allowed { reason } if reason.is_empty() => ("external", "allowed by its fingerprint"),
            Excuse::Allowed { reason } => ("external", reason.as_str()),
        };
        result["suppressions"] = json!([{ "kind": kind, "status": "accepted", "justification": why }]);
    }
    result
}

fn artifact(path: &str) -> Value {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    json!({ "uri": uri, "uriBaseId": "%SRCROOT%" })
}

fn print(value: &Value) -> String {
    // A `Value` has nothing that cannot be printed.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{text}\n")
}
