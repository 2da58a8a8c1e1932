//! Whether a tracker may be asked now, for all working trees of a user at once.

use std::time::Duration;

use crate::clock::Millis;
use crate::context::Context;
use crate::fs::lock;
use crate::ops::error::{Kind, OpError};
use crate::ops::sync;
use crate::state::file::{Problem, StateFile};
use crate::state::pauses::Pauses;

/// Whoever holds the lock replaces one small file.
const PATIENCE: Duration = Duration::from_secs(5);

/// Until when nothing may be asked at `api`; `None` where it may. What cannot be read is no pause.
#[must_use]
pub fn until(ctx: &Context, api: &str) -> Option<Millis> {
    read(ctx).until(api, ctx.clock.now_ms())
}

/// Keeps that nothing shall be asked at `api` before `until`; `named` is whether somebody there said so, `writing`
/// whether something was to be changed.
///
/// # Errors
/// Where that cannot be kept.
pub fn limited(ctx: &Context, api: &str, until: Millis, named: bool, writing: bool) -> Result<(), OpError> {
    change(ctx, |pauses| {
        pauses.limit(api, ctx.clock.now_ms(), until, named, writing);
        true
    })
}

/// Keeps that `api` did what it was asked for. Writes only where that ends a row of limits.
///
/// # Errors
/// Where that cannot be kept.
pub fn answered(ctx: &Context, api: &str, writing: bool) -> Result<(), OpError> {
    if read(ctx).answered(api, writing) { change(ctx, |pauses| pauses.answered(api, writing)) } else { Ok(()) }
}

fn read(ctx: &Context) -> Pauses {
    StateFile::at(ctx.layout.pauses()).peek::<Pauses>().map(|loaded| loaded.value).unwrap_or_default()
}

fn change(ctx: &Context, how: impl FnOnce(&mut Pauses) -> bool) -> Result<(), OpError> {
    let path = ctx.layout.pauses_lock();
    let guard = lock::exclusive_within(&path, &sync::me(ctx, "pause"), PATIENCE)?;
    let _guard = guard.ok_or_else(|| {
        OpError::new(Kind::Busy, format!("{} stays locked", path.display())).remedy("try again in a moment")
    })?;
    let file = StateFile::at(ctx.layout.pauses());
    let loaded = file.load::<Pauses>(ctx.clock.now_ms())?;
    let mut pauses = loaded.value;
    // A newer version's file is read and never written.
    if !how(&mut pauses) || matches!(loaded.problem, Some(Problem::Newer { .. })) {
        return Ok(());
    }
    pauses.version = 1;
    Ok(file.store(&pauses)?)
}
