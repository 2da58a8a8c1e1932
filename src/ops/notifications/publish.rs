//! What others read of the notifications, so that a hook opens one small file and a status line another.

use crate::clock::Millis;
use crate::config::model::Notifications as Rules;
use crate::context::Context;
use crate::fs::{FsError, remove_optional};
use crate::notify::{Book, telling};
use crate::state::StateFile;
use crate::state::announcement::{self, Announcement};

/// What hooks are to tell from now on, and what they have told since, in the book. `None` where it is what lies
/// there. The caller holds the lock of the notifications.
///
/// Where a hook may take the file, it is withdrawn first: a line that is neither here nor with us is one that a hook
/// has. One that nobody takes, being critical, stays until it is replaced, so that no hook misses it.
pub(super) fn put_together(
    ctx: &Context,
    book: &mut Book,
    rules: &Rules,
    now: Millis,
) -> Result<Option<Announcement>, FsError> {
    let path = ctx.layout.announcement();
    let lies = announcement::read(&path)?.unwrap_or_default();
    let mut wanted = book.clone();
    telling::settle(&mut wanted, &lies.stages);
    let announcement = telling::announce(&mut wanted, rules, now);
    if announcement == lies {
        *book = wanted;
        return Ok(None);
    }
    let stays = lies.due(now).is_some_and(|s| s.critical);
    let left = if stays { lies } else { announcement::withdraw(&path)?.unwrap_or_default() };
    telling::settle(book, &left.stages);
    Ok(Some(telling::announce(book, rules, now)))
}

/// Puts the lines where hooks find them.
pub(super) fn announce(ctx: &Context, announcement: Option<Announcement>) -> Result<(), FsError> {
    let path = ctx.layout.announcement();
    match announcement {
        None => Ok(()),
        Some(none) if none.stages.is_empty() => remove_optional(&path),
        Some(some) => StateFile::at(path).store_cache(&some),
    }
}

/// Puts the count where status lines find it.
pub(super) fn count(ctx: &Context, book: &Book, rules: &Rules, now: Millis) -> Result<(), FsError> {
    let path = ctx.layout.pending();
    let pending = telling::count(book, rules, now);
    if pending.is_empty() {
        return remove_optional(&path);
    }
    let file = StateFile::at(path);
    if file.peek::<telling::Pending>().is_ok_and(|l| l.value == pending && l.problem.is_none()) {
        return Ok(());
    }
    file.store_cache(&pending)
}
