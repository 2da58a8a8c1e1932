//! The journal: its end, and what its last 24 hours add up to, in one pass.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;

use crate::audit::activity::{self, Tally};
use crate::audit::metrics::{Fold, HOOK};
use crate::audit::query::Query;
use crate::audit::{Entry, metrics};
use crate::context::Context;
use crate::monitor::model::{Activity, Counts, Durations, Metrics, Platform};
use crate::ops::audit;

/// How many entries are shown.
const SHOWN: usize = 100;

/// What was read last, and of what: a day of the journal is not read again for something else that has changed.
#[derive(Debug, Default)]
pub struct Kept {
    read: Option<(Stamp, Journal)>,
}

/// File, size, and the minute it is: what was done in the last 24 hours also changes by itself.
type Stamp = (u64, u64, u64);

/// Reads it, unless that was done and nothing has changed.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn read_if_changed(ctx: &Context, kept: &mut Kept) -> Result<Journal, String> {
    let file = std::fs::metadata(ctx.layout.journal()).map_or((0, 0), |m| (m.ino(), m.len()));
    let stamp = (file.0, file.1, ctx.clock.now_ms() / 60_000);
    if let Some((_, journal)) = kept.read.as_ref().filter(|(of, _)| *of == stamp) {
        return Ok(journal.clone());
    }
    let journal = read(ctx)?;
    kept.read = Some((stamp, journal.clone()));
    Ok(journal)
}

/// What the journal holds.
#[derive(Debug, Clone, Default)]
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
fn read(ctx: &Context) -> Result<Journal, String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Outcome;
    use crate::env::{CLAUDE_CONFIG_DIR, CRAFT_INTERNAL_NOW, Env};

    #[test]
    fn the_journal_is_read_again_when_it_has_changed_and_at_the_minute() {
        let tmp = tempfile::tempdir().unwrap();
        let at = |ms: u64| {
            let folder = tmp.path().to_str().unwrap().to_owned();
            Context::new(Env::from_pairs([(CLAUDE_CONFIG_DIR, folder), (CRAFT_INTERNAL_NOW, ms.to_string())])).unwrap()
        };
        let (ctx, later) = (at(1_756_728_000_000), at(1_756_728_060_000));
        let mut kept = Kept::default();
        let mut items = |ctx: &Context| -> Vec<_> {
            read_if_changed(ctx, &mut kept).unwrap().entries.into_iter().filter_map(|e| e.item).collect()
        };
        assert_eq!(items(&ctx), [""; 0]);
        audit::note(&ctx, Entry::new("git", "sync", Outcome::Success).item("one"));
        assert_eq!(items(&ctx), ["one"]);
        // As many bytes in the same file: only who reads it again sees them.
        let text = std::fs::read_to_string(ctx.layout.journal()).unwrap();
        let file = std::fs::File::options().write(true).open(ctx.layout.journal()).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, text.replace("one", "two").as_bytes(), 0).unwrap();
        assert_eq!(items(&ctx), ["one"]);
        assert_eq!(items(&later), ["two"]);
        audit::note(&later, Entry::new("git", "sync", Outcome::Success).item("three"));
        assert_eq!(items(&later), ["three", "two"]);
    }
}
