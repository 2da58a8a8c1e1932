//! Sending: a message is first put into the queue here, then onto the end of the channel on the remote, by
//! compare-and-swap. Whoever loses puts theirs onto the winner's and tries again.

mod land;
mod sorted;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::beacon::applied::Applied;
use crate::beacon::manifest::{File, Message};
use crate::context::Context;
use crate::git::command::{Git, GitError};
use crate::git::reads::Reads;
use crate::ops::beacon::chain::{self, Link, Tip};
use crate::ops::beacon::fetch::{self, For};
use crate::ops::beacon::hints::Hints;
use crate::ops::beacon::make;
use crate::ops::beacon::queue::{self, Item};
use crate::ops::beacon::remote::{self, Remote};
use crate::ops::beacon::{Place, applied, build, unread};
use crate::ops::engine::fail_point;
use crate::ops::error::{Kind, OpError};
use crate::sync::backoff;

/// Pushes that are tried against others who are faster: with waits of at most five seconds, about a minute.
const TRIES: u32 = 30;
/// Pushes whose end nobody heard of.
const UNHEARD: u32 = 3;

/// A message to be sent. Its files' bytes are in the repository's objects by then.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// Whom it is for; names of environments.
    pub to: Vec<String>,
    /// What is said of it.
    pub note: String,
    /// What the receiver shall do; empty for the seed's words.
    pub action: String,
    /// The files, and git's object id of each one's bytes (`None` for a tombstone).
    pub files: Vec<(File, Option<String>)>,
}

/// A message that waits to go out.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// Its commit in the queue.
    pub commit: String,
    /// The message, without a number.
    pub message: Message,
}

/// What came of sending.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sent {
    /// Numbers of the messages that went out, and the paths in them.
    pub messages: Vec<(u64, Vec<String>)>,
    /// Whether a receipt went out with them.
    pub receipt: bool,
    /// Why the rest waits, where the remote cannot be reached or something must be taken in first.
    pub waits: Option<OpError>,
    /// Pushes that were tried.
    pub tries: u32,
}

/// Puts a message at the end of the queue. Durable when it returns. The caller holds [`Place::lock`].
///
/// # Errors
/// Where git cannot write it.
pub fn enqueue(ctx: &Context, place: &Place, git: &Git<'_>, draft: Draft) -> Result<Queued, OpError> {
    queue::add(ctx, place, git, draft)
}

/// The queue, the oldest first.
///
/// # Errors
/// Where git cannot read it.
pub fn queued(place: &Place, git: &Git<'_>) -> Result<Vec<Queued>, OpError> {
    Ok(queue::items(place, git)?.into_iter().map(|item| item.queued).collect())
}

/// Takes the messages with these ids out of the queue (all where there are none named).
///
/// # Errors
/// Where git cannot write it.
pub fn unqueue(place: &Place, git: &Git<'_>, ids: &[String]) -> Result<Vec<Queued>, OpError> {
    let items = queue::items(place, git)?;
    let (_, gone) = queue::take(place, git, items, |message| ids.is_empty() || ids.contains(&message.id))?;
    Ok(gone.into_iter().map(|item| item.queued).collect())
}

/// Sends what waits, and the receipt that is owed. What cannot go out stays, and [`Sent::waits`] says why; what a
/// former call sent without hearing of it is found on the channel and not sent twice. The caller holds [`Place::lock`].
///
/// # Errors
/// Where the gate, the scan for credentials or git itself says no: then nothing has changed.
pub fn drain(ctx: &Context, place: &Place, git: &Git<'_>) -> Result<Sent, OpError> {
    let empty = Reads::open(&place.at, git).resolve(&place.queue())?.is_none();
    if empty {
        // Nobody is asked where there is nothing to say.
        let applied = applied::read(place, git)?;
        let owed = match chain::known(place, git) {
            Ok(Some(tip)) => unread::owed(ctx, place, git, &applied, &tip)?,
            // To an end that nobody understands nothing is owed.
            _ => None,
        };
        if owed.is_none() {
            return Ok(Sent::default());
        }
    }
    drain_from(ctx, place, git, None, &BTreeSet::new())
}

/// As [`drain`], where the end of the channel was just asked for (`looked`), and these messages were scanned and queued
/// by the same command.
pub(super) fn drain_from(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    looked: Option<Option<Tip>>,
    scanned: &BTreeSet<String>,
) -> Result<Sent, OpError> {
    let mut place = place.clone();
    remote::refresh(ctx, &mut place)?;
    let place = &place;
    let mut drain = Drain {
        ctx,
        place: place.clone(),
        git,
        remote: remote::of(place, git)?,
        items: queue::items(place, git)?,
        applied: applied::read(place, git)?,
        sent: Sent::default(),
        scanned: scanned.clone(),
        searched: None,
        fallen_back: false,
        gone_on: false,
        unheard: 0,
        refused_at: None,
        unmoved: 0,
    };
    match drain.run(looked) {
        Ok(()) => Ok(drain.sent),
        Err(Stop::Waits(error)) => {
            drain.sent.waits = Some(error);
            Ok(drain.sent)
        }
        Err(Stop::Failed(error)) => {
            // What was queued a moment ago is not left there, to go out behind the back of who was told otherwise.
            // Once a push was tried nobody can say that it did not.
            if drain.sent.tries == 0 {
                queue::take(place, git, drain.items, |message| scanned.contains(&message.id))?;
            }
            Err(error)
        }
    }
}

/// Why a drain ends before everything is out.
enum Stop {
    /// What is left goes out another time.
    Waits(OpError),
    /// Nothing goes out like this.
    Failed(OpError),
}

impl From<OpError> for Stop {
    fn from(error: OpError) -> Self {
        Self::Failed(error)
    }
}

impl From<GitError> for Stop {
    fn from(error: GitError) -> Self {
        Self::Failed(error.into())
    }
}

/// What came of one push.
enum Push {
    /// It is there.
    Done,
    /// The remote has moved.
    Raced,
    /// Nobody can tell.
    Unheard(OpError),
}

struct Drain<'d> {
    ctx: &'d Context,
    place: Place,
    git: &'d Git<'d>,
    remote: Remote,
    /// The queue. Nobody else changes it: the caller holds the lock.
    items: Vec<Item>,
    applied: Applied,
    sent: Sent,
    /// Messages that need no second scan.
    scanned: BTreeSet<String>,
    /// The end of the channel up to which former messages of ours were looked for.
    searched: Option<String>,
    /// Whether the usual namespace was refused a moment ago, or did not show what it took.
    fallen_back: bool,
    /// Whether somebody has gone on in that namespace from what did not show here: it does show then, late.
    gone_on: bool,
    unheard: u32,
    /// The end at which the last push was refused, as it is where others were faster.
    refused_at: Option<Option<String>>,
    /// Such refusals in a row after which the end was still the same.
    unmoved: u32,
}

impl Drain<'_> {
    fn run(&mut self, mut looked: Option<Option<Tip>>) -> Result<(), Stop> {
        let mut dice = self.ctx.dice();
        loop {
            let tip = match looked.take() {
                Some(tip) => tip,
                None => self.look()?,
            };
            if self.stands_still(tip.as_ref())? {
                continue;
            }
            self.settle(tip.as_ref())?;
            let receipt = match &tip {
                Some(tip) => unread::owed(self.ctx, &self.place, self.git, &self.applied, tip)?,
                None => None,
            };
            if self.items.is_empty() && receipt.is_none() {
                return Ok(());
            }
            let (going, kept_back) = self.sorted()?;
            if let Some(error) = kept_back.clone().filter(|_| going.is_empty() && receipt.is_none()) {
                return Err(Stop::Waits(error));
            }
            if let Some(tip) = &tip {
                let unread = unread::unread(self.ctx, &self.place, self.git, &self.applied, tip)?;
                let paths = going.iter().flat_map(|i| &i.queued.message.files).map(|f| f.path.as_str());
                if let Some(error) = unread::clash(paths, &unread, &Hints::of(self.ctx, &self.place)) {
                    return Err(Stop::Waits(error));
                }
            }
            if self.sent.tries >= TRIES {
                let error = format!("others were faster {} times", self.sent.tries);
                return Err(Stop::Waits(OpError::new(Kind::Busy, error).remedy("try again in a moment")));
            }
            let (commit, manifest) = build::build(&self.place, self.git, tip.as_ref(), &going, receipt.clone())?;
            fail_point(self.ctx, "beacon-built");
            let pushed = self.push(&commit, tip.as_ref())?;
            fail_point(self.ctx, "beacon-pushed");
            match pushed {
                Push::Done => {
                    if tip.is_some() && self.remote.push.is_none() {
                        self.note_end(&commit);
                    } else if !self.shows(&commit, &mut dice)? {
                        continue;
                    }
                    if self.fallen_back {
                        self.remote.remember(self.ctx, &mut self.place, true)?;
                    }
                    fail_point(self.ctx, "beacon-seen");
                    self.sent.receipt |= receipt.is_some();
                    let before = manifest.seq - going.len() as u64;
                    let ids = going.iter().map(|i| i.queued.message.id.clone());
                    self.landed(&ids.zip(before + 1..).collect(), &commit)?;
                    return kept_back.map_or(Ok(()), |error| Err(Stop::Waits(error)));
                }
                Push::Raced => {}
                Push::Unheard(error) => {
                    self.unheard += 1;
                    // What arrived in spite of it is found now, or by the next call.
                    let tip = self.look()?;
                    let arrived = tip.as_ref().is_some_and(|t| self.contains(&t.commit, &commit));
                    if !arrived && self.unheard >= UNHEARD {
                        return Err(Stop::Waits(error));
                    }
                    self.sent.receipt |= arrived && receipt.is_some();
                    looked = Some(tip);
                    if arrived {
                        continue;
                    }
                }
            }
            if self.sent.tries >= TRIES {
                continue;
            }
            let wait = backoff::within(&self.place.config.retry, self.sent.tries.min(20), &mut dice);
            std::thread::sleep(Duration::from_millis(wait));
        }
    }

    /// Asks the remote. That it cannot be asked is no reason to lose anything.
    fn look(&mut self) -> Result<Option<Tip>, Stop> {
        match self.asked() {
            Ok(tip) => {
                if !self.fallen_back {
                    remote::refresh(self.ctx, &mut self.place)?;
                }
                Ok(tip)
            }
            Err(error) if error.kind == Kind::Gate => Err(Stop::Failed(error)),
            Err(error) => Err(Stop::Waits(error)),
        }
    }

    fn asked(&mut self) -> Result<Option<Tip>, OpError> {
        if !self.fallen_back {
            return fetch::fetch(self.ctx, &self.place, self.git, For::Push);
        }
        // What goes out as a branch must be the only chain there is: what only did not show in time goes before it, as it
        // does for everybody who looks for the first time.
        let found = fetch::anywhere(self.ctx, &self.place, self.git, For::Push)?;
        if found.as_ref().is_some_and(|(branch, _)| !branch) {
            self.go_back();
        }
        Ok(found.map(|(_, tip)| tip))
    }

    /// Notes the new end. The message is out: where somebody else looks at this moment, they find it or the next look
    /// does, and it is no reason to say that anything failed.
    fn note_end(&self, commit: &str) {
        for _ in 0..2 {
            let Ok(seen) = chain::seen(&self.place, self.git) else { continue };
            let seen = seen.as_ref().map(chain::End::id);
            if seen.is_some_and(|seen| self.contains(seen, commit))
                || make::move_ref(self.git, &self.place.seen(), seen, Some(commit)).is_ok()
            {
                break;
            }
        }
    }

    fn contains(&self, tip: &str, commit: &str) -> bool {
        Reads::open(&self.place.at, self.git).is_ancestor(commit, tip).unwrap_or(false)
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
        self.landed(&there, &tip.commit)
    }

    /// What is on the channel up to `end`, with its number there, is what both sides have, and waits no longer.
    fn landed(&mut self, there: &BTreeMap<String, u64>, end: &str) -> Result<(), Stop> {
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
        applied::write(place, git, &mut self.applied)?;
        fail_point(self.ctx, "beacon-applied");
        let items = std::mem::take(&mut self.items);
        let (kept, gone) = queue::take(place, git, items, |message| there.contains_key(&message.id))?;
        fail_point(self.ctx, "beacon-unqueued");
        self.items = kept;
        for message in gone.into_iter().map(|item| item.queued.message) {
            let number = there.get(&message.id).copied().unwrap_or_default();
            self.sent.messages.push((number, message.files.into_iter().map(|f| f.path).collect()));
        }
        Ok(())
    }
}
