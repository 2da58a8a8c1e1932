//! The journal: its end, and what its last 24 hours add up to, in one pass.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use crate::audit::activity::{self, Tally};
use crate::audit::metrics::{Fold, HOOK};
use crate::audit::query::Query;
use crate::audit::{Entry, metrics};
use crate::context::Context;
use crate::monitor::model::{Activity, Counts, Durations, Metrics, Platform};
use crate::ops::audit;

/// How many entries are shown.
const SHOWN: usize = 100;

/// What the journal holds.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// What was done in the last 24 hours.
    pub(super) activity: Activity,
    /// How well it went.
    pub(super) metrics: Metrics,
    /// The newest entries, the newest first.
    pub(super) entries: Vec<Entry>,
}

/// Reads it.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn read(ctx: &Context) -> Result<Journal, String> {
    let now = ctx.clock.now_ms();
    let mut activity = activity::Activity::new(now);
    let mut fold = Fold::new(now);
    let mut newest = VecDeque::with_capacity(SHOWN);
    let day = Query { since: Some(now.saturating_sub(activity::SPAN)), ..Query::default() };
    audit::find(ctx, &day, &mut |row| {
        let entry = row.line.entry;
        activity.add(&entry);
        fold.add(&entry);
        keep(&mut newest, entry);
        ControlFlow::Continue(())
    })
    .map_err(|e| e.to_string())?;
    if newest.is_empty() {
        // Nothing was done in a day: what was done before is shown.
        let end = Query { limit: Some(SHOWN), ..Query::default() };
        audit::find(ctx, &end, &mut |row| {
            keep(&mut newest, row.line.entry);
            ControlFlow::Continue(())
        })
        .map_err(|e| e.to_string())?;
    }
    let metrics = fold.finish().windows.first().map(summed).unwrap_or_default();
    Ok(Journal { activity: counted(&activity), metrics, entries: newest.into_iter().rev().collect() })
}

/// That a hook held a session is of interest to the metrics only.
fn keep(newest: &mut VecDeque<Entry>, entry: Entry) {
    if entry.operation == HOOK {
        return;
    }
    if newest.len() == SHOWN {
        newest.pop_front();
    }
    newest.push_back(entry);
}

fn counted(activity: &activity::Activity) -> Activity {
    let counts = |t: &Tally| Counts { synced: t.synced, failed: t.failed, skipped: t.skipped, denied: t.denied };
    let platforms = activity.platforms.iter().map(|(name, platform)| Platform {
        platform: name.clone(),
        counts: counts(&platform.total),
        hours: std::array::from_fn(|hour| platform.hours[hour].sum()),
    });
    Activity { last24h: counts(&activity.total), by_platform: platforms.collect() }
}

fn summed(day: &metrics::Window) -> Metrics {
    let any = day.syncs > 0;
    Metrics {
        syncs: day.syncs,
        duration_ms: any.then_some(Durations { median: day.duration_ms.median, p95: day.duration_ms.p95 }),
        failure_rate: any.then_some(day.failure_rate),
        conflict_rate: any.then_some(day.conflict_rate),
    }
}
