//! What follows from the end of a run: its log, the journal, and a notification where it has failed too often.

use serde_json::json;

use super::log;
use crate::audit::entry::CRAFT;
use crate::audit::{Entry, Outcome as Result};
use crate::context::Context;
use crate::notify::Draft;
use crate::notify::model::{Kind as About, Severity};
use crate::ops::{audit, notifications};
use crate::schedule::{Ended, Kind, Outcome, Schedule, Verdict};

/// The key of what is told of a job.
fn key(kind: Kind) -> String {
    format!("job:{}", kind.word())
}

/// A run has ended, after `ms` milliseconds.
pub(super) fn told(ctx: &Context, kind: Kind, by_hand: bool, ended: &Ended, ms: u64, verdict: Option<Verdict>) {
    log::write(ctx, kind, &format!("{} after {}: {}", ended.outcome().words(), seconds(ms), ended.message()));
    let entry = Entry::new(CRAFT, "job", result(ended.outcome())).item(kind.word()).reason(ended.message());
    let entry = entry.trigger(if by_hand { "manual" } else { "job" }).with("outcome", ended.outcome());
    audit::note(ctx, Entry { duration_ms: Some(ms), ..entry });
    consequence(ctx, kind, ended.message(), verdict);
}

/// The process that ran a job has died.
pub(super) fn interrupted(ctx: &Context, kind: Kind, verdict: Verdict, schedule: &Schedule) {
    let ended = Ended::Interrupted;
    log::write(ctx, kind, &format!("{}: {}", ended.outcome().words(), ended.message()));
    let entry = Entry::new(CRAFT, "job", result(ended.outcome())).item(kind.word()).reason(ended.message());
    let entry = entry.trigger("job").with("outcome", ended.outcome());
    let deaths = schedule.job(kind).map_or(0, |job| job.schedule.retry_count);
    audit::note(ctx, entry.with("failures", deaths));
    consequence(ctx, kind, ended.message(), Some(verdict));
}

fn consequence(ctx: &Context, kind: Kind, said: &str, verdict: Option<Verdict>) {
    match verdict {
        Some(Verdict::GaveUp) => {
            let id = kind.word();
            log::write(ctx, kind, &format!("it failed too often and waits for `craft jobs reset {id}`"));
            notifications::raise(
                ctx,
                Draft {
                    kind: About::SyncFailure,
                    severity: Severity::Warning,
                    title: format!("the job {id} fails again and again"),
                    message: format!(
                        "{said}. It rests; `craft jobs logs {id}` tells more, `craft jobs reset {id}` revives it."
                    ),
                    data: Some(json!({"job": id, "error": said})),
                    dedupe_key: key(kind),
                    told: false,
                },
            );
        }
        // Also where nothing had failed since a reset: what it was told of before is over now.
        Some(Verdict::Recovered | Verdict::Goes) => notifications::resolve(ctx, &key(kind)),
        Some(Verdict::Retries) | None => {}
    }
}

/// What is not available is no success, and a run that died is a failure.
fn result(outcome: Outcome) -> Result {
    match outcome {
        Outcome::Success => Result::Success,
        Outcome::NotAvailable => Result::Skipped,
        Outcome::Failed | Outcome::Interrupted => Result::Error,
    }
}

fn seconds(ms: u64) -> String {
    if ms < 60_000 { format!("{}.{} s", ms / 1000, ms % 1000 / 100) } else { format!("{} min", ms / 60_000) }
}
