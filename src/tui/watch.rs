//! Tells when one of some files changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Changes that come within this time are one.
const TOGETHER: Duration = Duration::from_millis(100);
/// How often everything is read where nothing tells of changes.
const POLL: Duration = Duration::from_secs(5);

/// Watches the folders in which the files lie: a file that is replaced is another one, and one that is not there yet
/// cannot be watched.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    /// What is watched, with what was said where that failed.
    folders: BTreeMap<PathBuf, Option<String>>,
    wanted: Arc<Mutex<BTreeSet<PathBuf>>>,
    trouble: Option<String>,
}

impl Watch {
    /// Calls `tell`, on a thread of its own, after one of the files has changed. None is watched yet.
    pub(super) fn new(tell: impl Fn() + Send + 'static) -> Self {
        let (tx, rx) = mpsc::channel();
        std::thread::spawn(move || {
            while rx.recv().is_ok() {
                std::thread::sleep(TOGETHER);
                while rx.try_recv().is_ok() {}
                tell();
            }
        });
        let wanted = Arc::new(Mutex::new(BTreeSet::new()));
        let watcher = notify::recommended_watcher(filter(Arc::clone(&wanted), tx));
        let trouble = watcher.as_ref().err().map(ToString::to_string);
        Self { watcher: watcher.ok(), folders: BTreeMap::new(), wanted, trouble }
    }

    /// Watches these from now on, files and folders. What is wrong, where something cannot be watched.
    pub(super) fn follow(&mut self, paths: &[PathBuf]) -> Option<String> {
        let folders: BTreeSet<PathBuf> = paths.iter().filter_map(|path| folder(path)).collect();
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = paths.iter().cloned().collect();
        if let Some(watcher) = &mut self.watcher {
            let gone: Vec<_> = self.folders.keys().filter(|f| !folders.contains(*f) || !f.is_dir()).cloned().collect();
            for folder in gone {
                // One that was removed is watched no more already.
                let _ = watcher.unwatch(&folder);
                self.folders.remove(&folder);
            }
            for folder in folders {
                self.folders
                    .entry(folder)
                    .or_insert_with_key(|f| watcher.watch(f, RecursiveMode::NonRecursive).err().map(|e| e.to_string()));
            }
        }
        let trouble = self.trouble.as_ref().or_else(|| self.folders.values().flatten().next());
        trouble.map(|why| format!("changes of files are not told ({why}); looking every {} s", POLL.as_secs()))
    }

    /// How often to look, where changes are not told.
    pub(super) fn poll_every(&self) -> Option<Duration> {
        (self.trouble.is_some() || self.folders.values().any(Option::is_some)).then_some(POLL)
    }
}

/// The folder in which a change of `path` is seen: the nearest that is there.
fn folder(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    path.ancestors().skip(1).find(|f| f.is_dir()).map(Path::to_owned)
}

/// Lets through what concerns one of the files. Reading them is told too, and we read them ourselves.
fn filter(
    wanted: Arc<Mutex<BTreeSet<PathBuf>>>,
    tx: Sender<()>,
) -> impl FnMut(Result<notify::Event, notify::Error>) + Send + 'static {
    move |event| {
        let concerns = match event {
            Ok(event) => {
                let read = match event.kind {
                    EventKind::Access(kind) => kind != AccessKind::Close(AccessMode::Write),
                    _ => false,
                };
                let wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
                !read && (event.need_rescan() || event.paths.iter().any(|path| is_wanted(&wanted, path)))
            }
            // Something was missed.
            Err(_) => true,
        };
        if concerns {
            let _ = tx.send(());
        }
    }
}

/// Whether `path` is one of the files, lies in one of the folders, or is on the way to one that is not there yet.
fn is_wanted(wanted: &BTreeSet<PathBuf>, path: &Path) -> bool {
    wanted.contains(path)
        || path.parent().is_some_and(|folder| wanted.contains(folder))
        || wanted.range(path.to_owned()..).next().is_some_and(|next| next.starts_with(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_watched_counts() {
        let wanted: BTreeSet<PathBuf> =
            ["/s/state.json", "/s/progress", "/s/log/journal.jsonl"].map(PathBuf::from).into();
        for path in ["/s/state.json", "/s/progress", "/s/progress/1.json", "/s/log", "/s/log/journal.jsonl"] {
            assert!(is_wanted(&wanted, Path::new(path)), "{path}");
        }
        for path in ["/s/other.json", "/s/state.json.tmp", "/s/log/craft.log", "/s/progress/1/deep", "/t"] {
            assert!(!is_wanted(&wanted, Path::new(path)), "{path}");
        }
    }

    #[test]
    fn where_changes_are_not_told_it_is_said_and_looked_at_now_and_then() {
        let mut watch = Watch::new(|| {});
        assert_eq!((watch.follow(&[]), watch.poll_every()), (None, None));
        watch.watcher = None;
        watch.trouble = Some("too many files".into());
        let said = watch.follow(&["/tmp/x".into()]).unwrap();
        assert_eq!(said, "changes of files are not told (too many files); looking every 5 s");
        assert_eq!(watch.poll_every(), Some(POLL));
    }

    #[test]
    fn files_that_are_replaced_made_and_removed_are_told_and_reading_is_not() {
        use crate::fs::atomic;
        let tmp = tempfile::tempdir().unwrap();
        let top = tmp.path().canonicalize().unwrap();
        let (tx, rx) = mpsc::channel();
        let mut watch = Watch::new(move || tx.send(()).unwrap_or_default());
        let (file, inner) = (top.join("a.json"), top.join("sub/b.json"));
        let paths = [file.clone(), inner.clone()];
        assert_eq!(watch.follow(&paths), None);
        let told = || rx.recv_timeout(Duration::from_secs(20)).expect("a change is told");
        atomic::create(&file, b"1").unwrap();
        told();
        atomic::replace(&file, b"2").unwrap();
        told();
        // A folder that comes later is watched once it is looked at.
        std::fs::create_dir(top.join("sub")).unwrap();
        told();
        assert_eq!(watch.follow(&paths), None);
        atomic::create(&inner, b"1").unwrap();
        told();
        std::fs::remove_file(&inner).unwrap();
        told();
        // What is read or not watched is not told: the next that is told is the change after it.
        let _ = std::fs::read(&file).unwrap();
        atomic::create(&top.join("other"), b"1").unwrap();
        assert_eq!(rx.recv_timeout(Duration::from_millis(300)), Err(mpsc::RecvTimeoutError::Timeout));
        std::fs::remove_file(&file).unwrap();
        told();
        assert_eq!(watch.poll_every(), None);
    }
}
