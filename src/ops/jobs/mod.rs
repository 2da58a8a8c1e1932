//! Recurring jobs: without cron and without a daemon. Hooks start the worker when one is due
//! ([`state::due`](crate::state::due)); the worker claims it, runs it and writes down how it ended. What is due when,
//! and what follows from an end, [`schedule`](crate::schedule) decides.

mod ended;
mod log;
mod recovery;
mod run;
mod store;
mod work;

use std::path::PathBuf;

use serde::Serialize;

pub use self::log::Reader;
pub use self::run::Ran;
pub use self::store::JobsError;
use crate::audit::entry::CRAFT;
use crate::audit::{Entry, Outcome};
use crate::clock::Millis;
use crate::config::model::CatchUp;
use crate::context::Context;
use crate::diagnostics;
use crate::fs::FsError;
use crate::ops::audit;
use crate::ops::settings::{self, SettingsError};
use crate::queue::Trigger;
use crate::schedule::{Job, Kind, Lease, Now, Schedule, every};
use crate::state::due;
use crate::sync::step::{Reporter, Silent};

/// A worker runs no more jobs than this; the next one goes on.
const MOST: usize = 64;
/// Version of the JSON form of [`View`].
pub const VERSION: u32 = 1;

/// How the jobs stand. Its JSON form is stable; see `docs/formats.md`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// Version of this form; 1.
    pub version: u32,
    /// Whether jobs run by themselves.
    pub enabled: bool,
    /// What is done about runs that were missed.
    pub catch_up: CatchUp,
    /// The jobs, in the order in which they are shown.
    pub jobs: Vec<JobView>,
    /// The file, where it is damaged; then these are jobs that begin anew.
    #[serde(skip)]
    pub damaged: Option<PathBuf>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// As the file has it.
    #[serde(flatten)]
    pub job: Job,
    /// Whether it would be run now, if the scheduler is on.
    pub due: bool,
}

/// Why a job was not run by hand.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Somebody runs it.
    #[error("{} is running already: process {} on {}", kind.word(), lease.pid, lease.host)]
    Busy {
        /// Which job.
        kind: Kind,
        /// Who runs it.
        lease: Box<Lease>,
    },
    /// The schedule cannot be changed.
    #[error(transparent)]
    Jobs(#[from] JobsError),
}

/// How the jobs stand; nothing is written.
///
/// # Errors
/// Where the configuration or the schedule cannot be read.
pub fn view(ctx: &Context) -> Result<View, JobsError> {
    let (schedule, now, setup, damaged) = store::look(ctx)?;
    let mut jobs: Vec<_> =
        schedule.known().map(|job| JobView { job: job.clone(), due: job.is_due(now.wall) }).collect();
    jobs.sort_by_key(|view| view.job.kind);
    Ok(View { version: VERSION, enabled: setup.enabled, catch_up: setup.terms.catch_up, jobs, damaged })
}

/// Switches the scheduler on or off.
///
/// # Errors
/// Where the configuration cannot be changed.
pub fn switch(ctx: &Context, on: bool) -> Result<(), SettingsError> {
    let change = settings::set(ctx, "scheduler.enabled", if on { "true" } else { "false" }, false)?;
    if change.before != change.after {
        note(ctx, "all", if on { "switched on" } else { "switched off" });
    }
    Ok(())
}

/// Lets a job rest.
///
/// # Errors
/// Where the schedule cannot be changed.
pub fn pause(ctx: &Context, kind: Kind) -> Result<JobView, JobsError> {
    edit(ctx, kind, "paused", |schedule, now| schedule.pause(kind, now))
}

/// Lets a job run by itself again.
///
/// # Errors
/// As [`pause`].
pub fn resume(ctx: &Context, kind: Kind) -> Result<JobView, JobsError> {
    edit(ctx, kind, "resumed", |schedule, now| schedule.resume(kind, now))
}

/// Forgets the failures of a job.
///
/// # Errors
/// As [`pause`].
pub fn reset(ctx: &Context, kind: Kind) -> Result<JobView, JobsError> {
    edit(ctx, kind, "failures forgotten", |schedule, now| schedule.reset(kind, now))
}

/// Sets how often a job runs, in milliseconds.
///
/// # Errors
/// As [`pause`].
pub fn set_interval(ctx: &Context, kind: Kind, interval: Millis) -> Result<JobView, JobsError> {
    let did = format!("every {}", every::words(interval));
    edit(ctx, kind, &did, |schedule, now| schedule.set_interval(kind, interval, now))
}

fn edit(ctx: &Context, kind: Kind, did: &str, change: impl FnOnce(&mut Schedule, &Now)) -> Result<JobView, JobsError> {
    let view = store::change(ctx, |schedule, now, _| {
        change(schedule, now);
        let job = schedule.job(kind).cloned().unwrap_or_else(|| kind.job());
        JobView { due: job.is_due(now.wall), job }
    })?;
    note(ctx, kind.word(), did);
    Ok(view)
}

/// Writes into the journal what somebody changed about jobs.
fn note(ctx: &Context, item: &str, did: &str) {
    let entry = Entry::new(CRAFT, "jobs", Outcome::Success).item(item).reason(did).trigger(Trigger::Manual.word());
    audit::note(ctx, entry);
}

/// Runs a job now, in this process, whether it is due or not.
///
/// # Errors
/// Where it runs already, and where the schedule cannot be changed.
pub fn run_by_hand(ctx: &Context, kind: Kind, heard: &mut dyn Reporter) -> Result<Ran, RunError> {
    let me = store::me(ctx);
    let claim = store::change(ctx, |schedule, now, _| schedule.claim(kind, now, &me))?;
    let claim = claim.map_err(|lease| RunError::Busy { kind, lease: Box::new(lease) })?;
    Ok(run::claimed(ctx, claim, true, heard))
}

/// Runs the jobs that are due, one after the other, where the scheduler is on; how many.
pub fn run_due(ctx: &Context) -> usize {
    match store::setup(ctx) {
        Ok(setup) if setup.enabled => {}
        Ok(_) => {
            let _ = due::clear(&ctx.layout.due());
            return 0;
        }
        // A broken configuration says neither yes nor no, and whoever starts a session is told of it.
        Err(_) => {
            store::put_off(ctx);
            return 0;
        }
    }
    let me = store::me(ctx);
    for count in 0..MOST {
        let claimed = store::change(
            ctx,
            |schedule, now, setup| {
                if setup.enabled { schedule.claim_due(now, &setup.terms, &me) } else { None }
            },
        );
        match claimed {
            Ok(Some(claim)) => drop(run::claimed(ctx, claim, false, &mut Silent)),
            Ok(None) => return count,
            Err(error) => {
                diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "jobs", &error.to_string());
                store::put_off(ctx);
                return count;
            }
        }
    }
    MOST
}

/// The configuration was changed: hooks are told when jobs are due now, or that none is. That it cannot be said stops
/// nothing; any worker says it later.
pub fn settings_changed(ctx: &Context) {
    let said = match store::setup(ctx) {
        Ok(setup) if setup.enabled => store::change(ctx, |_, _, _| ()),
        Ok(_) => due::clear(&ctx.layout.due()).map_err(JobsError::from),
        Err(_) => Ok(()),
    };
    if let Err(error) = said {
        diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "jobs", &error.to_string());
    }
}

/// The last lines of a job's log, and a reader of what comes after them.
///
/// # Errors
/// Where the log is there and cannot be read.
pub fn logs(ctx: &Context, kind: Kind, count: usize) -> Result<(Vec<String>, Reader), FsError> {
    Reader::tail(ctx, kind, count)
}
