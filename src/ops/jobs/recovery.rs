//! The job `auto-sync-recovery`: does what crashed sessions and killed syncs left behind, also where nobody has started
//! a session since.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::log;
use crate::config::load;
use crate::config::model::Action;
use crate::config::policy::Policy;
use crate::context::Context;
use crate::diagnostics;
use crate::fs::FsError;
use crate::locate::{Location, locate};
use crate::ops::engine::{self, journal};
use crate::ops::{drain, enrolled, record};
use crate::queue::{self, Request, Trigger};
use crate::schedule::Kind;
use crate::schedule::every;
use crate::state::{State, StateFile};
use crate::sync::step::Reporter;
use crate::sync::tell::{self, counted};

/// What was found, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Sessions that died, whose work was asked for.
    sessions: usize,
    /// Repositories in which a sync was killed.
    killed: usize,
    /// Of these, those that are whole again.
    mended: usize,
    /// Requests that were dealt with.
    done: usize,
    /// Those that wait, by their working tree, and why.
    waiting: BTreeMap<PathBuf, String>,
}

impl Found {
    /// What it says in a line.
    pub(super) fn summary(&self) -> String {
        let mut parts = Vec::new();
        if self.sessions > 0 {
            parts.push(format!("{} had died", counted(self.sessions, "session")));
        }
        if self.killed > 0 {
            let killed = format!("{} killed", counted(self.killed, "sync"));
            parts.push(match self.killed - self.mended {
                0 => format!("{killed} before, all mended"),
                left => format!("{killed} before, {left} not mended yet"),
            });
        }
        if self.done > 0 {
            parts.push(format!("{} done", counted(self.done, "request")));
        }
        if let Some((worktree, why)) = self.waiting.first_key_value() {
            let count = counted(self.waiting.len(), "working tree");
            parts.push(format!("{count} waiting, first {}: {why}", worktree.display()));
        }
        if parts.is_empty() { "nothing was left behind".to_owned() } else { parts.join("; ") }
    }
}

/// Does it.
///
/// # Errors
/// Where the queue cannot be listed.
pub(super) fn run(ctx: &Context, heard: &mut dyn Reporter) -> Result<Found, FsError> {
    let mut found = Found { sessions: drain::take_up_dead_sessions(ctx), ..Found::default() };
    let killed = killed(ctx);
    found.killed = killed.len();
    let queued = queue::list(&ctx.layout)?;
    for (at, policy) in &killed {
        log::write(ctx, Kind::AutoSyncRecovery, &format!("a sync was killed in {}", at.worktree.display()));
        let Some(action) = wanted(policy).filter(|_| queued.iter().all(|r| r.git_dir != at.git_dir)) else { continue };
        let request = Request::new(at, Trigger::Recovery, action, None, ctx.clock.now_ms(), &mut ctx.dice());
        queue::push(&ctx.layout, &request)?;
    }
    let before: BTreeSet<String> = queue::list(&ctx.layout)?.into_iter().map(|r| r.id).collect();
    drain::drain(ctx, Some(Kind::AutoSyncRecovery.word()), heard)?;
    let after = queue::list(&ctx.layout)?;
    found.done = before.iter().filter(|id| after.iter().all(|r| r.id != **id)).count();
    found.mended = killed.iter().filter(|(at, _)| !engine::was_killed(ctx, &at.common_dir)).count();
    let state = StateFile::at(ctx.layout.state()).peek::<State>().map(|loaded| loaded.value).unwrap_or_default();
    for request in &after {
        let why = why(ctx, &state, request);
        log::write(ctx, Kind::AutoSyncRecovery, &format!("waiting in {}: {why}", request.worktree.display()));
        found.waiting.insert(request.worktree.clone(), why);
    }
    Ok(found)
}

/// Where a sync was killed and nobody has come by since, of all repositories in which something may be done.
fn killed(ctx: &Context) -> Vec<(Location, Policy)> {
    let config = match load::load(&ctx.layout.config()) {
        Ok(config) => config,
        Err(error) => {
            diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "jobs", &error.to_string());
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for enrolled in config.repositories.iter().filter(|r| !r.disabled && engine::was_killed(ctx, &r.common_dir)) {
        let known = locate(&enrolled.path).filter(|at| at.common_dir == enrolled.common_dir);
        // In another working tree it may be whose work was not sent.
        let there = journal::read(&enrolled.common_dir)
            .and_then(|entry| engine::where_it_happened(&entry, &enrolled.common_dir));
        let Some(at) = there.or(known) else { continue };
        if let Ok(policy) = enrolled::find(ctx, &at)
            && policy.is_on()
        {
            found.push((at, policy));
        }
    }
    found
}

/// What a sync that was killed may be followed by: what happens by itself in that repository, and no more.
fn wanted(policy: &Policy) -> Option<Action> {
    let triggers = &policy.config.auto_sync.triggers;
    match (triggers.session_start.enabled, triggers.session_end.enabled) {
        (true, true) => Some(Action::Sync),
        (false, true) => Some(Action::Push),
        (true, false) => Some(Action::Pull),
        (false, false) => None,
    }
}

/// Why a request waits.
fn why(ctx: &Context, state: &State, request: &Request) -> String {
    let now = ctx.clock.now_ms();
    if let Some(holder) = engine::at_work(ctx, &request.common_dir) {
        return format!("{} (process {}) is at work there", tell::clean(&holder.purpose), holder.pid);
    }
    let repository = state.repositories.get(&record::state_key(&request.location()));
    if let Some(paused) = repository.and_then(|r| r.paused.as_ref()) {
        return format!("its sync is paused: {paused}");
    }
    let not_before = request.not_before.max(repository.map_or(0, |r| r.not_before));
    if not_before > now {
        let wait = (not_before - now).div_ceil(every::MINUTE) * every::MINUTE;
        return format!("it is tried again in {}", every::words(wait));
    }
    "it could not be done now; `craft auto-sync log` tells why".to_owned()
}
