//! The last syncs, as the journal has them.

use crate::audit::synced::{self, Synced};
use crate::context::Context;
use crate::fs::FsError;
use crate::journal;

/// The last `count` syncs, newest last.
///
/// # Errors
/// Where the journal is there and cannot be read.
pub fn tail(ctx: &Context, count: usize) -> Result<Vec<Synced>, FsError> {
    journal::newest(&ctx.layout, count, &mut synced::read)
}
