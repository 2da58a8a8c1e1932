//! What is told of notifications, and when: the lines for hooks, the count for status lines.

use serde::{Deserialize, Serialize};

use super::book::{Book, asleep, cut};
use super::model::{Notification, Severity};
use crate::clock::Millis;
use crate::config::model::Notifications as Rules;
use crate::plain;
use crate::state::Versioned;
use crate::state::announcement::{Announcement, Stage};
use crate::sync::tell::{self, counted};

/// Characters of a title in a line.
const TITLE: usize = 100;
/// How many ends of snoozes are planned for; later ones are when the notifications next change.
const STAGES: usize = 8;

/// Whether the user wants to hear of such a notification.
#[must_use]
pub fn wanted(rules: &Rules, n: &Notification) -> bool {
    rules.enabled && n.severity >= rules.min_severity && !rules.muted.contains(&n.kind)
}

/// Whether it waits to be looked at: not put away, not snoozed, and not read. A critical one waits until it is put
/// away.
#[must_use]
pub fn pending(n: &Notification, now: Millis) -> bool {
    n.dismissed_at.is_none() && !asleep(n, now) && (n.read_at.is_none() || n.severity == Severity::Critical)
}

/// Writes down what was told: a line that was offered and is not in `left` any more.
pub fn settle(book: &mut Book, left: &[Stage]) {
    let left: Vec<_> = left.iter().filter(|s| !s.critical).map(|s| s.from).collect();
    for n in &mut book.notifications {
        if let Some(from) = n.offered.take() {
            n.told |= !left.contains(&from);
        }
    }
}

/// The lines that hooks tell from now on; which notification is in which is written into the book. While something
/// is critical its line is the only one, and the others wait.
pub fn announce(book: &mut Book, rules: &Rules, now: Millis) -> Announcement {
    let mut stages = Vec::new();
    for from in times(book, now) {
        let at = from.max(now);
        let told = |n: &&mut Notification| wanted(rules, n) && n.dismissed_at.is_none() && wakes(n, now) == from;
        let mut once: Vec<&mut Notification> = book
            .notifications
            .iter_mut()
            .filter(told)
            .filter(|n| n.severity < Severity::Critical && !n.told && n.read_at.is_none())
            .collect();
        once.iter_mut().for_each(|n| n.offered = Some(from));
        if let Some(line) = line(&once.iter().map(|n| &**n).collect::<Vec<_>>()) {
            stages.push(Stage { from, line, critical: false });
        }
        let open = |n: &&Notification| wanted(rules, n) && pending(n, at);
        let all: Vec<_> = book.notifications.iter().filter(open).collect();
        let grave = |n: &&Notification| n.severity == Severity::Critical && wakes(n, now) == from;
        if all.iter().any(grave) {
            let line = line(&all).unwrap_or_default();
            stages.push(Stage { from, line, critical: true });
        }
    }
    Announcement { stages, ..Announcement::default() }
}

/// How many wait to be looked at, for who shows no more than that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Pending {
    /// Format version; 1.
    pub version: u32,
    /// How many, from a moment on; the earliest first.
    pub stages: Vec<Count>,
    /// The newest that the user was not told of by a sync.
    pub newest: Option<Newest>,
}

/// How many wait, from a moment on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Count {
    /// Since when, in milliseconds; 0 is since this was written.
    pub from: Millis,
    /// How many wait.
    pub pending: usize,
    /// Of these, critical.
    pub critical: usize,
}

/// A notification, as far as a toast needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Newest {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
}

impl Default for Pending {
    fn default() -> Self {
        Self { version: Self::VERSION, stages: Vec::new(), newest: None }
    }
}

impl Versioned for Pending {
    const VERSION: u32 = 1;
}

impl Pending {
    /// How many wait at `now`.
    #[must_use]
    pub fn at(&self, now: Millis) -> Count {
        let due = |s: &&Count| !crate::state::announcement::ahead(s.from, now);
        self.stages.iter().rev().find(due).copied().unwrap_or_default()
    }

    /// Whether there is nothing to count, now or later.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stages.iter().all(|s| s.pending == 0)
    }
}

/// Counts. `newest` is one that matters (no `info`), was raised by no sync that told of it, and is not read.
#[must_use]
pub fn count(book: &Book, rules: &Rules, now: Millis) -> Pending {
    let open = |n: &&Notification, at: Millis| wanted(rules, n) && pending(n, at);
    let counts = times(book, now).into_iter().map(|from| {
        let waiting: Vec<_> = book.notifications.iter().filter(|n| open(n, from.max(now))).collect();
        let critical = waiting.iter().filter(|n| n.severity == Severity::Critical).count();
        Count { from, pending: waiting.len(), critical }
    });
    let toast = |n: &&Notification| {
        open(n, now) && n.severity > Severity::Info && n.read_at.is_none() && (!n.told || n.offered.is_some())
    };
    let newest = book.notifications.iter().filter(toast).max_by_key(|n| (n.severity, n.updated_at));
    Pending {
        stages: counts.collect(),
        newest: newest.map(|n| Newest { id: n.id.clone(), title: n.title.clone() }),
        ..Pending::default()
    }
}

/// The one line for all of them; `None` where there is none.
#[must_use]
pub fn line(all: &[&Notification]) -> Option<String> {
    let first = all.iter().max_by_key(|n| (n.severity, n.updated_at))?;
    let title = cut(&plain::line(&first.title), TITLE);
    let what = match (first.severity, all.len() - 1) {
        (Severity::Critical, 0) => format!("critical: {title}"),
        (Severity::Critical, more) => format!("critical: {title}; and {}", counted(more, "other notification")),
        (_, 0) => format!("notification: {title}"),
        (_, _) => format!("{}: {title}", counted(all.len(), "notification")),
    };
    Some(format!("{}: {what} (craft notifications)", tell::NAME))
}

/// When anything changes by itself: now, and when a snooze ends.
fn times(book: &Book, now: Millis) -> Vec<Millis> {
    let mut times: Vec<_> =
        book.notifications.iter().filter(|n| n.dismissed_at.is_none()).map(|n| wakes(n, now)).chain([0]).collect();
    times.sort_unstable();
    times.dedup();
    times.truncate(STAGES);
    times
}

/// From when on it is told; 0 is now.
fn wakes(n: &Notification, now: Millis) -> Millis {
    n.snoozed_until.filter(|_| asleep(n, now)).unwrap_or(0)
}

#[cfg(test)]
#[path = "telling_tests.rs"]
mod tests;
