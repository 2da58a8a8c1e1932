//! Finding the issue among others, and making it: never twice, whatever becomes of the call.

use super::desk::{Desk, Trouble};
use crate::beacon::bell::{self, LABELS, Machine, TITLE};
use crate::clock::Millis;
use crate::github::{Draft, GithubError, Issue};
use crate::ops::engine;
use crate::ops::error::{Kind, OpError};
use crate::permission::of;
use crate::plain;
use crate::state::bell::Intent;

/// How long a call may be under way whose end nobody heard of, and a list not yet have what was made.
const UNDER_WAY: Millis = 120_000;
/// Their clock and ours may differ by this much.
const SKEW: Millis = 300_000;
/// The channel that an issue without a line for machines is of, as the seed document makes it.
const USUAL: &str = "main";

/// Looks for the channel's issue: by its labels, what it says, and who made it. The oldest wins. `None` where there is
/// none. What is found is kept.
pub(super) fn seek(desk: &mut Desk<'_>, remarks: &mut Vec<String>) -> Result<Option<Issue>, Trouble> {
    let logins = logins(desk)?;
    let (grant, repository) = (desk.leave::<of::Read>()?, desk.repository_now());
    let listed = desk.client()?.issues(grant, &repository, &LABELS, None);
    let listed = desk.heard(listed)?;
    let complete = listed.complete;
    let channel = desk.place.channel.to_string();
    let (mut ours, others): (Vec<_>, Vec<_>) =
        listed.issues.into_iter().filter(|i| is_bell(i, &channel)).partition(|i| is_by(i, &logins));
    ours.sort_by_key(|issue| issue.number);
    if ours.len() > 1 {
        let numbers: Vec<_> = ours.iter().map(|i| format!("#{}", i.number)).collect();
        remarks.push(format!(
            "{} of {repository} are all the beacon's; the oldest counts, close the others",
            numbers.join(", ")
        ));
    }
    let mut found = ours.into_iter().next();
    if found.is_none() {
        found = reconcile(desk)?;
    }
    for issue in others.iter().filter(|i| found.as_ref().is_none_or(|f| f.number != i.number)) {
        let login = plain::name(issue.user.as_ref().map_or("nobody", |u| &u.login));
        remarks.push(format!(
            "{repository}#{} looks like the beacon's issue, but {login} made it; if that is right, add {login} to \
             `beacon.github.logins`",
            issue.number
        ));
    }
    if found.is_none() && logins.is_empty() && !others.is_empty() {
        // Any of them may be our own, and another one would be a second.
        return Err(OpError::refused(format!(
            "{repository}: nobody knows who this token is, so none of them is taken"
        ))
        .remedy("add the login that makes the beacon's issues to `beacon.github.logins`")
        .into());
    }
    match &found {
        Some(issue) => adopt(desk, issue)?,
        None if !complete => {
            let why = format!("{repository} has more issues with these labels than are looked at");
            let labels = LABELS.join(" and ");
            return Err(OpError::refused(why)
                .remedy(format!("take {labels} off those that are not the beacon's"))
                .into());
        }
        None => {}
    }
    Ok(found)
}

/// Keeps which issue it is.
fn adopt(desk: &mut Desk<'_>, issue: &Issue) -> Result<(), Trouble> {
    let known = desk.bell();
    if known.number != issue.number {
        (known.etag, known.seen, known.rung) = (None, None, None);
        known.told.clear();
    }
    known.number = issue.number;
    known.url.clone_from(&issue.html_url);
    let intent = known.intent.take();
    if let (Some(intent), Some(author)) = (intent, &issue.user)
        && is_marked(issue, &intent)
    {
        // Whoever made it with this token is whose token it is, also where GitHub does not tell otherwise.
        desk.login().clone_from(&author.login);
    }
    Ok(desk.keep()?)
}

/// Looks for the issue that a former call was going to make, by the marker in its text: labels are dropped without a
/// word where the token may set none, and GitHub does not tell everybody who they are. Nobody else knew the marker
/// before it stood there, so the oldest that has it is the one.
fn reconcile(desk: &mut Desk<'_>) -> Result<Option<Issue>, Trouble> {
    let Some(intent) = desk.bell().intent.clone() else { return Ok(None) };
    let now = desk.ctx.clock.now_ms();
    // A clock that was ahead then says nothing of when it was.
    let ahead = intent.at > now;
    let since = (!ahead).then(|| intent.at.saturating_sub(SKEW));
    let (grant, repository) = (desk.leave::<of::Read>()?, desk.repository_now());
    let listed = desk.client()?.issues(grant, &repository, &[], since);
    let listed = desk.heard(listed)?;
    let found = listed.issues.iter().filter(|i| is_marked(i, &intent)).min_by_key(|i| i.number).cloned();
    if found.is_some() {
        return Ok(found);
    }
    if ahead {
        // From now on it is waited as long as after any other.
        desk.bell().intent = Some(Intent { at: now, ..intent.clone() });
        desk.keep()?;
    }
    // Two reasons for which it may be there although it was not found.
    if !listed.complete || now < intent.at.saturating_add(UNDER_WAY) {
        let why = format!("{repository}: nobody knows yet whether the beacon's issue was made");
        return Err(OpError::new(Kind::Network, why)
            .remedy(format!("it is looked for again; what was sent is marked {}", intent.marker))
            .into());
    }
    desk.bell().intent = None;
    desk.keep()?;
    Ok(None)
}

/// Makes the issue. Before that it is written down that it is going to be made, and with which marker.
pub(super) fn make(
    desk: &mut Desk<'_>,
    block: &str,
    machine: &Machine,
    remarks: &mut Vec<String>,
) -> Result<Issue, Trouble> {
    let grant = desk.leave::<of::UpsertInternal>()?;
    let mut dice = desk.ctx.dice();
    let marker = format!("{:08x}{:08x}", dice.token(), dice.token());
    let machine = Machine { marker: marker.clone(), ..machine.clone() };
    let draft = Draft {
        title: TITLE.into(),
        body: bell::body(block, &machine),
        labels: LABELS.iter().map(|l| (*l).to_owned()).collect(),
    };
    desk.bell().intent = Some(Intent { marker, at: desk.ctx.clock.now_ms() });
    desk.must_keep()?;
    engine::fail_point(desk.ctx, "beacon-bell-intended");
    let repository = desk.repository_now();
    let made = desk.client()?.create(grant, &repository, &draft);
    engine::fail_point(desk.ctx, "beacon-bell-made");
    desk.note("upsert-internal", "made the beacon's issue", &made);
    if !matches!(made, Ok(_) | Err(GithubError::Unknown(_))) {
        // It surely was not made.
        desk.bell().intent = None;
        desk.keep()?;
    }
    let issue = desk.heard(made)?;
    adopt(desk, &issue)?;
    // Another side may have made one at the same time: then both take the older one.
    if let Some(first) = seek(desk, remarks)? {
        return Ok(first);
    }
    if LABELS.iter().any(|label| !issue.labels().contains(label)) {
        remarks.push(format!(
            "{repository}#{} has no labels, so other sides do not find it: give it {}",
            issue.number,
            LABELS.join(" and ")
        ));
    }
    Ok(issue)
}

/// Whose issues are taken for the beacon's.
fn logins(desk: &mut Desk<'_>) -> Result<Vec<String>, Trouble> {
    if desk.login().is_empty() {
        let grant = desk.leave::<of::Read>()?;
        let asked = desk.client()?.user(grant);
        match desk.heard(asked) {
            Ok(login) => *desk.login() = login,
            // A token of a program is nobody's; then those count that the configuration names.
            Err(Trouble::Github(GithubError::Forbidden(_) | GithubError::NotFound)) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    let own = desk.login().clone();
    Ok(std::iter::once(own).chain(desk.place.config.beacon.github.logins.clone()).filter(|l| !l.is_empty()).collect())
}

/// Whether somebody of these made an issue.
pub(super) fn is_by(issue: &Issue, logins: &[String]) -> bool {
    issue.user.as_ref().is_some_and(|user| logins.iter().any(|l| l.eq_ignore_ascii_case(&user.login)))
}

/// Whether an issue is the one that was going to be made.
fn is_marked(issue: &Issue, intent: &Intent) -> bool {
    bell::parse(issue.text()).machine.is_some_and(|machine| machine.marker == intent.marker)
}

/// Whether an issue looks like the channel's: by its line for machines, or, where a person made it after the seed
/// document, by its title.
fn is_bell(issue: &Issue, channel: &str) -> bool {
    if issue.is_pull_request() {
        return false;
    }
    match bell::parse(issue.text()).machine {
        Some(machine) => machine.channel == channel,
        None => channel == USUAL && issue.title.trim() == TITLE,
    }
}
