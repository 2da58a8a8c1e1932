//! `craft/schedule.json` and `craft/jobs.due`: read, changed and written under `craft/schedule.lock`, here only.

use std::path::PathBuf;

use super::ended;
use crate::config::load::{self, ConfigError};
use crate::context::Context;
use crate::diagnostics;
use crate::fs::{FsError, atomic};
use crate::ops::config_file;
use crate::schedule::model::LAST;
use crate::schedule::{Kind, Lease, Life, Now, Owner, Schedule, Terms, Verdict};
use crate::state::due::{self, Due};
use crate::state::file::Problem;
use crate::state::session::{process_lives, process_started};
use crate::state::{Loaded, StateFile};

/// Where nobody can look at the jobs now, hooks do not start a worker for them before this has passed.
const LATER: u64 = 5 * 60_000;

/// Why the jobs cannot be looked at or changed.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// The configuration is broken.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The schedule is a newer program's.
    #[error("{path} has version {version}, of a newer craft, and is left alone")]
    Newer {
        /// Which file.
        path: String,
        /// Its version.
        version: u32,
    },
    /// Another process holds the lock.
    #[error("the schedule is being changed by another process ({holder})")]
    Locked {
        /// Which.
        holder: String,
    },
}

/// What the configuration says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setup {
    /// Whether jobs run by themselves.
    pub(super) enabled: bool,
    pub(super) terms: Terms,
}

pub(super) fn setup(ctx: &Context) -> Result<Setup, ConfigError> {
    let scheduler = load::load(&ctx.layout.config())?.scheduler;
    Ok(Setup { enabled: scheduler.enabled, terms: Terms::from(&scheduler) })
}

/// This moment. A clock beyond the year 9999 is not followed there.
pub(super) fn now(ctx: &Context) -> Now {
    Now { wall: ctx.clock.now_ms().min(LAST), uptime: ctx.clock.uptime() }
}

/// This process.
pub(super) fn me(ctx: &Context) -> Owner {
    let pid = std::process::id();
    Owner { pid, pid_started: process_started(pid), host: ctx.host.clone() }
}

/// Changes the schedule; what `change` answers. Runs whose process died are settled first.
pub(super) fn change<T>(ctx: &Context, change: impl FnOnce(&mut Schedule, &Now, &Setup) -> T) -> Result<T, JobsError> {
    let setup = setup(ctx)?;
    let guard = config_file::hold(ctx, &ctx.layout.schedule_lock(), "jobs")?;
    let guard = guard.map_err(|holder| JobsError::Locked { holder })?;
    // Whoever waited for the lock looks at the clock afterwards, so that nothing is written that lies behind.
    let now = now(ctx);
    let file = StateFile::at(ctx.layout.schedule());
    let Loaded { value: before, problem } = file.load::<Schedule>(now.wall)?;
    match problem {
        Some(Problem::Newer { version }) => return Err(newer(&file, version)),
        Some(Problem::Corrupt { kept }) => {
            let text = format!("the schedule was damaged and is begun anew; it is kept as {}", kept.display());
            diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "jobs", &text);
        }
        None => {}
    }
    let mut schedule = before.clone();
    let over = settle(ctx, &mut schedule, &now, &setup);
    if !over.is_empty() {
        // Who died in a run may have died in a write.
        atomic::sweep(file.path());
    }
    let answer = change(&mut schedule, &now, &setup);
    if schedule != before {
        schedule.stamp(&now);
        file.store(&schedule)?;
    }
    if let Err(error) = announce(ctx, &setup, &schedule, &now) {
        // What was changed is changed; hooks that look too often or too late are told by the next worker.
        diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "jobs", &error.to_string());
    }
    drop(guard);
    for (kind, verdict) in over {
        ended::interrupted(ctx, kind, verdict, &schedule);
    }
    Ok(answer)
}

/// The schedule as it is at this moment, and the file that was passed over, where it is damaged; nothing is written.
pub(super) fn look(ctx: &Context) -> Result<(Schedule, Now, Setup, Option<PathBuf>), JobsError> {
    let setup = setup(ctx)?;
    let now = now(ctx);
    let Loaded { value: mut schedule, problem } = StateFile::at(ctx.layout.schedule()).peek::<Schedule>()?;
    let damaged = match problem {
        Some(Problem::Newer { version }) => return Err(newer(&StateFile::at(ctx.layout.schedule()), version)),
        Some(Problem::Corrupt { kept }) => Some(kept),
        None => None,
    };
    settle(ctx, &mut schedule, &now, &setup);
    Ok((schedule, now, setup, damaged))
}

/// Puts the time off at which hooks start a worker for the jobs: now it could do nothing for them.
pub(super) fn put_off(ctx: &Context) {
    let path = ctx.layout.due();
    if due::read(&path).is_some() {
        let written = ctx.clock.now_ms();
        let _ = due::write(&path, Due { at: written.saturating_add(LATER), written });
    }
}

fn newer(file: &StateFile, version: u32) -> JobsError {
    JobsError::Newer { path: file.path().display().to_string(), version }
}

fn settle(ctx: &Context, schedule: &mut Schedule, now: &Now, setup: &Setup) -> Vec<(Kind, Verdict)> {
    schedule.settle(now, &setup.terms, |lease| life(ctx, lease))
}

fn life(ctx: &Context, lease: &Lease) -> Life {
    match lease.host == ctx.host {
        true if process_lives(lease.pid, lease.pid_started) => Life::Lives,
        true => Life::Dead,
        false => Life::Unknown,
    }
}

/// Tells hooks when a worker has something to do.
fn announce(ctx: &Context, setup: &Setup, schedule: &Schedule, now: &Now) -> Result<(), FsError> {
    let path = ctx.layout.due();
    match schedule.next_look(now.wall).filter(|_| setup.enabled) {
        // 0 is never.
        Some(at) => due::write(&path, Due { at: at.max(1), written: now.wall }),
        None => due::clear(&path),
    }
}
