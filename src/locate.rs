//! Finding the repository of a folder without starting git: walk up to `.git`.
//!
//! The rules are those of gitrepository-layout(5): `.git` is a folder, or a file that says
//! `gitdir: <path>`; a linked worktree's git folder has a file `commondir`.

use std::fs;
use std::path::{Path, PathBuf};

/// The three places that make a repository with a working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Top of the working tree, absolute, without symlinks.
    pub worktree: PathBuf,
    /// Where this working tree's HEAD and index are.
    pub git_dir: PathBuf,
    /// Where refs and objects are; the same for all linked worktrees.
    pub common_dir: PathBuf,
}

/// The repository that `cwd` is in; `None` outside of any and in a bare one.
#[must_use]
pub fn locate(cwd: &Path) -> Option<Location> {
    // As git does: where a path leads counts, not how it is written.
    let cwd = fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    cwd.ancestors().find_map(|folder| {
        let dot_git = folder.join(".git");
        let meta = fs::metadata(&dot_git).ok()?;
        let git_dir = if meta.is_dir() { dot_git } else { pointed_to(&dot_git, folder)? };
        // An empty `.git` folder is no repository; git walks on, and so do we.
        fs::symlink_metadata(git_dir.join("HEAD")).ok()?;
        let git_dir = fs::canonicalize(git_dir).ok()?;
        let common_dir = match fs::read_to_string(git_dir.join("commondir")) {
            Ok(text) => fs::canonicalize(git_dir.join(text.trim_end_matches(['\n', '\r']))).ok()?,
            Err(_) => git_dir.clone(),
        };
        Some(Location { worktree: fs::canonicalize(folder).ok()?, git_dir, common_dir })
    })
}

fn pointed_to(file: &Path, folder: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(file).ok()?;
    let target = text.strip_prefix("gitdir:")?.trim_start().trim_end_matches(['\n', '\r']);
    Some(folder.join(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &Path) {
        fs::create_dir_all(path).unwrap();
    }

    fn file(path: &Path, text: &str) {
        folder(path.parent().unwrap());
        let mut handle = fs::File::create(path).unwrap();
        std::io::Write::write_all(&mut handle, text.as_bytes()).unwrap();
    }

    #[test]
    fn it_walks_up_and_resolves_linked_worktrees_to_the_common_folder() {
        let tmp = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(tmp.path()).unwrap();
        let main = top.join("main");
        file(&main.join(".git/HEAD"), "ref: refs/heads/main\n");
        folder(&main.join("a/b"));
        folder(&main.join("a/.git"));
        file(&main.join(".git/worktrees/wt/HEAD"), "ref: refs/heads/wt\n");
        file(&main.join(".git/worktrees/wt/commondir"), "../..\n");
        file(&top.join("wt/.git"), &format!("gitdir: {}\n", main.join(".git/worktrees/wt").display()));
        folder(&top.join("wt/src"));

        let plain = locate(&main.join("a/b")).unwrap();
        assert_eq!((plain.worktree, plain.common_dir.clone()), (main.clone(), main.join(".git")));
        let linked = locate(&top.join("wt/src")).unwrap();
        assert_eq!(linked.worktree, top.join("wt"));
        assert_eq!(linked.git_dir, main.join(".git/worktrees/wt"));
        assert_eq!(linked.common_dir, plain.common_dir);
        assert_eq!(locate(&main.join("a/../../wt/src")).unwrap(), linked);
        assert_eq!(locate(&top), None);
        assert_eq!(locate(&top.join("gone/for/ever")), None);
    }
}
