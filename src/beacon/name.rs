//! Names of channels and environments.

use std::fmt;

/// Longest name of a channel or environment, in bytes.
const LONGEST: usize = 60;
/// The environments of the seed document.
pub const CODE: &str = "Code";
/// The other one.
pub const DESKTOP: &str = "Desktop";
/// Every environment but the sender's.
pub const EVERYBODY: &str = "*";
/// Namespace of the messages on a remote.
pub const NAMESPACE: &str = "refs/craft/beacons/";
/// The same where a host takes nothing but branches.
pub const FALLBACK: &str = "refs/heads/craft/beacons/";

/// What a name must look like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("names have letters, digits, `-`, `_` and single dots inside, and {LONGEST} characters at most")]
pub struct BadName;

/// A name that is safe in refs, file names, texts and the manifest: `[A-Za-z0-9_-]` and single dots inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Takes a name as it is.
    ///
    /// # Errors
    /// See [`BadName`].
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let dots = text.starts_with('.') || text.ends_with('.') || text.contains("..");
        // git takes no ref whose part ends so (git-check-ref-format(1)); `-` first would be an option.
        let bad = dots || text.starts_with('-') || text.to_ascii_lowercase().ends_with(".lock");
        if text.is_empty() || text.len() > LONGEST || bad || !text.chars().all(plain) {
            return Err(BadName);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom an environment of the seed document hands its files to; `None` for any other.
#[must_use]
pub fn other(environment: &str) -> Option<&'static str> {
    match environment {
        CODE => Some(DESKTOP),
        DESKTOP => Some(CODE),
        _ => None,
    }
}

/// `Desktop→Code`; several recipients are parted by commas.
#[must_use]
pub fn direction(from: &str, to: &[String]) -> String {
    format!("{from}→{}", to.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_everywhere() {
        for good in ["main", "Desktop", "planning-2", "a.b", "x_y"] {
            assert_eq!(Name::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a/b", "..", ".a", "a.", "a..b", "-a", "a b", "a.lock", "ä", "a\n", "*", &"x".repeat(61)] {
            assert_eq!(Name::parse(bad), Err(BadName), "{bad:?}");
        }
    }

    #[test]
    fn the_two_environments_of_the_seed_know_each_other() {
        assert_eq!((other(CODE), other(DESKTOP), other("lab")), (Some("Desktop"), Some("Code"), None));
        assert_eq!(direction("Desktop", &["Code".into()]), "Desktop→Code");
    }
}
