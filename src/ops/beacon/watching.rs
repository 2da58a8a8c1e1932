//! Watching in the foreground: one look after another, with jitter and backoff, and what of them is worth a line. Clock,
//! dice, waiting and the looks themselves are passed in.

use std::collections::BTreeSet;
use std::time::Duration;

use super::watch::{self, Look, pause};
use crate::clock::Millis;
use crate::git::process;
use crate::ops::beacon::pull::Pulled;
use crate::ops::error::OpError;
use crate::state::beacon::Waiting;

/// Most that is waited beside the interval after failures, in milliseconds. Somebody has this in a terminal and wants to
/// see it come back; the job, of which nobody waits for anything, knows only since when the remote is out of reach and
/// lets it rest up to four times as long (`watch::rest`).
const FURTHEST: Millis = 15 * 60_000;
/// Between two looks, at least, however often files change: each is a conversation with the remote.
const BREATH: Millis = 5_000;

/// Why a wait has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// Its time is over.
    Time,
    /// Files have changed, and no more do.
    Files,
    /// Somebody wants it to end.
    End,
}

/// What is worth a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Messages wait, more than before or others.
    Waits(Waiting),
    /// Nothing waits any more.
    Drained,
    /// Something was taken in.
    Taken(Pulled),
    /// These files were sent.
    Sent(Vec<String>),
    /// These wait here to go out: the remote did not take them.
    Queued(Vec<String>),
    /// Messages that had waited went out.
    Delivered(usize),
    /// So many files have a conflict, more than before.
    Conflicts(u64),
    /// So many messages are not accepted, more than before.
    Held(u64),
    /// The remote cannot be reached.
    Offline(String),
    /// It can again.
    Back,
    /// Something could not be done.
    Remark(String),
}

/// Everything outside.
pub trait World {
    /// A clock that nobody sets.
    fn now_ms(&mut self) -> Millis;
    /// A number below `sides`.
    fn draw(&mut self, sides: u64) -> u64;
    /// Waits so long at most.
    fn wait(&mut self, ms: Millis) -> Woken;
    /// One look.
    ///
    /// # Errors
    /// What is no matter of the network.
    fn look(&mut self) -> Result<Look, OpError>;
    /// The files here that were changed, and that the next look would send. Nobody outside is asked.
    fn changed(&mut self) -> BTreeSet<String>;
    /// Says it. Whether anybody listens still.
    fn tell(&mut self, event: Event) -> bool;
}

/// Looks every `interval` until somebody wants it to end.
///
/// # Errors
/// What keeps the very first look from being done; later ones are told and tried again.
pub fn run(world: &mut dyn World, interval: Millis) -> Result<(), OpError> {
    let (mut seen, mut failures, mut first) = (Seen::default(), 0_u32, true);
    // What a look was to send and did not: saved again, it waits for the next regular look.
    let (mut wanted, mut stuck) = (BTreeSet::new(), BTreeSet::new());
    loop {
        stuck.append(&mut wanted);
        let events = match world.look() {
            Ok(look) => {
                failures = if look.offline.is_some() { failures.saturating_add(1) } else { 0 };
                for file in look.pushed.iter().flat_map(|pushed| &pushed.files) {
                    stuck.remove(file);
                }
                seen.events(look)
            }
            Err(error) if first => return Err(error),
            Err(error) => {
                failures = failures.saturating_add(1);
                seen.remarks(vec![watch::sentence(error)])
            }
        };
        first = false;
        for event in events {
            if !world.tell(event) {
                return Ok(());
            }
        }
        let looked = world.now_ms();
        let due = looked.saturating_add(until_next(world, interval, failures));
        loop {
            let (now, earliest) = (world.now_ms(), looked.saturating_add(BREATH));
            let until = if wanted.is_empty() { due } else { due.min(earliest) };
            let left = until.saturating_sub(now);
            if left == 0 {
                break;
            }
            match world.wait(left) {
                Woken::End => return Ok(()),
                Woken::Time => break,
                // What was taken in changes files too, and a remote out of reach is not asked more often for it.
                Woken::Files if failures == 0 && wanted.is_empty() => {
                    wanted = world.changed();
                    if wanted.is_subset(&stuck) {
                        wanted.clear();
                    }
                }
                Woken::Files => {}
            }
        }
    }
}

/// Ends all that a look has started, for a process that is about to exit in the middle of it. See [`process::end_all`].
pub fn abandon(patience: Duration) {
    process::end_all(patience);
}

/// The interval, and after failures any time up to twice as much each time: full jitter, so that those who failed
/// together do not come back together.
fn until_next(world: &mut dyn World, interval: Millis, failures: u32) -> Millis {
    let usual = pause(interval, &mut |sides| world.draw(sides));
    if failures == 0 {
        return usual;
    }
    let bound = interval.saturating_mul(1_u64.checked_shl(failures - 1).unwrap_or(u64::MAX)).min(FURTHEST);
    usual.saturating_add(world.draw(bound.saturating_add(1)))
}

/// What was told already.
#[derive(Debug, Default)]
pub struct Seen {
    waiting: Waiting,
    offline: bool,
    remarks: BTreeSet<String>,
}

impl Seen {
    /// What of a look is worth a line.
    pub fn events(&mut self, look: Look) -> Vec<Event> {
        let mut events = Vec::new();
        let was = std::mem::replace(&mut self.offline, look.offline.is_some());
        match look.offline {
            Some(why) if !was => events.push(Event::Offline(why)),
            None if was => events.push(Event::Back),
            _ => {}
        }
        let (before, now) = (&self.waiting, look.waiting);
        let sent = look.sent.map_or(0, |sent| sent.messages.len());
        // With the receipt of a pull all goes out that had waited for it.
        let with_it = if look.pulled.is_some() && sent == 0 { before.queued.saturating_sub(now.queued) } else { 0 };
        let sent = sent.saturating_add(usize::try_from(with_it).unwrap_or_default());
        events.extend((sent > 0).then_some(Event::Delivered(sent)));
        let taken = look.pulled.filter(|p| !p.messages.is_empty());
        if now.messages > 0 && (now.messages > before.messages || now.seq > before.seq) {
            events.push(Event::Waits(now.clone()));
        } else if now.messages == 0 && before.messages > 0 && taken.is_none() {
            events.push(Event::Drained);
        }
        events.extend(taken.map(Event::Taken));
        events.extend(look.pushed.filter(|p| !p.files.is_empty()).map(|p| match p.sent.waits {
            None => Event::Sent(p.files),
            Some(_) => Event::Queued(p.files),
        }));
        if now.conflicts > before.conflicts {
            events.push(Event::Conflicts(now.conflicts));
        }
        if now.held > before.held {
            events.push(Event::Held(now.held));
        }
        self.waiting = now;
        events.extend(self.remarks(look.remarks));
        events
    }

    /// Those that were not made at the last look already.
    fn remarks(&mut self, now: Vec<String>) -> Vec<Event> {
        // One trouble may keep several steps of a look from being done.
        let mut seen = BTreeSet::new();
        let new: Vec<_> = now.iter().filter(|r| seen.insert(*r) && !self.remarks.contains(*r)).cloned().collect();
        self.remarks = now.into_iter().collect();
        new.into_iter().map(Event::Remark).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;
    use crate::ops::beacon::push::Pushed;
    use crate::ops::beacon::send::Sent;

    /// A world in which nobody waits: the clock is moved by what is waited.
    struct Fake {
        now: Millis,
        dice: Dice,
        looks: Vec<Result<Look, OpError>>,
        looked_at: Vec<Millis>,
        /// When files change, and what of that is something to send.
        files: Vec<(Millis, &'static [&'static str])>,
        changed: &'static [&'static str],
        told: Vec<Event>,
        asked: usize,
    }

    impl Fake {
        fn new(looks: Vec<Result<Look, OpError>>) -> Self {
            let dice = Dice::seeded(3);
            Self { now: 0, dice, looks, looked_at: vec![], files: vec![], changed: &[], told: vec![], asked: 0 }
        }

        fn gaps(&self) -> Vec<Millis> {
            self.looked_at.windows(2).map(|w| w[1] - w[0]).collect()
        }
    }

    impl World for Fake {
        fn now_ms(&mut self) -> Millis {
            self.now
        }

        fn draw(&mut self, sides: u64) -> u64 {
            self.dice.below(sides)
        }

        fn wait(&mut self, ms: Millis) -> Woken {
            if self.looks.is_empty() {
                return Woken::End;
            }
            match self.files.first().copied() {
                Some((at, _)) if at <= self.now + ms => {
                    self.now = self.now.max(at);
                    self.changed = self.files.remove(0).1;
                    Woken::Files
                }
                _ => {
                    self.now += ms;
                    Woken::Time
                }
            }
        }

        fn look(&mut self) -> Result<Look, OpError> {
            self.looked_at.push(self.now);
            self.looks.remove(0)
        }

        fn changed(&mut self) -> BTreeSet<String> {
            self.asked += 1;
            self.changed.iter().map(|file| (*file).to_owned()).collect()
        }

        fn tell(&mut self, event: Event) -> bool {
            self.told.push(event);
            true
        }
    }

    fn waits(messages: u64, seq: u64) -> Look {
        Look { waiting: Waiting { messages, seq, ..Waiting::default() }, ..Look::default() }
    }

    fn offline() -> Look {
        Look { offline: Some("no route".into()), ..Look::default() }
    }

    #[test]
    fn there_is_one_look_an_interval_and_no_line_where_nothing_has_happened() {
        let mut world = Fake::new((0..200).map(|_| Ok(Look::default())).collect());
        run(&mut world, 60_000).unwrap();
        assert_eq!(world.looked_at.len(), 200);
        assert!(world.gaps().iter().all(|gap| (54_000..=66_000).contains(gap)));
        assert!(world.gaps().iter().collect::<BTreeSet<_>>().len() > 100, "they are not on a grid");
        assert_eq!(world.told, []);
    }

    #[test]
    fn each_event_is_told_once() {
        let looks =
            [waits(0, 0), waits(1, 4), waits(1, 4), waits(2, 5), waits(1, 5), waits(1, 6), waits(0, 0), waits(0, 0)];
        let mut world = Fake::new(looks.into_iter().map(Ok).collect());
        run(&mut world, 1000).unwrap();
        let told: Vec<_> = world
            .told
            .iter()
            .map(|event| match event {
                Event::Waits(w) => (w.messages, w.seq),
                Event::Drained => (0, 0),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told, [(1, 4), (2, 5), (1, 6), (0, 0)]);
    }

    #[test]
    fn a_remote_out_of_reach_is_told_when_it_goes_and_when_it_is_back_and_asked_less_and_less() {
        let looks = std::iter::once(waits(0, 0)).chain((0..40).map(|_| offline())).chain([waits(0, 0), waits(0, 0)]);
        let mut world = Fake::new(looks.map(Ok).collect());
        run(&mut world, 60_000).unwrap();
        assert_eq!(world.told, [Event::Offline("no route".into()), Event::Back]);
        let gaps = world.gaps();
        assert!(gaps[1] <= 66_000 + 60_000 && gaps.iter().all(|gap| *gap <= 66_000 + FURTHEST), "{gaps:?}");
        assert!(gaps[6..40].iter().max() > Some(&600_000), "{gaps:?}");
        assert!(gaps[41] <= 66_000, "once it is back all is as before");
    }

    #[test]
    fn files_that_change_are_sent_at_once_and_what_is_no_change_costs_nothing() {
        let mut world = Fake::new((0..3).map(|_| Ok(Look::default())).collect());
        world.files = vec![(5_000, &[]), (10_000, &["a"]), (11_000, &[])];
        run(&mut world, 60_000).unwrap();
        assert_eq!((world.asked, world.looked_at[1]), (3, 10_000));
        assert!(world.looked_at[2] >= 64_000, "the interval begins anew, and what is no change does not end it");
    }

    #[test]
    fn an_editor_that_saves_all_the_time_does_not_have_the_remote_asked_all_the_time() {
        let mut world = Fake::new((0..13).map(|_| Ok(sent("a"))).collect());
        world.files = (1..40).map(|n| (n * 1_500, &["a"][..])).collect();
        run(&mut world, 60_000).unwrap();
        assert!(world.gaps().iter().all(|gap| *gap >= 5_000), "{:?}", world.gaps());
        assert!(world.gaps().iter().take(5).all(|gap| *gap <= 6_500), "{:?}", world.gaps());
    }

    #[test]
    fn a_change_that_cannot_be_sent_has_no_look_at_each_save() {
        let mut world = Fake::new((0..4).map(|_| Ok(Look::default())).collect());
        world.files = (1..9).map(|n| (n * 6_000, &["a"][..])).collect();
        world.files.push((57_000, &["a", "b"]));
        run(&mut world, 600_000).unwrap();
        let at: Vec<_> = world.looked_at.iter().take(3).copied().collect();
        assert_eq!(at, [0, 6_000, 57_000], "once for a, and once more where b comes in");
        // What was sent after all counts again.
        let mut world = Fake::new(vec![Ok(Look::default()), Ok(Look::default()), Ok(sent("a")), Ok(Look::default())]);
        world.files = vec![(6_000, &["a"]), (80_000, &["a"])];
        run(&mut world, 60_000).unwrap();
        assert!(world.looked_at[1] == 6_000 && world.looked_at[2] >= 60_000, "{:?}", world.looked_at);
        assert_eq!(world.looked_at[3], 80_000);
    }

    fn sent(file: &str) -> Look {
        Look { pushed: Some(Pushed { files: vec![file.into()], ..Pushed::default() }), ..Look::default() }
    }

    #[test]
    fn files_that_change_while_the_remote_is_out_of_reach_wait_with_it() {
        let mut world = Fake::new(vec![Ok(offline()), Ok(Look::default())]);
        world.files = vec![(100_000, &["a"])];
        world.now = 1;
        run(&mut world, 60_000).unwrap();
        assert_eq!(world.asked, 0);
    }

    #[test]
    fn the_first_look_must_be_possible_and_later_ones_are_tried_again() {
        let denied = || Err(OpError::refused("denied"));
        let mut world = Fake::new(vec![denied()]);
        assert_eq!(run(&mut world, 1000).unwrap_err().message, "denied");
        let mut world = Fake::new(vec![Ok(waits(0, 0)), denied(), denied(), Ok(waits(0, 0)), denied()]);
        run(&mut world, 1000).unwrap();
        assert_eq!(world.told, [Event::Remark("denied".into()), Event::Remark("denied".into())]);
    }

    #[test]
    fn what_was_taken_in_and_sent_is_told_with_what_could_not_be_done() {
        let pulled = Pulled {
            messages: vec![crate::ops::beacon::pull::Heard {
                seq: 1,
                from: "Desktop".into(),
                note: "n".into(),
                time: String::new(),
            }],
            ..Pulled::default()
        };
        let look = Look {
            waiting: Waiting { conflicts: 1, held: 2, ..Waiting::default() },
            pulled: Some(pulled.clone()),
            pushed: Some(Pushed { files: vec!["a".into()], ..Pushed::default() }),
            remarks: vec!["r".into()],
            ..Look::default()
        };
        let mut seen = Seen { waiting: waits(1, 1).waiting, ..Seen::default() };
        let wanted = [
            Event::Taken(pulled),
            Event::Sent(vec!["a".into()]),
            Event::Conflicts(1),
            Event::Held(2),
            Event::Remark("r".into()),
        ];
        assert_eq!(seen.events(look), wanted);
        let queued = Waiting { queued: 2, ..Waiting::default() };
        let mut seen = Seen { waiting: queued, ..Seen::default() };
        let look = Look { pulled: Some(Pulled::default()), ..Look::default() };
        assert_eq!(seen.events(look), [Event::Delivered(2)], "what went out with the receipt");
        let mut seen = Seen::default();
        let waits = OpError::refused("no such folder");
        let queued = Pushed {
            files: vec!["b".into()],
            sent: Sent { waits: Some(waits), ..Sent::default() },
            ..Pushed::default()
        };
        let look = Look { pushed: Some(queued), remarks: vec!["s".into(), "s".into()], ..Look::default() };
        assert_eq!(seen.events(look), [Event::Queued(vec!["b".into()]), Event::Remark("s".into())]);
    }
}
