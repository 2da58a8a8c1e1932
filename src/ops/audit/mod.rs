//! Writing into the journal, keeping it small, and what it adds up to.

mod export;
mod hush;

pub use export::{Exported, Form, export};

use std::ops::ControlFlow;

use crate::audit::activity::{self, Activity};
use crate::audit::chain::Verdict;
use crate::audit::entry::CRAFT;
use crate::audit::metrics::{self, Fold, Metrics};
use crate::audit::{Entry, Outcome, Query};
use crate::config::load;
use crate::config::model::Logging;
use crate::context::Context;
use crate::fs::FsError;
use crate::journal::{self, Passed, Row, Trim};
use crate::state::held;
use crate::{diagnostics, fs::layout::Layout};

pub use crate::journal::Tidied;

const MIB: u64 = 1 << 20;

/// Adds an entry, as from this user on this machine, now. That it cannot be written stops nothing; it is said in
/// `craft.log`.
pub fn note(ctx: &Context, mut entry: Entry) {
    let now = ctx.clock.now_ms();
    if entry.timestamp == 0 {
        entry.timestamp = now;
    }
    ctx.user().clone_into(&mut entry.actor.user);
    entry.actor.host.clone_from(&ctx.host);
    let entry = hush::hushed(entry);
    match journal::append(&ctx.layout, &entry, now, &|| limit(&ctx.layout)) {
        Ok(appended) => {
            if let Some(mended) = appended.mended {
                say(ctx, &format!("put in order before line {}: {mended}", appended.seq));
            }
        }
        Err(error) => say(ctx, &error.to_string()),
    }
}

fn say(ctx: &Context, text: &str) {
    diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "journal", text);
}

/// How the journal is kept. Where the configuration is broken, as if it said nothing.
fn logging(layout: &Layout) -> Logging {
    load::load(&layout.config()).unwrap_or_default().logging
}

fn limit(layout: &Layout) -> u64 {
    logging(layout).max_mib.saturating_mul(MIB)
}

/// Turns the journal over where that is due, packs what was turned over, removes what is older than it may be (looked
/// at once a day), and turns over the texts beside it that have become large.
///
/// # Errors
/// Where a file cannot be written or removed. What was not done is done the next time.
pub fn tidy(ctx: &Context) -> Result<Tidied, FsError> {
    let Logging { retention_days: days, .. } = logging(&ctx.layout);
    let trim = Trim { now: ctx.clock.now_ms(), limit: &|| limit(&ctx.layout), days };
    let mut done = journal::tidy(&ctx.layout, trim)?;
    let jobs = ctx.layout.job_log("any");
    let texts = jobs.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    for text in texts.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "log")) {
        done.turned_over += usize::from(diagnostics::turn_over(&text));
    }
    done.turned_over += usize::from(diagnostics::turn_over(&ctx.layout.diagnostics()));
    Ok(done)
}

/// The same at most once a day, for whoever comes by: the jobs that do it may be off.
pub fn tidy_if_due(ctx: &Context) {
    if journal::due(&ctx.layout, ctx.clock.now_ms())
        && let Err(error) = tidy(ctx)
    {
        say(ctx, &error.to_string());
    }
}

/// Writes into the journal how long hooks have held sessions.
pub fn take_held(ctx: &Context) {
    let all = match held::take(&ctx.layout) {
        Ok(all) => all,
        Err(error) => return say(ctx, &error.to_string()),
    };
    for held in all {
        let trigger = match held.event.as_str() {
            "SessionStart" => "session-start",
            "SessionEnd" => "session-end",
            _ => "user-prompt",
        };
        let top = held.common_dir.file_name().is_some_and(|n| n == ".git").then(|| held.common_dir.parent()).flatten();
        let item = top.unwrap_or(&held.common_dir).display().to_string();
        let mut entry = Entry::new(CRAFT, metrics::HOOK, Outcome::Success).item(item).trigger(trigger);
        entry.timestamp = held.at;
        entry.duration_ms = Some(held.ms);
        entry.actor.session = held.session;
        note(ctx, entry);
    }
}

/// Gives each line that is asked for to `each`, oldest first, until it breaks off.
///
/// # Errors
/// Where the journal is there and cannot be read.
pub fn find(ctx: &Context, query: &Query, each: &mut dyn FnMut(Row<'_>) -> ControlFlow<()>) -> Result<Passed, FsError> {
    journal::query(&ctx.layout, query, each)
}

/// Whether the journal is as it was written.
///
/// # Errors
/// Where it is there and cannot be read.
pub fn verify(ctx: &Context) -> Result<Verdict, FsError> {
    journal::verify(&ctx.layout)
}

/// What the last 30 days add up to.
///
/// # Errors
/// Where the journal is there and cannot be read.
pub fn metrics(ctx: &Context) -> Result<Metrics, FsError> {
    let now = ctx.clock.now_ms();
    let mut fold = Fold::new(now);
    each_since(ctx, now.saturating_sub(metrics::LONGEST), &mut |entry| fold.add(entry))?;
    Ok(fold.finish())
}

/// What happened in the last 24 hours.
///
/// # Errors
/// Where the journal is there and cannot be read.
pub fn activity(ctx: &Context) -> Result<Activity, FsError> {
    let now = ctx.clock.now_ms();
    let mut activity = Activity::new(now);
    each_since(ctx, now.saturating_sub(activity::SPAN), &mut |entry| activity.add(entry))?;
    Ok(activity)
}

fn each_since(ctx: &Context, since: u64, each: &mut dyn FnMut(&Entry)) -> Result<(), FsError> {
    let query = Query { since: Some(since), ..Query::default() };
    journal::query(&ctx.layout, &query, &mut |row| {
        each(&row.line.entry);
        ControlFlow::Continue(())
    })
    .map(drop)
}
