//! Users' own rules and allowlists, in the format of gitleaks.

use super::finding::{Excuse, Finding, Salt};
use super::rule::Problem;

/// The rules and allowlists of a `.gitleaks.toml`. The default ones none.
#[derive(Debug, Clone, Default)]
pub struct UserRules {}

/// A match, as allowlists look at it. It lives no longer than the scan of the file.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'s> {
    /// The rule that matched.
    pub rule: &'s str,
    /// The file.
    pub path: &'s str,
    /// The value.
    pub secret: &'s [u8],
    /// What the pattern matched as a whole.
    pub matched: &'s [u8],
    /// The whole line, or lines, it stands in.
    pub line: &'s [u8],
}

impl UserRules {
    /// Reads a file. What cannot be used is left out and told; the rest counts.
    #[must_use]
    pub fn read(_text: &str) -> (Self, Vec<Problem>) {
        (Self::default(), Vec::new())
    }

    /// Whether the built-in rule `id` is switched off (`[extend] disabledRules`, or `useDefault` left out
    /// beside rules of one's own).
    #[must_use]
    pub fn disables(&self, _id: &str) -> bool {
        false
    }

    /// What the user's own rules find in a file.
    #[must_use]
    pub fn scan(&self, _salt: &Salt, _path: &str, _content: &[u8]) -> Vec<Finding> {
        Vec::new()
    }

    /// Whether an allowlist lets something pass that a built-in rule found.
    #[must_use]
    pub fn excuse(&self, _seen: &Seen<'_>) -> Option<Excuse> {
        None
    }
}
