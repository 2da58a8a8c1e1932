//! Running the engine for somebody who waits for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::model::Action;
use crate::context::Context;
use crate::detach;
use crate::fs::lock::{self, Holder, LockGuard};
use crate::fs::private::{self, Distrust};
use crate::fs::{FsError, IoContext};
use crate::locate::Location;
use crate::ops::engine::{self, Job, journal};
use crate::ops::publish::Published;
use crate::ops::round::{self, Manual};
use crate::ops::{enrolled, record};
use crate::queue::{self, Trigger};
use crate::sync::outcome::{End, LeftOut, Refusal, Report};
use crate::sync::quote;
use crate::sync::step::{Reporter, Step};

/// What the lock is held for where nothing is to be synced, so that nobody is told that something is.
pub const LOOKING: &str = "look";

/// How `force` differs from an automatic sync.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForceOptions {
    /// Refusals of the gate that the user has seen and accepts this once.
    pub accept: Vec<Refusal>,
    /// Publish a branch the remote does not have.
    pub publish: bool,
}

/// What a sync would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Files a commit would take, at most 200 of them.
    pub files: Vec<String>,
    /// Paths a commit would leave out, and why.
    pub left_out: Vec<LeftOut>,
    /// Where it would end.
    pub end: End,
}

/// Syncs now: waits for the lock, ignores pauses and backoff, records the result, and takes along what
/// waits in the queue for this working tree.
pub fn force(
    ctx: &Context,
    at: &Location,
    action: Action,
    options: &ForceOptions,
    reporter: &mut dyn Reporter,
) -> Report {
    let patience = enrolled::find(ctx, at).map_or(60, |e| e.config.lock.timeout_seconds);
    let guard = match hold(ctx, at, "force", Duration::from_secs(patience)) {
        Ok(guard) => guard,
        Err(end) => return not_begun(ctx, at, action, end),
    };
    record::revive(ctx, at);
    let requests: Vec<_> =
        queue::list(&ctx.layout).unwrap_or_default().into_iter().filter(|r| r.git_dir == at.git_dir).collect();
    let manual = Manual { action, options };
    let mut reporter = Published::new(ctx, &at.worktree, None, reporter);
    let report = round::run(ctx, at, &requests, Some(manual), &mut reporter);
    drop(reporter);
    release(ctx, at, guard);
    report.unwrap_or_else(|| not_begun(ctx, at, action, End::Done))
}

/// Computes what [`force`] would do. Neither working tree, index nor any ref is changed; the remote
/// is only read.
pub fn preview(ctx: &Context, at: &Location, action: Action, options: &ForceOptions) -> Preview {
    match enrolled::find(ctx, at) {
        Ok(enrolled) => {
            let job = Job {
                config: &enrolled.config,
                pin: &enrolled.repository,
                action,
                trigger: Trigger::Manual,
                session: None,
                accept: &options.accept,
                publish: options.publish,
            };
            engine::rehearse(ctx, at, &job)
        }
        Err(end) => Preview { steps: Vec::new(), files: Vec::new(), left_out: Vec::new(), end },
    }
}

/// Takes the repository's lock, waiting at most `patience`.
///
/// # Errors
/// Busy, with who holds it; or the repository cannot be written.
pub fn hold(ctx: &Context, at: &Location, purpose: &str, patience: Duration) -> Result<LockGuard, End> {
    let path = lockable(&at.common_dir).map_err(|error| unlockable(at, &error))?;
    match lock::exclusive_within(&path, &me(ctx, purpose), patience) {
        Ok(Some(guard)) => Ok(guard),
        Ok(None) => {
            let by = lock::holder(&path).map_or_else(
                || "another process".into(),
                |h| format!("{} (process {} on {})", h.purpose, h.pid, h.host),
            );
            Err(End::Busy { reason: format!("a sync of this repository is running: {by}") })
        }
        Err(error) => Err(unlockable(at, &error)),
    }
}

/// Lets go of the repository's lock. Requests that came while it was held found it busy and rely on
/// whoever held it.
pub fn release(ctx: &Context, at: &Location, guard: LockGuard) {
    drop(guard);
    let waiting = queue::list(&ctx.layout).unwrap_or_default();
    if waiting.iter().any(|r| r.common_dir == at.common_dir && r.attempts == 0) {
        let _ = detach::start_worker(&ctx.env, true);
    }
}

/// This process, as a lock file names it.
#[must_use]
pub fn me(ctx: &Context, purpose: &str) -> Holder {
    Holder { pid: std::process::id(), host: ctx.host.clone(), started: ctx.clock.now_ms(), purpose: purpose.into() }
}

/// The lock file of a repository, where there is one: a folder that was deleted must not be made anew
/// for its lock.
///
/// # Errors
/// "Not found" where it is gone; where our folder in it is a symlink or another user's.
pub fn lockable(common_dir: &Path) -> Result<PathBuf, FsError> {
    std::fs::symlink_metadata(common_dir.join("HEAD")).at("find the repository at", common_dir)?;
    // In a repository that several users share, or that came as an archive, this folder may be anybody's.
    private::check_exact(&journal::folder(common_dir))?;
    Ok(journal::lock_file(common_dir))
}

/// What it means that the lock file cannot be made.
#[must_use]
pub fn unlockable(at: &Location, error: &FsError) -> End {
    let here = quote::path(&at.common_dir);
    if let Some(distrust) = private::distrusted(error) {
        let there = quote::path(&error.path);
        let command = match distrust {
            Distrust::Foreign(_) => format!("sudo chown -R \"$(id -un)\" {there}"),
            Distrust::Link | Distrust::NoFolder => format!("rm {there}"),
        };
        return End::Refused { kind: Refusal::ReadOnly, reason: error.to_string(), command };
    }
    let (kind, command) = match error.source.kind() {
        std::io::ErrorKind::StorageFull => (Refusal::DiskFull, format!("df -h {here}")),
        std::io::ErrorKind::NotFound => {
            (Refusal::NotEnrolled, format!("craft auto-sync disable {}", quote::path(&at.worktree)))
        }
        _ => (Refusal::ReadOnly, format!("ls -ld {here}")),
    };
    End::Refused { kind, reason: error.to_string(), command }
}

/// The report of a sync that did not come to run.
#[must_use]
pub fn not_begun(ctx: &Context, at: &Location, action: Action, end: End) -> Report {
    Report {
        repository: at.worktree.display().to_string(),
        ended: ctx.clock.now_ms(),
        ..Report::bare(action, Trigger::Manual, end)
    }
    .hushed()
}
