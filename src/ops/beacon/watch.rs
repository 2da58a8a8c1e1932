//! Looking at the remote, once: for `craft beacon watch`, which does it again and again ([`watching`](super::watching)),
//! for the job, and for the worker after a sync.
//!
//! A look at which nothing has come costs one fetch of one ref, or, where the bell is on, one conditional request.

use std::collections::BTreeSet;

use crate::audit::Outcome;
use crate::clock::Millis;
use crate::context::Context;
use crate::diagnostics;
use crate::dice::Dice;
use crate::fs::layout::repo_key;
use crate::fs::lock;
use crate::git::command::Git;
use crate::locate::{Location, locate};
use crate::ops::beacon::chain::{self, Tip};
use crate::ops::beacon::fetch::{self, For};
use crate::ops::beacon::notices::{self, name};
use crate::ops::beacon::pull::{self, Pulled};
use crate::ops::beacon::push::{self, Pushed};
use crate::ops::beacon::send::{self, Sent};
use crate::ops::beacon::{Place, applied, bell, held, lost, place, status, unattended};
use crate::ops::error::{Kind, OpError};
use crate::ops::{permit, sync};
use crate::permission::{Operation, Origin, Platform};
use crate::queue::Trigger;
use crate::state::beacon::Waiting;
use crate::state::tick::{self, Claim};
use crate::sync::tell::counted;

/// A bell that is silent may have been forgotten to ring: at least this often the channel itself is asked.
const BELL_TRUSTED: Millis = 15 * 60_000;
/// While the remote cannot be reached, looks that nobody asked for are no further apart than this.
const FURTHEST: Millis = 3_600_000;

/// What came of one look.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// What waits now.
    pub waiting: Waiting,
    /// What was taken in.
    pub pulled: Option<Pulled>,
    /// What was sent of what was changed here.
    pub pushed: Option<Pushed>,
    /// What went out that had waited.
    pub sent: Option<Sent>,
    /// Why the remote could not be asked.
    pub offline: Option<String>,
    /// What could not be done, as sentences.
    pub remarks: Vec<String>,
}

/// One look: asks the remote once, sends what waits, and takes in what waits where `pull` says so; sends what was
/// changed where `push` does. What of that cannot be done is a remark, so that the rest is.
///
/// # Errors
/// What is no matter of the network: the remote may not be asked, or there is none.
pub fn look(ctx: &Context, place: &Place, pull: bool, push: bool) -> Result<Look, OpError> {
    let git = place.git(ctx);
    // A look at another channel says nothing of the usual one, which the job looks at.
    if place.is_usual() {
        let _ = tick::set(&place.files(ctx).beacon_tick(), ctx.clock.now_ms());
    }
    let mut look = Look::default();
    let (mut reached, mut garbled) = (None, false);
    let before = lost::Before::asking(place, &git)?;
    match ask(ctx, place, &git, &mut look.remarks) {
        Ok(Asked::Remote(end)) => {
            reached = Some(true);
            look.remarks.extend(lost::told(&went(ctx, place, &git, &before, end.as_deref())?));
        }
        Ok(Asked::Bell) => {}
        // A pull knows what to do about it.
        Ok(Asked::Garbled(error)) => {
            (reached, garbled) = (Some(true), true);
            look.remarks.push(sentence(error));
        }
        Err(error) if error.kind == Kind::Network => look.offline = Some(error.message),
        Err(error) => {
            // A remote that lets nobody in is not asked again and again by looks that nobody asked for.
            if error.kind == Kind::Failed {
                let _ = status::keep(ctx, place, Some(false));
            }
            return Err(error);
        }
    }
    // A pull sends as well, once it has taken in what a queued message may have to give way to.
    let pull = pull
        && look.offline.is_none()
        && (garbled || status::keep(ctx, place, reached)?.messages > 0 || held::comes_now(ctx, place, &git)?);
    if look.offline.is_none() && !pull {
        drain(ctx, place, &git, &mut look);
    }
    if look.offline.is_none() {
        look.remarks.extend(bell::make_up(ctx, place, &git));
    } else {
        reached = Some(false);
        // Whatever the bell says, the remote is asked until it is there again.
        tick::set(&place.files(ctx).beacon_fetch_tick(), 0)?;
    }
    look.waiting = status::keep(ctx, place, reached)?;
    if look.offline.is_none() {
        if pull {
            match pull::pull(ctx, place, false) {
                Ok(pulled) => {
                    look.offline.clone_from(&pulled.offline);
                    look.remarks.extend(pulled.remarks.iter().cloned());
                    look.pulled = Some(pulled);
                }
                Err(error) if error.kind == Kind::Gate => return Err(error),
                Err(error) => {
                    look.remarks.push(sentence(error));
                    drain(ctx, place, &git, &mut look);
                }
            }
        }
        if push {
            send_changes(ctx, place, &mut look);
        }
        if look.pulled.is_some() || look.pushed.is_some() || look.sent.is_some() {
            look.waiting = status::keep(ctx, place, None)?;
        }
    }
    let mut told = BTreeSet::new();
    look.remarks.retain(|remark| told.insert(remark.clone()));
    Ok(look)
}

/// Whom a look has asked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    /// The remote, which says where the channel ends; `None` where it is gone, or there is none yet.
    Remote(Option<String>),
    /// The remote, and nobody understands what it says.
    Garbled(OpError),
    /// Only the bell, which was silent. Of the remote nothing is known by that.
    Bell,
}

/// Asks the remote, or only the bell where that is on: not both, unless the bell has changed or cannot be heard.
fn ask(ctx: &Context, place: &Place, git: &Git<'_>, remarks: &mut Vec<String>) -> Result<Asked, OpError> {
    let end = |tip: Option<Tip>| Asked::Remote(tip.map(|tip| tip.commit));
    let asked = || fetch::ask(ctx, place, git, For::Look).map(|judged| judged.map_or_else(Asked::Garbled, end));
    if !place.config.beacon.github.enabled {
        return asked();
    }
    let fetched = place.files(ctx).beacon_fetch_tick();
    let trusted = tick::claim(&fetched, ctx.clock.now_ms(), BELL_TRUSTED)? == Claim::TooSoon;
    if trusted && is_silent(ctx, place, git, remarks) {
        return Ok(Asked::Bell);
    }
    // A bell is heard to have changed only once: until it is fetched what it told of, its silence is not believed.
    tick::set(&fetched, 0)?;
    let asked = asked()?;
    if matches!(asked, Asked::Remote(_)) {
        tick::set(&fetched, ctx.clock.now_ms())?;
    }
    Ok(asked)
}

/// Whether the bell says that nothing has come.
fn is_silent(ctx: &Context, place: &Place, git: &Git<'_>, remarks: &mut Vec<String>) -> bool {
    match bell::overhear(ctx, place) {
        Ok(Some(heard)) => {
            remarks.extend(heard.remarks);
            let known = |rung| matches!(chain::known(place, git), Ok(Some(tip)) if tip.manifest.seq >= rung);
            !heard.changed && heard.seq.is_none_or(known)
        }
        Ok(None) => false,
        Err(error) if error.kind == Kind::Busy => false,
        Err(error) => {
            remarks.push(format!("the bell cannot be heard: {}", sentence(error)));
            false
        }
    }
}

/// What went from the channel counts as changed here from now on.
fn went(
    ctx: &Context,
    place: &Place,
    git: &Git<'_>,
    before: &lost::Before,
    end: Option<&str>,
) -> Result<Vec<u64>, OpError> {
    if lost::take_back(place, git, &mut applied::read(place, git)?, end)?.numbers.is_empty() {
        return Ok(Vec::new());
    }
    let _lock = place.lock(ctx)?;
    lost::settle(ctx, place, git, before, &mut applied::read(place, git)?, end)
}

/// Sends what waits in the queue, and the receipt that is owed.
fn drain(ctx: &Context, place: &Place, git: &Git<'_>, look: &mut Look) {
    // Whether it may be sent is asked for first: what is denied at each look would fill the journal.
    let allowed = permit::check(ctx, Some(&place.at), Platform::Beacon, Operation::Push, Origin::Internal).allowed;
    if !allowed {
        return;
    }
    match send::drain(ctx, place, git) {
        Ok(sent) => {
            match sent.waits.clone() {
                // Another command here sends as well.
                Some(why) if why.kind == Kind::Busy && sent.tries == 0 => {}
                Some(why) if why.kind == Kind::Network => look.offline = Some(why.message),
                waits => look.remarks.extend(waits.map(sentence)),
            }
            if !sent.messages.is_empty() || sent.receipt {
                look.remarks.extend(bell::ring_for(ctx, place, &sent));
                look.sent = Some(sent);
            }
        }
        Err(error) => look.remarks.push(sentence(error)),
    }
}

fn send_changes(ctx: &Context, place: &Place, look: &mut Look) {
    let pushed = match push::sendable(ctx, place) {
        Ok((files, stopped)) => {
            note_stopped(ctx, place, &stopped);
            look.remarks.extend(stopped);
            if files.is_empty() {
                return;
            }
            push::push(ctx, place, &push::Ask { unasked: true, ..push::Ask::default() })
        }
        Err(error) => Err(error),
    };
    match pushed {
        Ok(pushed) => {
            look.remarks.extend(pushed.remarks.iter().cloned());
            look.pushed = Some(pushed);
        }
        Err(error) => look.remarks.push(sentence(error)),
    }
}

/// Writes into the journal what an unasked push leaves out, once as long as that stays the same.
fn note_stopped(ctx: &Context, place: &Place, stopped: &[String]) {
    const WHAT: &str = "files left out";
    let why = stopped.join("; ");
    if why.is_empty() {
        unattended::went_well(ctx, place, WHAT);
    } else if !place.unattended || unattended::is_new(ctx, place, WHAT, &why) {
        place.note(ctx, "leave-out", Outcome::Skipped, &why);
    }
}

/// An error in a line, with the way on.
pub(super) fn sentence(error: OpError) -> String {
    match error.remedy {
        Some(remedy) => format!("{}; {remedy}", error.message),
        None => error.message,
    }
}

/// One look at every beacon of this user, for the job: how many, and what is worth a line. One that is broken does not
/// stop the others.
///
/// # Errors
/// Where none of them could be looked at.
pub fn all(ctx: &Context) -> Result<String, OpError> {
    let mut round = Round::default();
    for (key, identity) in place::sides(ctx)? {
        round.beacons += 1;
        let name = name(&identity.worktree);
        if identity.id.is_empty() {
            round.failed.push(format!("{key}: beacon.json cannot be understood; `craft beacon init` makes it anew"));
            continue;
        }
        // Where something else lies by now it is not this side.
        let Some(at) = locate(&identity.worktree).filter(|at| repo_key(&at.git_dir) == key) else {
            round.gone.push(name);
            continue;
        };
        match one(ctx, &at, 0) {
            Ok(Some(look)) => round.count(name, &look),
            Ok(None) => round.left += 1,
            Err(error) => round.failed.push(format!("{name}: {}", sentence(error))),
        }
    }
    round.end()
}

/// What a round over all beacons came to.
#[derive(Debug, Default)]
struct Round {
    beacons: usize,
    looked: usize,
    /// Watched by somebody else, or not to be asked yet.
    left: usize,
    waiting: u64,
    held: u64,
    taken: usize,
    sent: usize,
    offline: Vec<String>,
    gone: Vec<String>,
    failed: Vec<String>,
    /// What could not be done, or should be known.
    remarks: Vec<String>,
}

impl Round {
    fn count(&mut self, name: String, look: &Look) {
        self.looked += 1;
        self.waiting += look.waiting.messages;
        self.held += look.waiting.held;
        self.taken += look.pulled.as_ref().map_or(0, |p| p.files.len());
        self.sent += look.pushed.as_ref().map_or(0, |p| p.files.len());
        self.remarks.extend(look.remarks.iter().map(|remark| format!("{name}: {remark}")));
        if look.offline.is_some() {
            self.offline.push(name);
        }
    }

    fn end(self) -> Result<String, OpError> {
        if self.beacons == 0 {
            return Ok("no working tree has a beacon; `craft beacon init` makes one a side of it".into());
        }
        if self.looked == 0 && !self.failed.is_empty() {
            return Err(OpError::refused(self.failed.join("; ")));
        }
        let [waiting, held] = [self.waiting, self.held].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let mut said = vec![match self.looked {
            0 => "nothing to look at".to_owned(),
            looked => format!("looked at {}", counted(looked, "beacon")),
        }];
        let counts = [
            (waiting, "message", "waiting"),
            (held, "message", "not accepted"),
            (self.taken, "file", "taken in"),
            (self.sent, "file", "sent"),
        ];
        said.extend(
            counts.iter().filter(|(n, ..)| *n > 0).map(|(n, what, did)| format!("{} {did}", counted(*n, what))),
        );
        if self.left > 0 {
            said.push(format!("{} left to whoever watches, or for later", counted(self.left, "beacon")));
        }
        let named = [("offline", self.offline), ("the working tree is gone", self.gone), ("failed", self.failed)];
        said.extend(
            named.iter().filter(|(_, names)| !names.is_empty()).map(|(what, n)| format!("{what}: {}", n.join(", "))),
        );
        said.extend(self.remarks);
        Ok(said.join("; "))
    }
}

/// A look after a sync at `at`, where that is one side of a beacon and the last look is long enough ago. What goes wrong
/// is said in `craft.log`.
pub fn after_sync(ctx: &Context, at: &Location) {
    let files = place::files(ctx, at);
    // Most repositories have none.
    if !files.beacon().exists() {
        return;
    }
    let looked = crate::config::policy::config_at(&ctx.layout, at).map_err(OpError::from).and_then(|config| {
        let interval = config.beacon.watch.interval_seconds.saturating_mul(1000);
        one(ctx, at, pause(interval, &mut |sides| ctx.dice().below(sides)))
    });
    let said = match looked {
        Ok(look) => look.map(|look| look.remarks).unwrap_or_default(),
        Err(error) => vec![error.to_string()],
    };
    for line in said {
        diagnostics::log(&ctx.layout, ctx.clock.as_ref(), "beacon", &line);
    }
}

/// `interval`, give or take a tenth, so that machines that began together do not go on together. `draw` is a number below
/// its argument.
pub fn pause(interval: Millis, draw: &mut dyn FnMut(u64) -> u64) -> Millis {
    let tenth = interval / 10;
    (interval - tenth).saturating_add(draw(tenth.saturating_mul(2).saturating_add(1)))
}

/// A look that nobody asked for, unless the last one was less than `window` ago, the remote is out of reach and to be
/// left alone, or somebody watches; `None` then.
fn one(ctx: &Context, at: &Location, window: Millis) -> Result<Option<Look>, OpError> {
    let Some(place) = Place::at(ctx, at, None, Trigger::Job)? else { return Ok(None) };
    let files = place.files(ctx);
    let Some(_guard) = lock::try_exclusive(&files.beacon_watch_lock(place.channel.as_str()), &sync::me(ctx, "look"))?
    else {
        return Ok(None);
    };
    let before = Waiting::read(&files.beacon_waiting()).unwrap_or_default();
    let now = ctx.clock.now_ms();
    let window = window.saturating_add(rest(&before, now, &mut ctx.dice()));
    if tick::claim(&files.beacon_tick(), now, window)? == Claim::TooSoon {
        return Ok(None);
    }
    let how = &place.config.beacon.watch;
    let look = look(ctx, &place, how.pull, how.push)?;
    notices::raise(ctx, at, &before, &look);
    Ok(Some(look))
}

/// How long a remote that cannot be reached is left alone: any time up to as long as it has been so.
fn rest(waiting: &Waiting, now: Millis, dice: &mut Dice) -> Millis {
    match waiting.offline_since {
        0 => 0,
        since => dice.below(now.saturating_sub(since).min(FURTHEST).saturating_add(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_the_interval_give_or_take_a_tenth() {
        let mut dice = Dice::seeded(1);
        let all: Vec<_> = (0..2_000).map(|_| pause(60_000, &mut |sides| dice.below(sides))).collect();
        assert!(all.iter().all(|ms| (54_000..=66_000).contains(ms)));
        assert!(all.iter().any(|ms| *ms < 55_000) && all.iter().any(|ms| *ms > 65_000));
        assert_eq!(pause(0, &mut |_| 0), 0);
    }

    #[test]
    fn a_remote_out_of_reach_is_left_alone_the_longer_the_longer_it_is_so() {
        let most = |since, now| {
            let waiting = Waiting { offline_since: since, ..Waiting::default() };
            (0..2_000).map(|seed| rest(&waiting, now, &mut Dice::seeded(seed))).max().unwrap()
        };
        assert_eq!(most(0, 1_000_000), 0);
        assert!((90_000..=100_000).contains(&most(900_000, 1_000_000)));
        assert!((FURTHEST - 100_000..=FURTHEST).contains(&most(1, 1 << 40)));
    }

    #[test]
    fn a_round_says_what_is_worth_a_line() {
        let said = |round: Round| round.end().unwrap();
        assert!(said(Round::default()).starts_with("no working tree has a beacon"));
        let round = Round {
            beacons: 4,
            looked: 2,
            waiting: 1,
            held: 2,
            taken: 3,
            gone: vec!["old".into()],
            failed: vec!["x: why".into()],
            ..Round::default()
        };
        assert_eq!(
            said(round),
            "looked at 2 beacons; 1 message waiting; 2 messages not accepted; 3 files taken in; the working tree is gone: old; failed: x: why"
        );
        let round = Round { beacons: 1, left: 1, ..Round::default() };
        assert_eq!(said(round), "nothing to look at; 1 beacon left to whoever watches, or for later");
        let broken = Round { beacons: 1, failed: vec!["x: why".into()], ..Round::default() };
        assert_eq!(broken.end().unwrap_err().message, "x: why");
    }
}
