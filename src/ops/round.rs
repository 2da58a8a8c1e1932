//! One round for one working tree: its requests are merged, the engine runs once, the result is
//! recorded, told to whoever waits, and only then the requests go.

use crate::clock::Millis;
use crate::config::model::{Action, Config};
use crate::context::Context;
use crate::fs::layout::repo_key;
use crate::hook::answer::{self, Answer, Delivered};
use crate::locate::Location;
use crate::ops::engine::{self, Dirty, Job};
use crate::ops::enrolled;
use crate::ops::record::{self, Verdict};
use crate::ops::sync::ForceOptions;
use crate::queue::{self, Request, Trigger};
use crate::state::notice::{self, Notice};
use crate::state::tick;
use crate::sync::outcome::{End, Refusal, Report};
use crate::sync::step::Reporter;
use crate::sync::tell;

const DAY: Millis = 24 * 3_600_000;
/// Old snapshots are looked for once in this time.
const PRUNE_EVERY: Millis = DAY;
/// When they were last looked for longer ago than this, nobody was here, or the clock has jumped. What looks old
/// now is left until it still does the next time.
const PRUNE_TRUSTS: Millis = 90 * DAY;

/// What somebody who waits asked for.
#[derive(Debug, Clone, Copy)]
pub struct Manual<'m> {
    /// What to do.
    pub action: Action,
    /// How it differs from an automatic sync.
    pub options: &'m ForceOptions,
}

/// Runs one round. The caller holds the repository's lock. `None` where there was nothing to do: all
/// requests were to look only, or may not run now.
pub fn run(
    ctx: &Context,
    at: &Location,
    requests: &[Request],
    manual: Option<Manual<'_>>,
    reporter: &mut dyn Reporter,
) -> Option<Report> {
    if manual.is_none() && at.git_dir != at.common_dir && !engine::is_there(at) {
        // A linked working tree that was removed: that is its ordinary end, and its branch is kept.
        put_off(ctx, requests, true);
        return None;
    }
    let enrolled = match enrolled::find(ctx, at) {
        Ok(enrolled) => enrolled,
        Err(end) => return Some(turned_away(ctx, at, requests, manual, end)),
    };
    if manual.is_none() {
        let rests = !enrolled.is_on();
        if rests || !record::may_run(ctx, at) {
            put_off(ctx, requests, rests);
            return None;
        }
    }
    let action = requests.iter().map(|r| r.action).chain(manual.map(|m| m.action)).reduce(Action::and)?;
    let (trigger, session) = cause(requests, manual.is_some());
    let nothing = ForceOptions::default();
    let options = manual.map_or(&nothing, |m| m.options);
    let job = Job {
        config: &enrolled.config,
        pin: &enrolled.repository,
        action,
        trigger,
        session: session.as_deref(),
        accept: &options.accept,
        publish: options.publish,
    };
    if action == Action::Observe {
        engine::observe(ctx, at, &job, Dirty::Ask);
        settle(ctx, requests, &End::Done, 0);
        return None;
    }
    let report = engine::run(ctx, at, &job, reporter);
    engine::fail_point(ctx, "before-record");
    let triggers = distinct_triggers(requests, manual.is_some());
    let verdict = record::record(ctx, at, &report, &triggers, &enrolled.config);
    engine::fail_point(ctx, "recorded");
    // Whoever waits hears it before anything else is looked at.
    announce(ctx, at, requests, manual.is_some(), &report, &verdict, &enrolled.config);
    engine::observe(ctx, at, &job, dirty(&report));
    engine::fail_point(ctx, "told");
    settle(ctx, requests, &report.end, verdict.not_before);
    engine::fail_point(ctx, "settled");
    prune_snapshots(ctx, at, &job);
    Some(report)
}

/// The number of changed files after a sync: all was committed but what was left out. A pull that
/// brought nothing did not look, and what moved the tree is worth a look.
fn dirty(report: &Report) -> Dirty {
    match report.end {
        End::Done if report.action.pushes() => Dirty::Counted(report.left_out.len()),
        End::Done if report.pulled.is_none() => Dirty::Keep,
        _ => Dirty::Ask,
    }
}

/// A repository that cannot even be asked: recorded and told like any other refusal.
fn turned_away(ctx: &Context, at: &Location, requests: &[Request], manual: Option<Manual<'_>>, end: End) -> Report {
    let (trigger, session) = cause(requests, manual.is_some());
    let action = requests.iter().map(|r| r.action).chain(manual.map(|m| m.action)).reduce(Action::and);
    let begun = super::sync::not_begun(ctx, at, action.unwrap_or(Action::Observe), end);
    let report = Report { trigger, session, ..begun };
    let gone = matches!(&report.end, End::Refused { kind: Refusal::NotEnrolled, .. });
    // Of a repository that is not enrolled nothing is recorded.
    if !gone {
        let config = Config::default();
        let triggers = distinct_triggers(requests, manual.is_some());
        let verdict = record::record(ctx, at, &report, &triggers, &config);
        announce(ctx, at, requests, manual.is_some(), &report, &verdict, &config);
    }
    // A configuration that is broken says nothing of the work: its push waits until that is mended.
    let broken = matches!(&report.end, End::Refused { kind: Refusal::Configuration, .. });
    put_off(ctx, requests, !broken);
    report
}

/// Ends requests whose repository could not be locked at all.
pub fn refuse(ctx: &Context, at: &Location, requests: &[Request], end: End) -> Report {
    turned_away(ctx, at, requests, None, end)
}

/// Requests that may not run now: pulls go (the next session asks again), of the pushes one stays in
/// the queue, so that a repository that rests for weeks does not fill it.
fn put_off(ctx: &Context, requests: &[Request], drop_all: bool) {
    let mut kept = false;
    for request in requests {
        if request.wants_answer {
            let _ = answer::deliver(&ctx.layout, &request.id, &Answer::new(Vec::new()));
        }
        let stays = !drop_all && !kept && request.action.pushes();
        if stays {
            kept = true;
            // The number of a hook that is gone may be another process's by then.
            let answered = Request { wants_answer: false, ..request.clone() };
            if !request.wants_answer || queue::put_back(&ctx.layout, &answered).is_ok() {
                continue;
            }
        }
        let _ = queue::remove(&ctx.layout, &request.id);
    }
}

/// What made the round happen: of several causes the one whose commit message says most.
fn cause(requests: &[Request], manual: bool) -> (Trigger, Option<String>) {
    const ORDER: [Trigger; 4] = [Trigger::SessionEnd, Trigger::Recovery, Trigger::UserPrompt, Trigger::SessionStart];
    let found = ORDER.iter().find_map(|t| requests.iter().find(|r| r.trigger == *t));
    match (manual, found) {
        (false, Some(request)) => (request.trigger, request.session.clone()),
        _ => (Trigger::Manual, None),
    }
}

fn distinct_triggers(requests: &[Request], manual: bool) -> Vec<Trigger> {
    let mut triggers: Vec<_> = requests.iter().filter(|r| r.action != Action::Observe).map(|r| r.trigger).collect();
    if manual {
        triggers.push(Trigger::Manual);
    }
    triggers.sort();
    triggers.dedup();
    triggers
}

/// Tells the hooks that wait, and leaves for the next hook what nobody waits for.
fn announce(
    ctx: &Context,
    at: &Location,
    requests: &[Request],
    manual: bool,
    report: &Report,
    verdict: &Verdict,
    config: &Config,
) {
    // A request that was put back has had its say.
    let talks = requests.iter().any(|r| r.attempts == 0 && !silent(config, r.trigger));
    // Who starts a session and wants to hear the result hears also that there was none.
    let asked =
        requests.iter().any(|r| r.trigger == Trigger::SessionStart && r.wants_answer && !silent(config, r.trigger));
    let context = config.auto_sync.triggers.session_start.additional_context;
    let model = tell::for_model(report).filter(|_| context).unwrap_or_default();
    let notice = |later: bool| {
        let mut lines = verdict.tell.clone();
        if lines.is_empty() && talks && (asked || worth_telling(report, verdict)) {
            lines.push(if later { tell::recap(report) } else { tell::sentence(report) });
        }
        lines.extend(verdict.notable.clone());
        lines.extend(verdict.left_out.clone());
        Notice { user: lines.join("\n"), model: model.clone() }
    };
    let wrap = |notice: Notice| if notice.user.is_empty() && notice.model.is_empty() { vec![] } else { vec![notice] };
    let mut told = manual;
    for request in requests.iter().filter(|r| r.wants_answer) {
        let notices = if told { vec![] } else { wrap(notice(false)) };
        told |= answer::deliver(&ctx.layout, &request.id, &Answer::new(notices)) == Delivered::ToHook;
    }
    if !told {
        let file = ctx.layout.repo(&repo_key(&at.common_dir)).notices();
        for notice in wrap(notice(true)) {
            let _ = notice::add(&file, &notice);
        }
    }
}

/// A sync that did nothing is not worth a line, and neither is trouble that was told before.
fn worth_telling(report: &Report, verdict: &Verdict) -> bool {
    let did = report.committed.is_some() || report.pulled.is_some() || report.pushed.is_some();
    did || (report.end != End::Done && !verdict.known)
}

fn silent(config: &Config, trigger: Trigger) -> bool {
    let triggers = &config.auto_sync.triggers;
    match trigger {
        Trigger::SessionStart => triggers.session_start.silent,
        Trigger::SessionEnd | Trigger::Recovery => triggers.session_end.silent,
        Trigger::UserPrompt => triggers.user_prompt.silent,
        Trigger::Manual | Trigger::Job => true,
    }
}

/// Removes the requests that are done. What could not be sent stays, as one request.
fn settle(ctx: &Context, requests: &[Request], end: &End, not_before: Millis) {
    let stays = match end {
        End::Offline { .. } | End::Busy { .. } | End::Failed { transient: true, .. } => true,
        End::Done | End::Conflict { .. } | End::Refused { .. } | End::Failed { transient: false, .. } => false,
    };
    let mut kept = false;
    for request in requests {
        engine::told_test(ctx, &request.id);
        if stays && request.action.pushes() && !kept {
            kept = true;
            let again = Request { attempts: request.attempts + 1, not_before, wants_answer: false, ..request.clone() };
            if queue::put_back(&ctx.layout, &again).is_ok() {
                continue;
            }
        }
        let _ = queue::remove(&ctx.layout, &request.id);
    }
}

fn prune_snapshots(ctx: &Context, at: &Location, job: &Job<'_>) {
    let now = ctx.clock.now_ms();
    let last = ctx.layout.repo(&repo_key(&at.common_dir)).prune_tick();
    let before = tick::read(&last);
    if matches!(tick::claim(&last, now, PRUNE_EVERY), Ok(tick::Claim::Granted)) && now.abs_diff(before) <= PRUNE_TRUSTS
    {
        let oldest = now.saturating_sub(job.config.limits.snapshot_days * DAY);
        engine::prune(ctx, at, job, oldest);
    }
}
