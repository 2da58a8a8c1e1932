//! Files of the beacon's folders that change, as the system tells.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::Signal;
use crate::ops::beacon::Place;

/// Tells when a file of the beacon's folders changes.
pub(super) struct Files {
    watcher: Option<RecommendedWatcher>,
    /// Folders that are watched already.
    folders: Vec<PathBuf>,
    pub(super) trouble: Option<String>,
}

impl Files {
    pub(super) fn new(place: &Place, signals: Sender<Signal>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Where something was missed there may have been a change.
            if event.map_or(true, |e| !matches!(e.kind, EventKind::Access(_)) && e.paths.iter().any(|p| is_meant(p))) {
                let _ = signals.send(Signal::Files);
            }
        });
        let trouble = watcher.as_ref().err().map(ToString::to_string);
        let mut files = Self { watcher: watcher.ok(), folders: Vec::new(), trouble };
        files.follow(place);
        files
    }

    /// Watches folders that have appeared since.
    pub(super) fn follow(&mut self, place: &Place) {
        let Some(watcher) = &mut self.watcher else { return };
        self.folders.retain(|folder| folder.is_dir());
        for folder in place.config.beacon.folders.iter().map(|f| place.at.worktree.join(f)) {
            if self.folders.contains(&folder) || !folder.is_dir() {
                continue;
            }
            match watcher.watch(&folder, RecursiveMode::Recursive) {
                Ok(()) => self.folders.push(folder),
                Err(error) => self.trouble = Some(error.to_string()),
            }
        }
    }
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
