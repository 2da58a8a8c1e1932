//! The worker: does what waits in the queue, then the recurring jobs that are due.

use crate::context::Context;
use crate::detach;
use crate::env::{self, Env};
use crate::hook::answer;
use crate::ops::{audit, beacon, drain, jobs, ours};
use crate::sync::step::Silent;

/// Runs until nothing is left that can be done now. `again` starts a second process for it and returns, so that the
/// worker's parent is gone.
pub fn run(env: Env, again: bool) {
    if env.switch(env::CRAFT_DISABLE) {
        return;
    }
    if again {
        let _ = detach::start_worker(&env, false);
        return;
    }
    let Ok(ctx) = Context::new(env) else { return };
    // Whoever owns the queue would decide what is done; a command says so, a worker has nobody to tell.
    if ours::check(&ctx).is_err() {
        return;
    }
    // First, so that nothing is taken away that a hook is about to read.
    let _ = answer::prune(&ctx.layout, ctx.clock.now_ms());
    drain::take_up_dead_sessions(&ctx);
    // Before any job: a hook may wait for one of these.
    let synced = drain::drain(&ctx, None, &mut Silent).unwrap_or_default();
    // No hook waits for anything any more, and no lock of a repository is held.
    synced.iter().for_each(|at| beacon::watch::after_sync(&ctx, at));
    if jobs::run_due(&ctx) > 0 {
        // Requests that came while the jobs ran have a worker of their own, unless that one found a lock held.
        let _ = drain::drain(&ctx, None, &mut Silent);
    }
    // Last, since a hook may wait for what is above.
    audit::take_held(&ctx);
    audit::tidy_if_due(&ctx);
}
