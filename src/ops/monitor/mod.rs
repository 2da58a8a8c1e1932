//! What the monitor shows, put together from what was recorded: no git program is started and no network is used.

mod act;
mod jobs;
mod journal;
mod notifications;
mod repositories;

use std::collections::BTreeSet;
use std::path::PathBuf;

pub use act::act;
pub use journal::Kept;

use crate::config::load;
use crate::context::Context;
use crate::locate::Location;
use crate::monitor::Dashboard;
use crate::monitor::model::{Running, VERSION};
use crate::ops::status;
use crate::scan::redact::hush_json;
use crate::state::progress;

/// The dashboard, and the files that change whenever it does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Collected {
    /// The dashboard.
    pub board: Dashboard,
    /// Absolute paths, of files and of folders in which files come and go. Some may not be there yet.
    pub watch: Vec<PathBuf>,
    /// Repositories that have moved since their changed files were counted.
    pub moved: Vec<Location>,
}

/// Puts it together. Nothing is written and nothing is started.
#[must_use]
pub fn collect(ctx: &Context) -> Collected {
    collect_again(ctx, &mut Kept::default())
}

/// As [`collect`], for who does so again and again.
#[must_use]
pub fn collect_again(ctx: &Context, kept: &mut Kept) -> Collected {
    let now = ctx.clock.now_ms();
    let layout = &ctx.layout;
    let mut board = Dashboard { version: VERSION, generated_at: now, ..Dashboard::default() };
    let mut moved = Vec::new();
    let mut watch = vec![
        layout.config(),
        layout.state(),
        layout.schedule(),
        layout.notifications(),
        layout.journal(),
        layout.progress(),
    ];
    match load::load(&layout.config()) {
        Ok(config) => {
            let all = repositories::all(ctx, &config);
            board.repositories = all.found;
            board.problems.extend(all.problems);
            watch.extend(all.watch);
            moved = all.moved;
        }
        Err(error) => board.problems.push(error.to_string()),
    }
    let running = progress::list(&ctx.layout, &ctx.host).unwrap_or_else(|e| {
        board.problems.push(e.to_string());
        Vec::new()
    });
    match jobs::all(ctx, &running, &mut board.problems) {
        Ok((scheduler, jobs)) => (board.scheduler, board.jobs) = (scheduler, jobs),
        Err(error) => board.problems.push(error),
    }
    match notifications::all(ctx) {
        Ok(notifications) => board.notifications = notifications,
        Err(error) => board.problems.push(error),
    }
    match journal::read_if_changed(ctx, kept) {
        Ok(read) => {
            board.activity = read.activity;
            board.metrics = read.metrics;
            board.journal = read.entries;
        }
        Err(error) => board.problems.push(error),
    }
    board.running = running
        .into_iter()
        .map(|p| Running { what: p.what, worktree: p.worktree, job: p.job, percent: p.percent, since: p.since })
        .collect();
    // A broken configuration is told by each of them.
    let mut told = BTreeSet::new();
    board.problems.retain(|problem| told.insert(problem.clone()));
    watch.sort();
    watch.dedup();
    Collected { board: hushed(board), watch, moved }
}

/// Asks a worker to count the changed files of what has moved.
pub fn ask_for_a_look(ctx: &Context, moved: &[Location]) {
    status::ask_for_a_look(ctx, moved, ctx.clock.now_ms());
}

/// Without the credentials that its texts may hold: they are cut to fit where they are drawn, and half a credential
/// would not be known as one.
fn hushed(board: Dashboard) -> Dashboard {
    let value = serde_json::to_value(&board).map(hush_json);
    value.and_then(serde_json::from_value).unwrap_or(Dashboard { repositories: Vec::new(), ..board })
}
