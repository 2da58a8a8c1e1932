//! What a repository holds, compared byte for byte, and whether it is whole.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::TestEnv;

/// Larger files are compared by their size and their beginning.
const WHOLE: u64 = 1 << 20;

/// One entry of a working tree.
#[derive(Clone, PartialEq, Eq)]
pub enum Entry {
    File { bytes: Vec<u8>, size: u64, executable: bool },
    Link(PathBuf),
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { bytes, size, executable } => {
                let text = String::from_utf8_lossy(&bytes[..bytes.len().min(160)]);
                write!(f, "{text:?} ({size} bytes{})", if *executable { ", executable" } else { "" })
            }
            Self::Link(target) => write!(f, "-> {}", target.display()),
        }
    }
}

/// Every file and link below `repo` but what lies in a `.git`, by its path.
pub fn tree(repo: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut found = BTreeMap::new();
    walk(repo, Path::new(""), &mut found);
    found
}

fn walk(repo: &Path, below: &Path, found: &mut BTreeMap<PathBuf, Entry>) {
    for entry in std::fs::read_dir(repo.join(below)).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == ".git" {
            continue;
        }
        let (path, meta) = (below.join(entry.file_name()), entry.path().symlink_metadata().unwrap());
        if meta.is_dir() {
            walk(repo, &path, found);
        } else if meta.is_symlink() {
            found.insert(path, Entry::Link(std::fs::read_link(entry.path()).unwrap()));
        } else {
            let mut bytes = Vec::new();
            std::fs::File::open(entry.path()).unwrap().take(WHOLE).read_to_end(&mut bytes).unwrap();
            let executable = meta.permissions().mode() & 0o111 != 0;
            found.insert(path, Entry::File { bytes, size: meta.len(), executable });
        }
    }
}

/// All of a clone that a sync must not change unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// What HEAD says: a branch or a commit.
    pub head: String,
    /// Every ref but our snapshots and what was fetched.
    pub refs: String,
    /// The index: modes, ids, stages, paths.
    pub index: String,
    pub tree: BTreeMap<PathBuf, Entry>,
}

impl State {
    pub fn of(env: &TestEnv, repo: &Path) -> Self {
        let git_dir = PathBuf::from(env.git(repo, &["rev-parse", "--absolute-git-dir"]));
        let refs = env.git(repo, &["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags"]);
        Self {
            head: std::fs::read_to_string(git_dir.join("HEAD")).unwrap(),
            refs,
            index: env.git(repo, &["ls-files", "-s", "-z"]),
            tree: tree(repo),
        }
    }
}

/// Panics unless the repository is whole: sound objects, no operation under way, no lock, no stash, no
/// conflict marker in a tracked file.
#[track_caller]
pub fn assert_whole(env: &TestEnv, repo: &Path) {
    let fsck = env.git_try(repo, &["fsck", "--strict", "--no-dangling", "--no-progress"]);
    assert_eq!(fsck.code, 0, "fsck: {}{}", fsck.stdout, fsck.stderr);
    let git_dir = PathBuf::from(env.git(repo, &["rev-parse", "--absolute-git-dir"]));
    let common = PathBuf::from(env.git(repo, &["rev-parse", "--path-format=absolute", "--git-common-dir"]));
    for name in [
        "MERGE_HEAD",
        "MERGE_MSG",
        "MERGE_AUTOSTASH",
        "CHERRY_PICK_HEAD",
        "REVERT_HEAD",
        "REBASE_HEAD",
        "BISECT_LOG",
        "rebase-merge",
        "rebase-apply",
        "sequencer",
        "index.lock",
        "HEAD.lock",
    ] {
        assert!(!git_dir.join(name).exists(), "{name} was left behind");
    }
    let locks = find(&common, &|p| p.extension().is_some_and(|e| e == "lock"));
    assert!(locks.is_empty(), "locks were left behind: {locks:?}");
    assert_eq!(env.git(repo, &["stash", "list"]), "", "a stash was left behind");
    assert_eq!(env.git(repo, &["ls-files", "-u"]), "", "unmerged entries");
    let listed = env.run(
        {
            let mut command = env.command("git", repo);
            command.args(["ls-files", "-z"]);
            command
        },
        b"",
    );
    for name in listed.stdout.split('\0').filter(|n| !n.is_empty()) {
        let path = repo.join(std::ffi::OsString::from_vec(name.as_bytes().to_vec()));
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let marked = bytes.split(|b| *b == b'\n').any(|l| l.starts_with(b"<<<<<<< ") || l.starts_with(b">>>>>>> "));
        assert!(!marked, "{name} holds conflict markers");
    }
}

fn find(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.as_os_str().as_bytes().ends_with(b"/objects") || path.ends_with("craft") || path.ends_with("worktrees")
        {
            continue;
        }
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            found.extend(find(&path, wanted));
        } else if wanted(&path) {
            found.push(path);
        }
    }
    found
}
