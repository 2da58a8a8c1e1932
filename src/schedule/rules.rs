//! What is due, who may run it, and what follows from how a run ended.
//!
//! The wall clock is not to be trusted: it is set, it jumps, it is another one after a boot. Three rules cover that.
//! The document notes, beside the wall clock, a clock that nobody can set; what the two have come apart by since is
//! added to every time in it ([`Schedule::settle`]). Where that cannot be told (another boot, another machine), a time
//! that lies further ahead than any rule puts one is taken for the work of a wrong clock and counted anew from now. And
//! a lease is first judged by whether its owner lives, and by the clock only where that cannot be said.
//!
//! Runs have a fixed delay, not a fixed rate: the next one is due one interval after the start of the last, so that no
//! two come closer together than an interval.

use super::every::{HOUR, LONGEST, SHORTEST};
use super::model::{Entry, Job, Kind, Lease, Outcome, Schedule, Status};
use crate::clock::{Millis, Uptime};
use crate::config::model::{CatchUp, Scheduler};

/// A retry waits no longer than this.
pub const LONGEST_RETRY: Millis = HOUR;
/// How much longer than its bound a run's lease is: the time to end a run that is beyond it, and to write that down.
const GRACE: Millis = 60_000;
/// Clocks that came apart by less than this were not set, only trimmed.
const TRIMMED: u64 = 2_000;
/// Where an owner lives beyond its lease (the machine slept), it is looked at again after this.
const LOOK_AGAIN: Millis = 5 * 60_000;

/// This moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    /// By the wall clock.
    pub wall: Millis,
    /// By a clock that nobody can set, where there is one.
    pub uptime: Option<Uptime>,
}

/// What the configuration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// What is done about missed runs.
    pub catch_up: CatchUp,
    /// How many runs make up for missed ones at most.
    pub cap: u32,
    /// After so many failures in a row a job waits for `reset`.
    pub max_retries: u32,
}

impl From<&Scheduler> for Terms {
    fn from(scheduler: &Scheduler) -> Self {
        Self { catch_up: scheduler.catch_up, cap: scheduler.catch_up_cap, max_retries: scheduler.max_retries }
    }
}

/// Who wants to run a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The process.
    pub pid: u32,
    /// When it began, as the kernel counts; 0 where it is not known.
    pub pid_started: u64,
    /// The machine.
    pub host: String,
}

impl Lease {
    /// Whether it is `owner`'s.
    #[must_use]
    pub fn is_of(&self, owner: &Owner) -> bool {
        (self.pid, self.pid_started, &self.host) == (owner.pid, owner.pid_started, &owner.host)
    }
}

/// What is known of a lease's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It lives; nobody else may run the job, whatever the clock says.
    Lives,
    /// It has died.
    Dead,
    /// It is on another machine; the lease's end decides.
    Unknown,
}

/// A job that was claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Which.
    pub kind: Kind,
    /// When the run began.
    pub started: Millis,
}

/// How a run ended, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It did its work.
    Success(String),
    /// There is nothing yet that does its work.
    NotAvailable(String),
    /// It failed.
    Failed(String),
    /// The process that ran it died.
    Interrupted,
}

impl Ended {
    /// The end, without what was said.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Success(_) => Outcome::Success,
            Self::NotAvailable(_) => Outcome::NotAvailable,
            Self::Failed(_) => Outcome::Failed,
            Self::Interrupted => Outcome::Interrupted,
        }
    }

    /// What was said.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Success(said) | Self::NotAvailable(said) | Self::Failed(said) => said,
            Self::Interrupted => "the process that ran it died",
        }
    }
}

/// What the end of a run led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It runs again at its time.
    Goes,
    /// It did its work after it had failed: what was told of that has passed.
    Recovered,
    /// It is tried again sooner.
    Retries,
    /// It failed too often, and waits for `reset`.
    GaveUp,
}

impl Schedule {
    /// Makes the document true for this moment: every type has a job, times are moved with a clock that was set, and
    /// runs whose process died are over. What those led to, job by job.
    pub fn settle(&mut self, now: &Now, terms: &Terms, life: impl Fn(&Lease) -> Life) -> Vec<(Kind, Verdict)> {
        self.complete();
        self.follow_the_clock(now);
        let mut over = Vec::new();
        for job in self.known_mut() {
            job.schedule.max_retries = terms.max_retries;
            job.rein_in(now.wall);
            let Some(lease) = job.lease.as_mut() else { continue };
            let dead = match life(lease) {
                Life::Lives => {
                    if lease.expires <= now.wall {
                        lease.expires = now.wall.saturating_add(LOOK_AGAIN);
                    }
                    false
                }
                Life::Dead => true,
                Life::Unknown => lease.expires <= now.wall,
            };
            if dead {
                over.push((job.kind, job.end(&Ended::Interrupted, now.wall)));
            }
        }
        over
    }

    /// Notes when it was written. Last thing before it is.
    pub fn stamp(&mut self, now: &Now) {
        self.last_updated = Some(now.wall);
        self.uptime.clone_from(&now.uptime);
    }

    /// Claims the job that has been due for longest, if any is. Under `skip`, runs that were missed are passed over.
    pub fn claim_due(&mut self, now: &Now, terms: &Terms, owner: &Owner) -> Option<Claim> {
        if terms.catch_up == CatchUp::Skip {
            self.known_mut().for_each(|job| job.skip(now.wall));
        }
        let mut due: Vec<_> = self.known_mut().filter(|job| job.is_due(now.wall)).collect();
        due.sort_by_key(|job| job.schedule.next_run);
        let job = due.into_iter().next()?;
        if terms.catch_up == CatchUp::All && job.missed == 0 && job.schedule.retry_count == 0 {
            job.missed = job.misses(now.wall, terms.cap);
        }
        Some(job.take(now.wall, owner, false))
    }

    /// Claims a job for somebody who runs it by hand: due or not, paused, failed.
    ///
    /// # Errors
    /// Where it runs, with who runs it.
    pub fn claim(&mut self, kind: Kind, now: &Now, owner: &Owner) -> Result<Claim, Lease> {
        let Some(job) = self.job_mut(kind) else { return Ok(Claim { kind, started: now.wall }) };
        match &job.lease {
            Some(lease) => Err(lease.clone()),
            None => Ok(job.take(now.wall, owner, true)),
        }
    }

    /// Ends the run of a job; `None` where it is no longer `owner`'s to end.
    pub fn finish(&mut self, kind: Kind, owner: &Owner, ended: &Ended, now: &Now) -> Option<Verdict> {
        let job = self.job_mut(kind)?;
        job.lease.as_ref().filter(|lease| lease.is_of(owner))?;
        Some(job.end(ended, now.wall))
    }

    /// Lets a job rest until [`resume`](Self::resume). A run of it that is under way goes on.
    pub fn pause(&mut self, kind: Kind, now: &Now) {
        if let Some(job) = self.job_mut(kind) {
            job.schedule.enabled = false;
            job.missed = 0;
            job.settle_status(now.wall);
        }
    }

    /// Lets a job run by itself again, at the time that was set before it was paused.
    pub fn resume(&mut self, kind: Kind, now: &Now) {
        if let Some(job) = self.job_mut(kind) {
            job.schedule.enabled = true;
            job.settle_status(now.wall);
        }
    }

    /// Forgets the failures of a job: it is due at once, if it is not paused.
    pub fn reset(&mut self, kind: Kind, now: &Now) {
        if let Some(job) = self.job_mut(kind) {
            job.schedule.retry_count = 0;
            job.schedule.next_run = None;
            job.last_error = None;
            job.missed = 0;
            job.settle_status(now.wall);
        }
    }

    /// Sets how often a job runs. What is due later than that is due one interval after its last start.
    pub fn set_interval(&mut self, kind: Kind, interval: Millis, now: &Now) {
        if let Some(job) = self.job_mut(kind) {
            job.schedule.interval_ms = interval.clamp(SHORTEST, LONGEST);
            job.missed = 0;
            if job.schedule.retry_count == 0 && job.schedule.next_run.is_some() {
                let from = job.schedule.last_run.unwrap_or(now.wall).min(now.wall);
                job.schedule.next_run = Some(from + job.schedule.interval_ms);
            }
        }
    }

    /// When somebody has to look at it next: a job is due, or a lease ends. `None` is never.
    #[must_use]
    pub fn next_look(&self, now: Millis) -> Option<Millis> {
        self.known().filter_map(|job| job.next_look(now)).min()
    }

    /// One job of each type: missing ones are made, further ones of the same type go.
    fn complete(&mut self) {
        let mut seen = Vec::new();
        self.jobs.retain(|entry| match entry {
            Entry::Known(job) if seen.contains(&job.kind) => false,
            Entry::Known(job) => {
                seen.push(job.kind);
                true
            }
            Entry::Foreign(_) => true,
        });
        for kind in Kind::ALL.into_iter().filter(|kind| !seen.contains(kind)) {
            self.jobs.push(Entry::Known(Box::new(kind.job())));
        }
    }

    /// Moves all times by what the wall clock was moved since they were written.
    fn follow_the_clock(&mut self, now: &Now) {
        let (Some(then), Some(up_then), Some(up_now)) = (self.last_updated, &self.uptime, &now.uptime) else { return };
        // Of a container that was started anew the boot is the same, and its uptime begins again.
        if up_then.boot != up_now.boot || up_now.ms < up_then.ms {
            return;
        }
        let expected = then.saturating_add(up_now.ms - up_then.ms);
        if expected.abs_diff(now.wall) < TRIMMED {
            return;
        }
        let moved = |time: Millis| {
            if now.wall > expected {
                time.saturating_add(now.wall - expected)
            } else {
                time.saturating_sub(expected - now.wall)
            }
        };
        for job in self.known_mut() {
            job.schedule.next_run = job.schedule.next_run.map(moved);
            job.schedule.last_run = job.schedule.last_run.map(moved);
            if let Some(lease) = &mut job.lease {
                (lease.started, lease.expires) = (moved(lease.started), moved(lease.expires));
            }
        }
        self.last_updated = Some(now.wall);
    }
}

impl Job {
    /// Whether it is to run now.
    #[must_use]
    pub fn is_due(&self, now: Millis) -> bool {
        self.schedule.enabled && self.status == Status::Idle && self.schedule.next_run.is_none_or(|next| next <= now)
    }

    /// See [`Schedule::next_look`].
    #[must_use]
    pub fn next_look(&self, now: Millis) -> Option<Millis> {
        match (&self.lease, self.status) {
            (Some(lease), _) => Some(lease.expires),
            (None, Status::Idle) if self.schedule.enabled => Some(self.schedule.next_run.unwrap_or(now)),
            _ => None,
        }
    }

    /// How long a retry waits, after the failures there were.
    fn delay(&self) -> Millis {
        let doubled = 1_u64.checked_shl(self.schedule.retry_count).unwrap_or(u64::MAX);
        self.schedule.interval_ms.saturating_mul(doubled).min(LONGEST_RETRY)
    }

    /// Takes back what cannot be true, whoever wrote it: times that lie too far ahead, intervals out of bounds, a
    /// status that fits nothing.
    fn rein_in(&mut self, now: Millis) {
        self.schedule.interval_ms = self.schedule.interval_ms.clamp(SHORTEST, LONGEST);
        let interval = self.schedule.interval_ms;
        let ahead = if self.schedule.retry_count == 0 { interval } else { self.delay() };
        if self.schedule.next_run.is_some_and(|next| next > now.saturating_add(ahead)) {
            self.schedule.next_run = Some(now + ahead);
        }
        let bound = self.kind.bound() + GRACE;
        if let Some(lease) = &mut self.lease
            && lease.expires > now.saturating_add(bound)
        {
            (lease.started, lease.expires) = (now, now + bound);
        }
        self.settle_status(now);
    }

    /// The status that follows from the rest.
    fn settle_status(&mut self, now: Millis) {
        let status = if self.lease.is_some() {
            Status::Running
        } else if !self.schedule.enabled {
            Status::Disabled
        } else if self.has_failed() {
            Status::Failed
        } else {
            Status::Idle
        };
        if self.status != status {
            self.status = status;
            self.last_state_change = Some(now);
        }
    }

    /// Whether it waits for `reset`. A job that has not failed keeps its time.
    fn has_failed(&self) -> bool {
        self.schedule.retry_count > 0 && self.schedule.next_run.is_none()
    }

    fn take(&mut self, now: Millis, owner: &Owner, by_hand: bool) -> Claim {
        self.lease = Some(Lease {
            pid: owner.pid,
            pid_started: owner.pid_started,
            host: owner.host.clone(),
            started: now,
            expires: now.saturating_add(self.kind.bound() + GRACE),
            by_hand,
        });
        self.schedule.last_run = Some(now);
        if !by_hand {
            self.schedule.next_run = Some(now.saturating_add(self.schedule.interval_ms));
        }
        self.settle_status(now);
        Claim { kind: self.kind, started: now }
    }

    fn end(&mut self, ended: &Ended, now: Millis) -> Verdict {
        let lease = self.lease.take();
        let (started, by_hand) = lease.map_or((now, false), |lease| (lease.started.min(now), lease.by_hand));
        let had_failed = self.schedule.retry_count > 0;
        self.last_result = Some(ended.outcome());
        self.last_message = Some(ended.message().to_owned());
        let verdict = match ended {
            Ended::Success(_) | Ended::NotAvailable(_) => {
                self.last_error = None;
                self.schedule.retry_count = 0;
                self.missed = match ended {
                    Ended::Success(_) if !by_hand => self.missed.saturating_sub(1),
                    // What is not there does not make up for anything.
                    _ => 0,
                };
                let more = matches!(ended, Ended::Success(_)) && !by_hand && self.missed > 0;
                let next = started + self.schedule.interval_ms;
                self.schedule.next_run = Some(match next {
                    _ if more => now,
                    next if next > now => next,
                    // It took longer than its interval.
                    _ => now + self.schedule.interval_ms,
                });
                if had_failed && matches!(ended, Ended::Success(_)) { Verdict::Recovered } else { Verdict::Goes }
            }
            Ended::Failed(_) | Ended::Interrupted => {
                self.last_error = Some(ended.message().to_owned());
                match (by_hand, ended) {
                    // Who runs it by hand sees that it failed; its schedule is as it was.
                    (true, _) => Verdict::Goes,
                    (false, ended) => self.fail(now, *ended == Ended::Interrupted),
                }
            }
        };
        self.settle_status(now);
        verdict
    }

    /// One failure more. A run that died is begun again at once: nobody knows whether it was its own fault.
    fn fail(&mut self, now: Millis, at_once: bool) -> Verdict {
        self.schedule.retry_count = self.schedule.retry_count.saturating_add(1);
        if self.schedule.retry_count >= self.schedule.max_retries {
            self.schedule.next_run = None;
            self.missed = 0;
            return Verdict::GaveUp;
        }
        self.schedule.next_run = Some(if at_once { now } else { now.saturating_add(self.delay()) });
        Verdict::Retries
    }

    /// Passes over a run that is later than a whole interval; one that is a little late is still run.
    fn skip(&mut self, now: Millis) {
        let interval = self.schedule.interval_ms;
        let waits = self.is_due(now) && self.schedule.retry_count == 0;
        if let Some(next) = self.schedule.next_run.filter(|next| waits && now.saturating_sub(*next) > interval) {
            let missed = (now - next) / interval + 1;
            self.schedule.next_run = Some(next + missed * interval);
        }
    }

    /// How many runs stand for those that are due by now.
    fn misses(&self, now: Millis, cap: u32) -> u32 {
        let Some(next) = self.schedule.next_run else { return 0 };
        let due = now.saturating_sub(next) / self.schedule.interval_ms + 1;
        u32::try_from(due).unwrap_or(u32::MAX).min(cap.max(1))
    }
}
