//! One run of a job, from its claim to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::{ended, log, store, work};
use crate::context::Context;
use crate::ops::engine;
use crate::schedule::{Claim, Ended, Kind, every};
use crate::state::progress::{Progress, Publisher};
use crate::sync::step::Reporter;
use crate::sync::tell;
use crate::{diagnostics, sys};

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Which job.
    pub kind: Kind,
    /// How it ended.
    pub ended: Ended,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// Runs a job that this process has claimed.
#[expect(clippy::disallowed_methods, reason = "what is measured is how long the run takes, whatever the clock does")]
pub(super) fn claimed(ctx: &Context, claim: Claim, by_hand: bool, heard: &mut dyn Reporter) -> Ran {
    let kind = claim.kind;
    let begun = Instant::now();
    log::write(ctx, kind, if by_hand { "begun by hand" } else { "begun" });
    // Whoever takes this writes down how the run ended.
    let first = Arc::new(AtomicBool::new(true));
    let guard = watch(ctx, kind, by_hand, &first);
    let progress = Progress::new(&ctx.host, None, Some(kind.word()), kind.word(), ctx.clock.now_ms());
    let publisher = Publisher::begin(&ctx.layout, progress, tell::clean);
    let at = format!("job-{}", kind.word());
    engine::fail_point(ctx, &at);
    let ended = work::run(ctx, kind, heard);
    drop(publisher);
    if !first.swap(false, Ordering::SeqCst) {
        // It is being ended for having taken too long.
        loop {
            std::thread::park();
        }
    }
    drop(guard);
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    conclude(ctx, kind, by_hand, &ended, duration_ms);
    Ran { kind, ended, duration_ms }
}

/// Ends a run that takes longer than its bound, together with this process: nothing else stops work that hangs. What
/// it was in the middle of is mended as after any crash.
fn watch(ctx: &Context, kind: Kind, by_hand: bool, first: &Arc<AtomicBool>) -> Option<mpsc::Sender<()>> {
    let (env, first) = (ctx.env.clone(), Arc::clone(first));
    within(Duration::from_millis(kind.bound()), move || {
        if !first.swap(false, Ordering::SeqCst) {
            return;
        }
        if let Ok(ctx) = Context::new(env) {
            let said = format!("it took longer than {} and was ended", every::words(kind.bound()));
            conclude(&ctx, kind, by_hand, &Ended::Failed(said), kind.bound());
        }
        sys::kill_self();
    })
}

/// Does `late` once `bound` has passed, unless what is given back is dropped before. By the monotonic clock, which
/// stands while the machine sleeps.
fn within(bound: Duration, late: impl FnOnce() + Send + 'static) -> Option<mpsc::Sender<()>> {
    let (alive, ended) = mpsc::channel::<()>();
    let thread = std::thread::Builder::new().name("watchdog".into()).spawn(move || {
        if ended.recv_timeout(bound) == Err(RecvTimeoutError::Timeout) {
            late();
        }
    });
    thread.is_ok().then_some(alive)
}

/// Writes down how a run ended. Where that is not possible its lease stays, and ends with this process.
fn conclude(ctx: &Context, kind: Kind, by_hand: bool, ended: &Ended, ms: u64) {
    let me = store::me(ctx);
    let verdict = store::change(ctx, |schedule, now, _| schedule.finish(kind, &me, ended, now));
    let verdict = verdict.unwrap_or_else(|error| {
        diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "jobs", &error.to_string());
        None
    });
    ended::told(ctx, kind, by_hand, ended, ms, verdict);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_ended_and_what_does_not_is_left_alone() {
        let (tell, told) = mpsc::channel();
        let again = tell.clone();
        let guard = within(Duration::from_millis(1), move || tell.send("late").unwrap());
        assert_eq!(told.recv(), Ok("late"));
        drop(guard);
        drop(within(Duration::from_secs(3600), move || again.send("late").unwrap()));
        assert!(told.recv().is_err(), "its watcher is gone");
    }
}
