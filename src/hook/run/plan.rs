//! What hooks do for phased plans, in any repository that has a book: tell the model how the plan stands when a session
//! starts, and tick the to-dos that an answer names as done.

use std::time::Duration;

use super::{Hook, folder};
use crate::book::brief;
use crate::book::marker::Marker;
use crate::book::place::{self, Unfit};
use crate::book::{self, tick};
use crate::clock::{self, Clock};
use crate::config::model::Plans;
use crate::config::policy;
use crate::fs::FsError;
use crate::fs::atomic::{self, Durability};
use crate::fs::layout::{Layout, repo_key};
use crate::fs::lock::{self, Holder};
use crate::hook::event::{Event, Moment, Name};
use crate::locate::{self, Location};
use crate::state::notice::Notice;
use crate::state::session;

/// How long the book may be held by somebody else before it is left alone.
const PATIENCE: Duration = Duration::from_millis(100);

/// How the plan at `location` stands, where the model is to be told: not a subagent, and as the configuration says, which
/// is read only where there is a book and `plans` is not known.
pub(super) fn told(layout: &Layout, location: &Location, event: &Event, plans: Option<&Plans>) -> Option<String> {
    if event.agent_id.is_some() || plans.is_some_and(|p| !p.session_context) {
        return None;
    }
    let books = place::books(location);
    let found = place::read(&books.worktree).ok().flatten()?;
    let wanted = match plans {
        Some(_) => true,
        None => policy::config_at(layout, &books).is_ok_and(|c| c.plans.session_context),
    };
    if wanted { brief::brief(&found.bytes).map(|b| b.paragraph) } else { None }
}

/// `Stop`: ticks the to-dos that the answer names in lines `para: done 3`. Without one, nothing is looked at.
pub fn stop<C: Clock>(hook: &mut Hook<'_, C>) {
    let Some((layout, event)) = hook.hear(Name::Stop) else { return };
    let Moment::Stop { done } = &event.moment else { return };
    if done.is_empty() || event.agent_id.is_some() {
        return;
    }
    let Some(at) = folder(&event).and_then(|cwd| locate::locate(&cwd)) else { return };
    let books = place::books(&at);
    let wanted = match policy::config_at(&layout, &books) {
        Ok(config) => config.plans.stop_markers,
        Err(error) => {
            hook.log(&layout, Name::Stop, &error.to_string());
            false
        }
    };
    if !wanted {
        return;
    }
    let user = match ticked(&layout, &books, done, hook.clock.now_ms()) {
        Ok(Outcome::Nothing) => return,
        Ok(Outcome::Busy) => return hook.log(&layout, Name::Stop, "another process holds the book of the plan"),
        Ok(Outcome::Ticked(told)) => format!("craft: ticked {told}"),
        Err(why) => format!("craft: nothing was ticked: {why}"),
    };
    let _ = hook.print(Name::Stop, &[Notice { user, model: String::new() }], false);
}

/// What became of the markers.
enum Outcome {
    /// There is no book, or all of it was ticked before.
    Nothing,
    /// Somebody else holds the book.
    Busy,
    /// This was ticked.
    Ticked(String),
}

/// Why nothing was ticked.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{} {_0}", book::FILE)]
    Unfit(#[from] Unfit),
    #[error("{} is not UTF-8", book::FILE)]
    NotText,
    #[error(transparent)]
    Tick(#[from] tick::Fault),
    #[error(transparent)]
    Files(#[from] FsError),
    #[error("{} was changed by somebody else just now", book::FILE)]
    Changed,
}

/// Ticks what `markers` name in the book of `books`, under its lock.
fn ticked(layout: &Layout, books: &Location, markers: &[Marker], now: clock::Millis) -> Result<Outcome, Fault> {
    // Where there is no book no lock is made.
    if place::read(&books.worktree)?.is_none() {
        return Ok(Outcome::Nothing);
    }
    let holder =
        Holder { pid: std::process::id(), host: session::host_name(), started: now, purpose: "plan".to_owned() };
    let path = layout.repo(&repo_key(&books.common_dir)).plan_lock();
    let Some(_guard) = lock::exclusive_within(&path, &holder, PATIENCE)? else { return Ok(Outcome::Busy) };
    let Some(found) = place::read(&books.worktree)? else { return Ok(Outcome::Nothing) };
    let text = std::str::from_utf8(&found.bytes).map_err(|_| Fault::NotText)?;
    let Some(ticked) = tick::tick(text, markers, &clock::rfc3339(now))? else { return Ok(Outcome::Nothing) };
    let still = || Ok(place::read(&books.worktree) == Ok(Some(found.clone())));
    if atomic::replace_if(&found.path, ticked.text.as_bytes(), Durability::Full, still)? {
        Ok(Outcome::Ticked(ticked.told))
    } else {
        Err(Fault::Changed)
    }
}
