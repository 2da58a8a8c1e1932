//! Clones of one remote, in which anything happens: whatever it was, nothing is lost.
//!
//! Each world is drawn from a seed. A plan that fails is made shorter while it still fails, and printed
//! with what replays it. `scripts/chaos.sh` runs many worlds.

pub mod plan;
mod users;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::plan::{Change, Network, Plan, Spot, Step};
use self::world::World;
use crate::sync_kill::steps as kill_steps;

/// Steps of one world; long runs are many worlds, since what a repository costs grows with its history.
const STEPS: usize = 50;
/// How many shorter plans are tried.
const SHRINKS: usize = 40;

/// What happened, for the report.
#[derive(Debug, Default, Clone, Copy)]
pub struct Figures {
    pub steps: usize,
    pub syncs: usize,
    pub kills: usize,
    /// Those of them that fell into the middle of a checkout.
    pub torn: usize,
    /// Those of them at which git held the lock of a ref.
    pub snapped: usize,
    /// Syncs that met a remote that never answered.
    pub hung: usize,
    pub undone: usize,
    pub conflicts: usize,
    /// Times at which faults stopped and all clones came to be the same.
    pub agreements: usize,
    /// Objects that refs keep.
    pub kept: usize,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.syncs += other.syncs;
        self.kills += other.kills;
        self.torn += other.torn;
        self.snapped += other.snapped;
        self.hung += other.hung;
        self.undone += other.undone;
        self.conflicts += other.conflicts;
        self.agreements += other.agreements;
        self.kept += other.kept;
    }
}

/// Where a plan failed: the number of the step, and what did not hold.
struct Failure {
    at: usize,
    why: String,
}

fn play(plan: &Plan) -> Result<Figures, Failure> {
    let kills = kill_steps();
    let mut at = 0;
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(plan, &kills);
        for (number, step) in &plan.steps {
            at = *number;
            world.step(*number, step);
        }
        world.figures
    }));
    played.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Failure { at, why: text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default() }
    })
}

/// A shorter plan that still fails in `play`, as far as so many tries find one.
fn shrink(plan: &Plan, failure: Failure, play: impl Fn(&Plan) -> Option<Failure>) -> (Plan, Failure) {
    let upto: Vec<usize> = plan.numbers().into_iter().filter(|n| *n <= failure.at).collect();
    let (mut best, mut failure) = (plan.keep(&upto), failure);
    let mut tries = 0;
    let mut size = best.steps.len() / 2;
    while size > 0 && tries < SHRINKS {
        let mut from = 0;
        while from < best.steps.len() && tries < SHRINKS {
            let mut kept = best.numbers();
            kept.drain(from..(from + size).min(kept.len()));
            let shorter = best.keep(&kept);
            tries += 1;
            match play(&shorter) {
                Some(found) => (best, failure) = (shorter, found),
                None => from += size,
            }
        }
        size /= 2;
    }
    (best, failure)
}

/// Plays the world of a seed; a failure is shrunk and told.
#[track_caller]
fn survive(seed: u64, steps: usize, kept: Option<&[usize]>) -> Figures {
    let mut plan = Plan::new(seed, steps, kill_steps().len());
    if let Some(kept) = kept {
        plan = plan.keep(kept);
    }
    match play(&plan) {
        Ok(figures) => figures,
        Err(failure) => {
            let first = format!("at step {}: {}", failure.at, failure.why);
            let (short, failure) =
                if kept.is_some() { (plan, failure) } else { shrink(&plan, failure, |p| play(p).err()) };
            let list: String = short.steps.iter().map(|(n, step)| format!("{n:>6} {step:?}\n")).collect();
            let numbers: Vec<String> = short.numbers().iter().map(usize::to_string).collect();
            panic!(
                "the world of seed {seed} ({} clones) failed {first}\n\nshrunk, it fails at step {}: {}\n{list}\n\
                 replay: scripts/chaos.sh --seed {seed} --steps {steps}\n\
                 shrunk: scripts/chaos.sh --seed {seed} --steps {steps} --keep {}",
                short.clones,
                failure.at,
                failure.why,
                numbers.join(","),
            );
        }
    }
}

/// A world of the normal run.
fn short(seed: u64) {
    survive(seed, STEPS, None);
}

#[test]
fn nothing_is_lost_in_the_first_world() {
    short(1);
}

#[test]
fn nothing_is_lost_in_the_second_world() {
    short(2);
}

#[test]
fn nothing_is_lost_in_the_third_world() {
    short(3);
}

#[test]
fn nothing_is_lost_in_the_fourth_world() {
    short(4);
}

#[test]
fn a_plan_is_the_same_each_time_and_keeps_the_numbers_of_its_steps() {
    let plan = Plan::new(7, 60, 5);
    assert_eq!(format!("{plan:?}"), format!("{:?}", Plan::new(7, 60, 5)));
    assert_ne!(format!("{:?}", plan.steps), format!("{:?}", Plan::new(8, 60, 5).steps));
    let kept = plan.keep(&[3, 41]);
    assert_eq!(kept.numbers(), [3, 41]);
    assert_eq!(format!("{:?}", kept.steps[1]), format!("{:?}", plan.steps[41]));
}

#[test]
fn a_plan_that_fails_is_shrunk_to_the_steps_that_matter() {
    let fails = |plan: &Plan| {
        let numbers = plan.numbers();
        let failure = Failure { at: 31, why: String::new() };
        (numbers.contains(&7) && numbers.contains(&31)).then_some(failure)
    };
    let plan = Plan::new(1, 60, 5);
    let (short, failure) = shrink(&plan, fails(&plan).unwrap(), fails);
    assert_eq!((short.numbers(), failure.at), (vec![7, 31], 31));
}

#[test]
fn what_is_taken_from_a_user_is_noticed() {
    for (own, words) in [(true, "what only its user touches"), (false, "LOST")] {
        let write = Step::Edit { clone: 1, spot: Spot { own, pick: 0 }, change: Change::Binary };
        let plan = Plan { clones: 2, ..Plan::new(1, 0, 1) };
        let noticed = catch_unwind(|| {
            let mut world = World::new(&plan, &[]);
            world.step(0, &write);
            let folder = world.repo(1).join(if own { "own/1" } else { "shared" });
            std::fs::remove_file(folder.join("plain.txt")).unwrap();
            world.step(1, &Step::Network(Network::Fine));
        });
        let said = noticed.unwrap_err().downcast::<String>().unwrap();
        assert!(said.contains(words), "{said}");
    }
}

/// Run by `scripts/chaos.sh`, which says how long.
#[test]
#[ignore = "runs for as long as it is told to"]
fn nothing_is_lost_in_many_worlds() {
    let number = |name: &str, or: u64| std::env::var(name).map_or(or, |v| v.parse().expect("a number"));
    let (seed, steps) = (number("CRAFT_CHAOS_SEED", 1), number("CRAFT_CHAOS_STEPS", 1000) as usize);
    let kept = std::env::var("CRAFT_CHAOS_KEEP").ok().filter(|v| !v.is_empty());
    let kept: Option<Vec<usize>> = kept.map(|v| v.split(',').map(|n| n.parse().expect("a number")).collect());
    let mut all = Figures::default();
    for seed in seed.. {
        let left = steps - all.steps.min(steps);
        if left == 0 {
            break;
        }
        all.add(&survive(seed, left.min(200), kept.as_deref()));
        eprintln!(
            "seed {seed}: {} steps, {} syncs, {} kills survived ({} in a checkout, {} with the lock of a ref), {} hung, \
             {} undone, {} conflicts met, {} agreements, {} objects kept, lost bytes 0",
            all.steps,
            all.syncs,
            all.kills,
            all.torn,
            all.snapped,
            all.hung,
            all.undone,
            all.conflicts,
            all.agreements,
            all.kept
        );
        if kept.is_some() {
            break;
        }
    }
}
