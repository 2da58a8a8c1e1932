//! Writing down how a sync ended: the journal, the state file, and what follows from it for the next one.

use std::path::Path;
use std::time::Duration;

use crate::audit::synced;
use crate::clock::{self, Millis};
use crate::config::model::{Action, Config};
use crate::context::Context;
use crate::fs::FsError;
use crate::fs::layout::repo_key;
use crate::fs::lock::{self, Holder};
use crate::locate::Location;
use crate::notify::trouble::{self, Follows, Trouble};
use crate::ops::{audit, notifications};
use crate::permission::{Gate, Operation, Origin, Platform};
use crate::queue::Trigger;
use crate::state::file::{Problem, StateFile};
use crate::state::model::{LastSync, RepoState, State};
use crate::state::tick;
use crate::sync::backoff;
use crate::sync::outcome::{End, Refusal, Report};
use crate::sync::{quote, tell};

/// The state file is changed in microseconds; who waits this long waits for something broken.
const STATE_PATIENCE: Duration = Duration::from_secs(5);

/// What follows from the end of a sync.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Lines the user has to be told, because something needs them and they were not told yet.
    pub tell: Vec<String>,
    /// Whether what needs the user was told before.
    pub known: bool,
    /// What was left out, where that was not told yet.
    pub left_out: Option<String>,
    /// What arrived that runs or instructs here.
    pub notable: Option<String>,
    /// No automatic sync before this time.
    pub not_before: Millis,
}

/// The name under which a repository stands in the state file.
#[must_use]
pub fn state_key(at: &Location) -> String {
    at.common_dir.display().to_string()
}

/// Records a sync.
pub fn record(ctx: &Context, at: &Location, report: &Report, triggers: &[Trigger], config: &Config) -> Verdict {
    audit::note(ctx, synced::entry(report));
    let mut verdict = Verdict::default();
    let mut follows = Follows::default();
    let changed = update(ctx, |state| {
        let last = LastSync {
            timestamp: clock::rfc3339(report.ended),
            kind: report.trigger.word().to_owned(),
            status: report.end.word().to_owned(),
            summary: tell::happened(report),
            duration_ms: report.duration_ms,
        };
        let prompt = tick::read(&ctx.layout.repo(&repo_key(&at.common_dir)).prompt_tick());
        let repo = state.repositories.entry(state_key(at)).or_default();
        let before = repo.clone();
        for statistics in [&mut state.statistics, &mut repo.statistics] {
            statistics.total_syncs += 1;
            triggers.iter().for_each(|t| statistics.count(*t));
            statistics.failed_syncs += u64::from(is_failure(&report.end));
            statistics.conflicts += u64::from(matches!(report.end, End::Conflict { .. }));
            statistics.last_prompt_check = statistics.last_prompt_check.max(prompt);
        }
        repo.last_sync = Some(last.clone());
        state.last_sync = Some(last);
        verdict = judge(ctx, repo, report, config);
        let met = tell::attention(report).is_some();
        follows = trouble::follows(&state_key(at), Path::new(&report.repository), &before, repo, met);
    });
    // After the state's lock was let go, for which others wait.
    notifications::follow(ctx, follows);
    match changed {
        Ok(None) => {}
        Ok(Some(problem)) => verdict.tell.push(format!("{}: {problem}", tell::NAME)),
        Err(error) => crate::diagnostics::log(
            &ctx.layout,
            ctx.clock.as_ref(),
            "worker",
            &format!("the result was not recorded: {error}"),
        ),
    }
    verdict
}

/// Whether automatic syncs of a repository may run now: it is not paused, and not in backoff.
#[must_use]
pub fn may_run(ctx: &Context, at: &Location) -> bool {
    let Ok(loaded) = StateFile::at(ctx.layout.state()).peek::<State>() else { return true };
    let now = ctx.clock.now_ms();
    loaded.value.repositories.get(&state_key(at)).is_none_or(|r| r.paused.is_none() && !still(r.not_before, now))
}

/// Whether `until` is ahead. More than a day ahead is no backoff of ours: the clock was set back.
fn still(until: Millis, now: Millis) -> bool {
    until > now && until - now <= 86_400_000
}

/// Forgets pause, backoff and failures: somebody asked for a sync by hand.
pub fn revive(ctx: &Context, at: &Location) {
    let rests = |r: &RepoState| r.paused.is_some() || r.not_before != 0 || r.consecutive_failures != 0;
    let known = StateFile::at(ctx.layout.state()).peek::<State>().map(|l| l.value).unwrap_or_default();
    if !known.repositories.get(&state_key(at)).is_some_and(rests) {
        return;
    }
    let mut rested = false;
    let _ = update(ctx, |state| {
        if let Some(repo) = state.repositories.get_mut(&state_key(at)) {
            rested = repo.paused.take().is_some();
            repo.not_before = 0;
            repo.consecutive_failures = 0;
        }
    });
    if rested {
        notifications::resolve(ctx, &trouble::key(&state_key(at), Trouble::Paused));
    }
}

/// Lets automatic sync of a repository rest.
pub fn pause(ctx: &Context, at: &Location, reason: &str) {
    let _ = update(ctx, |state| {
        state.repositories.entry(state_key(at)).or_default().paused = Some(reason.to_owned());
    });
}

/// Changes the state file under its lock. A file that a newer program wrote is not touched. What the
/// user should hear about the file, where it was damaged.
///
/// # Errors
/// Where it cannot be read or written.
pub fn update(ctx: &Context, change: impl FnOnce(&mut State)) -> Result<Option<String>, FsError> {
    let now = ctx.clock.now_ms();
    let holder = Holder { pid: std::process::id(), host: ctx.host.clone(), started: now, purpose: "state".into() };
    let _guard = lock::exclusive_within(&ctx.layout.state_lock(), &holder, STATE_PATIENCE)?;
    let file = StateFile::at(ctx.layout.state());
    let mut loaded = file.load::<State>(now)?;
    if let Some(problem) = &loaded.problem {
        let text = match problem {
            Problem::Newer { version } => {
                format!("{} has version {version} of a newer craft; not written", file.path().display())
            }
            Problem::Corrupt { kept } => format!("the state file was damaged; it is kept as {}", kept.display()),
        };
        crate::diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "worker", &text);
    }
    change(&mut loaded.value);
    match loaded.problem {
        Some(Problem::Newer { .. }) => Ok(None),
        Some(Problem::Corrupt { kept }) => {
            file.store(&loaded.value)?;
            Ok(Some(format!("the record of earlier syncs was damaged; it is kept as {}", kept.display())))
        }
        None => file.store(&loaded.value).map(|()| None),
    }
}

/// What the end of a sync means for the repository's record and for the user.
fn judge(ctx: &Context, repo: &mut RepoState, report: &Report, config: &Config) -> Verdict {
    let mut verdict = Verdict::default();
    if is_failure(&report.end) {
        repo.consecutive_failures += 1;
        repo.failed_push = report.action.pushes();
    } else {
        // Each session begins with a pull: one that goes well says nothing of pushes that never do.
        let unproven = report.action == Action::Pull && repo.failed_push;
        if !unproven && !matches!(report.end, End::Busy { .. } | End::Offline { .. }) {
            repo.consecutive_failures = 0;
        }
    }
    repo.not_before = match report.end {
        End::Failed { transient: true, .. } => {
            report.ended + backoff::between(&config.retry, repo.consecutive_failures, &mut ctx.dice())
        }
        _ => 0,
    };
    verdict.not_before = repo.not_before;
    verdict.notable = report.notable.as_ref().map(|line| format!("{}: {}", tell::NAME, tell::clean(line)));

    let now = tell::attention(report);
    let told = |a: &crate::state::Attention| {
        repo.attention.as_ref().is_some_and(|b| b.kind == a.kind && b.message == a.message)
    };
    match now {
        Some(attention) => {
            if told(&attention) {
                // What was said stays said, with its first time.
                verdict.known = true;
            } else {
                verdict.tell.push(format!("{}: {}\n  {}", tell::NAME, attention.message, attention.command));
                // That something is not allowed settles no conflict.
                let hides = is_conflict(repo) && attention.kind == Refusal::Permission.word();
                if !hides {
                    repo.attention = Some(attention);
                }
            }
        }
        // Being offline or busy says nothing about what needed the user before; and a sync that only
        // looked at one side does not either.
        None if report.end == End::Done
            && !(report.action == Action::Pull && is_about_pushing(repo))
            && !(is_conflict(repo) && was_not_merged(report, config)) =>
        {
            repo.attention = None;
        }
        None => {}
    }
    if repo.consecutive_failures >= config.retry.pause_after && repo.paused.is_none() {
        let reason = format!("{} failures in a row, the last: {}", repo.consecutive_failures, tell::happened(report));
        verdict.tell = vec![format!(
            "{}: automatic sync of {} is paused after {reason}\n  craft auto-sync force {}",
            tell::NAME,
            report.repository,
            quote::word(&report.repository)
        )];
        repo.paused = Some(reason);
    }
    let left = tell::left_out(report);
    if left != repo.left_out_told && (left.is_some() || report.committed.is_some()) {
        verdict.left_out.clone_from(&left);
        repo.left_out_told = left;
    }
    verdict
}

fn is_conflict(repo: &RepoState) -> bool {
    repo.attention.as_ref().is_some_and(|a| a.kind == "conflict")
}

/// Whether a push did not look at the other side, as nothing may be sent: a conflict is as it was. Where nothing may
/// be taken in either, no later sync could tell that it is settled.
fn was_not_merged(report: &Report, config: &Config) -> bool {
    let gate = Gate::new(&config.permissions);
    let may = |operation| gate.decide(Platform::Git, operation, Origin::Internal).allowed;
    report.action == Action::Push && !may(Operation::Push) && may(Operation::Pull)
}

/// Whether what needs the user concerns sending; a pull that went well does not mend it.
fn is_about_pushing(repo: &RepoState) -> bool {
    let kinds = [
        Refusal::Unpublished,
        Refusal::RemoteRefused,
        Refusal::Hook,
        Refusal::Submodule,
        Refusal::Signing,
        Refusal::Identity,
        Refusal::ConflictMarkers,
        Refusal::MassDeletion,
        Refusal::AncestorTree,
    ];
    let sending = |kind: &str| {
        (kind == "failed" && repo.failed_push) || kind == tell::SECURITY || kinds.iter().any(|k| k.word() == kind)
    };
    repo.attention.as_ref().is_some_and(|a| sending(&a.kind))
}

/// Ends that count towards the pause: what will go wrong again and again. Conflicts and refusals that
/// wait for the user's own work are no failures of the sync.
fn is_failure(end: &End) -> bool {
    match end {
        End::Failed { .. } => true,
        End::Refused { kind, .. } => matches!(
            kind,
            Refusal::Hook
                | Refusal::RemoteRefused
                | Refusal::Submodule
                | Refusal::Authentication
                | Refusal::HostKey
                | Refusal::RemoteMissing
                | Refusal::Signing
                | Refusal::Identity
                | Refusal::Ownership
                | Refusal::ReadOnly
                | Refusal::DiskFull
                | Refusal::Git
        ),
        End::Done | End::Offline { .. } | End::Conflict { .. } | End::Busy { .. } => false,
    }
}
