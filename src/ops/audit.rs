//! Writing into the journal.

use crate::audit::Entry;
use crate::context::Context;
use crate::{diagnostics, journal};

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
