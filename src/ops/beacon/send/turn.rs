//! One turn of sending: what is done with the queue while nobody else changes it, and no remote is asked.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::{Drain, Stop, TRIES};
use crate::beacon::manifest::Receipt;
use crate::git::command::Git;
use crate::ops::beacon::chain::{self, Link, Tip};
use crate::ops::beacon::hints::Hints;
use crate::ops::beacon::queue::Item;
use crate::ops::beacon::unread::Unread;
use crate::ops::beacon::{Place, applied, build, lost, queue, unread};
use crate::ops::engine::fail_point;
use crate::ops::error::{Kind, OpError};

/// Commits before the end among which a message is looked for that another command has just sent.
const NEAR: usize = 1000;

/// What there is to be sent next, beside the queue.
pub(super) struct Next {
    receipt: Option<Receipt>,
}

/// What is to be pushed next.
pub(super) struct Built {
    pub(super) commit: String,
    /// The messages in it, with their numbers by then.
    pub(super) going: BTreeMap<String, u64>,
    pub(super) receipt: bool,
    /// Why the first of the others may not go.
    pub(super) kept_back: Option<OpError>,
    /// What it goes past, where none of that is for this side.
    pub(super) past: Option<Past>,
}

/// What a pull would only look past.
pub(super) struct Past {
    /// Up to where the channel had been looked at before.
    position: Option<String>,
    /// The number that it has come to with what is pushed.
    seq: u64,
}

/// The message with this id, if it is near the end of the channel: its number, and the paths in it.
pub(super) fn find(place: &Place, git: &Git<'_>, end: &str, id: &str) -> Result<Option<(u64, Vec<String>)>, OpError> {
    let (mut left, mut found) = (NEAR, None);
    chain::back(place, git, end, |link| {
        let ours = link.numbered().filter(|(_, message)| message.id == *id);
        found = ours.map(|(seq, message)| (seq, message.files.iter().map(|f| f.path.clone()).collect()));
        left -= 1;
        if found.is_some() || left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}

impl Drain<'_> {
    /// Does something with the queue and what was taken in, as they are now, while nobody else changes them. The remote is
    /// not asked meanwhile.
    pub(super) fn alone<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        // Whoever keeps at it keeps nothing from going out another time.
        let _lock = self.place.lock(self.ctx).map_err(|e| match e.kind {
            Kind::Busy => Stop::Waits(e),
            _ => Stop::Failed(e),
        })?;
        self.items = queue::items(&self.place, self.git)?;
        self.applied = applied::read(&self.place, self.git)?;
        act(self)
    }

    /// What is to be put onto `tip`; `None` where there is nothing.
    pub(super) fn next(&mut self, tip: Option<&Tip>) -> Result<Option<Next>, Stop> {
        if let Some(before) = self.before.take() {
            let end = tip.map(|tip| tip.commit.as_str());
            let lost = lost::settle(self.ctx, &self.place, self.git, &before, &mut self.applied, end)?;
            if !lost.is_empty() {
                self.items = queue::items(&self.place, self.git)?;
            }
            self.lost.extend(lost);
        }
        self.settle(tip)?;
        self.notice_ours(tip)?;
        let receipt = match tip {
            Some(tip) => unread::owed(self.ctx, &self.place, self.git, &self.applied, tip)?,
            None => None,
        };
        Ok((!self.items.is_empty() || receipt.is_some()).then_some(Next { receipt }))
    }

    /// The commits for it. Much may be read for them, and somebody be asked for a passphrase, so nobody is kept away: what
    /// is taken in meanwhile counts as unread, and a push is for the end that was looked at. `None` where the queue does not
    /// hold any more what would go out.
    pub(super) fn built(&mut self, tip: Option<&Tip>, next: Next) -> Result<Option<Built>, Stop> {
        let receipt = next.receipt;
        let unread = match tip {
            Some(tip) => unread::unread(self.ctx, &self.place, self.git, &self.applied, tip)?,
            None => Unread { is_nothing: self.applied.state.position.is_none(), links: Vec::new() },
        };
        // Or who only sends would look at the whole channel each time.
        let past = unread.is_nothing.then(|| self.applied.state.position.clone());
        let unread = unread.links;
        // Who stands by is told to pull first, and nothing waits behind their back, unless it may be out.
        let new = self.items.iter().find(|item| self.ours.as_ref() == Some(&item.queued.message.id));
        if let Some(new) = new.filter(|_| !self.doubtful) {
            let paths = new.queued.message.files.iter().map(|f| f.path.as_str());
            if let Some(error) = unread::clash(paths, &unread, &Hints::of(self.ctx, &self.place)) {
                return Err(Stop::Failed(error));
            }
        }
        let (going, kept_back) = self.sorted(&unread)?;
        if let Some(error) = kept_back.clone().filter(|_| going.is_empty() && receipt.is_none()) {
            return Err(Stop::Waits(error));
        }
        if self.races >= TRIES {
            let error = format!("others were faster {} times", self.races);
            return Err(Stop::Waits(OpError::new(Kind::Busy, error).remedy("try again in a moment")));
        }
        let told = receipt.is_some();
        let (commit, manifest) = build::build(&self.place, self.git, tip, &going, receipt)?;
        fail_point(self.ctx, "beacon-built");
        let now = queue::items(&self.place, self.git)?;
        let there = |item: &Item| now.iter().any(|other| other.queued.message == item.queued.message);
        if !going.iter().all(there) {
            return Ok(None);
        }
        let before = manifest.seq - going.len() as u64;
        let ids = going.into_iter().map(|item| item.queued.message.id);
        let past = past.map(|position| Past { position, seq: manifest.seq });
        Ok(Some(Built { commit, going: ids.zip(before + 1..).collect(), receipt: told, kept_back, past }))
    }

    /// Counts our message among those sent where another command has sent it meanwhile.
    fn notice_ours(&mut self, tip: Option<&Tip>) -> Result<(), Stop> {
        let (Some(ours), Some(tip)) = (&self.ours, tip) else { return Ok(()) };
        if self.is_out || self.sent.tries > 0 || self.items.iter().any(|item| item.queued.message.id == *ours) {
            return Ok(());
        }
        let found = find(&self.place, self.git, &tip.commit, ours)?;
        self.is_out = found.is_some();
        self.sent.messages.extend(found);
        Ok(())
    }

    /// Finds what of the queue is on the channel already, and takes it out of the queue.
    fn settle(&mut self, tip: Option<&Tip>) -> Result<(), Stop> {
        let (Some(first), Some(tip)) = (self.items.first(), tip) else { return Ok(()) };
        // What was queued later went out later.
        let mut from = self.searched.clone().or_else(|| first.after.clone());
        let mine = &self.place.identity.id;
        let mut there = BTreeMap::new();
        loop {
            let links = chain::since(&self.place, self.git, from.as_deref(), &tip.commit)?;
            let ours = links.iter().filter_map(Link::numbered).filter(|(_, m)| m.from.id == *mine);
            there.extend(ours.map(|(number, message)| (message.id.clone(), number)));
            match links.last() {
                // There are more than one call gives.
                Some(last) if last.commit != tip.commit => from = Some(last.commit.clone()),
                _ => break,
            }
        }
        self.searched = Some(tip.commit.clone());
        self.landed(&there, &tip.commit, None)
    }

    /// What is on the channel up to `end`, with its number there, is what both sides have, and waits no longer.
    pub(super) fn landed(&mut self, there: &BTreeMap<String, u64>, end: &str, past: Option<Past>) -> Result<(), Stop> {
        if !self.items.iter().any(|item| there.contains_key(&item.queued.message.id)) {
            return Ok(());
        }
        let (place, git) = (&self.place, self.git);
        for item in self.items.iter().filter(|item| there.contains_key(&item.queued.message.id)) {
            let versions = queue::sent(place, git, item)?;
            for file in &item.queued.message.files {
                // Where something else was taken in since it was queued, that is the newer one.
                if self.applied.files.get(&file.path).map(|v| &v.blob) != file.base.as_ref() {
                    continue;
                }
                match versions.get(&file.path) {
                    Some(version) => drop(self.applied.files.insert(file.path.clone(), version.clone())),
                    None => drop(self.applied.files.remove(&file.path)),
                }
            }
        }
        self.applied.state.sent = Some(end.to_owned());
        if let Some(past) = past.filter(|past| past.position == self.applied.state.position) {
            self.applied.state.position = Some(end.to_owned());
            self.applied.state.seq = past.seq.max(self.applied.state.seq);
        }
        applied::write(place, git, &mut self.applied)?;
        fail_point(self.ctx, "beacon-applied");
        let items = std::mem::take(&mut self.items);
        let (kept, gone) = queue::take(place, git, items, |message| there.contains_key(&message.id))?;
        fail_point(self.ctx, "beacon-unqueued");
        self.items = kept;
        for message in gone.into_iter().map(|item| item.queued.message) {
            let number = there.get(&message.id).copied().unwrap_or_default();
            self.is_out |= self.ours.as_ref() == Some(&message.id);
            self.sent.messages.push((number, message.files.into_iter().map(|f| f.path).collect()));
        }
        Ok(())
    }
}
