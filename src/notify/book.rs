//! All notifications, and what may happen to one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model::{Draft, Notification, Severity};
use crate::clock::Millis;
use crate::fs::layout::fnv1a;
use crate::plain;
use crate::scan::redact::{hush, hush_json};
use crate::state::Versioned;
use crate::state::announcement::{MAX_SNOOZE, ahead};
use crate::sync::tell;

/// How many are kept. What is put away goes first, then what matters least.
pub const MOST: usize = 500;
/// Characters of a title, of a message, and bytes of data and key at most.
const TITLE: usize = 120;
const MESSAGE: usize = 2_000;
const DATA: usize = 4_096;
const KEY: usize = 200;

const DAY: Millis = 86_400_000;
/// When it was last looked for old ones longer ago than this, nobody was here, or the clock has jumped. What looks
/// old now is left until it still does the next time.
const TRUSTS: Millis = 90 * DAY;

/// The whole file, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Book {
    /// Format version; 1.
    pub version: u32,
    /// The notifications.
    pub notifications: Vec<Notification>,
    /// When it was last changed, RFC 3339.
    pub last_updated: String,
    /// When it was last looked for old ones (milliseconds since the epoch).
    pub last_cleaned: Millis,
}

impl Default for Book {
    fn default() -> Self {
        Self { version: Self::VERSION, notifications: Vec::new(), last_updated: String::new(), last_cleaned: 0 }
    }
}

impl Versioned for Book {
    const VERSION: u32 = 1;
}

/// What raising one came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raised {
    /// It is a new one, with this id.
    New(String),
    /// It is there already; it matters more now than before.
    Worse(String),
    /// It is there already.
    Again(String),
}

/// An id that fits no notification, or several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuch {
    /// None begins so.
    #[error("there is no notification `{0}`")]
    Unknown(String),
    /// More than one does.
    #[error("`{id}` is the beginning of {count} ids")]
    Ambiguous {
        /// What was given.
        id: String,
        /// How many begin so.
        count: usize,
    },
}

impl Book {
    /// Adds a notification, or raises the count of the one that is not put away and has its key. `random` gives
    /// what ids of one millisecond differ in.
    pub fn raise(&mut self, draft: Draft, now: Millis, random: impl FnMut() -> u32) -> Raised {
        let draft = bounded(draft);
        let there = |n: &&mut Notification| {
            n.dismissed_at.is_none() && n.dedupe_key == draft.dedupe_key && !draft.dedupe_key.is_empty()
        };
        if let Some(old) = self.notifications.iter_mut().rev().find(there) {
            let worse = draft.severity > old.severity;
            old.count = old.count.saturating_add(1);
            old.updated_at = now;
            old.severity = old.severity.max(draft.severity);
            (old.kind, old.title, old.message, old.data) = (draft.kind, draft.title, draft.message, draft.data);
            if worse {
                (old.told, old.offered, old.read_at, old.snoozed_until) = (draft.told, None, None, None);
                return Raised::Worse(old.id.clone());
            }
            old.told |= draft.told;
            return Raised::Again(old.id.clone());
        }
        let id = self.new_id(now, random);
        self.notifications.push(Notification {
            id: id.clone(),
            kind: draft.kind,
            severity: draft.severity,
            title: draft.title,
            message: draft.message,
            data: draft.data,
            created_at: now,
            updated_at: now,
            read_at: None,
            dismissed_at: None,
            snoozed_until: None,
            dedupe_key: draft.dedupe_key,
            count: 1,
            passed: false,
            told: draft.told,
            offered: None,
        });
        self.make_room(&id);
        Raised::New(id)
    }

    /// The one whose id is `id` or begins so; `notif-` may be left out.
    ///
    /// # Errors
    /// [`NoSuch`].
    pub fn find(&self, id: &str) -> Result<&Notification, NoSuch> {
        let rest = id.strip_prefix("notif-").unwrap_or(id);
        let begins = |n: &&Notification| {
            n.id.starts_with(id) || n.id.strip_prefix("notif-").is_some_and(|i| i.starts_with(rest))
        };
        if let Some(exact) = self.notifications.iter().find(|n| n.id == id) {
            return Ok(exact);
        }
        let fitting: Vec<_> = self.notifications.iter().filter(begins).collect();
        match fitting.as_slice() {
            [one] if !rest.is_empty() => Ok(one),
            [] => Err(NoSuch::Unknown(id.to_owned())),
            several => Err(NoSuch::Ambiguous { id: id.to_owned(), count: several.len() }),
        }
    }

    /// Somebody read it. Whether that is new.
    pub fn read(&mut self, id: &str, now: Millis) -> bool {
        self.change(id, |n| n.read_at.is_none().then(|| n.read_at = Some(now)).is_some())
    }

    /// Somebody puts it away, which means that they have read it. Whether it was not yet.
    pub fn dismiss(&mut self, id: &str, now: Millis) -> bool {
        self.change(id, |n| put_away(n, now, false))
    }

    /// It is not to be told for `span` milliseconds, at most for [`MAX_SNOOZE`]; then it is told anew. Whether that
    /// is of use: one that is put away is not told in any case.
    pub fn snooze(&mut self, id: &str, span: Millis, now: Millis) -> bool {
        self.change(id, |n| {
            let open = n.dismissed_at.is_none();
            if open {
                n.snoozed_until = Some(now.saturating_add(span.min(MAX_SNOOZE)));
                (n.told, n.offered, n.read_at) = (false, None, None);
            }
            open
        })
    }

    /// The trouble with this key has passed. The ids of those that are put away by it.
    pub fn resolve(&mut self, key: &str, now: Millis) -> Vec<String> {
        let key = bounded_key(key);
        let of_it = self.notifications.iter_mut().filter(|n| n.dedupe_key == key);
        of_it.filter_map(|n| put_away(n, now, true).then(|| n.id.clone())).collect()
    }

    /// Whether [`resolve`](Self::resolve) would put any away.
    #[must_use]
    pub fn holds(&self, key: &str) -> bool {
        let key = bounded_key(key);
        self.notifications.iter().any(|n| n.dismissed_at.is_none() && n.dedupe_key == key)
    }

    /// Removes what has not come up for `keep_days`; how many. A critical one stays until it is put away. The
    /// original counts from the first time, and so forgets a trouble that goes on.
    pub fn cleanup(&mut self, keep_days: u64, now: Millis) -> usize {
        let trusted = now.abs_diff(self.last_cleaned) <= TRUSTS;
        self.last_cleaned = now;
        if !trusted {
            return 0;
        }
        let before = self.notifications.len();
        let oldest = now.saturating_sub(keep_days.saturating_mul(DAY));
        let stays = |n: &Notification| n.severity == Severity::Critical && n.dismissed_at.is_none();
        self.notifications.retain(|n| last_seen(n) >= oldest || stays(n));
        before - self.notifications.len()
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut Notification) -> bool) -> bool {
        self.notifications.iter_mut().find(|n| n.id == id).is_some_and(change)
    }

    fn new_id(&self, now: Millis, mut random: impl FnMut() -> u32) -> String {
        let time = base36(now);
        let mut salt = u64::from(random());
        loop {
            let id = format!("notif-{time}-{}", base36(salt % 1_679_616));
            if self.notifications.iter().all(|n| n.id != id) {
                return id;
            }
            // Dice that always fall alike do not keep this from ending.
            salt = salt.wrapping_add(1);
        }
    }

    /// Drops what there is no room for; never the newest, `id`.
    fn make_room(&mut self, id: &str) {
        while self.notifications.len() > MOST {
            let rank = |n: &Notification| (n.dismissed_at.is_none(), n.severity, last_seen(n));
            let least = self.notifications.iter().enumerate().filter(|(_, n)| n.id != id).min_by_key(|(_, n)| rank(n));
            let Some((at, _)) = least else { return };
            self.notifications.remove(at);
        }
    }
}

/// Whether it is not to be told yet.
#[must_use]
pub fn asleep(n: &Notification, now: Millis) -> bool {
    n.snoozed_until.is_some_and(|until| ahead(until, now))
}

fn last_seen(n: &Notification) -> Millis {
    n.updated_at.max(n.created_at)
}

fn put_away(n: &mut Notification, now: Millis, passed: bool) -> bool {
    let open = n.dismissed_at.is_none();
    if open {
        n.read_at = n.read_at.or(Some(now));
        (n.dismissed_at, n.snoozed_until, n.passed, n.offered) = (Some(now), None, passed, None);
    }
    open
}

/// What is kept of a draft: no credentials, and not more than there is room for.
fn bounded(draft: Draft) -> Draft {
    let data = draft.data.map(hush_json);
    Draft {
        title: cut(tell::clean(&draft.title).trim(), TITLE),
        message: cut(plain::lines(&hush(&draft.message)).trim(), MESSAGE),
        data: data.filter(|d: &Value| d.to_string().len() <= DATA),
        dedupe_key: bounded_key(&draft.dedupe_key),
        ..draft
    }
}

fn bounded_key(key: &str) -> String {
    let key = hush(key);
    if key.len() <= KEY { key } else { format!("{:016x}", fnv1a(key.as_bytes())) }
}

pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(std::iter::once('…')).collect()
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.is_empty() {
        digits.push(char::from_digit((number % 36) as u32, 36).unwrap_or('0'));
        number /= 36;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
