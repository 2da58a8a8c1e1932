//! `.claude/craft.json`: what a project may say about its own syncing.
//!
//! The file arrives with a pull, so it is not trusted: it can switch things off and leave paths out.
//! It can not enrol, redirect, switch on or relax anything; whatever else it says is ignored.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::load::{ConfigError, typed};
use super::model::Config;
use crate::fs::read_optional;
use crate::permission::Permissions;

/// Where the file lies below the top of a working tree.
pub const FILE: &str = ".claude/craft.json";

/// What is read of the file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Narrowing {
    auto_sync: NarrowAutoSync,
    paths: NarrowPaths,
    permissions: Permissions,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NarrowAutoSync {
    enabled: Option<bool>,
    triggers: NarrowTriggers,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NarrowTriggers {
    session_start: NarrowTrigger,
    session_end: NarrowTrigger,
    user_prompt: NarrowTrigger,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct NarrowTrigger {
    enabled: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct NarrowPaths {
    exclude: Vec<String>,
}

impl Narrowing {
    /// Reads the project's file; nothing is narrowed where there is none.
    ///
    /// # Errors
    /// A file that is broken. The caller must then do nothing, as it might have said "off".
    pub fn load(worktree: &Path) -> Result<Self, ConfigError> {
        let path: PathBuf = worktree.join(FILE);
        match read_optional(&path)? {
            None => Ok(Self::default()),
            Some(bytes) => typed(&path, &bytes),
        }
    }

    /// Applies it: only ever from on to off, from more paths to fewer, and from allowed to not.
    pub fn apply(&self, config: &mut Config) {
        let off = |switch: Option<bool>, target: &mut bool| *target &= switch.unwrap_or(true);
        let triggers = &mut config.auto_sync.triggers;
        off(self.auto_sync.enabled, &mut config.auto_sync.enabled);
        off(self.auto_sync.triggers.session_start.enabled, &mut triggers.session_start.enabled);
        off(self.auto_sync.triggers.session_end.enabled, &mut triggers.session_end.enabled);
        off(self.auto_sync.triggers.user_prompt.enabled, &mut triggers.user_prompt.enabled);
        config.paths.exclude.extend(self.paths.exclude.iter().cloned());
        config.permissions.narrow(&self.permissions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::{Allow, Operation, Platform};

    #[test]
    fn a_project_can_only_take_away() {
        let text = br#"{"autoSync":{"enabled":true,"triggers":{"sessionEnd":{"enabled":false},"userPrompt":{"enabled":true,"probability":1}}},
            "paths":{"exclude":["big/**"],"include":["**"]},"repositories":[{"path":"/etc"}],"security":{"allow":["**"]},
            "permissions":{"git":{"overrides":{"push":false}},"github":{"preset":"full-control"},"beacon":{"preset":"read-only"}}}"#;
        let narrowing: Narrowing = typed(Path::new("p"), text).unwrap();
        let mut config = Config::default();
        config.auto_sync.triggers.user_prompt.enabled = false;
        narrowing.apply(&mut config);
        assert!(!config.auto_sync.triggers.session_end.enabled);
        assert!(!config.auto_sync.triggers.user_prompt.enabled, "nothing is switched on");
        assert_eq!(config.auto_sync.triggers.user_prompt.probability, 27);
        assert_eq!(config.paths.exclude, ["big/**"]);
        let may = |platform, operation| config.permissions.allow(platform, operation) == Allow::Yes;
        assert!(!may(Platform::Git, Operation::Push) && may(Platform::Git, Operation::Pull));
        assert!(may(Platform::Beacon, Operation::Pull) && !may(Platform::Beacon, Operation::Push));
        assert!(may(Platform::Github, Operation::Read) && !may(Platform::Github, Operation::Close));
        assert!(config.repositories.is_empty() && config.security.allow.is_empty());
    }
}
