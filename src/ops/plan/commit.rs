//! Commits of a plan's commands, behind the same gate as those of a sync.

use std::time::Duration;

use crate::config::load;
use crate::config::model::Config;
use crate::config::policy;
use crate::context::Context;
use crate::locate::Location;
use crate::ops::engine::hand::{self, Take};
use crate::ops::error::OpError;
use crate::ops::sync;

/// What a commit takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// These paths as they lie in the working tree, and nothing else; what is staged of others stays staged.
    Paths(Vec<String>),
    /// What is staged and these paths; where nothing is staged, all changes that a sync would take.
    Work(Vec<String>),
    /// Nothing: an empty commit.
    Nothing,
}

/// Commits in the working tree `at`; the commit, or `None` where there was nothing to commit. Paths that git ignores
/// are left out.
///
/// # Errors
/// A credential in it, a hook that refuses, an operation under way, git's failure; the index is as it was then.
pub fn commit(ctx: &Context, at: &Location, what: &What, message: &str) -> Result<Option<String>, OpError> {
    let config = config(ctx, at)?;
    let take = match what {
        What::Paths(paths) => Take::Paths(paths),
        What::Work(paths) => Take::Work(paths),
        What::Nothing => Take::Nothing,
    };
    locked(ctx, at, &config, || Ok(hand::commit(ctx, at, &config, take, message)?))
}

fn config(ctx: &Context, at: &Location) -> Result<Config, OpError> {
    Ok(match policy::at(&ctx.layout, at)? {
        Some(policy) => policy.config,
        None => load::load(&ctx.layout.config())?,
    })
}

/// Does `act` while no sync of the repository runs.
pub(super) fn locked<T>(
    ctx: &Context,
    at: &Location,
    config: &Config,
    act: impl FnOnce() -> Result<T, OpError>,
) -> Result<T, OpError> {
    let patience = Duration::from_secs(config.lock.timeout_seconds);
    let guard = sync::hold(ctx, at, "plan", patience)?;
    let outcome = act();
    sync::release(ctx, at, guard);
    outcome
}
