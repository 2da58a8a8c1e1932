//! The gate in front of a commit: what may go in, what is left out, and what stops it.
//!
//! It stands before the commit, not before the push: history keeps what was once committed.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::names::{Content, says_secret};
use super::outcome::LeftOutReason;
use crate::config::model::Config;

/// A changed path with what the gate has to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The path, relative to the top of the working tree.
    pub path: PathBuf,
    /// Whether it is gone from the working tree.
    pub deleted: bool,
    /// Whether HEAD does not have it.
    pub new: bool,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether it could be opened.
    pub readable: bool,
    /// Whether it is a repository of its own (and no registered submodule).
    pub repository: bool,
    /// Whether it holds conflict markers that HEAD's version does not.
    pub markers: bool,
    /// What a new file is, by how it begins.
    pub content: Option<Content>,
}

/// Globs, matched as in `.gitignore`: one without a slash matches at any depth.
#[derive(Debug, Clone)]
pub struct Globs(GlobSet);

/// A pattern that is no glob.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{pattern}` is no valid pattern: {reason}")]
pub struct BadGlob {
    /// The pattern.
    pub pattern: String,
    /// What is wrong.
    pub reason: String,
}

impl Globs {
    /// Compiles patterns.
    ///
    /// # Errors
    /// The first that is no glob.
    pub fn new(patterns: &[String]) -> Result<Self, BadGlob> {
        let bad =
            |pattern: &str, e: &globset::Error| BadGlob { pattern: pattern.to_owned(), reason: e.kind().to_string() };
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let rooted = pattern.trim_end_matches('/').contains('/');
            let base = pattern.trim_start_matches('/').trim_end_matches('/');
            let base = without_slash_in_classes(base);
            let base = if rooted { base } else { format!("**/{base}") };
            for glob in [base.clone(), format!("{base}/**")] {
                let glob = GlobBuilder::new(&glob).literal_separator(true).build().map_err(|e| bad(pattern, &e))?;
                set.add(glob);
            }
        }
        set.build().map(Self).map_err(|e| bad(&patterns.join(", "), &e))
    }

    /// Whether one of them matches.
    #[must_use]
    pub fn matches(&self, path: &Path) -> bool {
        self.0.is_match(path)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The glob `glob` with classes (`[!a]`, `[+-9]`) that do not match a slash: in `.gitignore` none does, and with
/// globset they do.
fn without_slash_in_classes(glob: &str) -> String {
    let mut out = String::with_capacity(glob.len());
    let mut rest = glob.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.extend(std::iter::once(c).chain(rest.next())),
            '[' => match class(rest.as_str()) {
                Some((class, after)) => {
                    out.push_str(&class);
                    rest = after.chars();
                }
                // Not closed, which the compiler tells.
                None => out.push(c),
            },
            c => out.push(c),
        }
    }
    out
}

/// The class that begins behind a `[`, without a slash, and what follows it; read as globset reads it.
fn class(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix(['!', '^']);
    let (negated, text) = (inner.is_some(), inner.unwrap_or(text));
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut chars = text.char_indices();
    let mut in_range = false;
    let after = loop {
        let (at, c) = chars.next()?;
        match (c, ranges.last_mut()) {
            (']', Some(_)) => break &text[at + 1..],
            ('-', Some(_)) if !in_range => in_range = true,
            (c, Some(last)) if in_range => {
                last.1 = c;
                in_range = false;
            }
            (c, _) => ranges.push((c, c)),
        }
    };
    let mut out = String::from(if negated { "[!" } else { "[" });
    for &(low, high) in &ranges {
        let parts: &[(char, char)] = match (low, high) {
            // No path holds a NUL.
            ('/', '/') => &[('\0', '\0')],
            ('/', _) => &[('0', high)],
            (_, '/') => &[(low, '.')],
            _ if (low..=high).contains(&'/') => &[(low, '.'), ('0', high)],
            _ => &[(low, high)],
        };
        for (low, high) in parts {
            out.push(*low);
            if low != high {
                out.extend(['-', *high]);
            }
        }
    }
    out.push_str(if negated { "/" } else { "" });
    // A bar at the end stands for itself.
    out.push_str(if in_range { "-]" } else { "]" });
    Some((out, after))
}

/// The gate's rules, compiled.
#[derive(Debug, Clone)]
pub struct Rules {
    include: Globs,
    exclude: Globs,
    allow: Globs,
    deny_names: bool,
    max_bytes: u64,
    mass_files: u64,
    mass_percent: u64,
}

impl Rules {
    /// The rules of a configuration.
    ///
    /// # Errors
    /// A pattern that is no glob.
    pub fn new(config: &Config) -> Result<Self, BadGlob> {
        Ok(Self {
            include: Globs::new(&config.paths.include)?,
            exclude: Globs::new(&config.paths.exclude)?,
            allow: Globs::new(&config.security.allow)?,
            deny_names: config.security.deny_names,
            max_bytes: config.limits.max_file_mib.saturating_mul(1 << 20),
            mass_files: config.limits.mass_deletion_files,
            mass_percent: config.limits.mass_deletion_percent,
        })
    }

    /// The same for files that a message carries: which paths take part and how large they may be is said by
    /// `beacon.folders` and `beacon.maxMib` there.
    ///
    /// # Errors
    /// As [`Rules::new`].
    pub fn of_messages(config: &Config) -> Result<Self, BadGlob> {
        let none = || Globs::new(&[]);
        Ok(Self { include: none()?, exclude: none()?, max_bytes: u64::MAX, ..Self::new(config)? })
    }

    /// Why `candidate` is left out; `None` where it is taken.
    #[must_use]
    pub fn leaves_out(&self, candidate: &Candidate) -> Option<LeftOutReason> {
        let path = &candidate.path;
        if path.starts_with(".claude/worktrees") {
            return Some(LeftOutReason::AgentWorktree);
        }
        if candidate.repository {
            return Some(LeftOutReason::NestedRepository);
        }
        if (!self.include.is_empty() && !self.include.matches(path)) || self.exclude.matches(path) {
            return Some(LeftOutReason::Outside);
        }
        if candidate.deleted {
            return None;
        }
        if !candidate.readable {
            return Some(LeftOutReason::Unreadable);
        }
        if candidate.bytes > self.max_bytes {
            return Some(LeftOutReason::TooLarge { bytes: candidate.bytes });
        }
        // What is tracked already was somebody's decision.
        if !self.deny_names || !candidate.new || self.allow.matches(path) {
            return None;
        }
        if says_secret(path) {
            return Some(LeftOutReason::SecretName);
        }
        candidate.content.map(|content| match content {
            Content::CoreDump => LeftOutReason::CoreDump,
            Content::Database => LeftOutReason::Database,
            Content::KeyStore => LeftOutReason::KeyStore,
        })
    }

    /// Whether a commit that deletes `deleted` and adds `added` of `tracked` files is a mass deletion:
    /// a folder that was not mounted, a checkout that broke off.
    #[must_use]
    pub fn is_mass_deletion(&self, deleted: usize, added: usize, tracked: usize) -> bool {
        let (deleted, tracked) = (deleted as u64, tracked as u64);
        let everything = deleted >= tracked && added == 0 && tracked >= 5;
        // A file that moved is one deleted and one added; it is still there.
        let lost = deleted.saturating_sub(added as u64);
        everything
            || (lost >= self.mass_files
                && u128::from(lost) * 100 >= u128::from(tracked) * u128::from(self.mass_percent))
    }
}

/// Whether leaving a path out for this reason means that it cannot be kept in a snapshot either. A
/// sync never touches such a path, so there is nothing to bring back.
#[must_use]
pub fn beyond_snapshot(reason: &LeftOutReason) -> bool {
    match reason {
        LeftOutReason::TooLarge { .. }
        | LeftOutReason::NestedRepository
        | LeftOutReason::AgentWorktree
        | LeftOutReason::Unreadable => true,
        LeftOutReason::SecretName
        | LeftOutReason::CoreDump
        | LeftOutReason::Database
        | LeftOutReason::KeyStore
        | LeftOutReason::Outside => false,
    }
}

/// Whether text has conflict markers.
#[must_use]
pub fn has_markers(text: &[u8]) -> bool {
    first_marker(text).is_some()
}

/// The line (the first is 1) in which conflict markers begin: the three kinds of line, in their order, as git writes them.
#[must_use]
pub fn first_marker(text: &[u8]) -> Option<usize> {
    let (mut stage, mut first) = (0, 0);
    for (at, line) in text.split(|b| *b == b'\n').enumerate() {
        let wanted: [&[u8]; 3] = [b"<<<<<<< ", b"=======", b">>>>>>> "];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let fits = if stage == 1 { line == wanted[1] } else { line.starts_with(wanted[stage]) };
        if fits {
            if stage == 0 {
                first = at + 1;
            }
            stage += 1;
            if stage == 3 {
                return Some(first);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(path: &str) -> Candidate {
        Candidate {
            path: path.into(),
            deleted: false,
            new: true,
            bytes: 10,
            readable: true,
            repository: false,
            markers: false,
            content: None,
        }
    }

    fn rules(edit: impl FnOnce(&mut Config)) -> Rules {
        let mut config = Config::default();
        edit(&mut config);
        Rules::new(&config).unwrap()
    }

    #[test]
    fn what_must_not_be_committed_unasked_is_left_out() {
        let rules = rules(|c| {
            c.paths.exclude = vec!["build/".into(), "*.log".into()];
            c.security.allow = vec!["fixtures/**".into()];
        });
        let why = |c: Candidate| rules.leaves_out(&c);
        assert_eq!(why(candidate("src/lib.rs")), None);
        assert_eq!(why(candidate(".env")), Some(LeftOutReason::SecretName));
        assert_eq!(why(candidate("fixtures/.env")), None, "allowed");
        assert_eq!(why(Candidate { new: false, ..candidate(".env") }), None, "tracked already");
        let dump = Candidate { content: Some(Content::CoreDump), ..candidate("core.17") };
        assert_eq!(why(dump.clone()), Some(LeftOutReason::CoreDump));
        assert_eq!(why(Candidate { new: false, ..dump }), None, "tracked already");
        let data = |path| Candidate { content: Some(Content::Database), ..candidate(path) };
        assert_eq!((why(data("x.db")), why(data("fixtures/x.db"))), (Some(LeftOutReason::Database), None));
        assert_eq!(why(candidate(".claude/worktrees/x/a.rs")), Some(LeftOutReason::AgentWorktree));
        assert_eq!(why(Candidate { repository: true, ..candidate("vendor/r") }), Some(LeftOutReason::NestedRepository));
        assert_eq!(why(candidate("a/b/x.log")), Some(LeftOutReason::Outside));
        assert_eq!(why(candidate("build/x/y")), Some(LeftOutReason::Outside));
        assert_eq!(why(candidate("rebuild/x")), None);
        assert_eq!(
            why(Candidate { bytes: 51 << 20, ..candidate("big") }),
            Some(LeftOutReason::TooLarge { bytes: 51 << 20 })
        );
        assert_eq!(why(Candidate { readable: false, ..candidate("x") }), Some(LeftOutReason::Unreadable));
        assert_eq!(why(Candidate { deleted: true, readable: false, ..candidate("x") }), None);
    }

    #[test]
    fn a_class_matches_no_slash_as_in_gitignore() {
        let table = [
            ("a[!x]b", "axb", false),
            ("a[!x]b", "a.b", true),
            ("a[!x]b", "a/b", false),
            ("a[^-x]b", "a/b", false),
            ("a[^-x]b", "a-b", false),
            ("a[!]x-]b", "a/b", false),
            ("a[!]x-]b", "a-b", false),
            ("a[!]x-]b", "a!b", true),
            ("a[+-9]b", "a/b", false),
            ("a[+-9]b", "a.b", true),
            ("a[+-9]b", "a0b", true),
            ("a[--9]b", "a-b", true),
            ("a[--9]b", "a/b", false),
            ("a[/-9]b", "a5b", true),
            ("a[/]b", "a/b", false),
            ("a[/!]b", "a!b", true),
            ("a[]/-]b", "a]b", true),
            ("a[]/-]b", "a-b", true),
            ("a[]/-]b", "a/b", false),
            ("a\\[/b", "a[/b", true),
            ("a[x-]/[!y]", "a-/z", true),
        ];
        for (pattern, path, expected) in table {
            let globs = Globs::new(&[format!("/{pattern}")]).unwrap();
            assert_eq!(globs.matches(Path::new(path)), expected, "{pattern} {path}");
        }
        for wrong in ["[", "[!", "[]", "a[z-b]"] {
            assert!(Globs::new(&[wrong.into()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn includes_limit_what_is_taken() {
        let rules = rules(|c| c.paths.include = vec!["docs/**/*.md".into()]);
        assert_eq!(rules.leaves_out(&candidate("docs/a/b.md")), None);
        assert_eq!(rules.leaves_out(&candidate("docs/b.md")), None);
        assert_eq!(rules.leaves_out(&candidate("src/b.md")), Some(LeftOutReason::Outside));
    }

    #[test]
    fn a_mass_deletion_is_many_files_and_much_of_the_tree() {
        let rules = rules(|_| {});
        let table = [
            ((19, 0, 20), false),
            ((20, 0, 40), true),
            ((20, 0, 41), false),
            ((30, 30, 40), false),
            ((5, 0, 5), true),
            ((4, 0, 4), false),
            ((5, 1, 5), false),
        ];
        for ((deleted, added, tracked), expected) in table {
            assert_eq!(
                rules.is_mass_deletion(deleted, added, tracked),
                expected,
                "{deleted} of {tracked}, {added} added"
            );
        }
    }

    #[test]
    fn markers_are_three_lines_in_their_order() {
        assert_eq!(first_marker(b"=======\n<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> main\n"), Some(2));
        assert!(has_markers(b"a\n<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> main\n"));
        assert!(has_markers(b"<<<<<<< HEAD\r\nx\r\n||||||| base\r\n=======\r\ny\r\n>>>>>>> main\r\n"));
        assert!(!has_markers(b"Title\n=======\n\n<<<<<<< not closed\n"));
        assert!(!has_markers(b"  <<<<<<< a\n=======\n>>>>>>> b\n"), "indented, as in a document");
        assert!(!has_markers(b""));
    }
}
