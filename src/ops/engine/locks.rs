//! Lock files that gits of ours left when they were killed: which they can be, and whether anybody still stands
//! behind one. What is in doubt stays.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Engine;
use super::run::{Record, nanoseconds};
use crate::locate::Location;
use crate::sync::outcome::End;
use crate::sync::quote;

/// Files in the common folder that gits of ours make outside of the journal, and that stop the next git as long
/// as they are there. `packed-refs.new` is no lock, but git makes it only where there is none.
const COMMON: [&str; 4] = ["packed-refs.lock", "packed-refs.new", "config.lock", "shallow.lock"];
/// Folders below which they lock refs: what is fetched, tags that come along, and our own. Branches are only
/// touched with the journal open.
const REFS: [&str; 4] = ["refs/remotes", "refs/tags", "refs/craft", "reftable"];
/// A lock of a tool that is no git lasts for milliseconds. One that is still there after this time does not.
const GLANCE: Duration = Duration::from_millis(200);

impl Engine<'_> {
    /// Removes the locks that only gits of the run in `record` can have left, and those that are old, where no
    /// process stands behind them. Whether none is left that may be of that run.
    ///
    /// Without the journal a git of ours locks nothing but what [`COMMON`] and [`REFS`] name. A lock that is
    /// younger than the run, while no git is at work in any working tree of the repository, is of a git that died
    /// since the run began: ours, which did not outlive it or had to be stopped.
    pub(super) fn clear_locks(&mut self, record: Option<&Record>) -> bool {
        let of_run = |meta: &std::fs::Metadata| record.is_some_and(|r| nanoseconds(meta) >= r.since);
        let seen: Vec<_> = candidates(&self.at.common_dir)
            .into_iter()
            .filter_map(|lock| Some((std::fs::symlink_metadata(&lock).ok()?, lock)))
            .filter(|(meta, _)| meta.is_file() && (of_run(meta) || self.is_stale(meta)))
            .collect();
        if seen.is_empty() {
            return true;
        }
        std::thread::sleep(GLANCE);
        let mut settled = true;
        for (meta, lock) in seen {
            let same = std::fs::symlink_metadata(&lock).is_ok_and(|now| is_same(&now, &meta));
            if same && is_held(self, &lock) {
                settled &= !of_run(&meta);
            } else if same && std::fs::remove_file(&lock).is_ok() {
                self.remarks.push(format!("removed the lock {} of a git that died", lock.display()));
            }
        }
        settled
    }
}

/// What it means that a lock is in the way, and what to do about it.
pub(super) fn in_the_way(lock: &Path) -> End {
    let reason = format!(
        "{} is there, so another git may be at work; where none is, `rm {}` helps",
        lock.display(),
        quote::path(lock)
    );
    End::Busy { reason }
}

/// The lock file that git names in its complaint: `Unable to create '/r/.git/index.lock': File exists.`
pub(super) fn named(complaint: &str) -> Option<&Path> {
    let (_, rest) = complaint.split_once("Unable to create '")?;
    let (path, _) = rest.split_once("': File exists")?;
    path.ends_with(".lock").then_some(Path::new(path))
}

fn is_same(now: &std::fs::Metadata, then: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    now.ino() == then.ino() && nanoseconds(now) == nanoseconds(then)
}

/// Locks that a git of ours may have made outside of the journal.
fn candidates(common_dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = COMMON.iter().map(|name| common_dir.join(name)).collect();
    let mut open: Vec<PathBuf> = REFS.iter().map(|name| common_dir.join(name)).collect();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(kind) if kind.is_file() && path.extension().is_some_and(|e| e == "lock") => found.push(path),
                _ => {}
            }
        }
    }
    found
}

/// Whether some process may still hold a lock file of the repository.
pub(super) fn is_held(engine: &Engine<'_>, lock: &Path) -> bool {
    if Path::new("/proc/self").exists() {
        return git_is_at_work(engine.at) || is_open(lock);
    }
    // Where processes cannot be looked at, only age tells.
    std::fs::symlink_metadata(lock).is_ok_and(|meta| !engine.is_stale(&meta))
}

/// Whether a git process works in the repository: one whose working folder is in it, or in another of its
/// working trees, since some locks are common to all; or one that was told of it by name (`--git-dir`,
/// `GIT_DIR`).
fn git_is_at_work(at: &Location) -> bool {
    let folders: Vec<_> = working_folders(at).iter().filter_map(|folder| identity(folder)).collect();
    let name = at.common_dir.as_os_str().as_encoded_bytes();
    processes().any(|process| {
        let is_git = std::fs::read_to_string(process.join("comm")).is_ok_and(|c| c.starts_with("git"));
        let names = |file: &str| std::fs::read(process.join(file)).is_ok_and(|text| contains(&text, name));
        is_git && (works_below(&process, &folders) || names("cmdline") || names("environ"))
    })
}

/// Whether the working folder of a process is one of `folders` or below it. Names would not do: to a process in
/// a container they mean something else.
fn works_below(process: &Path, folders: &[(u64, u64)]) -> bool {
    let mut folder = process.join("cwd");
    let mut below = None;
    while let Some(here) = identity(&folder) {
        if folders.contains(&here) {
            return true;
        }
        // Above the root is the root.
        if below.replace(here) == Some(here) {
            return false;
        }
        folder.push("..");
    }
    false
}

/// What tells a file from all others, whatever its name.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// Whether a process, git or not, has the file open.
fn is_open(lock: &Path) -> bool {
    let Ok(lock) = std::fs::canonicalize(lock) else { return false };
    processes().any(|process| {
        let files = std::fs::read_dir(process.join("fd")).into_iter().flatten().filter_map(Result::ok);
        files.into_iter().any(|fd| std::fs::read_link(fd.path()).is_ok_and(|to| to == lock))
    })
}

/// The folders of all processes that can be looked at, in `/proc`.
fn processes() -> impl Iterator<Item = PathBuf> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    all.filter(|p| p.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit)).map(|p| p.path())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|w| w == part)
}

/// The folders of a repository: its git folder, the main working tree and the linked ones
/// (gitrepository-layout(5): `worktrees/<id>/gitdir` names the `.git` file of each).
fn working_folders(at: &Location) -> Vec<PathBuf> {
    let mut folders = vec![at.worktree.clone(), at.common_dir.clone()];
    if at.common_dir.ends_with(".git") {
        folders.extend(at.common_dir.parent().map(Path::to_owned));
    }
    let linked = std::fs::read_dir(at.common_dir.join("worktrees")).into_iter().flatten().filter_map(Result::ok);
    let gitdirs = linked.filter_map(|entry| std::fs::read_to_string(entry.path().join("gitdir")).ok());
    folders.extend(gitdirs.filter_map(|text| Path::new(text.trim_end()).parent().map(Path::to_owned)));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_git_in_another_working_tree_of_the_repository_counts() {
        let tmp = tempfile::tempdir().unwrap();
        let common_dir = tmp.path().join("main/.git");
        std::fs::create_dir_all(common_dir.join("worktrees/linked")).unwrap();
        let gitdir = format!("{}\n", tmp.path().join("linked/.git").display());
        crate::fs::atomic::replace(&common_dir.join("worktrees/linked/gitdir"), gitdir.as_bytes()).unwrap();
        let worktree = tmp.path().join("third");
        let at = Location { git_dir: common_dir.join("worktrees/third"), common_dir: common_dir.clone(), worktree };
        let wanted = ["third", "main/.git", "main", "linked"].map(|name| tmp.path().join(name));
        assert_eq!(working_folders(&at), wanted);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_works_below_every_folder_above_its_own() {
        let here = std::env::current_dir().unwrap();
        let me = Path::new("/proc/self");
        let elsewhere = tempfile::tempdir().unwrap();
        for (folder, wanted) in [(here.as_path(), true), (Path::new("/"), true), (elsewhere.path(), false)] {
            assert_eq!(works_below(me, &[identity(folder).unwrap()]), wanted, "{}", folder.display());
        }
    }
}
