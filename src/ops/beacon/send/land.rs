//! One push onto the end of a channel, and what became of it.
//!
//! That a push was taken does not mean that anybody can read it: the remote may push to another repository than it
//! fetches from, and a server may take refs that it never shows. Addresses do not tell (https and ssh are two of one
//! repository), so it is looked.

use std::time::Duration;

use super::{Drain, Push, Stop};
use crate::dice::Dice;
use crate::git::fault::Fault;
use crate::git::porcelain::{self, PushedRef};
use crate::git::process::Finished;
use crate::ops::beacon::chain::Tip;
use crate::ops::beacon::remote::SENT_TO;
use crate::ops::error::OpError;
use crate::plain;
use crate::sync::backoff;

/// Refusals in a row after which the end was still the same: whoever was faster had moved it.
const UNMOVED: u32 = 3;
/// Looks for the first message of a channel; a server that answers from copies may be a moment behind.
const LOOKS: u32 = 4;
/// The waits between them begin with this one's length: to take away what others could read costs more than to wait.
const PATIENT: u32 = 2;
/// What git says where the end is not the one that the push was made for.
const STALE: &str = "stale info";

impl Drain<'_> {
    /// One push, and what it means.
    pub(super) fn push(&mut self, commit: &str, tip: Option<&Tip>) -> Result<Push, Stop> {
        (self.sent.tries, self.races) = (self.sent.tries + 1, self.races + 1);
        let old = tip.map(|t| t.commit.as_str());
        let Err(error) = self.remote.push(self.ctx, &self.place, self.git, commit, old)? else { return Ok(Push::Done) };
        match verdict(&error.finished) {
            Some(PushedRef::Raced(why)) => {
                self.refused_at = why.contains(STALE).then(|| old.map(str::to_owned));
                Ok(Push::Raced)
            }
            Some(PushedRef::Refused(_)) if old.is_none() && !self.remote.keeps_as_branch(&self.place) => {
                // Not of this channel, but of its namespace: nothing was ever put there.
                self.fall_back();
                Ok(Push::Raced)
            }
            Some(PushedRef::Refused(why)) => {
                let text = match error.fault.text() {
                    "" => String::new(),
                    text => format!(". {text}"),
                };
                let name = plain::name(&self.remote.name);
                let refused = OpError::refused(format!("{name} refused the message: {why}{text}"));
                Err(Stop::Waits(refused.remedy("see what the remote's rules say, or use another with `beacon.remote`")))
            }
            _ => {
                let fault = error.fault.clone();
                let error = self.remote.out_of_reach(&self.place, SENT_TO, error);
                match fault {
                    Fault::Offline(_) | Fault::Authentication(_) | Fault::HostKey(_) | Fault::RemoteMissing(_) => {
                        Err(Stop::Waits(error))
                    }
                    _ => Ok(Push::Unheard(error)),
                }
            }
        }
    }

    /// From now on a branch carries the channel. It is kept in mind once it did.
    fn fall_back(&mut self) {
        self.place.identity.note_branch(&self.remote.url, self.place.channel.as_str(), true);
        self.fallen_back = true;
    }

    /// The usual namespace shows the channel after all.
    pub(super) fn go_back(&mut self) {
        self.place.identity.note_branch(&self.remote.url, self.place.channel.as_str(), false);
        self.fallen_back = false;
    }

    /// Whether a push that was taken is to be read by everybody. Where it is not it is taken back, and a branch is to
    /// be tried instead.
    pub(super) fn shows(&mut self, commit: &str, dice: &mut Dice) -> Result<bool, Stop> {
        let there = self.place.clone();
        for looks in 0..LOOKS {
            if looks > 0 {
                std::thread::sleep(Duration::from_millis(backoff::within(&there.config.retry, looks + PATIENT, dice)));
            }
            let shows = self.look()?.is_some_and(|tip| self.contains(&tip.commit, commit));
            let elsewhere = self.remote.channel(&self.place) != self.remote.channel(&there);
            if shows && !elsewhere {
                return Ok(true);
            }
            if elsewhere {
                // What shows late goes before the branch, which may even be the same commit.
                break;
            }
            if self.remote.push.is_some() {
                return Err(Stop::Waits(self.remote.elsewhere(&self.place, self.git)));
            }
        }
        let back = self.remote.take_back(self.ctx, &there, self.git, commit)?;
        if let Err(error) = back {
            match verdict(&error.finished) {
                // Somebody has seen it meanwhile, and gone on from it.
                Some(PushedRef::Raced(_)) => {
                    self.gone_on = true;
                    return Ok(false);
                }
                Some(_) => {}
                // It may be there, and another chain would be one too many.
                None => return Err(Stop::Waits(self.remote.out_of_reach(&self.place, SENT_TO, error))),
            }
        }
        if self.remote.channel(&self.place) != self.remote.channel(&there) {
            return Ok(false);
        }
        if self.remote.keeps_as_branch(&there) {
            return Err(Stop::Waits(self.remote.hidden(&there)));
        }
        self.fall_back();
        Ok(false)
    }

    /// Whether the end is to be looked for elsewhere, since pushes are refused as if it had moved, and it has not.
    pub(super) fn stands_still(&mut self, tip: Option<&Tip>) -> Result<bool, Stop> {
        let end = tip.map(|t| t.commit.clone());
        self.unmoved = if self.refused_at.take().is_some_and(|at| at == end) { self.unmoved + 1 } else { 0 };
        if self.unmoved < UNMOVED {
            return Ok(false);
        }
        self.unmoved = 0;
        if self.remote.push.is_some() {
            return Err(Stop::Waits(self.remote.elsewhere(&self.place, self.git)));
        }
        if end.is_some() || self.gone_on {
            return Err(Stop::Waits(self.remote.two_faced(&self.place)));
        }
        if self.remote.keeps_as_branch(&self.place) {
            return Err(Stop::Waits(self.remote.hidden(&self.place)));
        }
        self.fall_back();
        Ok(true)
    }
}

/// What the remote said of the ref; `None` where it cannot be known what became of it.
fn verdict(finished: &Finished) -> Option<PushedRef> {
    // Where a connection broke off, git tells of refs as if it had been answered, or that it was not.
    match porcelain::push(&finished.stdout) {
        Some(PushedRef::Refused(why)) if why.contains("remote failure") || why.contains("unpacker error") => None,
        Some(PushedRef::Accepted) => None,
        other => other,
    }
}
