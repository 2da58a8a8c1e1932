//! The recurring jobs.

use serde::Serialize;

use crate::context::Context;
use crate::monitor::model::{Job, Scheduler};
use crate::ops::jobs;
use crate::state::progress::Progress;

/// Whether jobs run by themselves, and all of them; a damaged schedule is one of the `problems`.
///
/// # Errors
/// Why the schedule cannot be read.
pub(super) fn all(
    ctx: &Context,
    running: &[Progress],
    problems: &mut Vec<String>,
) -> Result<(Scheduler, Vec<Job>), String> {
    let view = jobs::view(ctx).map_err(|e| e.to_string())?;
    problems.extend(view.damaged.map(|file| format!("{} cannot be understood", file.display())));
    let jobs = view.jobs.into_iter().map(|view| {
        let job = view.job;
        let (id, timing) = (job.id, job.schedule);
        let progress = running.iter().find(|p| p.job.as_deref() == Some(&id)).and_then(|p| p.percent);
        // One whose run broke off is due at once, without a time.
        let due = view.due.then(|| ctx.clock.now_ms());
        Job {
            kind: job.kind.word().to_owned(),
            status: word(&job.status),
            enabled: timing.enabled,
            interval_ms: timing.interval_ms,
            last_run: timing.last_run,
            next_run: timing.next_run.or(due),
            last_result: job.last_result.as_ref().map(word),
            last_message: job.last_message,
            last_error: job.last_error,
            retry_count: timing.retry_count,
            max_retries: timing.max_retries,
            progress,
            id,
        }
    });
    Ok((Scheduler { enabled: view.enabled }, jobs.collect()))
}

/// The word that files have for it.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
