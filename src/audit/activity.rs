//! What happened on each platform in the last 24 hours, hour by hour.

use std::collections::BTreeMap;

use serde::Serialize;

use super::metrics::HOOK;
use super::{Entry, Outcome};
use crate::clock::{self, Millis};

const HOUR: Millis = 3_600_000;
/// How many hours.
pub const HOURS: usize = 24;
/// How long that is.
pub const SPAN: Millis = 24 * HOUR;

/// How often something ended in each way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Done.
    pub synced: u64,
    /// Failed.
    pub failed: u64,
    /// Left.
    pub skipped: u64,
    /// Turned away by the permission gate.
    pub denied: u64,
}

impl Tally {
    fn count(&mut self, result: Outcome) {
        *match result {
            Outcome::Success => &mut self.synced,
            Outcome::Error => &mut self.failed,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Denied => &mut self.denied,
        } += 1;
    }

    /// All together.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.synced + self.failed + self.skipped + self.denied
    }
}

/// One platform.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Platform {
    /// The 24 hours together.
    pub total: Tally,
    /// Hour by hour; the last one ends now.
    pub hours: [Tally; HOURS],
}

/// All platforms on which anything happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// When the last hour ends.
    #[serde(with = "clock::iso")]
    pub to: Millis,
    /// Everything together.
    pub total: Tally,
    /// By platform.
    pub platforms: BTreeMap<String, Platform>,
}

impl Activity {
    /// The 24 hours that end at `now`.
    #[must_use]
    pub fn new(now: Millis) -> Self {
        Self { to: now, total: Tally::default(), platforms: BTreeMap::new() }
    }

    /// Counts an entry. How long a hook held a session is no activity.
    pub fn add(&mut self, entry: &Entry) {
        let age = self.to.saturating_sub(entry.timestamp);
        if age >= SPAN || entry.operation == HOOK {
            return;
        }
        let hour = HOURS - 1 - usize::try_from(age / HOUR).unwrap_or(HOURS - 1);
        let platform = self.platforms.entry(entry.platform.clone()).or_default();
        for tally in [&mut self.total, &mut platform.total, &mut platform.hours[hour]] {
            tally.count(entry.result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_756_728_000_000;

    #[test]
    fn what_happened_is_counted_in_its_hour_and_on_its_platform() {
        let mut activity = Activity::new(NOW);
        let at = |ago, platform, result| Entry { timestamp: NOW - ago, ..Entry::new(platform, "x", result) };
        activity.add(&at(0, "git", Outcome::Success));
        activity.add(&at(HOUR - 1, "git", Outcome::Error));
        activity.add(&at(HOUR, "git", Outcome::Skipped));
        activity.add(&at(SPAN - 1, "jira", Outcome::Denied));
        activity.add(&at(SPAN, "jira", Outcome::Denied));
        activity.add(&Entry { operation: HOOK.into(), ..at(0, "craft", Outcome::Success) });
        assert_eq!(activity.total, Tally { synced: 1, failed: 1, skipped: 1, denied: 1 });
        assert_eq!(activity.platforms.keys().collect::<Vec<_>>(), ["git", "jira"]);
        let git = activity.platforms["git"];
        assert_eq!(git.hours[23], Tally { synced: 1, failed: 1, ..Tally::default() });
        assert_eq!((git.hours[22].skipped, git.total.sum()), (1, 3));
        assert_eq!(activity.platforms["jira"].hours[0].denied, 1);
    }
}
