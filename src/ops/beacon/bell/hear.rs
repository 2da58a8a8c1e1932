//! Hearing: one conditional request for the issue, and what it says.

use super::desk::{Desk, Errand, Trouble, not_granted};
use super::{LOOK_AGAIN, find, forget, hash, is_recent, once, see, settle};
use crate::beacon::bell;
use crate::context::Context;
use crate::github::{GithubError, Issue};
use crate::http::Ureq;
use crate::ops::beacon::Place;
use crate::ops::error::OpError;
use crate::ops::permit::{self, Denied};
use crate::permission::{Operation, Origin, Platform};

/// What the bell said, and what came of ringing it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Number of the issue; 0 where there is none.
    pub number: u64,
    /// Its address, for people.
    pub url: String,
    /// The number of the last message that it tells of; `None` where it says nothing that can be understood.
    pub seq: Option<u64>,
    /// Whether it has changed since it was last asked.
    pub changed: bool,
    /// What is not as it should be, and what was done about it.
    pub remarks: Vec<String>,
}

/// Asks the issue: one conditional request. `None` where there is no bell, or it may not be asked yet.
///
/// # Errors
/// Where GitHub cannot be reached, or says no.
pub fn hear(ctx: &Context, place: &Place) -> Result<Option<Heard>, OpError> {
    listen(ctx, place, false)
}

/// As [`hear`], for looks that nobody asked for by name: where GitHub said no it is `None` for some time.
///
/// # Errors
/// As [`hear`].
pub fn overhear(ctx: &Context, place: &Place) -> Result<Option<Heard>, OpError> {
    listen(ctx, place, true)
}

fn listen(ctx: &Context, place: &Place, in_passing: bool) -> Result<Option<Heard>, OpError> {
    if !place.config.beacon.github.enabled {
        return Ok(None);
    }
    let (web, git) = (Ureq::new(&ctx.env), place.git(ctx));
    let mut desk = Desk::wait(ctx, place, &git, &web, Errand::Hear)?;
    let refused_at = desk.bell().refused_at;
    if desk.pause().is_some() || desk.polled() || (in_passing && is_recent(ctx, refused_at)) {
        return Ok(None);
    }
    let heard = may_look(&mut desk).and_then(|()| heard(&mut desk));
    settle(&mut desk, &heard);
    desk.keep()?;
    heard.map_err(|trouble| desk.error(trouble))
}

/// Whether the issue may be looked at. A denial is in the journal once, however often somebody looks.
fn may_look(desk: &mut Desk<'_>) -> Result<(), Trouble> {
    let at = &desk.place.at;
    let decision = permit::check(desk.ctx, Some(at), Platform::Github, Operation::Read, Origin::Internal);
    if decision.allowed {
        desk.bell().unheard = false;
        return Ok(());
    }
    if !std::mem::replace(&mut desk.bell().unheard, true) {
        let item = desk.item();
        permit::note(desk.ctx, &decision, &item, desk.place.trigger);
    }
    Err(not_granted(&Denied { decision, strict: false }).into())
}

fn heard(desk: &mut Desk<'_>) -> Result<Option<Heard>, Trouble> {
    let mut remarks = Vec::new();
    if desk.bell().number == 0 {
        let now = desk.ctx.clock.now_ms();
        let missed = desk.bell().missed_at;
        if missed <= now && now - missed < LOOK_AGAIN {
            return Ok(None);
        }
        let Some(issue) = find::seek(desk, &mut remarks)? else {
            desk.bell().missed_at = now;
            return Ok(None);
        };
        return Ok(Some(told(desk, &issue, None, remarks)));
    }
    let (number, etag) = (desk.bell().number, desk.bell().etag.clone());
    match desk.look(number, etag.as_deref()) {
        Ok(got) => Ok(Some(told(desk, &got.value, got.etag, remarks))),
        Err(Trouble::Github(GithubError::NotModified)) => {
            let known = desk.bell();
            Ok(Some(Heard { number, url: known.url.clone(), seq: known.seq, changed: false, remarks }))
        }
        Err(trouble) => Err(trouble),
    }
}

/// What an issue says, and what is not as it should be.
pub(super) fn told(desk: &mut Desk<'_>, issue: &Issue, etag: Option<String>, mut remarks: Vec<String>) -> Heard {
    let said = bell::parse(issue.text());
    let changed = desk.bell().seen.as_deref() != Some(&hash(issue.text()));
    let item = desk.item();
    if issue.state == "closed" {
        let what = format!(
            "{item} is closed; it is opened again at the next ring where `craft permissions set github close internal` \
             allows it"
        );
        once(desk, "closed", what, &mut remarks);
    } else {
        forget(desk, "closed");
    }
    if issue.locked {
        once(desk, "locked", format!("{item} is locked; unlock it on GitHub"), &mut remarks);
    } else {
        forget(desk, "locked");
    }
    if said.edited && changed {
        once(
            desk,
            &hash(issue.text()),
            format!("{item} was edited by hand; the next ring overwrites that"),
            &mut remarks,
        );
    }
    see(desk, issue, &said);
    desk.bell().etag = etag;
    Heard { number: issue.number, url: issue.html_url.clone(), seq: said.machine.map(|m| m.seq), changed, remarks }
}
