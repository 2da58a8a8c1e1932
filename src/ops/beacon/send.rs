//! Sending: a message is first put into the queue here, then onto the end of the channel on the remote, by
//! compare-and-swap. Whoever loses puts theirs onto the winner's and tries again.

mod land;
mod sorted;
mod turn;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::beacon::applied::Applied;
use crate::beacon::manifest::{File, Message};
use crate::context::Context;
use crate::git::command::{Git, GitError};
use crate::git::reads::Reads;
use crate::ops::beacon::chain::{self, Tip};
use crate::ops::beacon::fetch::{self, For};
use crate::ops::beacon::make;
use crate::ops::beacon::queue::{self, Item};
use crate::ops::beacon::remote::{self, Remote};
use crate::ops::beacon::{Place, applied, lost, unread};
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

/// Drops the messages with these ids (all where there are none named); nobody is going to have them.
///
/// # Errors
/// Where git cannot write it.
pub fn unqueue(place: &Place, git: &Git<'_>, ids: &[String]) -> Result<Vec<Queued>, OpError> {
    let gone = queue::forget(place, git, |message| ids.is_empty() || ids.contains(&message.id))?;
    Ok(gone.into_iter().map(|item| item.queued).collect())
}

/// Sends what waits, and the receipt that is owed. What cannot go out stays, and [`Sent::waits`] says why; what a
/// former call sent without hearing of it is found on the channel and not sent twice. Of several calls at a time one
/// sends, also what is queued meanwhile. The caller does not hold [`Place::lock`], which is taken for moments only: a
/// remote that never answers keeps nobody from queueing, taking in or settling.
///
/// # Errors
/// Where the gate, the scan for credentials or git itself says no, and nothing went out before that; else it is in
/// [`Sent::waits`].
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
    Ok(drain_with(ctx, place, git, None, None)?.sent)
}

/// What came of sending, and what was found before.
pub(super) struct Drained {
    pub(super) sent: Sent,
    /// The end of the channel at the first look; `None` where the remote was not reached.
    pub(super) end: Option<Option<Tip>>,
    /// Numbers of messages that went from the channel; see [`lost`].
    pub(super) lost: Vec<u64>,
}

impl Drained {
    fn waits(error: OpError) -> Self {
        Self { sent: Sent { waits: Some(error), ..Sent::default() }, end: None, lost: Vec::new() }
    }
}

/// As [`drain`], where the same command has scanned and queued the message `ours`, or has just asked for the end of the
/// channel (`looked`). Where it says that nothing went out `ours` is not in the queue any more. Of a command that is killed
/// before it can take its message out again it stays there, and goes out with the next one, as one that is offline does.
///
/// # Errors
/// As [`drain`], where something must be taken in before `ours`, and where somebody else took that out of the queue.
pub(super) fn drain_with(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    ours: Option<&str>,
    looked: Option<Tip>,
) -> Result<Drained, OpError> {
    let line = match place.line(ctx) {
        Ok(Some(line)) => line,
        Ok(None) => return waited(place, git, ours),
        // Another command may be sending it, so it is not taken out.
        Err(error) if ours.is_some() => return Ok(Drained::waits(error)),
        Err(error) => return Err(error),
    };
    let mut place = place.clone();
    let remote = remote::refresh(ctx, &mut place).and_then(|()| remote::of(&place, git));
    let remote = match remote {
        Ok(remote) => remote,
        Err(error) => return failed(ctx, &place, git, ours, error),
    };
    let mut drain = Drain {
        before: None,
        lost: Vec::new(),
        ctx,
        place: place.clone(),
        git,
        remote,
        items: Vec::new(),
        applied: Applied::default(),
        sent: Sent::default(),
        ours: ours.map(str::to_owned),
        is_out: false,
        end: None,
        scanned: ours.map(str::to_owned).into_iter().collect(),
        searched: None,
        fallen_back: false,
        gone_on: false,
        doubtful: false,
        for_others: false,
        unheard: 0,
        races: 0,
        refused_at: None,
        unmoved: 0,
    };
    let ended = drain.run(looked.map(Some));
    let Drain { mut sent, end, lost, is_out, doubtful, for_others, .. } = drain;
    match ended {
        // Whoever has queued it meanwhile hears of it when the line is theirs.
        Err(_) if for_others => {}
        Ok(()) if ours.is_none() || is_out => {}
        Ok(()) if sent.messages.is_empty() => return Err(taken_out()),
        Ok(()) => sent.waits = Some(taken_out()),
        Err(Stop::Failed(error)) if !is_out && !doubtful && sent.messages.is_empty() => {
            return failed(ctx, &place, git, ours, error);
        }
        Err(Stop::Waits(error) | Stop::Failed(error)) => sent.waits = Some(error),
    }
    drop(line);
    Ok(Drained { sent, end, lost })
}

/// What is said where the line was never free: another command may have sent our message.
fn waited(place: &Place, git: &Git<'_>, ours: Option<&str>) -> Result<Drained, OpError> {
    let is_ours = |item: &Item| Some(item.queued.message.id.as_str()) == ours;
    if let Some(ours) = ours
        && queue::items(place, git).is_ok_and(|items| !items.iter().any(is_ours))
    {
        let end = chain::seen(place, git)?;
        let Some(end) = end.as_ref().and_then(|end| end.commit().ok()) else { return Err(taken_out()) };
        let messages = vec![turn::find(place, git, end, ours)?.ok_or_else(taken_out)?];
        return Ok(Drained { sent: Sent { messages, ..Sent::default() }, end: None, lost: Vec::new() });
    }
    let error = OpError::new(Kind::Busy, "another command is sending from here, and takes it along if it can");
    Ok(Drained::waits(error))
}

fn taken_out() -> OpError {
    OpError::refused("the message was taken out of the queue before it went out").remedy("send its files again")
}

/// What is said where nothing goes out. What this command has queued is taken out again, so that it does not go out behind
/// the back of who was told otherwise; where that cannot be it waits. The caller holds [`Place::line`].
fn failed(ctx: &Context, place: &Place, git: &Git<'_>, ours: Option<&str>, error: OpError) -> Result<Drained, OpError> {
    let withdrawn = ours.map(|ours| -> Result<(), OpError> {
        let _lock = place.lock(ctx)?;
        queue::forget(place, git, |message| message.id == ours).map(drop)
    });
    match withdrawn {
        None | Some(Ok(())) => Err(error),
        Some(Err(_)) => Ok(Drained::waits(error)),
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
    /// What was taken in and sent before the remote was last asked.
    before: Option<lost::Before>,
    /// Numbers of messages that went from the channel; see [`lost`].
    lost: Vec<u64>,
    ctx: &'d Context,
    place: Place,
    git: &'d Git<'d>,
    remote: Remote,
    /// The queue, as it was when [`Drain::alone`] last began.
    items: Vec<Item>,
    /// What was taken in, as of the same moment.
    applied: Applied,
    sent: Sent,
    /// The message that this command has queued.
    ours: Option<String>,
    /// Whether that is on the channel.
    is_out: bool,
    /// See [`Drained::end`].
    end: Option<Option<Tip>>,
    /// Messages that need no second scan.
    scanned: BTreeSet<String>,
    /// The end of the channel up to which former messages of ours were looked for.
    searched: Option<String>,
    /// Whether the usual namespace was refused a moment ago, or did not show what it took.
    fallen_back: bool,
    /// Whether somebody has gone on in that namespace from what did not show here: it does show then, late.
    gone_on: bool,
    /// Whether a push may have been taken of which that is not known.
    doubtful: bool,
    /// Whether all is out that was queued when it began, so that what is left is of commands that wait for the line.
    for_others: bool,
    unheard: u32,
    /// Pushes in a row that brought nothing onto the channel.
    races: u32,
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
            self.end.get_or_insert_with(|| tip.clone());
            if self.stands_still(tip.as_ref())? {
                continue;
            }
            let Some(next) = self.alone(|drain| drain.next(tip.as_ref()))? else { return Ok(()) };
            let Some(next) = self.built(tip.as_ref(), next)? else {
                looked = Some(tip);
                continue;
            };
            let pushed = self.push(&next.commit, tip.as_ref())?;
            fail_point(self.ctx, "beacon-pushed");
            match pushed {
                Push::Done => {
                    self.doubtful = true;
                    if tip.is_some() && self.remote.push.is_none() {
                        self.note_end(&next.commit);
                    } else if !self.shows(&next.commit, &mut dice)? {
                        continue;
                    }
                    if self.fallen_back {
                        self.remote.remember(self.ctx, &mut self.place, true)?;
                    }
                    fail_point(self.ctx, "beacon-seen");
                    self.sent.receipt |= next.receipt;
                    self.is_out |= self.ours.as_ref().is_some_and(|ours| next.going.contains_key(ours));
                    self.alone(|drain| drain.landed(&next.going, &next.commit, next.past))?;
                    (self.doubtful, self.races) = (false, 0);
                    match next.kept_back {
                        Some(error) => return Err(Stop::Waits(error)),
                        None if self.items.is_empty() => return Ok(()),
                        // Somebody has queued it meanwhile, and finds the line taken.
                        None => self.for_others = true,
                    }
                    continue;
                }
                Push::Raced => {}
                Push::Unheard(error) => {
                    (self.unheard, self.doubtful) = (self.unheard + 1, true);
                    // What arrived in spite of it is found now, or by the next call.
                    let tip = self.look()?;
                    let arrived = tip.as_ref().is_some_and(|t| self.contains(&t.commit, &next.commit));
                    if !arrived && self.unheard >= UNHEARD {
                        return Err(Stop::Waits(error));
                    }
                    self.sent.receipt |= arrived && next.receipt;
                    looked = Some(tip);
                    if arrived {
                        self.races = 0;
                        continue;
                    }
                }
            }
            if self.races >= TRIES {
                continue;
            }
            let wait = backoff::within(&self.place.config.retry, self.races.min(20), &mut dice);
            std::thread::sleep(Duration::from_millis(wait));
        }
    }

    /// Asks the remote. That it cannot be asked is no reason to lose anything.
    fn look(&mut self) -> Result<Option<Tip>, Stop> {
        self.before = Some(lost::Before::asking(&self.place, self.git)?);
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
}
