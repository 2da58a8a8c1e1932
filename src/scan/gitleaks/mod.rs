//! Users' own rules and allowlists, in the format of gitleaks: `.gitleaks.toml` as versions 7 and 8 write it.
//!
//! What a file says counts as it would in gitleaks, with these differences. The built-in rules stay on unless
//! `[extend] disabledRules` names them, whether or not `useDefault` is set. Keys are ids of ours or of gitleaks
//! (`alias`). A rule that cannot be used is told, and the others count; gitleaks would stop. What an allowlist of
//! values lets pass is still reported, with the excuse. A match of no bytes is no finding.

mod allow;
mod pattern;
mod reach;
mod read;
mod search;
mod table;
#[cfg(test)]
mod tests;
mod translate;

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::alias::{alias, means};
use super::finding::{Excuse, Finding, Salt};
use super::rule::Problem;
use allow::Allowlist;
use search::Search;

/// The rules and allowlists of a `.gitleaks.toml`. The default ones none. A copy is cheap.
#[derive(Clone, Default)]
pub struct UserRules {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    search: Search,
    /// Allowlists for built-in rules: with the rules they are for, or for all.
    allow: Vec<(Vec<String>, Arc<Allowlist>)>,
    disabled: BTreeSet<String>,
    files: Vec<String>,
    digest: String,
}

impl std::fmt::Debug for UserRules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRules").field("rules", &self.inner.search.len()).finish_non_exhaustive()
    }
}

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
    /// Reads a file that extends no other. What cannot be used is left out and told; the rest counts.
    #[must_use]
    pub fn read(text: &str) -> (Self, Vec<Problem>) {
        Self::read_with(text, &|_| None)
    }

    /// Reads a file. `other` has the text of one that it extends, by its path in the repository (relative, with
    /// `/`, never upwards), or nothing where there is none.
    #[must_use]
    pub fn read_with(text: &str, other: &dyn Fn(&str) -> Option<String>) -> (Self, Vec<Problem>) {
        let (mut rules, problems) = read::read(text, other);
        let mut allow = rules.allow.clone();
        for rule in &mut rules.rules {
            // A rule that has the id of a built-in one brings its allowlists to that one, too.
            allow.extend(rule.allow.iter().map(|list| (vec![rule.id.clone()], Arc::clone(list))));
            let targeted = rules.allow.iter().filter(|(targets, _)| targets.contains(&rule.id));
            rule.allow.extend(targeted.map(|(_, list)| Arc::clone(list)));
        }
        let all = rules.allow.iter().filter(|(targets, _)| targets.is_empty());
        let all: Vec<Arc<Allowlist>> = all.map(|(_, list)| Arc::clone(list)).collect();
        let mut hash = Sha256::new();
        for text in &rules.texts {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        let digest = if rules.texts.is_empty() {
            String::new()
        } else {
            hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect()
        };
        let usable = rules.rules.into_iter().filter(read::Rule::usable).collect();
        let search = Search::new(usable, all);
        let inner = Inner { search, allow, disabled: rules.disabled, files: rules.files, digest };
        (Self { inner: Arc::new(inner) }, problems)
    }

    /// Tells these rules from others: a hash of what was read, empty where nothing was.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }

    /// Whether the built-in rule `id` is switched off: `[extend] disabledRules` has its id, or all ids that
    /// gitleaks has for it. One of several would not do, since the others are still meant to be found.
    #[must_use]
    pub fn disables(&self, id: &str) -> bool {
        let theirs = alias(id);
        let named = |name: &str| self.inner.disabled.contains(name);
        named(id) || (!theirs.is_empty() && theirs.iter().all(|name| named(name)))
    }

    /// What the user's own rules find in a file, in the order of the file. At most 100 a rule that count and 100
    /// that are excused; a last one says that there are more. The file with the rules is not searched.
    #[must_use]
    pub fn scan(&self, salt: &Salt, path: &str, content: &[u8]) -> Vec<Finding> {
        self.scan_while(salt, path, content, &|| true).unwrap_or_default()
    }

    /// The same, as long as `go_on` says so; it is asked at each place that is searched and at each match. None where it said no: a rules file can be
    /// made such that each of many matches is sought through the whole file.
    #[must_use]
    pub fn scan_while(
        &self,
        salt: &Salt,
        path: &str,
        content: &[u8],
        go_on: &dyn Fn() -> bool,
    ) -> Option<Vec<Finding>> {
        if path == ".gitleaks.toml" || self.inner.files.iter().any(|f| f == path) {
            return Some(Vec::new());
        }
        self.inner.search.scan(salt, path, content, go_on)
    }

    /// Whether an allowlist lets something pass that a built-in rule found.
    #[must_use]
    pub fn excuse(&self, seen: &Seen<'_>) -> Option<Excuse> {
        self.lists(seen.rule).any(|list| list.allows_value(seen)).then_some(Excuse::Allowlist)
    }

    /// Whether an allowlist lets pass what `rule`, built in or the user's, found in `path` as `commit` (its whole
    /// id) has it. [`UserRules::scan`] and [`UserRules::excuse`] know of no commit, since one blob may be in many.
    #[must_use]
    pub fn excuse_in(&self, rule: &str, path: &str, commit: &str) -> Option<Excuse> {
        self.lists(rule).any(|list| list.allows_file(path, Some(commit))).then_some(Excuse::Allowlist)
    }

    /// The allowlists that count for `rule`.
    fn lists<'r>(&'r self, rule: &'r str) -> impl Iterator<Item = &'r Arc<Allowlist>> {
        let counts = |targets: &[String]| targets.is_empty() || targets.iter().any(|name| means(name, rule));
        self.inner.allow.iter().filter(move |(targets, _)| counts(targets)).map(|(_, list)| list)
    }
}
