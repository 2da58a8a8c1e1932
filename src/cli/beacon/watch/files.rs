//! Files of the beacon's folders that change, as the system tells.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::SystemTime;

use notify::{Config, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::Signal;
use crate::ops::beacon::Place;
use crate::ops::beacon::folders;

/// Which folder lies at a path. One that was taken away and made anew, as a checkout does, may have the number of the
/// former one, but not its birth.
type Which = (u64, u64, Option<SystemTime>);

/// Tells when a file of the beacon's folders changes.
pub(super) struct Files {
    watcher: Result<RecommendedWatcher, String>,
    /// Folders that are watched already.
    folders: BTreeMap<PathBuf, Which>,
    /// Why not all of them are.
    pub(super) trouble: Option<String>,
}

impl Files {
    pub(super) fn new(place: &Place, signals: Sender<Signal>) -> Self {
        let tell = move |event: notify::Result<notify::Event>| {
            // Where something was missed there may have been a change.
            if event.map_or(true, |e| !matches!(e.kind, EventKind::Access(_)) && e.paths.iter().any(|p| is_meant(p))) {
                let _ = signals.send(Signal::Files);
            }
        };
        // What a link of a repository leads to is not sent, may be the whole machine, and a user has few watches.
        let watcher = RecommendedWatcher::new(tell, Config::default().with_follow_symlinks(false));
        let mut files = Self { watcher: watcher.map_err(|e| e.to_string()), folders: BTreeMap::new(), trouble: None };
        files.follow(place);
        files
    }

    /// Watches folders that have appeared since, or are others than before.
    pub(super) fn follow(&mut self, place: &Place) {
        let watcher = match &mut self.watcher {
            Ok(watcher) => watcher,
            Err(why) => {
                self.trouble = Some(why.clone());
                return;
            }
        };
        let plain = place.config.beacon.folders.iter().filter(|folder| folders::is_plain(place, folder));
        let there: BTreeMap<_, _> = plain
            .map(|folder| place.at.worktree.join(folder))
            .filter_map(|path| which(&path).map(|which| (path, which)))
            .collect();
        self.folders.retain(|path, which| {
            let same = there.get(path) == Some(which);
            if !same {
                let _ = watcher.unwatch(path);
            }
            same
        });
        self.trouble = None;
        for (path, which) in there {
            if self.folders.contains_key(&path) {
                continue;
            }
            match watcher.watch(&path, RecursiveMode::Recursive) {
                Ok(()) => drop(self.folders.insert(path, which)),
                Err(error) => {
                    // Half a folder is of no use, and takes watches that others need.
                    let _ = watcher.unwatch(&path);
                    self.trouble = Some(error.to_string());
                }
            }
        }
    }
}

fn which(path: &Path) -> Option<Which> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    Some((meta.dev(), meta.ino(), meta.created().ok()))
}

/// Whether a path may be one that is sent: not a copy of theirs, and nothing that is on its way into its place.
fn is_meant(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = name.starts_with('.') && name.ends_with(".tmp");
    !temporary && !name.ends_with(".theirs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_its_way_and_copies_of_theirs_wake_nobody() {
        for (path, meant) in
            [("a/b.md", true), ("a/.b.md.12.3.tmp", false), ("a/b.md.theirs", false), ("a/.tmp", false)]
        {
            assert_eq!(is_meant(Path::new(path)), meant, "{path}");
        }
    }
}
