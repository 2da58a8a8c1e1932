//! What a scan found, without the value.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look; stops nothing.
    Warning,
    /// A credential; stops a commit and a push.
    Critical,
}

/// Random bytes of one repository. A fingerprint made with them cannot be tried against a list of
/// guessed values by somebody who only sees the fingerprint.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt(Vec<u8>);

impl Salt {
    /// From random bytes; 16 or more.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, to be kept.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// `sha256(salt, rule, file, value)`, shortened to 16 hexadecimal digits. Each part goes in with its length
    /// in front, so that no two different triples are the same text.
    #[must_use]
    pub fn fingerprint(&self, rule: &str, path: &str, value: &[u8]) -> String {
        let mut hash = Sha256::new();
        for part in [&self.0, rule.as_bytes(), path.as_bytes(), value] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt")
    }
}

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Excuse {
    /// A comment on its line: `gitleaks:allow` or `craft:allow`.
    Comment,
    /// A line of `.gitleaksignore`.
    IgnoreFile,
    /// It stands in the baseline.
    Baseline,
    /// An allowlist of `.gitleaks.toml`.
    Allowlist,
    /// Somebody allowed it by its fingerprint.
    Allowed {
        /// What they said of it.
        reason: String,
    },
}

/// A credential in a file, or something that looks like one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The rule, as its id.
    pub rule: String,
    /// What it is, in a few words: `GitHub personal access token`.
    pub title: String,
    /// How much it weighs.
    pub severity: Severity,
    /// The file, with `/`, relative to the top of what was scanned.
    pub path: String,
    /// The line it begins in, from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// The byte of that line, from 1.
    pub column: usize,
    /// The line it ends in.
    pub end_line: usize,
    /// At most the public prefix of the value, then `…`.
    pub mask: String,
    /// Tells this value of this rule in this file from others.
    pub fingerprint: String,
    /// Why it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excuse: Option<Excuse>,
}

impl Finding {
    /// Whether it stops a commit or a push.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Critical && self.excuse.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_depends_on_salt_rule_file_and_value() {
        let print = |salt: &[u8], rule, path, value: &[u8]| Salt::new(salt).fingerprint(rule, path, value);
        let one = print(b"s", "r", "p", b"v");
        assert_eq!(one, print(b"s", "r", "p", b"v"));
        assert_eq!(one.len(), 16);
        for other in [
            print(b"t", "r", "p", b"v"),
            print(b"s", "rp", "", b"v"),
            print(b"s", "r", "pv", b""),
            print(b"s", "r", "p", b"w"),
        ] {
            assert_ne!(one, other);
        }
        assert_eq!(format!("{:?}", Salt::new(*b"hidden")), "Salt");
    }
}
