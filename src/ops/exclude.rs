//! Keeping what is one person's out of a repository that others share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fs::lock::{self, FolderLock};
use crate::fs::{FsError, IoContext, atomic, read_optional};
use crate::git::repository::Repository;
use crate::locate::{Location, locate};

/// How long another command may be at that file.
const PATIENCE: Duration = Duration::from_secs(10);

/// Has git ignore `path`, a file or a folder that may not be there yet, in this clone only: a line in
/// `info/exclude`, unless it is ignored already. Outside of a repository there is nothing to do. Tells
/// whether a line was added.
///
/// # Errors
/// Where that file cannot be read or written.
pub fn keep_out_of_git(path: &Path) -> Result<bool, FsError> {
    let Some(place) = Place::of(path)? else { return Ok(false) };
    let _lock = place.lock()?;
    let ignored = Repository::open(&place.at).and_then(|repository| repository.ignores(&place.inside));
    let text = read_optional(&place.exclude)?.unwrap_or_default();
    let line = place.line();
    if matches!(ignored, Ok(true)) || text.split(|b| *b == b'\n').any(|l| l == line.as_bytes()) {
        return Ok(false);
    }
    let end = if text.is_empty() || text.ends_with(b"\n") { "" } else { "\n" };
    atomic::append(&place.exclude, format!("{end}{line}\n").as_bytes())?;
    Ok(true)
}

/// Takes the line that [`keep_out_of_git`] added away again, and nothing else.
///
/// # Errors
/// Where the file cannot be read or written.
pub fn let_into_git(path: &Path) -> Result<(), FsError> {
    let Some(place) = Place::of(path)? else { return Ok(()) };
    let _lock = place.lock()?;
    let Some(text) = read_optional(&place.exclude)? else { return Ok(()) };
    let line = place.line();
    let kept: Vec<_> =
        text.split_inclusive(|b| *b == b'\n').filter(|l| l.trim_ascii_end() != line.as_bytes()).collect();
    let kept = kept.concat();
    if kept == text { Ok(()) } else { atomic::replace(&place.exclude, &kept) }
}

/// A path in a repository, and the file in which this clone names what git ignores.
struct Place {
    at: Location,
    inside: PathBuf,
    exclude: PathBuf,
}

impl Place {
    fn of(path: &Path) -> Result<Option<Self>, FsError> {
        let Some(there) = path.ancestors().skip(1).find(|p| p.is_dir()) else { return Ok(None) };
        let Some(at) = locate(there) else { return Ok(None) };
        let folder = std::fs::canonicalize(there).at("read", there)?;
        let rest = path.strip_prefix(there).unwrap_or(path);
        let Ok(inside) = folder.join(rest).strip_prefix(&at.worktree).map(Path::to_owned) else { return Ok(None) };
        let exclude = at.common_dir.join("info/exclude");
        Ok(Some(Self { at, inside, exclude }))
    }

    /// All working trees of a repository share the file, and commands in several of them may write it at once.
    fn lock(&self) -> Result<FolderLock, FsError> {
        lock::folder(self.exclude.parent().unwrap_or(&self.at.common_dir), PATIENCE)
    }

    /// The pattern for this path and no other (gitignore(5)).
    fn line(&self) -> String {
        let plain = self.inside.to_string_lossy();
        let escaped = plain.chars().flat_map(|c| {
            let special = matches!(c, '\\' | '*' | '?' | '[');
            special.then_some('\\').into_iter().chain(std::iter::once(c))
        });
        format!("/{}", escaped.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_out_is_let_in_again_and_the_users_lines_stay() {
        let tmp = tempfile::tempdir().unwrap();
        let top = std::fs::canonicalize(tmp.path()).unwrap();
        git2::Repository::init(&top).unwrap();
        let exclude = top.join(".git/info/exclude");
        let path = top.join("a [b]*/c");
        for before in ["# theirs\n/other\n", "no end", ""] {
            atomic::replace(&exclude, before.as_bytes()).unwrap();
            assert!(keep_out_of_git(&path).unwrap());
            assert!(!keep_out_of_git(&path).unwrap(), "once is enough");
            let repository = git2::Repository::open(&top).unwrap();
            assert!(repository.is_path_ignored("a [b]*/c").unwrap());
            assert!(!repository.is_path_ignored("a bx/c").unwrap());
            let_into_git(&path).unwrap();
            let after = std::fs::read_to_string(&exclude).unwrap();
            assert_eq!(after.trim_end(), before.trim_end());
        }
        assert!(!keep_out_of_git(Path::new("/nowhere/at/all")).unwrap());
    }

    #[test]
    fn commands_in_several_working_trees_lose_no_line_of_each_other() {
        let tmp = tempfile::tempdir().unwrap();
        let top = std::fs::canonicalize(tmp.path()).unwrap();
        git2::Repository::init(&top).unwrap();
        std::thread::scope(|scope| {
            for who in 0..4 {
                let top = &top;
                scope.spawn(move || {
                    for n in 0..25 {
                        keep_out_of_git(&top.join(format!("{who}-{n}"))).unwrap();
                        if n % 2 == 1 {
                            let_into_git(&top.join(format!("{who}-{n}"))).unwrap();
                        }
                    }
                });
            }
        });
        let text = std::fs::read_to_string(top.join(".git/info/exclude")).unwrap();
        let mut lines: Vec<_> = text.lines().filter(|l| l.starts_with('/')).map(str::to_owned).collect();
        lines.sort();
        let mut wanted: Vec<_> =
            (0..4).flat_map(|who| (0..25).step_by(2).map(move |n| format!("/{who}-{n}"))).collect();
        wanted.sort();
        assert_eq!(lines, wanted);
    }
}
