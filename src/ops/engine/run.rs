//! That a run is at work, and which gits it started: `<git common dir>/craft/run.json`, written before its first
//! git begins and blanked at its end. What a run that was killed leaves there tells the next one which locks can
//! only be those of gits that died with it.
//!
//! The file is written in place and never synced: it must cost nothing. Where a power cut loses it, a lock is
//! removed when it is old, as one of any other git is.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Engine, fail_point, journal};
use crate::context::Context;
use crate::fs::{lock, private};
use crate::git::command::Kind;
use crate::git::process;
use crate::state::session::process_started;
use crate::sync::outcome::End;

/// Bytes that hold any record; a host's name has at most 255.
const ROOM: usize = 1024;
/// How long a git that outlived its run is waited for, in steps.
const PATIENCE: (u32, Duration) = (100, Duration::from_millis(50));
/// Parts of a second in which the kernel counts when a process began (`USER_HZ`, proc_pid_stat(5)).
const TICKS: u64 = 100;

/// A git of ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Child {
    pid: u32,
    /// When it began, as the kernel counts, so that a number used again is noticed.
    started: u64,
}

impl Child {
    fn of(pid: u32) -> Self {
        Self { pid, started: process_started(pid) }
    }

    fn lives(self) -> bool {
        self.started != 0 && process_started(self.pid) == self.started
    }

    /// Whether it should have been ended `bound` after its start, had the run that started it lived.
    fn is_overdue(self, bound: Duration) -> bool {
        let age = process_started(std::process::id()).saturating_sub(self.started);
        age / TICKS > bound.as_secs()
    }
}

/// What is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    version: u32,
    /// Where its process ids mean something: the host, and the namespace of process ids there.
    machine: String,
    /// When it began by the clock of the filesystem, in nanoseconds since the epoch: a lock that is older is
    /// not of this run.
    pub(super) since: u64,
    /// The git that was started last to write here.
    local: Child,
    /// The git that was started last to talk to a remote; it may run beside the other.
    remote: Child,
}

impl Record {
    /// Whether its process ids are ours to look at.
    pub(super) fn is_of(&self, machine: &str) -> bool {
        self.machine == machine
    }
}

/// The record of the run that is at work, open to be written.
pub(super) struct Note {
    file: File,
    record: RefCell<Record>,
}

impl Note {
    /// Begins the record of a run; `since` is that of one before, whose locks are not settled yet.
    fn begin(common_dir: &Path, machine: String, since: Option<u64>) -> Option<Rc<Self>> {
        let file = private::options().write(true).create(true).truncate(false).open(file(common_dir)).ok()?;
        let record = Record { version: 1, machine, since: 0, local: Child::default(), remote: Child::default() };
        let note = Self { file, record: RefCell::new(record) };
        note.write();
        note.settled(since);
        Some(Rc::new(note))
    }

    /// From now on only what is younger than `since`, or than this very moment, may be of this run.
    fn settled(&self, since: Option<u64>) {
        let now = || self.file.metadata().map_or(u64::MAX, |meta| nanoseconds(&meta));
        self.record.borrow_mut().since = since.unwrap_or_else(now);
        self.write();
    }

    fn started(&self, pid: u32, kind: Kind) {
        let child = Child::of(pid);
        match kind {
            Kind::Network => self.record.borrow_mut().remote = child,
            _ => self.record.borrow_mut().local = child,
        }
        self.write();
    }

    fn write(&self) {
        let text = serde_json::to_string(&*self.record.borrow()).unwrap_or_default();
        self.put(&text);
    }

    fn put(&self, text: &str) {
        // Failing to write it fails nothing: then the age of a lock decides.
        let _ = self.file.write_all_at(format!("{text:ROOM$}").as_bytes(), 0);
    }
}

/// When a file was written last, in nanoseconds since the epoch.
pub(super) fn nanoseconds(meta: &std::fs::Metadata) -> u64 {
    let seconds = u64::try_from(meta.mtime()).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(meta.mtime_nsec()).unwrap_or(0))
}

fn file(common_dir: &Path) -> PathBuf {
    journal::folder(common_dir).join("run.json")
}

/// Whether a run of ours was killed in this repository and nobody has come by since. Told without touching the lock:
/// to try it could turn a worker away. Where a run is at work this very moment the answer may be wrong, which costs a
/// sync that finds nothing to do.
pub(crate) fn was_killed(ctx: &Context, common_dir: &Path) -> bool {
    let left = journal::read(common_dir).is_some() || read(common_dir).is_some_and(|r| r.is_of(&machine(&ctx.host)));
    left && at_work(ctx, common_dir).is_none()
}

/// Who is at work in a repository, as far as can be told without touching its lock. In many containers a process
/// that has ended stays in the list of processes, since nobody waits for it; it holds nothing any more.
pub(crate) fn at_work(ctx: &Context, common_dir: &Path) -> Option<lock::Holder> {
    let ended = |pid| Path::new("/proc/self").exists() && process_started(pid) == 0;
    lock::living_holder(&journal::lock_file(common_dir), &ctx.host).filter(|holder| !ended(holder.pid))
}

fn read(common_dir: &Path) -> Option<Record> {
    serde_json::from_slice(&std::fs::read(file(common_dir)).ok()?).ok()
}

/// This machine, as far as its process ids reach. Two containers may share a repository and a host's name.
fn machine(host: &str) -> String {
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{host} {}", namespace.display()).trim_end().to_owned()
}

impl Engine<'_> {
    /// Begins a run: settles first what an earlier one was killed in. The caller holds the repository's lock,
    /// so that no other run of ours lives.
    pub(super) fn begin_run(&mut self) -> Result<(), End> {
        let machine = machine(&self.ctx.host);
        let former = read(&self.at.common_dir);
        if let Some(former) = former.as_ref().filter(|f| f.is_of(&machine)) {
            self.await_orphans(former)?;
        }
        self.run = Note::begin(&self.at.common_dir, machine.clone(), former.as_ref().map(|f| f.since));
        self.hear_starts();
        fail_point(self.ctx, "run-begun");
        self.recover()?;
        fail_point(self.ctx, "run-recovered");
        if former.is_some() {
            self.remove_copies();
        }
        if let Some(former) = former
            && self.clear_locks(Some(&former).filter(|f| f.is_of(&machine)))
            && let Some(run) = &self.run
        {
            run.settled(None);
        }
        Ok(())
    }

    /// Ends a run. What a git that had to be stopped left behind goes; as long as it cannot, the record stays
    /// for the next run.
    pub(super) fn end_run(&mut self) {
        let Some(run) = self.run.clone() else { return };
        fail_point(self.ctx, "run-done");
        let stopped = self.stopped_record();
        if stopped.is_none() || self.clear_locks(stopped.as_ref()) {
            run.put("");
        }
        self.git.tell_starts(|_, _| {});
        self.run = None;
    }

    /// Notes every git that is started from here on, in the record of the run, and lets them sync what they write.
    pub(super) fn hear_starts(&self) {
        super::sync_writes(self.git, &self.reads);
        if let Some(run) = self.run.clone() {
            self.git.tell_starts(move |pid, kind| run.started(pid, kind));
        }
    }

    /// What this run has noted of itself, where one of its gits had to be stopped.
    pub(super) fn stopped_record(&self) -> Option<Record> {
        self.run.as_ref().filter(|_| self.git.had_to_be_stopped()).map(|run| run.record.borrow().clone())
    }

    /// A git that outlived the run that started it may still be writing. It is waited for; where it should have
    /// been ended at its bound, it is ended now. One that talks to a remote disturbs nobody before that.
    fn await_orphans(&self, former: &Record) -> Result<(), End> {
        let bounds = &self.job.config.limits;
        for (child, seconds) in [(former.local, bounds.commit_seconds), (former.remote, bounds.network_seconds)] {
            if child.lives() && child.is_overdue(Duration::from_secs(seconds)) {
                process::end_orphan(child.pid, || child.lives());
            }
        }
        for _ in 0..PATIENCE.0 {
            if !former.local.lives() {
                return Ok(());
            }
            std::thread::sleep(PATIENCE.1);
        }
        let reason = format!("a git of an earlier, interrupted sync is still running (process {})", former.local.pid);
        Err(End::Busy { reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_tells_an_open_run_from_one_that_ended_and_keeps_both_gits() {
        let tmp = tempfile::tempdir().unwrap();
        private::folder(&journal::folder(tmp.path())).unwrap();
        assert!(read(tmp.path()).is_none());
        let note = Note::begin(tmp.path(), machine("here"), None).unwrap();
        let me = std::process::id();
        note.started(me, Kind::Network);
        note.started(4_194_305, Kind::Write);
        let open = read(tmp.path()).unwrap();
        assert!(open.is_of(&machine("here")) && !open.is_of(&machine("elsewhere")));
        assert!(open.remote.lives() && !open.local.lives());
        assert!(!open.remote.is_overdue(Duration::from_secs(1)), "it is as old as this process");
        assert!(Child { started: 1, ..open.remote }.is_overdue(Duration::ZERO));
        let later = tmp.path().join("later");
        File::create(&later).unwrap();
        assert!(open.since > 0 && nanoseconds(&later.metadata().unwrap()) >= open.since);
        let carried = Note::begin(tmp.path(), machine("here"), Some(open.since)).unwrap();
        assert_eq!(read(tmp.path()).unwrap().since, open.since);
        carried.put("");
        assert!(read(tmp.path()).is_none());
    }
}
