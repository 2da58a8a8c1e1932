use insta::assert_snapshot;

use super::*;
use crate::schedule::{Job, Lease};

const NOON: Millis = 1_756_728_000_000;
const MINUTE: Millis = 60_000;

fn look() -> Look {
    Look { now: NOON, ..Look::default() }
}

fn view(enabled: bool, change: impl Fn(&mut Job)) -> View {
    let jobs = Kind::ALL.map(|kind| {
        let mut job = kind.job();
        job.schedule.max_retries = 3;
        change(&mut job);
        JobView { due: job.is_due(NOON), job }
    });
    View { version: 1, enabled, catch_up: CatchUp::Once, jobs: jobs.into(), damaged: None }
}

#[test]
fn a_scheduler_that_is_off_says_so_and_how_to_switch_it_on() {
    assert_snapshot!(table(&view(false, |_| ()), &look()), @r"
    the scheduler is off, so no job runs by itself; `craft jobs enable` switches it on

    job                   state   every   last run  next run
    external-sync         idle    15 min  never     -
    external-pull         paused  1 h     never     -
    discrepancy-check     paused  1 h     never     -
    living-docs-sync      paused  30 min  never     -
    notification-cleanup  idle    1 day   never     -
    log-rotation          idle    1 day   never     -
    auto-sync-recovery    idle    15 min  never     -
    beacon-watch          paused  5 min   never     -
    ");
}

#[test]
fn each_job_tells_its_state_its_last_run_and_its_next() {
    let busy = |job: &mut Job| {
        let ran = |job: &mut Job, ago: u64, result: Outcome| {
            job.schedule.last_run = Some(NOON - ago * MINUTE);
            job.schedule.next_run = Some(NOON - ago * MINUTE + job.schedule.interval_ms);
            job.last_result = Some(result);
        };
        match job.kind {
            Kind::ExternalSync => {
                ran(job, 5, Outcome::NotAvailable);
                job.last_message = Some("no tracker can be connected yet".into());
            }
            Kind::NotificationCleanup => ran(job, 120, Outcome::Success),
            Kind::LogRotation => {
                ran(job, 30, Outcome::Failed);
                job.schedule.next_run = Some(NOON + 30 * MINUTE);
                job.schedule.retry_count = 1;
                job.last_error = Some("cannot append to \u{1b}[31mjournal: Is a directory".into());
            }
            Kind::AutoSyncRecovery => {
                ran(job, 1, Outcome::Success);
                job.status = Status::Running;
                let (started, expires) = (NOON - MINUTE, NOON + 60 * MINUTE);
                let host = "here".into();
                job.lease = Some(Lease { pid: 4242, pid_started: 1, host, started, expires, by_hand: false });
            }
            Kind::BeaconWatch => {
                ran(job, 90, Outcome::Interrupted);
                job.schedule.enabled = true;
                job.schedule.retry_count = 3;
                job.schedule.next_run = None;
                job.status = Status::Failed;
                job.last_error = Some("the process that ran it died".into());
            }
            _ => {}
        }
    };
    assert_snapshot!(table(&view(true, busy), &look()), @r"
    job                   state                   every   last run                  next run
    external-sync         idle                    15 min  5 min ago, not available  in 10 min
      no tracker can be connected yet
    external-pull         paused                  1 h     never                     -
    discrepancy-check     paused                  1 h     never                     -
    living-docs-sync      paused                  30 min  never                     -
    notification-cleanup  idle                    1 day   2 h ago, done             in 22 h
    log-rotation          retry 1 of 2            1 day   30 min ago, failed        in 30 min
      cannot append to \u{1b}[31mjournal: Is a directory
    auto-sync-recovery    running (process 4242)  15 min  begun 1 min ago           -
    beacon-watch          failed                  5 min   1 h ago, interrupted      -
      the process that ran it died; `craft jobs reset beacon-watch` revives it

    jobs that are due run when a session starts or a prompt is submitted; one run stands for all that were missed
    ");
    let narrow = Look { width: Some(80), ..look() };
    let text = table(&view(true, busy), &narrow);
    assert!(text.lines().all(|line| console::measure_text_width(line) <= 80), "{text}");
}
