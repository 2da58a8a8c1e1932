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

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let finding = |rule: &str, path: &str, line: usize, severity, excuse| Finding {
            rule: rule.into(),
            title: if line == 0 { "more than 100 places".into() } else { format!("A thing of {rule}") },
            severity,
            path: path.into(),
            line,
            column: line.min(5),
            end_line: line,
            mask: "ghp_…".into(),
            fingerprint: format!("{line:016x}"),
            excuse,
        };
        let (warning, critical) = (Severity::Warning, Severity::Critical);
        let allowed = |reason: &str| Some(Excuse::Allowed { reason: reason.into() });
        let findings = [
            finding("key", "a b/ü#%?:c.txt", 3, critical, None),
            finding("key", "x.txt", 0, critical, None),
            finding("assignment", "x.txt", 1, warning, None),
            finding("assignment", "x.txt", 2, critical, Some(Excuse::Comment)),
            finding("assignment", "x.txt", 4, critical, Some(Excuse::IgnoreFile)),
            finding("assignment", "x.txt", 5, critical, Some(Excuse::Baseline)),
            finding("assignment", "x.txt", 6, critical, Some(Excuse::Allowlist)),
            finding("assignment", "x.txt", 7, critical, allowed("a test key")),
            finding("assignment", "x.txt", 8, critical, allowed("")),
        ];
        let mut findings: Vec<Entry> = findings.into_iter().map(Entry::from).collect();
        findings[0].commit = Some("c0ffee".into());
        Report {
            program: "0.1.0".into(),
            rules: "r1".into(),
            scanned: 12,
            findings,
            unscanned: vec![Missed { path: "big.bin".into(), reason: "too large".into(), commit: None }],
        }
    }

    #[test]
    fn the_json_has_what_is_documented() {
        let value: Value = serde_json::from_str(&json(&report())).unwrap();
        assert_eq!(value["version"], 1);
        assert_eq!(value["tool"], json!({ "name": "craft", "version": "0.1.0", "rules": "r1" }));
        assert_eq!(
            value["findings"][0],
            json!({
                "rule": "key", "title": "A thing of key", "severity": "critical", "path": "a b/ü#%?:c.txt", "line": 3,
                "column": 3, "endLine": 3, "mask": "ghp_…", "fingerprint": "0000000000000003", "commit": "c0ffee",
            })
        );
        assert_eq!(value["findings"][7]["excuse"], json!({ "by": "allowed", "reason": "a test key" }));
        assert_eq!(value["unscanned"], json!([{ "path": "big.bin", "reason": "too large" }]));
        assert_eq!(
            value["summary"],
            json!({
                "scanned": 12, "critical": 2, "warning": 1, "excused": 6, "unscanned": 1, "complete": false,
            })
        );
        let back: Vec<Entry> = serde_json::from_value(value["findings"].clone()).unwrap();
        assert_eq!(back, report().findings);
    }

    #[test]
    fn the_sarif_is_what_code_scanning_takes() {
        let shape = include_str!("../../tests/fixtures/gitleaks/sarif-shape.json");
        let shape = jsonschema::validator_for(&serde_json::from_str(shape).unwrap()).unwrap();
        for report in [report(), Report::default()] {
            let value: Value = serde_json::from_str(&sarif(&report)).unwrap();
            let wrong: Vec<String> = shape.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(wrong.is_empty(), "{wrong:#?}");
        }
        let value: Value = serde_json::from_str(&sarif(&report())).unwrap();
        let run = &value["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), 2);
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
        }
        assert_eq!(rules[1]["shortDescription"]["text"], "A thing of key");
        let first = &run["results"][0];
        let place = &first["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/%C3%BC%23%25%3F%3Ac.txt");
        assert_eq!((&first["level"], &first["properties"]["commit"]), (&json!("error"), &json!("c0ffee")));
        assert_eq!(run["results"][2]["level"], "warning");
        assert_eq!(run["results"][3]["suppressions"][0]["kind"], "inSource");
        assert_eq!(run["results"][7]["suppressions"][0]["justification"], "a test key");
        assert_eq!(run["results"][1]["locations"][0]["physicalLocation"]["region"], Value::Null);
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().len(), 1);
    }
}
