//! The rules over random lives of a machine: its clock is set to and fro, it sleeps, it boots, workers die and fail.

use proptest::prelude::*;

use super::every::{HOUR, MINUTE};
use super::*;
use crate::clock::{Millis, Uptime};
use crate::config::model::CatchUp;

const KIND: Kind = Kind::ExternalSync;
const NOON: i64 = 1_756_728_000_000;
/// What the rules take for a trimmed clock, once a look.
const TRIMMED: u64 = 2_000;

/// Something that happens.
#[derive(Debug, Clone)]
enum Event {
    /// Time passes, awake or asleep.
    Pass(u64),
    /// The clock is set.
    Set(i64),
    /// The machine boots.
    Boot,
    /// A worker starts, and its runs end so.
    Worker(End),
    /// Somebody types `reset`.
    Reset,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Well,
    Badly,
    NotAvailable,
    /// The worker dies, and everybody can see it.
    Death,
    /// It dies on another machine.
    Elsewhere,
}

fn event() -> impl Strategy<Value = Event> {
    let set = prop_oneof![-90_i64..=90, -10_000_i64..=10_000].prop_map(|minutes| minutes * 60_000);
    let end = prop_oneof![
        6 => Just(End::Well),
        2 => Just(End::Badly),
        1 => Just(End::NotAvailable),
        1 => Just(End::Death),
        1 => Just(End::Elsewhere),
    ];
    prop_oneof![
        4 => (0_u64..2 * HOUR).prop_map(Event::Pass),
        4 => (0_u64..10 * MINUTE).prop_map(Event::Pass),
        3 => set.prop_map(Event::Set),
        1 => Just(Event::Boot),
        10 => end.prop_map(Event::Worker),
        1 => Just(Event::Reset),
    ]
}

#[derive(Debug, Clone, Copy)]
struct Run {
    truth: u64,
    end: End,
    /// Which worker, counted.
    look: u64,
    /// Whether it made up for a missed one.
    made_up: bool,
    /// How often the clock was out of everybody's sight until then: set or booted.
    disturbed: u64,
    resets: u64,
}

struct World {
    truth: u64,
    offset: i64,
    booted: u64,
    boots: u64,
    /// Whether there is a clock that nobody can set.
    steady: bool,
    looks: u64,
    disturbed: u64,
    resets: u64,
    schedule: Schedule,
    terms: Terms,
    runs: Vec<Run>,
}

impl World {
    fn now(&self) -> Now {
        let wall = u64::try_from(NOON + self.offset + i64::try_from(self.truth).unwrap()).unwrap();
        let uptime = self.steady.then(|| Uptime { boot: self.boots.to_string(), ms: self.truth - self.booted });
        Now { wall, uptime }
    }

    fn happens(&mut self, event: &Event) {
        match *event {
            Event::Pass(ms) => self.truth += ms,
            Event::Set(by) => {
                self.offset += by;
                self.disturbed += u64::from(!self.steady);
            }
            Event::Boot => {
                self.boots += 1;
                self.booted = self.truth;
                // A clock that was set just before is believed after it.
                self.disturbed += 1;
            }
            Event::Worker(end) => self.worker(end),
            Event::Reset => {
                let now = self.now();
                self.schedule.reset(KIND, &now);
                self.resets += 1;
            }
        }
    }

    fn worker(&mut self, end: End) {
        self.looks += 1;
        let now = self.now();
        // Nobody lives beside this worker.
        self.schedule.settle(&now, &self.terms, |l| if l.host == "here" { Life::Dead } else { Life::Unknown });
        let host = if end == End::Elsewhere { "elsewhere" } else { "here" };
        let owner = Owner { pid: 1, pid_started: self.looks, host: host.into() };
        let mut count = 0;
        loop {
            let now = self.now();
            let claimed = self.schedule.claim_due(&now, &self.terms, &owner);
            self.schedule.stamp(&now);
            if claimed.is_none() {
                break;
            }
            count += 1;
            assert!(count <= self.terms.cap.max(1), "no more than the cap at once");
            let made_up = self.schedule.job(KIND).unwrap().missed > 1 || count > 1;
            let (disturbed, resets) = (self.disturbed, self.resets);
            self.runs.push(Run { truth: self.truth, end, look: self.looks, made_up, disturbed, resets });
            let ended = match end {
                End::Well => Ended::Success("done".into()),
                End::Badly => Ended::Failed("no".into()),
                End::NotAvailable => Ended::NotAvailable("nobody".into()),
                End::Death | End::Elsewhere => break,
            };
            let now = self.now();
            self.schedule.finish(KIND, &owner, &ended, &now).expect("it is its own run");
        }
        self.check();
    }

    fn check(&self) {
        let job = self.schedule.job(KIND).unwrap();
        let now = self.now().wall;
        assert_eq!(job.lease.is_some(), job.status == Status::Running);
        assert!(job.schedule.next_run.is_none_or(|next| next <= now + job.schedule.interval_ms.max(HOUR)), "{job:?}");
        assert_eq!(job.status == Status::Failed, job.lease.is_none() && self.schedule.next_look(now).is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn no_life_of_a_machine_runs_a_job_twice_or_loses_it(
        events in prop::collection::vec(event(), 1..60),
        minutes in 1_u64..120,
        steady: bool,
        catch_up in prop::sample::select(vec![CatchUp::Once, CatchUp::All, CatchUp::Skip]),
        cap in 0_u32..4,
    ) {
        let interval: Millis = minutes * MINUTE;
        let terms = Terms { catch_up, cap, max_retries: 3 };
        let mut world = World {
            truth: 0, offset: 0, booted: 0, boots: 0, steady, looks: 0, disturbed: 0, resets: 0,
            schedule: Schedule::default(), terms, runs: Vec::new(),
        };
        let now = world.now();
        world.schedule.settle(&now, &terms, |_| Life::Dead);
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != KIND) {
            world.schedule.pause(kind, &now);
        }
        world.schedule.set_interval(KIND, interval, &now);
        world.schedule.stamp(&now);
        for event in &events {
            world.happens(event);
        }
        for pair in world.runs.windows(2) {
            let (one, two) = (pair[0], pair[1]);
            let retry = !matches!(one.end, End::Well | End::NotAvailable);
            let excused = retry || two.made_up || one.disturbed != two.disturbed || one.resets != two.resets;
            let trimmed = TRIMMED * (two.look - one.look);
            prop_assert!(excused || two.truth - one.truth + trimmed >= interval, "twice: {one:?} {two:?}");
        }
        // From now on nothing goes wrong any more.
        let begun = world.truth;
        if world.schedule.job(KIND).unwrap().status == Status::Failed {
            world.happens(&Event::Reset);
        }
        let bound = interval.max(HOUR) + KIND.bound() + 2 * MINUTE + interval;
        while world.runs.last().is_none_or(|run| run.truth < begun || run.end != End::Well) {
            prop_assert!(world.truth - begun <= bound, "lost: {:?}", world.schedule.job(KIND));
            world.truth += MINUTE / 2;
            if world.schedule.job(KIND).unwrap().status == Status::Failed {
                world.happens(&Event::Reset);
            }
            world.worker(End::Well);
        }
    }
}
