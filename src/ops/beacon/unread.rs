//! What of a channel this side has not taken in, and what it has not said that it has.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::beacon::applied::Applied;
use crate::beacon::manifest::Receipt;
use crate::beacon::path::folded;
use crate::clock;
use crate::context::Context;
use crate::git::command::Git;
use crate::ops::beacon::chain::{self, Link, Standing, Tip};
use crate::ops::beacon::hints::Hints;
use crate::ops::beacon::incoming::Arrival;
use crate::ops::beacon::{Place, held, incoming};
use crate::ops::error::{Kind, OpError};
use crate::plain;

/// The receipt that is owed: for the last message for this side that was taken in, where the channel does not know yet.
/// It stays behind the first message that is held. Where that stands is said by the chain: numbers may be made up.
pub(super) fn owed(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    applied: &Applied,
    tip: &Tip,
) -> Result<Option<Receipt>, OpError> {
    let (me, state) = (place.me(ctx), &applied.state);
    // Where the channel was set back it is a pull that finds out what of it was taken in.
    let Standing::Behind(position) = chain::standing(place, git, state.position.as_deref(), &tip.commit) else {
        return Ok(None);
    };
    let told = tip.manifest.told(&me);
    if state.received() <= told || tip.manifest.last_for(&me.name) <= told {
        return Ok(None);
    }
    let mut held: BTreeSet<&str> = state.held.iter().map(|held| held.commit.as_str()).collect();
    // To say more than the last one would take what is for others for received.
    let (mut last, mut is_taken, mut lowest) = (None, false, u64::MAX);
    chain::back(place, git, &tip.commit, |link| {
        is_taken |= link.commit == position;
        let is_held = held.remove(link.commit.as_str());
        if is_held {
            last = None;
        }
        if let Ok(manifest) = &link.manifest {
            if manifest.seq <= told && held.is_empty() {
                return ControlFlow::Break(());
            }
            // Where the numbers begin anew behind it, its own means another message by now.
            let is_counted = manifest.seq <= lowest && manifest.seq > told;
            let is_candidate = is_taken && is_counted && !is_held && last.is_none();
            if is_candidate && link.message().is_some_and(|m| m.is_for(&me)) {
                last = Some(manifest.seq);
            }
            lowest = lowest.min(manifest.seq);
        }
        if last.is_some() && held.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let time = clock::rfc3339(ctx.clock.now_ms());
    let receipt = last.map(|seq| Receipt { by: me, seq, time, ..Receipt::default() });
    Ok(receipt.filter(|receipt| tip.manifest.is_news(receipt)))
}

/// What of a channel was not taken in.
pub(super) struct Unread {
    /// Messages that a pull would take in: new ones that are accepted, and those that were held for something that is mended
    /// by now.
    pub(super) links: Vec<Link>,
    /// Whether nothing that is new is for this side, not even something that would be held: a pull would only look past it.
    pub(super) is_nothing: bool,
}

/// What of the channel this side has not taken in.
///
/// # Errors
/// Where git cannot read it.
pub(super) fn unread(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    applied: &Applied,
    tip: &Tip,
) -> Result<Unread, OpError> {
    let mut links = held::acceptable(ctx, place, git, &applied.state, &tip.commit)?;
    let (arrived, is_all) = incoming::since(ctx, place, git, &applied.state, &tip.commit)?;
    let stands = || chain::standing(place, git, applied.state.position.as_deref(), &tip.commit);
    let is_nothing = is_all && arrived.is_empty() && !matches!(stands(), Standing::Parted(_));
    links.extend(accepted(arrived));
    Ok(Unread { links, is_nothing })
}

fn accepted(arrived: Vec<Arrival>) -> impl Iterator<Item = Link> {
    arrived.into_iter().filter(|arrival| arrival.held.is_none()).map(|arrival| arrival.link)
}

/// How many messages for this side wait, those that are held among them.
pub(super) fn waiting(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    applied: &Applied,
    tip: &Tip,
) -> Result<usize, OpError> {
    let (arrived, _) = incoming::since(ctx, place, git, &applied.state, &tip.commit)?;
    Ok(applied.state.held.len() + accepted(arrived).count())
}

/// What must be taken in before these paths are sent: an edit that was made without knowing of it would undo it.
pub(super) fn clash<'p>(paths: impl Iterator<Item = &'p str>, unread: &[Link], hints: &Hints) -> Option<OpError> {
    let ours: BTreeSet<_> = paths.map(folded).collect();
    let (seq, message, file) = unread.iter().filter_map(Link::numbered).find_map(|(seq, message)| {
        let file = message.files.iter().find(|f| ours.contains(&folded(&f.path)))?;
        Some((seq, message, file))
    })?;
    let (file, from) = (plain::cut(&plain::name(&file.path), 120), plain::cut(&plain::name(&message.from.name), 60));
    let error = format!("message {seq} from {from} changes {file} as well, and was not taken in yet");
    Some(OpError::new(Kind::Conflict, error).remedy(format!("pull first: `{}`", hints.verb("pull"))))
}
