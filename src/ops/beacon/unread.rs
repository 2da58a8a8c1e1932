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
use crate::ops::beacon::{Place, held, incoming};
use crate::ops::error::{Kind, OpError};
use crate::plain;

/// The receipt that is owed: for the last message for this side that was taken in, where the channel does not know yet.
pub(super) fn owed(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    applied: &Applied,
    tip: &Tip,
) -> Result<Option<Receipt>, OpError> {
    let me = place.me(ctx);
    if let Standing::Parted(_) = chain::standing(place, git, applied.state.position.as_deref(), &tip.commit) {
        // It is a pull that finds out what of it was taken in.
        return Ok(None);
    }
    let (taken, told) = (applied.state.received(), tip.manifest.told(&me));
    if taken <= told || tip.manifest.last_for(&me.name) <= told {
        return Ok(None);
    }
    // To say more than the last one would take what is for others for received.
    let mut last = None;
    chain::back(place, git, &tip.commit, |link| match &link.manifest {
        Ok(manifest) if manifest.seq <= told => ControlFlow::Break(()),
        Ok(manifest) if manifest.seq <= taken && link.message().is_some_and(|m| m.is_for(&me)) => {
            last = Some(manifest.seq);
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    })?;
    let time = clock::rfc3339(ctx.clock.now_ms());
    let receipt = last.map(|seq| Receipt { by: me, seq, time, ..Receipt::default() });
    Ok(receipt.filter(|receipt| tip.manifest.is_news(receipt)))
}

/// Messages for this side that it has not taken in, and that a pull would: new ones that it accepts, and those that were
/// held for something that is mended by now.
pub(super) fn unread(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    applied: &Applied,
    tip: &Tip,
) -> Result<Vec<Link>, OpError> {
    let mut unread = held::acceptable(ctx, place, git, &applied.state, &tip.commit)?;
    unread.extend(arrived(ctx, place, git, applied, tip)?);
    Ok(unread)
}

/// New messages for this side, and that it accepts.
fn arrived(ctx: &Context, place: &Place, git: &Git<'_>, applied: &Applied, tip: &Tip) -> Result<Vec<Link>, OpError> {
    let state = &applied.state;
    // The numbers of a channel that was made anew say nothing of what was taken in before.
    let parted = || matches!(chain::standing(place, git, state.position.as_deref(), &tip.commit), Standing::Parted(_));
    if tip.manifest.last_for(&place.identity.name) <= state.seq && !parted() {
        return Ok(Vec::new());
    }
    let arrived = incoming::since(ctx, place, git, state, &tip.commit)?;
    Ok(arrived.into_iter().filter(|arrival| arrival.held.is_none()).map(|arrival| arrival.link).collect())
}

/// How many messages for this side wait, those that are held among them.
pub(super) fn waiting(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    applied: &Applied,
    tip: &Tip,
) -> Result<usize, OpError> {
    Ok(applied.state.held.len() + arrived(ctx, place, git, applied, tip)?.len())
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
