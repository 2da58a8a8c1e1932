//! Messages of this side that are not on the channel any more, since somebody set it back or took it away, and that
//! nobody has taken in: what they said of their files is known to nobody then.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::read;
use crate::audit::Outcome;
use crate::beacon::applied::{Applied, Version};
use crate::beacon::fold::{EXECUTABLE, ORDINARY};
use crate::beacon::manifest::{FILES, File, Manifest};
use crate::beacon::outlook;
use crate::context::Context;
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::ops::beacon::chain::{self, Link};
use crate::ops::beacon::queue::{self, Dropped};
use crate::ops::beacon::{Place, applied};
use crate::ops::error::OpError;
use crate::sync::tell::counted;

/// What was taken in and sent before the remote was asked. Whoever sends or takes in something meanwhile may know of a
/// later end than the one that was asked for, which is none of a channel that was set back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Before(Option<String>);

impl Before {
    /// As of now.
    ///
    /// # Errors
    /// Where git cannot read it.
    pub(super) fn asking(place: &Place, git: &Git<'_>) -> Result<Self, OpError> {
        Ok(Self(Reads::open(&place.at, git).resolve(&place.applied())?))
    }

    /// Whether it is still the same.
    pub(super) fn is(&self, applied: &Applied) -> bool {
        self.0 == applied.commit
    }
}

/// What went from the channel.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// Numbers of the messages.
    pub(super) numbers: Vec<u64>,
    undone: Dropped,
}

impl Lost {
    /// Has what waits to go out say that it was edited from what the other side has, too. The caller holds
    /// [`Place::lock`].
    ///
    /// # Errors
    /// Where git cannot write it.
    pub(super) fn rebase_queue(self, place: &Place, git: &Git<'_>) -> Result<(), OpError> {
        if self.undone.is_empty() { Ok(()) } else { queue::rebase(place, git, self.undone) }
    }
}

/// Takes back, in `applied`, that the other side has what they brought, so that their files count as changed here again;
/// the numbers of such messages. `end` is where the channel ends now, as the remote has just said; `None` where it is
/// gone. Nothing is sent: who took a message away may have had a reason.
///
/// # Errors
/// Where git cannot read what is here.
pub(super) fn take_back(
    place: &Place,
    git: &Git<'_>,
    applied: &mut Applied,
    end: Option<&str>,
) -> Result<Lost, OpError> {
    let Some(sent) = applied.state.sent.clone() else { return Ok(Lost::default()) };
    let reads = Reads::open(&place.at, git);
    if end.is_some_and(|end| reads.is_ancestor(&sent, end).unwrap_or(false)) {
        return Ok(Lost::default());
    }
    applied.state.sent = None;
    // Long gone from here as well.
    if read::look_up(git, std::slice::from_ref(&sent))?.pop().flatten().is_none() {
        return Ok(Lost::default());
    }
    let base = end.and_then(|end| reads.merge_bases(&sent, end).unwrap_or_default().into_iter().next());
    let kept = match end {
        Some(end) => ids(&chain::since(place, git, base.as_deref(), end)?),
        None => BTreeSet::new(),
    };
    let Some(told) = last_told(place, git, applied, &sent)? else { return Ok(Lost::default()) };
    let floor = outlook::floor(&told);
    let mut links = Vec::new();
    chain::back(place, git, &sent, |link| {
        let has_arrived = link.manifest.as_ref().is_ok_and(|manifest| manifest.seq <= floor);
        if has_arrived || base.as_ref() == Some(&link.commit) {
            return ControlFlow::Break(());
        }
        links.push(link);
        ControlFlow::Continue(())
    })?;
    let mut lost = Lost::default();
    // The newest first, so that each goes back to the one before it.
    for link in &links {
        let Some((seq, message)) = link.numbered() else { continue };
        let ours = message.from.id == place.identity.id && !kept.contains(&message.id);
        if ours && outlook::waits(&told, seq, message) {
            undo(place, git, applied, link, &mut lost)?;
        }
    }
    lost.numbers.reverse();
    Ok(lost)
}

/// The newest manifest that is known of the channel as it was: it has the receipts that came after what was `sent`.
fn last_told(place: &Place, git: &Git<'_>, applied: &Applied, sent: &str) -> Result<Option<Manifest>, OpError> {
    let reads = Reads::open(&place.at, git);
    let seen = chain::seen(place, git)?.and_then(|end| end.commit().ok().map(str::to_owned));
    let known = [seen, reads.resolve(&place.former())?, applied.state.position.clone(), Some(sent.to_owned())];
    let known: Vec<_> =
        known.into_iter().flatten().filter(|commit| reads.is_ancestor(sent, commit).unwrap_or(false)).collect();
    Ok(chain::read(place, git, &known)?.into_iter().find_map(|link| link.manifest.ok()))
}

/// What is said of such messages, where there are any.
#[must_use]
pub fn told(lost: &[u64]) -> Option<String> {
    let numbers = lost.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let what = counted(lost.len(), "message");
    match lost.len() {
        0 => None,
        1 => Some(format!(
            "{what} of yours ({numbers}) is no longer on the channel, and not everybody it was for is known to have it; \
             its files count as changed again"
        )),
        _ => Some(format!(
            "{what} of yours ({numbers}) are no longer on the channel, and not everybody they were for is known to have \
             them; their files count as changed again"
        )),
    }
}

/// Writes them into the journal, where there are any.
pub(super) fn note(ctx: &Context, place: &Place, lost: &[u64]) {
    if let Some(told) = told(lost) {
        place.note(ctx, "lost", Outcome::Skipped, &told);
    }
}

/// As [`take_back`], keeps it and writes it into the journal, where nobody has changed `applied` since before the remote
/// was asked. The caller holds [`Place::lock`].
///
/// # Errors
/// As [`take_back`], and where it cannot be written.
pub(super) fn settle(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    before: &Before,
    applied: &mut Applied,
    end: Option<&str>,
) -> Result<Vec<u64>, OpError> {
    if !before.is(applied) {
        return Ok(Vec::new());
    }
    let lost = take_back(place, git, applied, end)?;
    let numbers = lost.numbers.clone();
    if !numbers.is_empty() {
        // What is killed here is found again.
        lost.rebase_queue(place, git)?;
        applied::write(place, git, applied)?;
        note(ctx, place, &numbers);
    }
    Ok(numbers)
}

fn ids(links: &[Link]) -> BTreeSet<String> {
    links.iter().filter_map(Link::message).map(|message| message.id.clone()).collect()
}

/// Puts the versions that a message was made from in the place of those it brought.
fn undo(place: &Place, git: &Git<'_>, applied: &mut Applied, link: &Link, lost: &mut Lost) -> Result<(), OpError> {
    let Some((seq, message)) = link.numbered() else { return Ok(()) };
    let paths: Vec<_> = message.files.iter().map(|file| format!("{FILES}/{}", file.path)).collect();
    let paths: Vec<_> = paths.iter().map(String::as_str).collect();
    let entries = Reads::open(&place.at, git).entries(&link.commit, &paths)?;
    let bases: Vec<_> = message.files.iter().filter_map(|file| file.base.clone()).collect();
    let here: BTreeSet<_> = read::look_up(git, &bases)?.into_iter().flatten().map(|object| object.id).collect();
    let mut undone = false;
    for File { path, mode, base, .. } in &message.files {
        let brought = entries.iter().find(|entry| entry.path.to_str() == Some(&format!("{FILES}/{path}")));
        // Where something else was taken in or sent since, that is what both have.
        if applied.files.get(path).map(|version| &version.blob) != brought.map(|entry| &entry.id) {
            continue;
        }
        undone = true;
        // Without its bytes the version before is none to go by.
        let base = base.clone().filter(|base| here.contains(base));
        let newest = || [brought.map(|entry| entry.id.clone()), None];
        lost.undone.entry(path.clone()).or_insert_with(newest)[1].clone_from(&base);
        match base {
            Some(blob) => {
                // What mode it had nobody says; where only that was changed it had the other one.
                let only_mode = brought.is_some_and(|entry| entry.id == blob);
                let mode = if (mode == EXECUTABLE) == only_mode { ORDINARY } else { EXECUTABLE };
                applied.files.insert(path.clone(), Version { blob, mode: mode.to_owned() });
            }
            None => drop(applied.files.remove(path)),
        }
    }
    if undone {
        lost.numbers.push(seq);
    }
    Ok(())
}
