//! What the journal adds up to: how often syncs run, how long they take, how often they fail, and how long hooks held
//! a session. Over the last 24 hours, 7 days and 30 days.

use std::collections::BTreeMap;

use serde::Serialize;

use super::entry::CRAFT;
use super::{Entry, Outcome, synced};
use crate::clock::{self, Millis};

const HOUR: Millis = 3_600_000;
/// Names and lengths, shortest first.
const WINDOWS: [(&str, Millis); 3] = [("24h", 24 * HOUR), ("7d", 7 * 24 * HOUR), ("30d", 30 * 24 * HOUR)];
/// The longest of them.
pub const LONGEST: Millis = WINDOWS[2].1;
/// The operation of the time that a hook held a session.
pub const HOOK: &str = "hook";

/// All windows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// Format version; 1.
    pub version: u32,
    /// When they end.
    #[serde(with = "clock::iso")]
    pub at: Millis,
    /// Shortest first.
    pub windows: Vec<Window>,
}

/// One window.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// `24h`, `7d`, `30d`.
    pub window: &'static str,
    /// Syncs that were tried.
    pub syncs: u64,
    /// How many a day.
    pub per_day: f64,
    /// How many an hour.
    pub per_hour: f64,
    /// How many by each trigger.
    pub by_trigger: BTreeMap<String, u64>,
    /// How long they took, in milliseconds.
    pub duration_ms: Spread,
    /// Those in which both sides had changed the same lines.
    pub conflicts: u64,
    /// Their share of all syncs, from 0 to 1.
    pub conflict_rate: f64,
    /// Those that failed or were refused.
    pub failures: u64,
    /// Their share.
    pub failure_rate: f64,
    /// Those that could not reach their remote.
    pub offline: u64,
    /// Their share.
    pub offline_rate: f64,
    /// How long hooks held a session, in milliseconds.
    pub interruption_ms: Interruption,
    /// Commits that were made, taken in or sent.
    pub commits: u64,
    /// Files they changed.
    pub files: u64,
    /// What the permission gate turned away.
    pub denied: u64,
}

/// How values lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// Half of them are not larger.
    pub median: u64,
    /// Of twenty, nineteen are not larger.
    pub p95: u64,
    /// None is larger.
    pub max: u64,
}

/// How long hooks held a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Interruption {
    /// How many did.
    pub count: u64,
    /// All together.
    pub total: u64,
    /// How the times lie.
    #[serde(flatten)]
    pub spread: Spread,
}

/// Takes entries in any order.
#[derive(Debug)]
pub struct Fold {
    now: Millis,
    windows: Vec<(Window, Vec<u32>, Vec<u32>)>,
}

impl Fold {
    /// Windows that end at `now`.
    #[must_use]
    pub fn new(now: Millis) -> Self {
        let window = |(window, _)| (Window { window, ..Window::default() }, Vec::new(), Vec::new());
        Self { now, windows: WINDOWS.map(window).into() }
    }

    /// Counts an entry. One that lies ahead of now counts as now: a clock was set back.
    pub fn add(&mut self, entry: &Entry) {
        let age = self.now.saturating_sub(entry.timestamp);
        for ((window, durations, held), _) in self.windows.iter_mut().zip(WINDOWS).filter(|(_, (_, long))| age <= *long)
        {
            let took = entry.duration_ms.map(|ms| u32::try_from(ms).unwrap_or(u32::MAX));
            window.denied += u64::from(entry.result == Outcome::Denied);
            if entry.platform == CRAFT && entry.operation == HOOK {
                held.extend(took);
            }
            let Some(status) = synced::status(entry) else { continue };
            window.syncs += 1;
            durations.extend(took);
            let trigger = &entry.actor.trigger;
            match window.by_trigger.get_mut(trigger) {
                Some(count) => *count += 1,
                None => drop(window.by_trigger.insert(trigger.clone(), 1)),
            }
            match status {
                "conflict" => window.conflicts += 1,
                "refused" | "failed" => window.failures += 1,
                "offline" => window.offline += 1,
                _ => {}
            }
            let changes = entry.changes.unwrap_or_default();
            window.commits += changes.commits;
            window.files += changes.files;
        }
    }

    /// What it adds up to.
    #[must_use]
    pub fn finish(self) -> Metrics {
        let windows = self.windows.into_iter().zip(WINDOWS).map(|((mut window, durations, held), (_, long))| {
            window.per_hour = rounded(share(window.syncs, long / HOUR));
            window.per_day = rounded(share(window.syncs * 24, long / HOUR));
            window.duration_ms = Spread::of(durations);
            window.conflict_rate = rounded(share(window.conflicts, window.syncs));
            window.failure_rate = rounded(share(window.failures, window.syncs));
            window.offline_rate = rounded(share(window.offline, window.syncs));
            let (count, total) = (held.len() as u64, held.iter().map(|ms| u64::from(*ms)).sum());
            window.interruption_ms = Interruption { count, total, spread: Spread::of(held) };
            window
        });
        Metrics { version: 1, at: self.now, windows: windows.collect() }
    }
}

impl Spread {
    /// By the nearest rank: each is a value that occurred.
    fn of(mut values: Vec<u32>) -> Self {
        values.sort_unstable();
        let rank = |percent: usize| {
            let at = (values.len() * percent).div_ceil(100).saturating_sub(1);
            values.get(at).map_or(0, |ms| u64::from(*ms))
        };
        Self { median: rank(50), p95: rank(95), max: rank(100) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of syncs are far below 2^53")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Four places are more than anybody reads, and keep the output the same on every machine.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_756_728_000_000;

    fn sync(ago: Millis, status: &str, ms: u64) -> Entry {
        let entry = Entry::new(synced::GIT, "sync", Outcome::Success).trigger("session-end").with("status", status);
        let changes = Some(crate::audit::Changes { commits: 2, files: 3 });
        Entry { timestamp: NOW - ago, duration_ms: Some(ms), changes, ..entry }
    }

    fn held(ago: Millis, ms: u64) -> Entry {
        Entry { timestamp: NOW - ago, duration_ms: Some(ms), ..Entry::new(CRAFT, HOOK, Outcome::Success) }
    }

    #[test]
    fn each_window_has_what_lies_in_it_and_shares_are_of_all_syncs() {
        let mut fold = Fold::new(NOW);
        for n in 0..16 {
            fold.add(&sync(HOUR, "success", 100 * (n + 1)));
        }
        fold.add(&sync(HOUR, "conflict", 5000));
        fold.add(&sync(25 * HOUR, "failed", 10));
        fold.add(&sync(25 * HOUR, "refused", 10));
        fold.add(&sync(8 * 24 * HOUR, "offline", 10));
        fold.add(&sync(31 * 24 * HOUR, "success", 10));
        (1..=3).for_each(|n| fold.add(&held(HOUR, n * 10)));
        fold.add(&Entry { timestamp: NOW - HOUR, ..Entry::new("github", "close", Outcome::Denied) });
        // What was decided about a finding is no sync, and an entry of a clock that was ahead counts as now.
        fold.add(&Entry { operation: synced::DECIDED.into(), ..sync(0, "success", 1) });
        fold.add(&Entry { timestamp: NOW + HOUR, ..held(0, 40) });

        let Metrics { windows, .. } = fold.finish();
        let [day, week, month] = windows.as_slice() else { panic!("three windows") };
        assert_eq!([day.syncs, week.syncs, month.syncs], [17, 19, 20]);
        assert_eq!(day.duration_ms, Spread { median: 900, p95: 5000, max: 5000 });
        assert_eq!((week.duration_ms.median, month.duration_ms.p95), (800, 1600));
        assert_eq!((day.conflicts, day.conflict_rate, day.failures), (1, 0.0588, 0));
        assert_eq!((week.failures, week.failure_rate, week.offline, month.offline_rate), (2, 0.1053, 0, 0.05));
        assert_eq!((day.per_day, day.per_hour, week.per_day, month.per_day), (17.0, 0.7083, 2.7143, 0.6667));
        assert_eq!((day.commits, day.files, day.denied), (34, 51, 1));
        assert_eq!(day.by_trigger, BTreeMap::from([("session-end".to_owned(), 17)]));
        let spread = Spread { median: 20, p95: 40, max: 40 };
        assert_eq!(day.interruption_ms, Interruption { count: 4, total: 100, spread });
    }
}
