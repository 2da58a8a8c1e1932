//! Keeping notifications: `notifications.json`, and what follows from it for hooks, status lines and the desktop.

mod desktop;
mod publish;

use std::time::Duration;

pub use desktop::AVAILABLE as DESKTOP;

use crate::audit::entry::{CRAFT, Entry, Outcome};
use crate::clock::{self, Millis};
use crate::config::load;
use crate::config::model::Notifications as Rules;
use crate::context::Context;
use crate::diagnostics;
use crate::fs::FsError;
use crate::fs::lock::{self, Holder};
use crate::notify::book::{NoSuch, Raised};
use crate::notify::telling::{self, Count, Pending};
use crate::notify::trouble::Follows;
use crate::notify::{Book, Draft, Kind, Notification, Severity};
use crate::state::file::{Problem, StateFile};

/// The file is changed in milliseconds; who waits this long waits for something broken.
const PATIENCE: Duration = Duration::from_secs(5);

/// Notifications could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum NotificationsError {
    /// What was named is not there.
    #[error(transparent)]
    NoSuch(#[from] NoSuch),
    /// It is put away, so it cannot be told later.
    #[error("`{0}` is dismissed already")]
    Dismissed(String),
    /// A file cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The file is a newer program's.
    #[error("notifications.json has version {0}, written by a newer claude-craft; it is not changed")]
    Newer(u32),
    /// Another process does not let go of it.
    #[error("another process holds notifications.lock")]
    Busy,
}

/// What [`cleanup`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleaned {
    /// How many notifications were removed.
    pub removed: usize,
}

/// Keeps a notification, or raises the count of the one that is there. That it cannot be kept stops nothing; it is
/// said in `craft.log`.
pub fn raise(ctx: &Context, draft: Draft) {
    let mut dice = ctx.dice();
    let raised = change(ctx, |book, now| {
        let raised = book.raise(draft, now, || dice.token());
        let id = match &raised {
            Raised::New(id) | Raised::Worse(id) => id,
            Raised::Again(_) => return None,
        };
        book.find(id).ok().cloned()
    });
    match raised {
        Ok(Some(new)) => {
            note(ctx, &new, "raised");
            let rules = rules(ctx);
            if rules.desktop && telling::wanted(&rules, &new) {
                desktop::show(ctx, &new);
            }
        }
        Ok(None) => {}
        Err(error) => log(ctx, &format!("a notification was not kept: {error}")),
    }
}

/// The trouble with this key has passed: its notification is dismissed, where there is one.
pub fn resolve(ctx: &Context, dedupe_key: &str) {
    // Read without the lock first: nearly always there is nothing to do.
    if file(ctx).peek::<Book>().is_ok_and(|loaded| !loaded.value.holds(dedupe_key)) {
        return;
    }
    let passed = change(ctx, |book, now| {
        let ids = book.resolve(dedupe_key, now);
        book.notifications.iter().filter(|n| ids.contains(&n.id)).cloned().collect::<Vec<_>>()
    });
    match passed {
        Ok(passed) => passed.iter().for_each(|n| note(ctx, n, "passed")),
        Err(error) => log(ctx, &format!("a notification was not dismissed: {error}")),
    }
}

/// Raises and resolves what follows from a sync.
pub fn follow(ctx: &Context, follows: Follows) {
    follows.passed.iter().for_each(|key| resolve(ctx, key));
    follows.raised.into_iter().for_each(|draft| raise(ctx, draft));
}

/// All that are kept, newest first, and what is wrong with the file.
///
/// # Errors
/// Where the file is there and cannot be read.
pub fn list(ctx: &Context) -> Result<(Vec<Notification>, Option<Problem>), FsError> {
    let loaded = file(ctx).peek::<Book>()?;
    let mut all = loaded.value.notifications;
    all.sort_by_key(|n| std::cmp::Reverse(n.updated_at.max(n.created_at)));
    Ok((all, loaded.problem))
}

/// How many wait to be looked at, and the newest of them, where no hook has told of it yet. One small file, which is
/// not there where none does.
#[must_use]
pub fn pending(ctx: &Context) -> (Count, Option<telling::Newest>) {
    let pending = StateFile::at(ctx.layout.pending()).peek::<Pending>().map(|l| l.value).unwrap_or_default();
    // Once a hook has taken the lines away the user was told, and is not told once more.
    let untold = ctx.layout.announcement().exists();
    (pending.at(ctx.clock.now_ms()), pending.newest.filter(|_| untold))
}

/// Finds one and marks it as read.
///
/// # Errors
/// See [`NotificationsError`]. That it cannot be marked is none.
pub fn read(ctx: &Context, id: &str) -> Result<Notification, NotificationsError> {
    let found = file(ctx).peek::<Book>()?.value.find(id)?.clone();
    if found.read_at.is_some() {
        return Ok(found);
    }
    let read = change(ctx, |book, now| {
        book.read(&found.id, now);
        book.find(&found.id).ok().cloned()
    });
    match read {
        Ok(read) => Ok(read.unwrap_or(found)),
        Err(error) => {
            log(ctx, &format!("{} was not marked as read: {error}", found.id));
            Ok(found)
        }
    }
}

/// Puts some away; those that were not yet. Where one is not found nothing is changed.
///
/// # Errors
/// See [`NotificationsError`].
pub fn dismiss(ctx: &Context, ids: &[String]) -> Result<Vec<Notification>, NotificationsError> {
    let dismissed = change(ctx, |book, now| {
        let found = ids.iter().map(|id| book.find(id).map(|n| n.id.clone())).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, NoSuch>(put_away(book, &found, now))
    })??;
    dismissed.iter().for_each(|n| note(ctx, n, "dismissed"));
    Ok(dismissed)
}

/// Puts all away that are not yet, but those that came up after `seen` was asked for, which nobody has seen.
///
/// # Errors
/// See [`NotificationsError`].
pub fn dismiss_all(ctx: &Context, seen: &[Notification]) -> Result<Vec<Notification>, NotificationsError> {
    let ids: Vec<_> = seen.iter().map(|n| n.id.clone()).collect();
    let dismissed = change(ctx, |book, now| put_away(book, &ids, now))?;
    dismissed.iter().for_each(|n| note(ctx, n, "dismissed"));
    Ok(dismissed)
}

/// Tells one later, after `span` milliseconds.
///
/// # Errors
/// See [`NotificationsError`].
pub fn snooze(ctx: &Context, id: &str, span: Millis) -> Result<Notification, NotificationsError> {
    change(ctx, |book, now| {
        let id = book.find(id)?.id.clone();
        if !book.snooze(&id, span, now) {
            return Err(NotificationsError::Dismissed(id));
        }
        Ok(book.find(&id)?.clone())
    })?
}

/// Removes those that are older than `notifications.keepDays`.
///
/// # Errors
/// Where the file is there and cannot be read or written.
pub fn cleanup(ctx: &Context) -> Result<Cleaned, FsError> {
    if file(ctx).peek::<Book>()?.value.notifications.is_empty() {
        return Ok(Cleaned { removed: 0 });
    }
    let keep = rules(ctx).keep_days;
    match change(ctx, |book, now| book.cleanup(keep, now)) {
        Ok(removed) => Ok(Cleaned { removed }),
        Err(NotificationsError::Fs(error)) => Err(error),
        // It is cleaned the next time.
        Err(error) => {
            log(ctx, &error.to_string());
            Ok(Cleaned { removed: 0 })
        }
    }
}

/// Puts together anew what is told, after what the user wants to hear of has changed.
pub fn refresh(ctx: &Context) {
    if !ctx.layout.notifications().exists() {
        return;
    }
    if let Err(error) = change(ctx, |_, _| ()) {
        log(ctx, &error.to_string());
    }
}

/// Changes the notifications under their lock, and puts together what is told of them. What is damaged is kept
/// aside and told of.
fn change<T>(ctx: &Context, change: impl FnOnce(&mut Book, Millis) -> T) -> Result<T, NotificationsError> {
    let now = ctx.clock.now_ms();
    let me = Holder { pid: std::process::id(), host: ctx.host.clone(), started: now, purpose: "notifications".into() };
    let guard = lock::exclusive_within(&ctx.layout.notifications_lock(), &me, PATIENCE)?;
    let Some(_guard) = guard else { return Err(NotificationsError::Busy) };
    let file = file(ctx);
    let loaded = file.load::<Book>(now)?;
    let mut book = loaded.value;
    match loaded.problem {
        Some(Problem::Newer { version }) => return Err(NotificationsError::Newer(version)),
        Some(Problem::Corrupt { kept }) => {
            log(ctx, &format!("notifications.json was damaged; it is kept as {}", kept.display()));
            let mut dice = ctx.dice();
            book.raise(damaged(&kept), now, || dice.token());
        }
        None => {}
    }
    let before = book.clone();
    let done = change(&mut book, now);
    let rules = rules(ctx);
    let announcement = publish::put_together(ctx, &mut book, &rules, now)?;
    if book != before || !file.path().exists() {
        book.last_updated = clock::rfc3339(now);
        file.store(&book)?;
    }
    // After the book, so that what is told of can be looked up.
    publish::announce(ctx, announcement)?;
    publish::count(ctx, &book, &rules, now)?;
    Ok(done)
}

fn damaged(kept: &std::path::Path) -> Draft {
    Draft {
        kind: Kind::Drift,
        severity: Severity::Warning,
        title: "the record of notifications was damaged".into(),
        message: format!("what it held is kept as {}; notifications begin anew", kept.display()),
        data: None,
        dedupe_key: "damaged:notifications".into(),
        told: false,
    }
}

fn put_away(book: &mut Book, ids: &[String], now: Millis) -> Vec<Notification> {
    let ids: Vec<_> = ids.iter().filter(|id| book.dismiss(id, now)).collect();
    book.notifications.iter().filter(|n| ids.contains(&&n.id)).cloned().collect()
}

fn file(ctx: &Context) -> StateFile {
    StateFile::at(ctx.layout.notifications())
}

/// What the user wants to hear of; where the configuration is broken, what everybody does.
fn rules(ctx: &Context) -> Rules {
    load::load(&ctx.layout.config()).map(|config| config.notifications).unwrap_or_default()
}

fn note(ctx: &Context, n: &Notification, what: &str) {
    crate::ops::audit::note(
        ctx,
        Entry::new(CRAFT, "notification", Outcome::Success)
            .reason(format!("{what}: {}", n.title))
            .with("id", &n.id)
            .with("dedupeKey", &n.dedupe_key)
            .with("did", what)
            .with("severity", n.severity),
    );
}

fn log(ctx: &Context, text: &str) {
    diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "notifications", text);
}
