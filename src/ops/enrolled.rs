//! The configuration as it holds for one repository.

use crate::config::model::{Config, Repository};
use crate::config::narrow::Narrowing;
use crate::config::{ConfigError, load};
use crate::context::Context;
use crate::locate::Location;
use crate::sync::outcome::{End, Refusal};
use crate::sync::quote;

/// An enrolled repository.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolled {
    /// Its configuration: overrides merged in, narrowed by the project's own file.
    pub config: Config,
    /// What was pinned when it was enrolled.
    pub pin: Repository,
}

/// Finds the enrolment of the repository at `at`.
///
/// # Errors
/// It is not enrolled, or a configuration file is broken.
pub fn find(ctx: &Context, at: &Location) -> Result<Enrolled, End> {
    let broken = |e: ConfigError| End::Refused {
        kind: Refusal::Configuration,
        reason: e.to_string(),
        command: "craft auto-sync config check".into(),
    };
    let path = ctx.layout.config();
    let config = load::load(&path).map_err(broken)?;
    let Some(pin) = config.repositories.iter().find(|r| r.common_dir == at.common_dir).cloned() else {
        return Err(End::Refused {
            kind: Refusal::NotEnrolled,
            reason: format!("{} is not enrolled", at.worktree.display()),
            command: format!("craft auto-sync enable {}", quote::path(&at.worktree)),
        });
    };
    let mut config = load::effective(&config, &pin).map_err(|fault| broken(fault.at(&path, b"")))?;
    Narrowing::load(&at.worktree).map_err(broken)?.apply(&mut config);
    Ok(Enrolled { config, pin })
}
