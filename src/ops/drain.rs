//! Doing what waits in the queue, one repository at a time, until nothing is left that can be done now.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::model::Action;
use crate::context::Context;
use crate::diagnostics;
use crate::fs::{FsError, lock};
use crate::hook::answer::{self, Answer};
use crate::locate::Location;
use crate::ops::publish::Published;
use crate::ops::{enrolled, round, sync};
use crate::queue::{self, Request, Trigger};
use crate::state::session;
use crate::sync::outcome::{End, Refusal};
use crate::sync::step::Reporter;

/// Sessions whose client died without a word leave their work behind: it is pushed like at an end.
///
/// How many of them asked for it.
pub fn take_up_dead_sessions(ctx: &Context) -> usize {
    let mut asked = 0;
    for dead in session::list(&ctx.layout).unwrap_or_default().into_iter().filter(|s| !s.alive(&ctx.host)) {
        let at = dead.location();
        let wanted = match enrolled::find(ctx, &at) {
            Ok(policy) => policy.config.auto_sync.triggers.session_end.enabled,
            // A broken configuration says neither yes nor no: this waits until it is mended.
            Err(End::Refused { kind: Refusal::Configuration, .. }) => continue,
            Err(_) => false,
        };
        if wanted {
            let now = ctx.clock.now_ms();
            let request =
                Request::new(&at, Trigger::Recovery, Action::Push, Some(dead.id.clone()), now, &mut ctx.dice());
            if let Err(error) = queue::push(&ctx.layout, &request) {
                diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "worker", &error.to_string());
                continue;
            }
            asked += 1;
        }
        let _ = session::forget(&ctx.layout, &dead.id);
    }
    asked
}

/// Does what can be done. A repository whose lock is held is left to its holder, who looks at the
/// queue again after letting go; that is why the queue is listed anew after every repository.
///
/// `job` is the job that this is part of, where it is part of one; `heard` hears what is done.
///
/// The working trees that were synced.
///
/// # Errors
/// Where the queue cannot be listed. `craft.log` has been told.
pub fn drain(ctx: &Context, job: Option<&str>, heard: &mut dyn Reporter) -> Result<Vec<Location>, FsError> {
    let mut synced = Vec::new();
    let mut tried: BTreeSet<String> = BTreeSet::new();
    let mut busy: BTreeSet<PathBuf> = BTreeSet::new();
    loop {
        let due = match queue::list(&ctx.layout) {
            Ok(all) => all.into_iter().filter(|r| !tried.contains(&r.id) && !busy.contains(&r.common_dir)),
            Err(error) => {
                diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "worker", &error.to_string());
                return Err(error);
            }
        };
        // Where a hook waits, it is served first.
        let mut due: Vec<Request> = due.collect();
        due.sort_by_key(|r| !r.wants_answer);
        let Some(first) = due.first() else { return Ok(synced) };
        let common_dir = first.common_dir.clone();
        let looking = due.iter().filter(|r| r.common_dir == common_dir).all(|r| r.action == Action::Observe);
        let me = sync::me(ctx, if looking { sync::LOOKING } else { "worker" });
        let locked = sync::lockable(&common_dir).and_then(|path| lock::try_exclusive(&path, &me));
        match locked {
            Ok(Some(_guard)) => synced.extend(repository(ctx, &common_dir, &mut tried, job, heard)),
            Ok(None) => {
                busy.insert(common_dir);
            }
            Err(error) => {
                let mine: Vec<_> = due.iter().filter(|r| r.common_dir == common_dir).cloned().collect();
                let end = sync::unlockable(&first.location(), &error);
                diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "worker", &error.to_string());
                round::refuse(ctx, &first.location(), &mine, end);
                tried.extend(mine.iter().map(|r| r.id.clone()));
            }
        }
    }
}

/// Does all requests of one repository, one working tree after the other, until none comes any more; those that were
/// synced.
fn repository(
    ctx: &Context,
    common_dir: &Path,
    tried: &mut BTreeSet<String>,
    job: Option<&str>,
    heard: &mut dyn Reporter,
) -> Vec<Location> {
    let mut synced = Vec::new();
    loop {
        let all = queue::list(&ctx.layout).unwrap_or_default();
        let now = ctx.clock.now_ms();
        let mine: Vec<_> = all.into_iter().filter(|r| r.common_dir == common_dir && !tried.contains(&r.id)).collect();
        let Some(git_dir) = mine.iter().map(|r| r.git_dir.clone()).next() else { return synced };
        let here: Vec<Request> = mine.into_iter().filter(|r| r.git_dir == git_dir).collect();
        tried.extend(here.iter().map(|r| r.id.clone()));
        let (ready, waiting): (Vec<_>, Vec<_>) =
            here.into_iter().partition(|r| r.not_before <= now || r.not_before - now > 86_400_000);
        for request in waiting.iter().filter(|r| r.wants_answer) {
            let _ = answer::deliver(&ctx.layout, &request.id, &Answer::new(Vec::new()));
        }
        if let Some(first) = ready.first() {
            let at: Location = first.location();
            let mut reporter = Published::new(ctx, &at.worktree, job, heard);
            let report = round::run(ctx, &at, &ready, None, &mut reporter);
            drop(reporter);
            if let Some(report) = report {
                let text = format!("{} {} {}", report.repository, report.trigger.word(), report.end.word());
                diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "worker", &text);
                if !synced.contains(&at) {
                    synced.push(at);
                }
            }
        }
    }
}
