//! How the suite can be known to the client, and which client knows which way.
//!
//! The versions were measured with the published client against a stub, one release at a time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A way of making the hooks known to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The whole plugin as one folder below `skills`, which the client loads by itself. No settings file
    /// is edited.
    SkillsPlugin,
    /// Entries in a settings file, with absolute paths, and a command file. Works with every client.
    Settings,
    /// A marketplace in our folder, added and installed from by the client's own commands.
    Marketplace,
}

impl Kind {
    /// The word for it on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SkillsPlugin => "skills-plugin",
            Self::Settings => "settings",
            Self::Marketplace => "marketplace",
        }
    }

    /// The kind for a client that nobody has chosen one for. Where the client is not found it is taken
    /// for a new one: whoever installs today has one.
    #[must_use]
    pub fn for_client(client: Option<Version>) -> Self {
        if client.is_none_or(|v| v >= Version::SKILLS_PLUGINS) { Self::SkillsPlugin } else { Self::Settings }
    }
}

/// Whom an install is for; the words are the client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Every project of this user.
    #[default]
    User,
    /// One project, in files that its repository may carry.
    Project,
    /// One project, for this user only.
    Local,
}

impl Scope {
    /// The word for it on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
            Self::Local => "local",
        }
    }
}

/// A version of the client, `2.1.329`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// The oldest one that was tried; older ones may work.
    pub const OLDEST: Self = Self(2, 1, 50);
    /// Plugins in the folder `skills` load with their hooks.
    pub const SKILLS_PLUGINS: Self = Self(2, 1, 157);
    /// Hooks modules: the native `/craft` and the status entry.
    pub const MODULES: Self = Self(2, 1, 286);
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl FromStr for Version {
    type Err = ();

    /// Reads what `claude --version` prints: `2.1.329 (Claude Code)`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let word = text.split_whitespace().next().ok_or(())?;
        // A pre-release counts as its release.
        let mut parts = word.split(['-', '+']).next().unwrap_or_default().split('.').map(str::parse);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(a)), Some(Ok(b)), Some(Ok(c)), None) => Ok(Self(a, b, c)),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_words_are_read_and_everything_else_is_refused() {
        assert_eq!("2.1.329 (Claude Code)\n".parse(), Ok(Version(2, 1, 329)));
        assert_eq!("2.2.0-beta.3".parse(), Ok(Version(2, 2, 0)));
        for junk in ["", "  ", "claude", "2.1", "2.1.x", "2.1.3.4", "99999999999.1.1"] {
            assert_eq!(junk.parse::<Version>(), Err(()), "{junk}");
        }
    }

    #[test]
    fn a_client_that_would_not_load_the_plugin_gets_settings() {
        assert_eq!(Kind::for_client(Some(Version(2, 1, 50))), Kind::Settings);
        assert_eq!(Kind::for_client(Some(Version(2, 1, 156))), Kind::Settings);
        assert_eq!(Kind::for_client(Some(Version(2, 1, 157))), Kind::SkillsPlugin);
        assert_eq!(Kind::for_client(None), Kind::SkillsPlugin);
    }
}
