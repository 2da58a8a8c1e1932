//! Which environments a channel was ever heard of. A name that nobody has is no error, since its side may come later; but
//! what is sent to it may wait for ever, so it is said.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::beacon::manifest::Manifest;
use crate::beacon::name::EVERYBODY;
use crate::git::command::Git;
use crate::ops::beacon::Place;
use crate::ops::beacon::chain::{self, Tip};
use crate::ops::error::OpError;
use crate::plain;

/// Commits before the end in which a sender is looked for whom the end does not name.
const BACK: usize = 100;
/// Names that are told, and characters of each.
const NAMED: usize = 5;
const SHOWN: usize = 60;

/// The other environments on a channel, as it is known here.
///
/// # Errors
/// Where git cannot read it.
pub(super) fn others(place: &Place, git: &Git<'_>, tip: &Tip) -> Result<Vec<String>, OpError> {
    let mut known = BTreeSet::new();
    gather(place, git, tip, &mut known, |_| false)?;
    known.remove(&place.identity.name);
    Ok(known.into_iter().collect())
}

/// Adds the names that the last commits of a channel have, until they are `enough`.
fn gather(
    place: &Place,
    git: &Git<'_>,
    tip: &Tip,
    known: &mut BTreeSet<String>,
    enough: impl Fn(&BTreeSet<String>) -> bool,
) -> Result<(), OpError> {
    known.extend(names(&tip.manifest).into_iter().map(str::to_owned));
    let mut left = BACK;
    if enough(known) {
        return Ok(());
    }
    chain::back(place, git, &tip.commit, |link| {
        known.extend(link.manifest.iter().flat_map(names).map(str::to_owned));
        left -= 1;
        if left == 0 || enough(known) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

fn names(manifest: &Manifest) -> BTreeSet<&str> {
    let sender = manifest.message.iter().map(|m| m.from.name.as_str());
    let receiver = manifest.receipt.iter().map(|r| r.by.name.as_str());
    let numbered = manifest.sent.keys().chain(manifest.received.keys()).map(String::as_str);
    numbered.chain(sender).chain(receiver).filter(|name| !name.is_empty() && *name != EVERYBODY).collect()
}

/// A remark where one of `to` is nobody's name on the channel as it is known here; `None` where it has no message yet.
/// Nothing is asked of the remote.
///
/// # Errors
/// Where git cannot read it.
pub(super) fn unheard(
    place: &Place,
    git: &Git<'_>,
    tip: Option<&Tip>,
    to: &[String],
) -> Result<Option<String>, OpError> {
    let Some(tip) = tip else { return Ok(None) };
    let usual = place.recipients();
    let strange = |known: &BTreeSet<String>| -> Vec<String> {
        let known = |name: &String| name == EVERYBODY || usual.contains(name) || known.contains(name);
        to.iter().filter(|name| !known(name)).cloned().collect()
    };
    let mut known = BTreeSet::new();
    gather(place, git, tip, &mut known, |known| strange(known).is_empty())?;
    let strange = strange(&known);
    known.remove(&place.identity.name);
    Ok((!strange.is_empty() && !known.is_empty()).then(|| {
        let (strange, known) = (listed(strange.iter()), listed(known.iter()));
        format!("nobody called {strange} was ever heard of on channel {}; known: {known}", place.channel)
    }))
}

/// Some of them, as people read them.
pub(super) fn listed<'n>(names: impl ExactSizeIterator<Item = &'n String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let mut shown: Vec<_> = names.take(NAMED).map(|name| plain::cut(&plain::name(name), SHOWN)).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}
