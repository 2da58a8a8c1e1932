//! The scanner: rules made ready, and the way of one file through them.

use super::finding::{Finding, Salt, Severity};
use super::gitleaks::UserRules;

/// Rules, made ready. Making one costs about a millisecond; patterns are compiled when first needed.
pub struct Scanner {
    version: String,
    user: UserRules,
}

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
    #[error("the scan took too long")]
    TooSlow,
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
        Self { version: "0".into(), user }
    }

    /// Tells one set of rules from another: what was found with one says nothing of another.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Scans one file. `path` is relative, with `/`; it decides where a finding is likely, never whether the
    /// file is scanned.
    #[must_use]
    pub fn scan(&self, salt: &Salt, path: &str, content: &[u8]) -> Scan {
        let mut scan = Scan::default();
        for (number, line) in content.split(|b| *b == b'\n').enumerate() {
            let Some(at) = memchr::memmem::find(line, b"AKIA") else { continue };
            let value = &line[at..line.len().min(at + 20)];
            if value.len() == 20 && value.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
                scan.findings.push(Finding {
                    rule: "aws-access-key-id".into(),
                    title: "AWS access key id".into(),
                    severity: Severity::Critical,
                    path: path.into(),
                    line: number + 1,
                    column: at + 1,
                    end_line: number + 1,
                    mask: "AKIA…".into(),
                    fingerprint: salt.fingerprint("aws-access-key-id", path, value),
                    excuse: None,
                });
            }
        }
        scan.findings.extend(self.user.scan(salt, path, content));
        scan
    }
}
