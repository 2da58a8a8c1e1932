use super::every::{DAY, HOUR, MINUTE};
use super::model::Entry;
use super::*;
use crate::clock::{Millis, Uptime};
use crate::config::model::CatchUp;

const NOON: Millis = 1_756_728_000_000;
const QUARTER: Millis = 15 * MINUTE;
const KIND: Kind = Kind::AutoSyncRecovery;
const TERMS: Terms = Terms { catch_up: CatchUp::Once, cap: 5, max_retries: 3 };

fn at(wall: Millis) -> Now {
    Now { wall, uptime: None }
}

fn owner(pid: u32) -> Owner {
    Owner { pid, pid_started: 7, host: "here".into() }
}

fn done() -> Ended {
    Ended::Success("done".into())
}

/// A settled schedule in which nothing but [`KIND`] runs by itself.
fn schedule() -> Schedule {
    let mut schedule = Schedule::default();
    schedule.settle(&at(NOON), &TERMS, |_| Life::Lives);
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != KIND) {
        schedule.pause(kind, &at(NOON));
    }
    schedule
}

/// One that ran at noon and is due a quarter of an hour later.
fn ran_at_noon() -> Schedule {
    let mut schedule = schedule();
    run(&mut schedule, NOON, &TERMS, &done()).unwrap();
    schedule
}

/// Runs what is due, at once.
fn run(schedule: &mut Schedule, now: Millis, terms: &Terms, ended: &Ended) -> Option<Verdict> {
    schedule.settle(&at(now), terms, |_| Life::Lives);
    let claim = schedule.claim_due(&at(now), terms, &owner(1))?;
    assert_eq!(claim, Claim { kind: KIND, started: now });
    schedule.finish(KIND, &owner(1), ended, &at(now))
}

fn job(schedule: &Schedule) -> &Job {
    schedule.job(KIND).unwrap()
}

fn next(schedule: &Schedule) -> Option<Millis> {
    job(schedule).schedule.next_run
}

#[test]
fn a_new_schedule_has_the_eight_jobs_with_their_intervals_and_none_has_a_time_yet() {
    let mut schedule = Schedule::default();
    schedule.settle(&at(NOON), &TERMS, |_| Life::Lives);
    let found: Vec<_> =
        schedule.known().map(|j| (j.id.as_str(), j.schedule.interval_ms / MINUTE, j.schedule.enabled)).collect();
    assert_eq!(
        found,
        [
            ("external-sync", 15, true),
            ("external-pull", 60, false),
            ("discrepancy-check", 60, false),
            ("living-docs-sync", 30, false),
            ("notification-cleanup", 1440, true),
            ("log-rotation", 1440, true),
            ("auto-sync-recovery", 15, true),
            ("beacon-watch", 5, false),
        ]
    );
    assert!(schedule.known().all(|j| j.schedule.next_run.is_none() && j.schedule.max_retries == 3));
    let due: Vec<_> = schedule.known().filter(|j| j.is_due(NOON)).map(|j| j.kind).collect();
    assert_eq!(due, [Kind::ExternalSync, Kind::NotificationCleanup, Kind::LogRotation, Kind::AutoSyncRecovery]);
}

#[test]
fn a_job_is_due_one_interval_after_its_last_start_and_not_before() {
    let mut schedule = ran_at_noon();
    assert_eq!(next(&schedule), Some(NOON + QUARTER));
    assert_eq!(run(&mut schedule, NOON + QUARTER - 1, &TERMS, &done()), None);
    assert_eq!(run(&mut schedule, NOON + QUARTER, &TERMS, &done()), Some(Verdict::Goes));
    // Late by 5 minutes: the next is an interval after this one, not on the old grid.
    run(&mut schedule, NOON + 2 * QUARTER + 5 * MINUTE, &TERMS, &done()).unwrap();
    assert_eq!(next(&schedule), Some(NOON + 3 * QUARTER + 5 * MINUTE));
}

#[test]
fn a_run_longer_than_its_interval_leaves_an_interval_of_rest() {
    let mut schedule = schedule();
    schedule.claim_due(&at(NOON), &TERMS, &owner(1)).unwrap();
    schedule.finish(KIND, &owner(1), &done(), &at(NOON + 10 * MINUTE));
    assert_eq!(next(&schedule), Some(NOON + QUARTER));
    schedule.claim_due(&at(NOON + QUARTER), &TERMS, &owner(1)).unwrap();
    schedule.finish(KIND, &owner(1), &done(), &at(NOON + 3 * QUARTER));
    assert_eq!(next(&schedule), Some(NOON + 4 * QUARTER));
}

#[test]
fn missed_runs_are_made_up_for_as_the_configuration_says() {
    // Runs that follow at once when a session starts so much after the time, and when the next is due.
    let late = |minutes: u64| NOON + QUARTER + minutes * MINUTE;
    for (catch_up, cap, minutes, runs, then) in [
        (CatchUp::Once, 5, 0, 1, late(15)),
        (CatchUp::Once, 5, 600, 1, late(615)),
        (CatchUp::All, 5, 0, 1, late(15)),
        (CatchUp::All, 5, 14, 1, late(29)),
        (CatchUp::All, 5, 15, 2, late(30)),
        (CatchUp::All, 5, 59, 4, late(74)),
        (CatchUp::All, 5, 60, 5, late(75)),
        (CatchUp::All, 5, 6000, 5, late(6015)),
        (CatchUp::All, 0, 6000, 1, late(6015)),
        (CatchUp::Skip, 5, 0, 1, late(15)),
        (CatchUp::Skip, 5, 15, 1, late(30)),
        (CatchUp::Skip, 5, 16, 0, late(30)),
        (CatchUp::Skip, 5, 601, 0, late(615)),
    ] {
        let terms = Terms { catch_up, cap, ..TERMS };
        let mut schedule = ran_at_noon();
        let mut count = 0;
        while run(&mut schedule, late(minutes), &terms, &done()).is_some() {
            count += 1;
        }
        assert_eq!((count, next(&schedule)), (runs, Some(then)), "{catch_up:?} {cap} {minutes}");
    }
}

#[test]
fn what_is_not_available_is_no_success_no_failure_and_makes_up_for_nothing() {
    let terms = Terms { catch_up: CatchUp::All, ..TERMS };
    let mut schedule = ran_at_noon();
    let missing = Ended::NotAvailable("nothing does it yet".into());
    assert_eq!(run(&mut schedule, NOON + HOUR, &terms, &missing), Some(Verdict::Goes));
    assert_eq!(run(&mut schedule, NOON + HOUR, &terms, &missing), None);
    let job = job(&schedule);
    assert_eq!((job.status, job.last_result, job.schedule.retry_count), (Status::Idle, Some(Outcome::NotAvailable), 0));
    assert_eq!((job.last_error.as_deref(), job.last_message.as_deref()), (None, Some("nothing does it yet")));
    assert_eq!(next(&schedule), Some(NOON + HOUR + QUARTER));
}

#[test]
fn failures_are_tried_again_ever_later_then_the_job_waits_for_a_reset() {
    let failed = Ended::Failed("no".into());
    let mut schedule = schedule();
    assert_eq!(run(&mut schedule, NOON, &TERMS, &failed), Some(Verdict::Retries));
    assert_eq!(next(&schedule), Some(NOON + 30 * MINUTE));
    assert_eq!(run(&mut schedule, NOON + 30 * MINUTE, &TERMS, &failed), Some(Verdict::Retries));
    assert_eq!(next(&schedule), Some(NOON + 90 * MINUTE), "an hour at most");
    assert_eq!(run(&mut schedule, NOON + 90 * MINUTE, &TERMS, &failed), Some(Verdict::GaveUp));
    assert_eq!((job(&schedule).status, next(&schedule), schedule.next_look(NOON)), (Status::Failed, None, None));
    assert_eq!(run(&mut schedule, NOON + 30 * DAY, &TERMS, &failed), None);
    let again = Terms { max_retries: 9, ..TERMS };
    assert_eq!(run(&mut schedule, NOON + 30 * DAY, &again, &failed), None, "only a reset revives it");

    schedule.reset(KIND, &at(NOON + 30 * DAY));
    assert_eq!((job(&schedule).status, job(&schedule).last_error.as_deref()), (Status::Idle, None));
    assert_eq!(run(&mut schedule, NOON + 30 * DAY, &TERMS, &failed), Some(Verdict::Retries));
    assert_eq!(job(&schedule).last_error.as_deref(), Some("no"));
    let later = NOON + 30 * DAY + 30 * MINUTE;
    assert_eq!(run(&mut schedule, later, &TERMS, &done()), Some(Verdict::Recovered));
    assert_eq!((job(&schedule).schedule.retry_count, next(&schedule)), (0, Some(later + QUARTER)));
}

#[test]
fn a_daily_job_is_tried_again_within_the_hour() {
    let mut schedule = schedule();
    schedule.set_interval(KIND, DAY, &at(NOON));
    run(&mut schedule, NOON, &TERMS, &Ended::Failed("no".into())).unwrap();
    assert_eq!(next(&schedule), Some(NOON + HOUR));
}

#[test]
fn a_run_has_one_owner_and_one_that_died_makes_it_due_at_once_until_it_has_died_too_often() {
    let mut schedule = schedule();
    schedule.claim_due(&at(NOON), &TERMS, &owner(1)).unwrap();
    assert_eq!(schedule.next_look(NOON), Some(NOON + HOUR + MINUTE), "the end of the lease");
    assert_eq!(schedule.claim_due(&at(NOON), &TERMS, &owner(2)), None);
    assert_eq!(schedule.claim(KIND, &at(NOON), &owner(2)).unwrap_err().pid, 1);
    assert_eq!(schedule.finish(KIND, &owner(2), &done(), &at(NOON)), None, "it is not its run");
    // It lives, and the machine slept: nobody else runs it, and nobody asks at every prompt.
    let later = NOON + 7 * HOUR;
    assert_eq!(schedule.settle(&at(later), &TERMS, |_| Life::Lives), []);
    assert_eq!(schedule.claim_due(&at(later), &TERMS, &owner(2)), None);
    assert_eq!(schedule.next_look(later), Some(later + 5 * MINUTE));
    // On another machine the end of the lease decides.
    assert_eq!(schedule.settle(&at(later), &TERMS, |_| Life::Unknown), []);
    assert_eq!(
        schedule.settle(&at(later + 5 * MINUTE), &TERMS, |_| Life::Unknown),
        [(KIND, Verdict::Retries)],
        "the first death"
    );
    let mut now = later + 5 * MINUTE;
    for verdict in [Verdict::Retries, Verdict::GaveUp] {
        assert_eq!(next(&schedule), Some(now));
        assert_eq!(job(&schedule).last_result, Some(Outcome::Interrupted));
        schedule.claim_due(&at(now), &TERMS, &owner(3)).unwrap();
        now += 1;
        assert_eq!(schedule.settle(&at(now), &TERMS, |_| Life::Dead), [(KIND, verdict)]);
    }
    assert_eq!((job(&schedule).status, schedule.next_look(now)), (Status::Failed, None));
    assert_eq!(schedule.finish(KIND, &owner(3), &done(), &at(now)), None, "its lease is gone");
}

#[test]
fn who_runs_a_job_by_hand_takes_its_lease_and_a_failure_leaves_its_schedule_alone() {
    let mut schedule = ran_at_noon();
    let now = at(NOON + MINUTE);
    schedule.pause(KIND, &now);
    assert_eq!(job(&schedule).status, Status::Disabled);
    schedule.claim(KIND, &now, &owner(1)).unwrap();
    assert_eq!(job(&schedule).status, Status::Running);
    let failed = Ended::Failed("no".into());
    assert_eq!(schedule.finish(KIND, &owner(1), &failed, &now), Some(Verdict::Goes));
    let (status, retries) = (job(&schedule).status, job(&schedule).schedule.retry_count);
    assert_eq!((status, retries, next(&schedule)), (Status::Disabled, 0, Some(NOON + QUARTER)));
    assert_eq!(job(&schedule).last_error.as_deref(), Some("no"));
    schedule.resume(KIND, &now);
    schedule.claim(KIND, &now, &owner(1)).unwrap();
    assert_eq!(schedule.settle(&now, &TERMS, |_| Life::Dead), [(KIND, Verdict::Goes)]);
    assert_eq!((job(&schedule).status, next(&schedule)), (Status::Idle, Some(NOON + QUARTER)));
    // Success by hand is as good as any, and revives.
    for minutes in [15, 45, 105] {
        run(&mut schedule, NOON + minutes * MINUTE, &TERMS, &failed).unwrap();
    }
    assert_eq!(job(&schedule).status, Status::Failed);
    let now = at(NOON + 3 * HOUR);
    schedule.claim(KIND, &now, &owner(1)).unwrap();
    assert_eq!(schedule.finish(KIND, &owner(1), &done(), &now), Some(Verdict::Recovered));
    assert_eq!((job(&schedule).status, next(&schedule)), (Status::Idle, Some(NOON + 3 * HOUR + QUARTER)));
}

#[test]
fn a_pause_lets_a_run_end_and_a_job_keeps_its_time() {
    let mut schedule = ran_at_noon();
    let now = at(NOON + QUARTER);
    schedule.claim_due(&now, &TERMS, &owner(1)).unwrap();
    schedule.pause(KIND, &now);
    assert_eq!(job(&schedule).status, Status::Running);
    schedule.finish(KIND, &owner(1), &done(), &now).unwrap();
    assert_eq!((job(&schedule).status, schedule.next_look(NOON)), (Status::Disabled, None));
    assert_eq!(schedule.claim_due(&at(NOON + DAY), &TERMS, &owner(1)), None);
    schedule.resume(KIND, &now);
    assert_eq!((job(&schedule).status, next(&schedule)), (Status::Idle, Some(NOON + 2 * QUARTER)));
}

#[test]
fn another_interval_counts_from_the_last_start() {
    let mut schedule = ran_at_noon();
    schedule.set_interval(KIND, 2 * HOUR, &at(NOON + MINUTE));
    assert_eq!(next(&schedule), Some(NOON + 2 * HOUR));
    schedule.set_interval(KIND, MINUTE, &at(NOON + 5 * MINUTE));
    assert!(job(&schedule).is_due(NOON + 5 * MINUTE));
}

#[test]
fn a_clock_that_was_set_back_is_counted_from_anew_where_nothing_tells_by_how_much() {
    let mut schedule = ran_at_noon();
    let now = at(NOON - 30 * DAY);
    schedule.settle(&now, &TERMS, |_| Life::Lives);
    assert_eq!(next(&schedule), Some(now.wall + QUARTER));
    run(&mut schedule, now.wall + QUARTER, &TERMS, &Ended::Failed("no".into())).unwrap();
    schedule.settle(&at(NOON - 60 * DAY), &TERMS, |_| Life::Lives);
    assert_eq!(next(&schedule), Some(NOON - 60 * DAY + 30 * MINUTE), "a retry keeps its own bound");
    // A lease from the future is one of the longest at most.
    let mut schedule = ran_at_noon();
    schedule.claim_due(&at(NOON + QUARTER), &TERMS, &owner(1)).unwrap();
    let then = NOON - 30 * DAY;
    schedule.settle(&at(then), &TERMS, |_| Life::Unknown);
    assert_eq!(schedule.next_look(then), Some(then + HOUR + MINUTE));
}

#[test]
fn a_clock_that_was_set_moves_all_times_where_the_time_since_boot_tells_by_how_much() {
    let up = |boot: &str, ms| Some(Uptime { boot: boot.into(), ms });
    let began = |up: Option<Uptime>| {
        let mut schedule = ran_at_noon();
        schedule.stamp(&Now { wall: NOON, uptime: up });
        schedule
    };
    let minute = |n: u64| n * MINUTE;
    for (then, now, uptime, expected, why) in [
        (up("a", 0), NOON + minute(10), up("a", minute(10)), NOON + minute(15), "time has passed, awake or asleep"),
        (up("a", 0), NOON + DAY, up("a", minute(5)), NOON + DAY + minute(10), "set ahead: it is not due"),
        (up("a", 0), NOON - DAY, up("a", minute(5)), NOON - DAY + minute(10), "set back: it is not put off"),
        (up("a", 0), NOON - DAY, up("a", minute(20)), NOON - DAY - minute(5), "set back, and it is due"),
        (up("a", 0), NOON + 1_999, up("a", 0), NOON + minute(15), "trimmed"),
        (up("a", 0), NOON + DAY, up("b", minute(5)), NOON + minute(15), "another boot: the clock is believed"),
        (up("a", minute(9)), NOON + DAY, up("a", minute(5)), NOON + minute(15), "a container began anew"),
        (None, NOON + DAY, up("a", minute(5)), NOON + minute(15), "nothing was noted"),
    ] {
        let mut schedule = began(then);
        schedule.settle(&Now { wall: now, uptime }, &TERMS, |_| Life::Lives);
        assert_eq!(next(&schedule), Some(expected), "{why}");
    }
}

#[test]
fn the_next_look_is_the_earliest_time_of_a_job_that_can_run_or_the_end_of_a_lease() {
    let mut schedule = ran_at_noon();
    assert_eq!(schedule.next_look(NOON), Some(NOON + QUARTER));
    schedule.resume(Kind::BeaconWatch, &at(NOON));
    assert_eq!(schedule.next_look(NOON + 1), Some(NOON + 1), "one that never ran");
    schedule.pause(Kind::BeaconWatch, &at(NOON));
    schedule.pause(KIND, &at(NOON));
    assert_eq!(schedule.next_look(NOON), None);
}

#[test]
fn a_newer_programs_jobs_are_kept_and_the_same_type_twice_is_not() {
    let text = serde_json::json!({"version": 1, "jobs": [
        {"id": "tea", "type": "tea", "schedule": 7, "more": [null]},
        {"id": "x", "type": "beacon-watch", "schedule": {"intervalMs": 1, "enabled": true}},
        {"id": "y", "type": "beacon-watch", "schedule": {"intervalMs": u64::MAX, "enabled": false}},
    ], "lastUpdated": null});
    let mut schedule: Schedule = serde_json::from_value(text.clone()).unwrap();
    schedule.settle(&at(NOON), &TERMS, |_| Life::Lives);
    assert_eq!(schedule.jobs.len(), 9);
    assert_eq!(schedule.jobs[0], Entry::Foreign(text["jobs"][0].clone()));
    let beacon = schedule.job(Kind::BeaconWatch).unwrap();
    assert_eq!((beacon.id.as_str(), beacon.schedule.interval_ms, beacon.status), ("x", MINUTE, Status::Idle));
    let again: Schedule = serde_json::from_value(serde_json::to_value(&schedule).unwrap()).unwrap();
    assert_eq!(again, schedule);
}
