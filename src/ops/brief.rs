//! How one working tree stands, in as little as a status line has room for. Read from what was recorded:
//! no git program is started, no network is used, nothing is written.

use std::path::{Path, PathBuf};

use super::engine::journal;
use super::status::{self, Seen};
use super::{enroll, notifications, phases, record, sync};
use crate::clock::{self, Millis};
use crate::config::narrow;
use crate::config::policy::{self, Policy};
use crate::context::Context;
use crate::env;
use crate::fs::layout::{fnv1a, repo_key};
use crate::fs::lock;
use crate::locate::{Location, locate};
use crate::notify::telling::Count;
use crate::state::beacon::Waiting;
use crate::state::observed::Observed;
use crate::state::{RepoState, State, StateFile};

/// Tells more of what needs the user.
const STATUS: &str = "auto-sync status";

/// What is known of a folder, and what tells that it has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brief {
    /// `None` where there is nothing to say: no repository, not enrolled, or `CRAFT_DISABLE` is set.
    pub here: Option<Here>,
    /// How the plan of the repository stands, in a few words, enrolled or not: `phase 2/3 · 4/9`.
    pub plan: Option<String>,
    /// What the beacon of the working tree has: `📬 2`.
    pub beacon: Option<String>,
    /// Files that change, appear or vanish whenever the answer may have changed. Empty where it cannot.
    pub watch: Vec<PathBuf>,
}

/// An enrolled working tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Here {
    /// What matters most.
    pub standing: Standing,
    /// The branch HEAD is on; empty where it is on none or cannot be read.
    pub branch: String,
    /// The branch or glob that is synced.
    pub pinned: String,
    /// Whether there is a remote; without one, work is only committed.
    pub remote: bool,
    /// Commits the remote branch, as last fetched, does not have; `None` where that is not known.
    pub ahead: Option<usize>,
    /// Commits of the remote branch, as last fetched, that are not here; `None` where that is not known.
    pub behind: Option<usize>,
    /// When the last sync ended; `None` before the first.
    pub last: Option<Millis>,
    /// Something the user should hear of once.
    pub alarm: Option<Alarm>,
    /// Notifications that wait to be looked at, of all repositories; none where auto-sync is off.
    pub notifications: usize,
}

/// What matters most about a working tree, the weightiest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Standing {
    /// The configuration, or the project's own file, cannot be understood, so nothing is done.
    Broken,
    /// Switched off: for all, for this repository, or by the project.
    Off,
    /// A sync is running.
    Syncing,
    /// Both sides changed the same lines.
    Conflict {
        /// How many files; 0 where that is not known.
        files: usize,
    },
    /// Automatic sync rests until `force` or `enable`.
    Paused,
    /// The last sync refused to go on, or failed for good.
    Blocked {
        /// Why, in one word: `authentication`, `hook`, …
        kind: String,
    },
    /// HEAD is on another branch than the one that is synced, or on none.
    Elsewhere,
    /// The remote could not be reached.
    Offline,
    /// The last sync failed, which may pass.
    Failed,
    /// No sync has run yet.
    New,
    /// The last sync went well.
    #[default]
    Well,
}

/// Something the user should hear of once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The same as long as it is about the same event.
    pub id: String,
    /// What happened.
    pub message: String,
    /// The words of a command that tells more.
    pub more: &'static str,
}

/// What is known of `folder`.
#[must_use]
pub fn brief(ctx: &Context, folder: &Path) -> Brief {
    if ctx.env.switch(env::CRAFT_DISABLE) {
        return Brief::default();
    }
    let config = ctx.layout.config();
    let Some(at) = locate(folder) else { return Brief { watch: vec![config], ..Brief::default() } };
    let (plan, book) = phases::words(&at);
    let mail = ctx.layout.repo(&repo_key(&at.git_dir)).beacon_waiting();
    let beacon = Waiting::read(&mail).and_then(|waiting| waiting.words());
    let project = at.worktree.join(narrow::FILE);
    let policy = match policy::at(&ctx.layout, &at) {
        Ok(Some(policy)) => policy,
        Ok(None) => return Brief { here: None, plan, beacon, watch: vec![config, book, mail] },
        Err(_) => {
            let here = Here { standing: Standing::Broken, ..Here::default() };
            return Brief { here: Some(here), plan, beacon, watch: vec![config, project, book, mail] };
        }
    };
    let seen = seen(ctx, &at, &policy);
    let mut watch = vec![config, project, book, mail, ctx.layout.state(), journal::lock_file(&at.common_dir)];
    watch.push(ctx.layout.repo(&repo_key(&at.common_dir)).status());
    watch.push(ctx.layout.pending());
    watch.extend(refs(&at, seen.as_ref()));
    Brief { here: Some(here(ctx, &at, &policy, seen)), plan, beacon, watch }
}

fn here(ctx: &Context, at: &Location, policy: &Policy, seen: Option<Seen>) -> Here {
    let state = StateFile::at(ctx.layout.state()).peek::<State>().map(|l| l.value).unwrap_or_default();
    let known = state.repositories.get(&record::state_key(at)).cloned().unwrap_or_default();
    let pinned = policy.repository.branch.clone();
    let holder = lock::living_holder(&journal::lock_file(&at.common_dir), &ctx.host);
    let syncing = holder.is_some_and(|h| h.purpose != sync::LOOKING);
    let synced =
        |branch: &str| enroll::fits(&pinned, branch) || phases::is_of_phase(at, &policy.config.plans, &pinned, branch);
    let elsewhere = seen.as_ref().is_some_and(|s| s.branch.is_empty() || !synced(&s.branch));
    let standing = if !policy.is_on() {
        Standing::Off
    } else if syncing {
        Standing::Syncing
    } else {
        recorded(&known, elsewhere)
    };
    let seen = seen.unwrap_or_default();
    let off = standing == Standing::Off;
    let (count, newest) = if off || !policy.config.notifications.enabled {
        (Count::default(), None)
    } else {
        notifications::pending(ctx)
    };
    let newest = newest.map(|n| Alarm { id: n.id, message: n.title, more: "notifications" });
    Here {
        alarm: alarm(at, &known).or(newest).filter(|_| !off),
        notifications: count.pending,
        standing,
        branch: seen.branch,
        pinned,
        remote: policy.repository.remote.is_some(),
        ahead: seen.ahead,
        behind: seen.behind,
        last: known.last_sync.and_then(|l| clock::parse_rfc3339(&l.timestamp)),
    }
}

/// What follows from what the last syncs left behind.
fn recorded(known: &RepoState, elsewhere: bool) -> Standing {
    match &known.attention {
        Some(attention) if attention.kind == "conflict" => return Standing::Conflict { files: attention.files },
        _ if known.paused.is_some() => return Standing::Paused,
        Some(attention) => return Standing::Blocked { kind: attention.kind.clone() },
        None if elsewhere => return Standing::Elsewhere,
        None => {}
    }
    match known.last_sync.as_ref().map(|l| l.status.as_str()) {
        None => Standing::New,
        Some("offline") => Standing::Offline,
        Some("failed") => Standing::Failed,
        Some(_) => Standing::Well,
    }
}

fn alarm(at: &Location, known: &RepoState) -> Option<Alarm> {
    let id = |parts: &[&str]| {
        let place = record::state_key(at);
        format!("{:016x}", fnv1a([&[place.as_str()], parts].concat().join("\n").as_bytes()))
    };
    if let Some(a) = &known.attention {
        let id = id(&[&a.kind, &a.message, &a.since.to_string()]);
        return Some(Alarm { id, message: a.message.clone(), more: STATUS });
    }
    let why = known.paused.as_ref()?;
    let message = format!("automatic sync is paused: {why}");
    Some(Alarm { id: id(&["paused", why]), message, more: STATUS })
}

/// The branch and how it stands: as last written down, or read anew where something has moved since.
fn seen(ctx: &Context, at: &Location, policy: &Policy) -> Option<Seen> {
    match status::cached(ctx, at) {
        Some(cached) if Observed::fresh(&cached) => Some(status::seen(&cached)),
        _ => status::look(at, &policy.repository, ctx.clock.now_ms()).ok(),
    }
}

/// The files that move when somebody commits, switches the branch or fetches.
fn refs(at: &Location, seen: Option<&Seen>) -> Vec<PathBuf> {
    let mut files = vec![at.git_dir.join("HEAD"), at.common_dir.join("packed-refs")];
    if let Some(seen) = seen.filter(|s| !s.branch.is_empty()) {
        files.push(at.common_dir.join("refs/heads").join(&seen.branch));
        if !seen.upstream.is_empty() {
            files.push(at.common_dir.join("refs/remotes").join(&seen.upstream));
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Attention, LastSync};

    fn last(status: &str) -> Option<LastSync> {
        Some(LastSync {
            timestamp: "2025-09-01T11:55:00Z".into(),
            kind: "manual".into(),
            status: status.into(),
            summary: String::new(),
            duration_ms: 0,
        })
    }

    fn attention(kind: &str, files: usize) -> Option<Attention> {
        Some(Attention { kind: kind.into(), message: "m".into(), command: "c".into(), files, since: 1 })
    }

    #[test]
    fn the_weightiest_thing_is_told() {
        let known = |attention, paused: bool, status: &str| RepoState {
            attention,
            paused: paused.then(|| "five failures".to_owned()),
            last_sync: last(status).filter(|_| !status.is_empty()),
            ..RepoState::default()
        };
        let blocked = |kind: &str| Standing::Blocked { kind: kind.into() };
        for (state, elsewhere, expected) in [
            (known(attention("conflict", 2), true, "conflict"), true, Standing::Conflict { files: 2 }),
            (known(attention("hook", 0), true, "refused"), true, Standing::Paused),
            (known(attention("hook", 0), false, "refused"), true, blocked("hook")),
            (known(None, false, "success"), true, Standing::Elsewhere),
            (known(None, false, "offline"), false, Standing::Offline),
            (known(None, false, "failed"), false, Standing::Failed),
            (known(None, false, "success"), false, Standing::Well),
            (known(None, false, "busy"), false, Standing::Well),
            (known(None, false, ""), false, Standing::New),
        ] {
            assert_eq!(recorded(&state, elsewhere), expected, "{state:?}");
        }
    }

    #[test]
    fn an_alarm_has_one_name_for_one_event() {
        let place = |path: &str| Location { worktree: path.into(), git_dir: path.into(), common_dir: path.into() };
        let state = |since, message: &str| RepoState {
            attention: Some(Attention { since, message: message.into(), ..attention("conflict", 1).unwrap() }),
            ..RepoState::default()
        };
        let id = |path: &str, state: &RepoState| alarm(&place(path), state).unwrap().id;
        let first = id("/r", &state(1, "a"));
        assert_eq!(first, id("/r", &state(1, "a")));
        assert_ne!(first, id("/r", &state(2, "a")), "it happened again");
        assert_ne!(first, id("/r", &state(1, "b")));
        assert_ne!(first, id("/s", &state(1, "a")));
        let paused = RepoState { paused: Some("five failures".into()), ..RepoState::default() };
        assert_eq!(alarm(&place("/r"), &paused).unwrap().message, "automatic sync is paused: five failures");
        assert_eq!(alarm(&place("/r"), &RepoState::default()), None);
    }
}
