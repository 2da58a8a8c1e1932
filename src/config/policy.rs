//! The configuration as it holds for one working tree: the user's file, the repository's overrides
//! over it, and what the project takes away.

use super::load::{self, ConfigError};
use super::model::{Config, Repository};
use super::narrow::Narrowing;
use crate::fs::layout::Layout;
use crate::locate::Location;

/// What holds in an enrolled repository.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The configuration, overridden and narrowed.
    pub config: Config,
    /// The enrolment.
    pub repository: Repository,
}

impl Policy {
    /// Whether anything is to happen by itself here.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.config.auto_sync.enabled && !self.repository.disabled
    }
}

/// What holds at `location`; `None` where its repository is not enrolled.
///
/// # Errors
/// A broken file, of the user or of the project: nothing may be done then, as it might say "off".
pub fn at(layout: &Layout, location: &Location) -> Result<Option<Policy>, ConfigError> {
    let path = layout.config();
    let config = load::load(&path)?;
    let Some(repository) = config.repositories.iter().find(|r| r.common_dir == location.common_dir).cloned() else {
        return Ok(None);
    };
    let mut config = load::effective(&config, &repository).map_err(|fault| fault.at(&path, b""))?;
    Narrowing::load(&location.worktree)?.apply(&mut config);
    Ok(Some(Policy { config, repository }))
}

/// The configuration at `location`, enrolled or not.
///
/// # Errors
/// As [`at`].
pub fn config_at(layout: &Layout, location: &Location) -> Result<Config, ConfigError> {
    Ok(match at(layout, location)? {
        Some(policy) => policy.config,
        None => load::load(&layout.config())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::atomic;

    #[test]
    fn overrides_come_over_the_users_file_and_the_project_takes_away() {
        let tmp = tempfile::tempdir().unwrap();
        let (layout, worktree) = (Layout::at(tmp.path().join("c")), tmp.path().join("r"));
        let location =
            Location { worktree: worktree.clone(), git_dir: worktree.join(".git"), common_dir: worktree.join(".git") };
        assert_eq!(at(&layout, &location).unwrap(), None);
        let text = serde_json::json!({
            "autoSync": {"triggers": {"userPrompt": {"probability": 9}}},
            "repositories": [{"path": worktree, "commonDir": location.common_dir, "branch": "main",
                "overrides": {"autoSync": {"triggers": {"userPrompt": {"debounceMs": 1}}}}}],
        });
        atomic::create(&layout.config(), text.to_string().as_bytes()).unwrap();
        let policy = at(&layout, &location).unwrap().unwrap();
        let prompt = &policy.config.auto_sync.triggers.user_prompt;
        assert_eq!((prompt.probability, prompt.debounce_ms, policy.is_on()), (9, 1, true));
        let elsewhere = Location { common_dir: "/elsewhere/.git".into(), ..location.clone() };
        assert_eq!(at(&layout, &elsewhere).unwrap(), None);

        let project = worktree.join(super::super::narrow::FILE);
        atomic::create(&project, b"{\"autoSync\":{\"enabled\":false}}").unwrap();
        assert!(!at(&layout, &location).unwrap().unwrap().is_on());
        atomic::create(&project, b"{\"autoSync\":").unwrap();
        at(&layout, &location).unwrap_err();
    }
}
