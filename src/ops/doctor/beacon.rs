//! The beacon of the working tree one stands in, and how many others there are. Nothing is asked over the network: what
//! was last found is told, with its age.

use super::{Check, Patient};
use crate::clock::{self, Millis};
use crate::context::Context;
use crate::git::reads::Reads;
use crate::ops::beacon::hints::{self, Hints};
use crate::ops::beacon::survey::{self, Here};
use crate::ops::beacon::{Place, applied, outbox, place, remote};
use crate::ops::error::OpError;
use crate::ops::{jobs, permit};
use crate::permission::{Operation, Origin, Platform};
use crate::plain;
use crate::queue::Trigger;
use crate::schedule::{Kind, every};
use crate::state::StateFile;
use crate::state::beacon::Waiting;
use crate::state::bell::Bells;
use crate::state::tick;
use crate::sync::quote;
use crate::sync::tell::counted;

/// What could not go out for so long, or was not reached for so long, is no short journey any more.
const LONG: Millis = 86_400_000;
/// What is no longer ago was just now.
const MOMENT: Millis = 120_000;
/// The name of nearly all of these checks.
const ID: &str = "beacon";

pub(super) fn checks(patient: &Patient<'_>) -> Vec<Check> {
    let ctx = patient.ctx;
    let found = patient.here.as_ref().map(|at| (at, Place::at(ctx, at, None, Trigger::Manual)));
    let mut checks = match found {
        None | Some((_, Ok(None))) => Vec::new(),
        Some((at, Err(error))) => vec![fault(&format!("{}: ", at.worktree.display()), error)],
        Some((_, Ok(Some(place)))) => side(ctx, &place),
    };
    checks.extend(others(patient));
    checks
}

/// An error of ours, as a check that failed.
fn fault(before: &str, error: OpError) -> Check {
    let remedy = error.remedy.unwrap_or_else(|| "`craft beacon status` tells more".to_owned());
    Check::broken(ID, format!("{before}{}", error.message), remedy)
}

fn side(ctx: &Context, place: &Place) -> Vec<Check> {
    let hints = Hints::of(ctx, place);
    let waiting = Waiting::read(&place.files(ctx).beacon_waiting()).unwrap_or_default();
    let mut checks = vec![channel(ctx, place, &waiting)];
    checks.extend(folders(place));
    checks.extend(granted(ctx, place));
    checks.push(authors(ctx, place));
    checks.extend(queue(ctx, place, &hints));
    checks.extend(unsettled(ctx, place, &hints));
    checks.push(watched(ctx, &hints));
    checks.extend(bell(ctx, place));
    checks.extend(editor(ctx, place));
    checks
}

/// Which side it is, and how its remote was last found.
fn channel(ctx: &Context, place: &Place, waiting: &Waiting) -> Check {
    let remote = match remote::of(place, &place.git(ctx)) {
        Ok(remote) => plain::name(&remote.name),
        Err(error) => return fault(&format!("{}: ", place.at.worktree.display()), error),
    };
    let here = format!("{} on channel {} of {remote}", place.identity.name, place.channel);
    let now = ctx.clock.now_ms();
    let reached = match tick::read(&place.files(ctx).beacon_reached_tick()) {
        0 => "never reached".to_owned(),
        then if now.saturating_sub(then) < MOMENT => "last reached a moment ago".to_owned(),
        then => format!("last reached {} ago", clock::span(now.saturating_sub(then))),
    };
    let out = now.saturating_sub(waiting.offline_since);
    match waiting.offline_since {
        0 => Check::ok(ID, format!("{here}, {reached}")),
        _ if out < LONG => Check::ok(ID, format!("{here}, {reached}, out of reach for {}", clock::span(out))),
        _ => Check::warning(
            ID,
            format!("{here}, {reached}, out of reach for {}", clock::span(out)),
            format!("see that `git fetch {}` works", quote::word(&remote)),
        ),
    }
}

/// Folders that are something else: nothing in them is sent, and a pull into them is refused.
fn folders(place: &Place) -> Vec<Check> {
    let here = |folder: &String| {
        let folder = folder.trim_end_matches('/');
        let why = match survey::look(&place.at.worktree, folder) {
            Ok(Here::Not("is a folder") | Here::Nothing) => return None,
            Ok(Here::Not(why)) => why.to_owned(),
            Ok(Here::File(..)) => "is no folder".to_owned(),
            Err(error) => error.to_string(),
        };
        let text = format!("{} {why}, so nothing in it is sent or taken in", plain::name(folder));
        Some(Check::warning(ID, text, "put a folder in its place, or name another in `beacon.folders`"))
    };
    place.config.beacon.folders.iter().filter_map(here).collect()
}

/// What the permissions keep it from doing.
fn granted(ctx: &Context, place: &Place) -> Option<Check> {
    let all = [(Operation::Read, "asks"), (Operation::Pull, "takes anything in"), (Operation::Push, "sends anything")];
    let denied = |(operation, what): &(Operation, &'static str)| {
        let decision = permit::check(ctx, Some(&place.at), Platform::Beacon, *operation, Origin::Internal);
        (!decision.allowed).then_some((*what, decision.reason))
    };
    let denied: Vec<_> = all.iter().filter_map(denied).collect();
    let (_, reason) = denied.first()?;
    let what: Vec<_> = denied.iter().map(|(what, _)| *what).collect();
    // What somebody has chosen is no fault.
    Some(Check::ok(ID, format!("it never {}: {reason}", what.join(", "))))
}

/// Whose messages are taken in.
fn authors(ctx: &Context, place: &Place) -> Check {
    let config = &place.config.beacon;
    let git = place.git(ctx);
    let own = Reads::open(&place.at, &git).setting("user.email").ok().flatten().filter(|email| !email.is_empty());
    let known = config.authors.len() + usize::from(own.is_some());
    if known == 0 {
        return Check::warning(
            ID,
            "git does not know who you are, and nobody stands in beacon.authors: it takes nothing in, nor do others",
            "git config user.email ADDRESS",
        );
    }
    let signed = if config.require_signature { ", where they are signed" } else { "" };
    let who = match (own, config.authors.len()) {
        (Some(_), 0) => "your own address".to_owned(),
        (Some(_), more) => format!("your own address and {more} in beacon.authors"),
        (None, more) => format!("{more} in beacon.authors"),
    };
    Check::ok(ID, format!("it takes in messages of {who}{signed}"))
}

fn queue(ctx: &Context, place: &Place, hints: &Hints) -> Option<Check> {
    let queued = match outbox::list(ctx, place) {
        Ok(queued) => queued,
        Err(error) => return Some(fault("", error)),
    };
    let since = queued.iter().filter_map(|q| clock::parse_rfc3339(&q.message.time)).min()?;
    let age = ctx.clock.now_ms().saturating_sub(since);
    let text = format!("{} to go out, for {}", counted(queued.len(), "message"), clock::span(age));
    Some(if age < LONG { Check::ok(ID, text) } else { Check::warning(ID, text, hints.verb("queue send")) })
}

/// What waits for somebody to decide.
fn unsettled(ctx: &Context, place: &Place, hints: &Hints) -> Vec<Check> {
    let state = match applied::read(place, &place.git(ctx)) {
        Ok(applied) => applied.state,
        Err(error) => return vec![fault("", error)],
    };
    let mut checks = Vec::new();
    if let Some(first) = state.conflicts.first() {
        let text = format!("both sides changed {}, which nobody has settled", counted(state.conflicts.len(), "file"));
        checks.push(Check::warning(ID, text, hints.diff(&first.path)));
    }
    if !state.held.is_empty() {
        let text = format!("{} not taken in", counted(state.held.len(), "message"));
        checks.push(Check::warning(ID, text, format!("{} tells why", hints.verb("status"))));
    }
    checks
}

/// Whether anything looks by itself. To look by hand is a choice.
fn watched(ctx: &Context, hints: &Hints) -> Check {
    let Ok(view) = jobs::view(ctx) else { return Check::skipped(ID, "the jobs cannot be read") };
    let job = view.jobs.iter().map(|view| &view.job).find(|job| job.kind == Kind::BeaconWatch);
    let watch = hints.verb("watch");
    match job {
        Some(job) if view.enabled && job.schedule.enabled => {
            Check::ok(ID, format!("the job beacon-watch looks every {}", every::words(job.schedule.interval_ms)))
        }
        Some(_) if view.enabled => {
            Check::ok(ID, format!("nothing looks by itself: `craft jobs resume beacon-watch`, or `{watch}`"))
        }
        _ => Check::ok(
            ID,
            format!("nothing looks by itself: `craft jobs enable`, `craft jobs resume beacon-watch`; or `{watch}`"),
        ),
    }
}

fn bell(ctx: &Context, place: &Place) -> Option<Check> {
    if !place.config.beacon.github.enabled {
        return None;
    }
    let ring = permit::check(ctx, Some(&place.at), Platform::Github, Operation::UpsertInternal, Origin::Internal);
    if !ring.allowed {
        let text = format!("the bell is on, and may not be rung: {}", ring.reason);
        return Some(Check::warning(ID, text, "craft permissions set github upsert-internal internal"));
    }
    let known = StateFile::at(place.files(ctx).beacon_bell()).peek::<Bells>().map(|l| l.value).unwrap_or_default();
    let issue = known.channels.get(place.channel.as_str()).filter(|bell| bell.number > 0);
    Some(Check::ok(
        ID,
        match issue {
            Some(bell) => format!("the bell is issue {} {}", bell.number, plain::line(&bell.url)).trim_end().to_owned(),
            None => "the bell is on; its issue was not looked for yet".to_owned(),
        },
    ))
}

/// The tasks of VS Code start `ps-sync`.
fn editor(ctx: &Context, place: &Place) -> Option<Check> {
    if !place.files(ctx).vscode().exists() || hints::has_ps_sync(ctx) {
        return None;
    }
    let text = "`ps-sync`, which the tasks in .vscode start, is in no folder of PATH";
    let link = hints::link_ps_sync().unwrap_or_else(|| "link it into a folder of PATH".to_owned());
    Some(Check::warning("vscode", text, link))
}

/// How many other working trees have a beacon, and how many of them something is to be done in.
fn others(patient: &Patient<'_>) -> Option<Check> {
    let here = patient.here.as_ref().map(|at| &at.worktree);
    let sides = place::sides(patient.ctx).ok()?;
    let (mut count, mut needs) = (0, 0);
    for (key, identity) in sides.iter().filter(|(_, identity)| Some(&identity.worktree) != here) {
        // Where the folder is gone there is nothing to be done any more.
        if !identity.worktree.is_dir() {
            continue;
        }
        count += 1;
        let waiting = Waiting::read(&patient.ctx.layout.repo(key).beacon_waiting()).unwrap_or_default();
        needs += usize::from(waiting.messages + waiting.conflicts + waiting.held + waiting.queued > 0);
    }
    let busy = match needs {
        0 => String::new(),
        n => format!("; something waits in {n}"),
    };
    (count > 0).then(|| Check::ok("beacons", format!("{} in other working trees{busy}", counted(count, "beacon"))))
}
