//! How far running work is, for whoever watches: one small file for each, there only while it runs.
//!
//! A thread of its own writes the file, at most ten times a second, and only of work that takes longer than a moment:
//! work never waits for it, and a sync that does nothing leaves no trace. It is never synced to the disk. What a
//! process that was killed leaves is told by the name of the file, which holds its id and when it began, and is taken
//! away by whoever publishes next.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::fs::atomic::{self, Durability};
use crate::fs::layout::Layout;
use crate::fs::{FsError, remove_optional};
use crate::queue;
use crate::state::session::{process_lives, process_started};

/// Work that ends sooner is not worth a file, and the file is not written more often than this.
const PAUSE: Duration = Duration::from_millis(100);

static SERIAL: AtomicU32 = AtomicU32::new(0);

/// Work that is being done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Format version; 1.
    pub version: u32,
    /// The process that does it.
    pub pid: u32,
    /// The machine.
    pub host: String,
    /// The working tree it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worktree: Option<PathBuf>,
    /// The job it is part of, where it is part of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What is being done: `fetch origin/main`.
    pub what: String,
    /// How far, in percent, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// When the work began.
    pub since: Millis,
    /// When this was written.
    pub at: Millis,
}

impl Progress {
    /// Work that begins now in this process.
    #[must_use]
    pub fn new(host: &str, worktree: Option<&Path>, job: Option<&str>, what: &str, now: Millis) -> Self {
        Self {
            version: 1,
            pid: std::process::id(),
            host: host.to_owned(),
            worktree: worktree.map(Path::to_owned),
            job: job.map(str::to_owned),
            what: what.to_owned(),
            percent: None,
            since: now,
            at: now,
        }
    }
}

/// Work under way, as [`list`] shows it until this is dropped.
#[derive(Debug)]
pub struct Publisher {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<Said>,
    changed: Condvar,
    folder: PathBuf,
    clean: fn(&str) -> String,
}

#[derive(Debug)]
struct Said {
    progress: Progress,
    /// Whether it is not on the disk yet.
    new: bool,
    over: bool,
}

impl Publisher {
    /// Begins what `progress` says. `clean` makes text from elsewhere safe to keep; it is called only for what is
    /// written.
    #[must_use]
    pub fn begin(layout: &Layout, progress: Progress, clean: fn(&str) -> String) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(Said { progress, new: true, over: false }),
            changed: Condvar::new(),
            folder: layout.progress(),
            clean,
        });
        let theirs = Arc::clone(&shared);
        // Without a thread nothing is shown, and the work is done all the same.
        let writer = std::thread::Builder::new().name("progress".into()).spawn(move || theirs.write()).ok();
        Self { shared, writer }
    }

    /// Says what is being done now, and how far it is in percent where that is known.
    pub fn say(&self, what: &str, percent: Option<u8>) {
        let mut said = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        if said.progress.what != what || said.progress.percent != percent {
            what.clone_into(&mut said.progress.what);
            said.progress.percent = percent.map(|p| p.min(100));
            said.new = true;
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).over = true;
        self.shared.changed.notify_all();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Shared {
    /// Writes what is new after each pause, until it is over.
    #[expect(clippy::disallowed_methods, reason = "what is measured is how long the work takes")]
    fn write(&self) {
        let begun = Instant::now();
        let me = std::process::id();
        let name = format!("{me}-{}-{}.json", process_started(me), SERIAL.fetch_add(1, Ordering::Relaxed));
        let path = self.folder.join(name);
        let mut shown = false;
        let mut said = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !said.over {
            let (guard, _) = self.changed.wait_timeout(said, PAUSE).unwrap_or_else(PoisonError::into_inner);
            said = guard;
            if said.over || !said.new || begun.elapsed() < PAUSE {
                continue;
            }
            said.new = false;
            let mut progress = said.progress.clone();
            drop(said);
            progress.what = (self.clean)(&progress.what);
            progress.at = progress.since.saturating_add(u64::try_from(begun.elapsed().as_millis()).unwrap_or(0));
            if !shown {
                sweep(&self.folder, &progress.host);
            }
            if let Ok(text) = serde_json::to_vec(&progress) {
                shown |= atomic::store(&path, &text, Durability::None).is_ok();
            }
            said = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        }
        drop(said);
        if shown {
            let _ = remove_optional(&path);
        }
    }
}

/// The work that is under way, oldest first. What processes of this machine left that have died is not among it.
///
/// # Errors
/// Where the folder is there and cannot be listed.
pub fn list(layout: &Layout, host: &str) -> Result<Vec<Progress>, FsError> {
    let paths = queue::files(&layout.progress())?;
    let mut found: Vec<Progress> = paths
        .iter()
        .filter_map(|path| {
            let progress: Progress = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
            // Of another machine's processes nothing can be said from here.
            (progress.host != host || owner(path).is_some_and(|(pid, began)| process_lives(pid, began)))
                .then_some(progress)
        })
        .collect();
    found.sort_by(|a, b| (a.since, a.pid, &a.what).cmp(&(b.since, b.pid, &b.what)));
    Ok(found)
}

/// Removes what processes of this machine left that have died.
fn sweep(folder: &Path, host: &str) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let dead = owner(&path).is_some_and(|(pid, began)| !process_lives(pid, began));
        // A file that is not whole belongs to nobody who could want it.
        let elsewhere = || {
            let read = std::fs::read(&path).ok();
            read.and_then(|bytes| serde_json::from_slice::<Progress>(&bytes).ok()).is_some_and(|p| p.host != host)
        };
        if dead && !elsewhere() {
            let _ = remove_optional(&path);
        }
    }
}

/// Whose file it is: process id, and when that process began. A new file beside one has the same name behind a dot.
fn owner(path: &Path) -> Option<(u32, u64)> {
    let name = path.file_name()?.to_str()?;
    let mut parts = name.trim_start_matches('.').split('-');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
        loop {
            if let Some(found) = look() {
                return found;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn work_is_shown_while_it_runs_and_leaves_nothing_behind() {
        let tmp = tempfile::tempdir().unwrap();
        let layout = Layout::at(tmp.path());
        let upper: fn(&str) -> String = str::to_uppercase;
        let begun = Progress::new("here", Some(Path::new("/r")), Some("log-rotation"), "fetch", 1_000);
        let work = Publisher::begin(&layout, begun.clone(), upper);
        let first = wait_for(|| list(&layout, "here").unwrap().pop());
        assert_eq!((first.what.as_str(), first.percent, first.since), ("FETCH", None, 1_000));
        assert_eq!((first.worktree.as_deref(), first.job.as_deref()), (Some(Path::new("/r")), Some("log-rotation")));
        assert!(first.at >= 1_100, "not before it has taken a moment");
        work.say("push", Some(200));
        let second = wait_for(|| list(&layout, "here").unwrap().pop().filter(|p| p.what == "PUSH"));
        assert_eq!(second.percent, Some(100));
        drop(work);
        assert_eq!(std::fs::read_dir(layout.progress()).unwrap().count(), 0);
        drop(Publisher::begin(&layout, begun, upper));
        assert_eq!(std::fs::read_dir(layout.progress()).unwrap().count(), 0);
    }

    #[test]
    fn what_the_dead_left_is_not_shown_and_goes() {
        let tmp = tempfile::tempdir().unwrap();
        let layout = Layout::at(tmp.path());
        let me = std::process::id();
        let began = process_started(me);
        let progress = |host: &str| Progress::new(host, None, None, "push", 1);
        for (name, host) in [
            (format!("{me}-{began}-9.json"), "here"),
            (format!("{me}-{}-9.json", began + 1), "here"),
            ("4194305-1-1.json".into(), "here"),
            ("4194305-2-1.json".into(), "elsewhere"),
            (".4194305-1-1.json.4194305.0.tmp".into(), "here"),
            ("rubbish.json".into(), "here"),
        ] {
            let text = serde_json::to_vec(&progress(host)).unwrap();
            atomic::create(&layout.progress().join(name), &text).unwrap();
        }
        let mut seen: Vec<_> = list(&layout, "here").unwrap().into_iter().map(|p| p.host).collect();
        seen.sort();
        assert_eq!(seen, ["elsewhere", "here"]);
        sweep(&layout.progress(), "here");
        let mut left: Vec<_> = std::fs::read_dir(layout.progress()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        let mine = format!("{me}-{began}-9.json");
        let mut expected = ["4194305-2-1.json", mine.as_str(), "rubbish.json"];
        expected.sort_unstable();
        assert_eq!(left, expected);
    }
}
