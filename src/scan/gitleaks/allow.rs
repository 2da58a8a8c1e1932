//! Allowlists.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use super::super::rule::Problem;
use super::Seen;
use super::pattern::Patterns;
use super::table::Section;

/// What the `regexes` of an allowlist look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Secret,
    Match,
    Line,
}

/// Patterns on paths: the whole path, or the last part of it (`files`, as version 7 had it).
#[derive(Debug, Default)]
pub(super) struct Paths {
    pub(super) whole: Patterns,
    pub(super) name: Patterns,
}

impl Paths {
    pub(super) fn is_match(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        !path.is_empty() && (self.whole.is_match(path.as_bytes()) || self.name.is_match(name.as_bytes()))
    }
}

/// One allowlist. A check is `None` where the file does not have it.
#[derive(Debug)]
pub(super) struct Allowlist {
    /// Whether all checks have to hold, not one of them.
    all: bool,
    commits: Option<Vec<String>>,
    paths: Option<Paths>,
    regexes: Option<Patterns>,
    stop: Option<StopWords>,
    target: Target,
}

#[derive(Debug)]
struct StopWords {
    words: Vec<String>,
    found: OnceLock<Option<AhoCorasick>>,
}

impl StopWords {
    fn is_in(&self, text: &[u8]) -> bool {
        let build = || AhoCorasickBuilder::new().ascii_case_insensitive(true).build(&self.words).ok();
        !self.words.is_empty() && self.found.get_or_init(build).as_ref().is_some_and(|a| a.is_match(text))
    }
}

impl Allowlist {
    /// Reads one. `place` names it in problems; none comes back where it would allow what nobody meant.
    pub(super) fn read(section: &Section, place: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let mut tell = |what: String| problems.push(Problem::new(place, what));
        let all = match section.text("condition").trim().to_ascii_uppercase().as_str() {
            "" | "OR" | "||" => false,
            "AND" | "&&" => true,
            _ => {
                tell("`condition` is neither AND nor OR; the allowlist is not used".into());
                return None;
            }
        };
        let target = match section.text("regextarget").trim().to_ascii_lowercase().as_str() {
            "" | "secret" => Target::Secret,
            "match" => Target::Match,
            "line" => Target::Line,
            _ => {
                tell("`regexTarget` is none of secret, match and line; the allowlist is not used".into());
                return None;
            }
        };
        let mut patterns = |key: &str| {
            let mut patterns = Patterns::default();
            for (n, text) in section.texts(key).iter().enumerate() {
                if let Err(why) = patterns.add(text) {
                    tell(format!("`{key}`, number {}: the pattern {why}; it allows nothing", n + 1));
                }
            }
            patterns
        };
        let some = |key: &str| !section.texts(key).is_empty();
        let paths =
            (some("paths") || some("files")).then(|| Paths { whole: patterns("paths"), name: patterns("files") });
        let regexes = some("regexes").then(|| patterns("regexes"));
        let lower = |key: &str| {
            let words = section.texts(key).into_iter().map(|w| w.to_lowercase());
            words.filter(|w| !w.trim().is_empty()).collect::<Vec<_>>()
        };
        let commits = some("commits").then(|| lower("commits").iter().map(|c| c.trim().to_owned()).collect());
        let stop = some("stopwords").then(|| StopWords { words: lower("stopwords"), found: OnceLock::new() });
        let list = Self { all, commits, paths, regexes, stop, target };
        if list.commits.is_none() && list.paths.is_none() && list.regexes.is_none() && list.stop.is_none() {
            tell("it has none of commits, paths, regexes and stopwords, and allows nothing".into());
            return None;
        }
        if all && list.commits.is_some() && list.looks_at_values() {
            tell(
                "it asks for a commit and for a value at once; a file is scanned before its commits are \
                  looked at, so it allows nothing"
                    .into(),
            );
        }
        Some(list)
    }

    fn looks_at_values(&self) -> bool {
        self.regexes.is_some() || self.stop.is_some()
    }

    /// Whether it allows all of a file, or of a commit.
    pub(super) fn allows_file(&self, path: &str, commit: Option<&str>) -> bool {
        self.allows(path, commit, None)
    }

    /// Whether it allows something that was found.
    pub(super) fn allows_value(&self, seen: &Seen<'_>) -> bool {
        self.allows(seen.path, None, Some(seen))
    }

    fn allows(&self, path: &str, commit: Option<&str>, seen: Option<&Seen<'_>>) -> bool {
        let commits = self.commits.as_ref().map(|list| commit.is_some_and(|c| list.contains(&c.to_ascii_lowercase())));
        let paths = self.paths.as_ref().map(|p| p.is_match(path));
        let regexes = self.regexes.as_ref().map(|r| {
            seen.is_some_and(|s| {
                let text = match self.target {
                    Target::Secret => s.secret,
                    Target::Match => s.matched,
                    Target::Line => s.line,
                };
                !text.is_empty() && r.is_match(text)
            })
        });
        let stop = self.stop.as_ref().map(|words| seen.is_some_and(|s| words.is_in(s.secret)));
        let mut checks = [commits, paths, regexes, stop].into_iter().flatten();
        if self.all { checks.all(|c| c) } else { checks.any(|c| c) }
    }
}
