//! What is known, from recorded state: no git program, no network, no look at the working tree.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{enroll, phases};
use crate::clock::Millis;
use crate::config::load;
use crate::config::model::{Action, Config, Repository as Enrolled};
use crate::config::narrow::Narrowing;
use crate::context::Context;
use crate::detach;
use crate::env;
use crate::fs::layout::repo_key;
use crate::git::repository::{Head, ReadError, Repository};
use crate::locate::{Location, locate};
use crate::permission::{Gate, Operation, Origin, Platform};
use crate::queue::{self, Request, Trigger};
use crate::state::file::Problem;
use crate::state::observed::Observed;
use crate::state::session;
use crate::state::tick::{self, Claim};
use crate::state::{Attention, LastSync, RepoState, State, StateFile, Statistics};

/// Version of the JSON form.
pub const VERSION: u32 = 1;

/// A new look is not asked for again within this many milliseconds.
const LOOK_AGAIN: Millis = 10_000;
/// What was counted longer ago than this is counted again, in the background.
const OLD: Millis = 60_000;

/// Everything `status` tells. Its JSON form is stable; see `docs/formats.md`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Version of this form; 1.
    pub version: u32,
    /// When it was put together.
    pub at: Millis,
    /// The global switch; `None` where the configuration is broken.
    pub enabled: Option<bool>,
    /// Whether `CRAFT_DISABLE` is set here.
    pub disabled_by_environment: bool,
    /// What each occasion does by itself.
    pub triggers: Occasions,
    /// What is wrong with our own files.
    pub problems: Vec<String>,
    /// The working tree one stands in, if it is not enrolled.
    pub not_enrolled: Option<PathBuf>,
    /// The enrolled repositories.
    pub repositories: Vec<RepositoryStatus>,
    /// Sessions that run on this machine.
    pub sessions: usize,
    /// Counts over all repositories.
    pub statistics: Statistics,
}

/// What each occasion does by itself; `None` where it is switched off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Occasions {
    /// When a session starts.
    pub session_start: Option<Action>,
    /// When a session ends.
    pub session_end: Option<Action>,
    /// At one prompt in [`probability`](Self::probability).
    pub user_prompt: Option<Action>,
    /// One prompt in this many.
    pub probability: u64,
}

/// One enrolled repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryStatus {
    /// The working tree.
    pub path: PathBuf,
    /// Whether one stands in it.
    pub here: bool,
    /// Whether it is still there.
    pub exists: bool,
    /// Whether it is switched on.
    pub enabled: bool,
    /// The pinned remote.
    pub remote: Option<String>,
    /// Where that is.
    pub remote_url: Option<String>,
    /// The pinned branch or glob.
    pub branch: String,
    /// What is known of its state.
    pub seen: Option<Seen>,
    /// Its last sync.
    pub last_sync: Option<LastSync>,
    /// What waits in the queue.
    pub waiting: Vec<Waiting>,
    /// Sessions that work in it.
    pub sessions: usize,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// No automatic sync before this time; 0 is at once.
    pub not_before: Millis,
    /// Why automatic sync rests.
    pub paused: Option<String>,
    /// What needs the user, and which command does it.
    pub attention: Option<Attention>,
    /// What may not be done with the remote: `pull`, `push`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<Operation>,
    /// What is wrong with the project's own settings.
    pub problem: Option<String>,
    /// Its counts.
    pub statistics: Statistics,
}

/// What is known of a repository's state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// When it was seen.
    pub at: Millis,
    /// Whether nothing has moved since. If something has, what follows was read anew, but for `dirty`.
    pub fresh: bool,
    /// The branch; empty where HEAD is on none.
    pub branch: String,
    /// Whether that is the branch of a phase, which is synced beside the pinned one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub phase: bool,
    /// The upstream for people, `origin/main`; empty where there is none.
    pub upstream: String,
    /// Commits the upstream, as last fetched, does not have; `None` where that is not known.
    pub ahead: Option<usize>,
    /// Commits of the upstream, as last fetched, that are not here; `None` where that is not known.
    pub behind: Option<usize>,
    /// Changed and new files; `None` where nobody has looked.
    pub dirty: Option<usize>,
}

/// What the permissions keep from a repository, of all that a sync does.
fn denied(config: &Config, enrolled: &Enrolled, narrowing: &Narrowing) -> Vec<Operation> {
    if enrolled.remote.is_none() {
        return Vec::new();
    }
    let Ok(mut here) = load::effective(config, enrolled) else { return Vec::new() };
    narrowing.apply(&mut here);
    let gate = Gate::new(&here.permissions);
    let denied = |o: &Operation| !gate.decide(Platform::Git, *o, Origin::Internal).allowed;
    [Operation::Pull, Operation::Push].into_iter().filter(denied).collect()
}

/// A request in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// What is to be done.
    pub action: Action,
    /// What asked for it.
    pub trigger: Trigger,
    /// When.
    pub requested: Millis,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before this time; 0 is at once.
    pub not_before: Millis,
}

/// Puts together what is known. Where HEAD, index or refs of a repository have moved since it was
/// last looked at, the branch is read anew and a worker is asked to look, so that the next answer is
/// complete. `here` is where the user stands.
#[must_use]
pub fn status(ctx: &Context, here: Option<&Path>) -> Status {
    let now = ctx.clock.now_ms();
    let at = here.and_then(locate);
    let mut status = Status { version: VERSION, at: now, ..Status::default() };
    status.disabled_by_environment = ctx.env.switch(env::CRAFT_DISABLE);
    let config = match load::load(&ctx.layout.config()) {
        Ok(config) => config,
        Err(error) => {
            status.problems.push(error.to_string());
            return status;
        }
    };
    status.enabled = Some(config.auto_sync.enabled);
    status.triggers = occasions(&config);
    let state = recorded(ctx, &mut status.problems);
    let requests = queue::list(&ctx.layout).unwrap_or_else(|e| {
        status.problems.push(e.to_string());
        Vec::new()
    });
    let mut sessions = session::list(&ctx.layout).unwrap_or_default();
    sessions.retain(|s| s.alive(&ctx.host));
    status.sessions = sessions.len();
    status.statistics = state.statistics.clone();
    status.not_enrolled = at.as_ref().filter(|at| enroll::find(&config, at).is_none()).map(|at| at.worktree.clone());

    let mut stale = Vec::new();
    for enrolled in &config.repositories {
        let known = state.repositories.get(enrolled.common_dir.to_string_lossy().as_ref());
        let mut entry = entry(enrolled, known.cloned().unwrap_or_default());
        entry.here = at.as_ref().is_some_and(|at| at.common_dir == enrolled.common_dir);
        entry.sessions = sessions.iter().filter(|s| s.common_dir == enrolled.common_dir).count();
        let asked = |r: &&Request| r.common_dir == enrolled.common_dir;
        entry.waiting = requests.iter().filter(asked).filter(|r| r.action != Action::Observe).map(waiting).collect();
        if let Some(place) = locate(&enrolled.path).filter(|p| p.common_dir == enrolled.common_dir) {
            entry.exists = true;
            match Narrowing::load(&place.worktree) {
                Ok(narrowing) => entry.denied = denied(&config, enrolled, &narrowing),
                Err(error) => entry.problem = Some(error.to_string()),
            }
            let cached = cached(ctx, &place);
            let fresh = cached.as_ref().is_some_and(Observed::fresh);
            entry.seen = if fresh { cached.map(|o| seen(&o)) } else { look(&place, enrolled, now).ok() };
            if let Some(seen) = &mut entry.seen {
                let effective = load::effective(&config, enrolled);
                let plans = effective.as_ref().map_or(&config.plans, |here| &here.plans);
                seen.phase = phases::is_of_phase(&place, plans, &enrolled.branch, &seen.branch);
            }
            let looking = requests.iter().filter(asked).any(|r| r.action == Action::Observe);
            // Edits move neither HEAD nor index: what was counted a while ago is counted again.
            let old = entry.seen.as_ref().is_none_or(|s| s.dirty.is_none() || now.saturating_sub(s.at) > OLD);
            if (!fresh || old) && !looking && entry.enabled {
                stale.push(place);
            }
        }
        status.repositories.push(entry);
    }
    if config.auto_sync.enabled && !status.disabled_by_environment {
        ask_for_a_look(ctx, &stale, now);
    }
    status
}

fn occasions(config: &Config) -> Occasions {
    let t = &config.auto_sync.triggers;
    let when = |enabled: bool, action: Action| (enabled && config.auto_sync.enabled).then_some(action);
    Occasions {
        session_start: when(t.session_start.enabled, t.session_start.action),
        session_end: when(t.session_end.enabled, t.session_end.action),
        user_prompt: when(t.user_prompt.enabled, t.user_prompt.action),
        probability: t.user_prompt.probability,
    }
}

fn recorded(ctx: &Context, problems: &mut Vec<String>) -> State {
    let path = ctx.layout.state();
    match StateFile::at(path.clone()).peek::<State>() {
        Ok(loaded) => {
            match loaded.problem {
                Some(Problem::Corrupt { .. }) => problems.push(format!(
                    "{} cannot be understood; the next sync keeps it aside and begins anew",
                    path.display()
                )),
                Some(Problem::Newer { version }) => problems.push(format!(
                    "{} has version {version}, written by a newer claude-craft; nothing is recorded there",
                    path.display()
                )),
                None => {}
            }
            loaded.value
        }
        Err(error) => {
            problems.push(error.to_string());
            State::default()
        }
    }
}

fn entry(enrolled: &Enrolled, known: RepoState) -> RepositoryStatus {
    RepositoryStatus {
        path: enrolled.path.clone(),
        enabled: !enrolled.disabled,
        remote: enrolled.remote.clone(),
        remote_url: enrolled.remote_url.clone(),
        branch: enrolled.branch.clone(),
        last_sync: known.last_sync,
        consecutive_failures: known.consecutive_failures,
        not_before: known.not_before,
        paused: known.paused,
        attention: known.attention,
        statistics: known.statistics,
        ..RepositoryStatus::default()
    }
}

fn waiting(request: &Request) -> Waiting {
    Waiting {
        action: request.action,
        trigger: request.trigger,
        requested: request.requested,
        attempts: request.attempts,
        not_before: request.not_before,
    }
}

/// What was last seen of this very working tree.
pub(super) fn cached(ctx: &Context, place: &Location) -> Option<Observed> {
    let path = ctx.layout.repo(&repo_key(&place.common_dir)).status();
    let loaded = StateFile::at(path).peek::<Observed>().ok()?;
    Some(loaded.value).filter(|o| o.worktree == place.worktree)
}

pub(super) fn seen(observed: &Observed) -> Seen {
    let compared = !observed.upstream.is_empty() && !observed.remote_tip.is_empty();
    Seen {
        at: observed.at,
        fresh: true,
        branch: observed.branch.clone(),
        phase: false,
        upstream: observed.upstream.clone(),
        ahead: compared.then_some(observed.ahead),
        behind: compared.then_some(observed.behind),
        dirty: observed.dirty,
    }
}

/// Reads what libgit2 can tell in a moment: branch, ahead, behind.
pub(super) fn look(place: &Location, enrolled: &Enrolled, now: Millis) -> Result<Seen, ReadError> {
    let git = Repository::open(place)?;
    let mut seen = Seen { at: now, ..Seen::default() };
    let Head::Branch { name, commit } = git.head()? else { return Ok(seen) };
    let (remote, branch) = match git.upstream(&name)? {
        Some(upstream) => (Some(upstream.remote), upstream.branch),
        None => (enrolled.remote.clone(), name.clone()),
    };
    if let Some(remote) = remote {
        if let Some(tip) = git.resolve(&format!("refs/remotes/{remote}/{branch}"))? {
            let (ahead, behind) = match commit {
                Some(commit) => git.ahead_behind(&commit, &tip)?,
                // A branch without a commit lacks all of them.
                None => (0, git.commits(None, &tip, 0)?.1),
            };
            (seen.ahead, seen.behind) = (Some(ahead), Some(behind));
        }
        seen.upstream = format!("{remote}/{branch}");
    }
    seen.branch = name;
    Ok(seen)
}

/// Asks a worker to look at what has moved. Failing to is no failure of `status`.
pub(super) fn ask_for_a_look(ctx: &Context, stale: &[Location], now: Millis) {
    let mut dice = ctx.dice();
    let mut asked = false;
    for place in stale {
        let tick = ctx.layout.repo(&repo_key(&place.common_dir)).observe_tick();
        if !matches!(tick::claim(&tick, now, LOOK_AGAIN), Ok(Claim::Granted)) {
            continue;
        }
        let request = Request::new(place, Trigger::Manual, Action::Observe, None, now, &mut dice);
        asked |= queue::push(&ctx.layout, &request).is_ok();
    }
    if asked {
        let _ = detach::start_worker(&ctx.env, true);
    }
}
