//! What users do in their clones. Every text they write occurs once in the world.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::plan::{Change, Spot};
use crate::common::{Entry, TestEnv, tree, write};

/// Names of files: blanks, other scripts, what a shell or git takes for something else, folders in folders.
/// No name of a file is one of a folder, so that what git calls a file/directory conflict cannot come up.
const NAMES: [&str; 18] = [
    "plain.txt",
    "two words.txt",
    " blank at both ends ",
    "ünï cödé.txt",
    "日本語/文件.md",
    "-dash",
    "--all",
    "quo\"ted.txt",
    "apo'strophe.txt",
    "back\\slash",
    "star*.txt",
    "[x]?.txt",
    ":colon.txt",
    "new\nline.txt",
    "deep/deeper/still deeper/x.txt",
    "deep/deeper/y.txt",
    "deep/z.txt",
    "e\u{301}\u{1f980}.rs",
];

/// One user and the clone.
#[derive(Debug, Clone)]
pub struct User {
    pub number: usize,
    pub repo: PathBuf,
}

impl User {
    /// The folder nobody else touches, as it is in every clone.
    pub fn own(&self) -> PathBuf {
        PathBuf::from(format!("own/{}", self.number))
    }

    /// Does something with a file; `mark` is told to no other call.
    pub fn change(&self, spot: Spot, change: Change, mark: usize) {
        let folder = if spot.own { self.own() } else { PathBuf::from("shared") };
        let named = |pick: usize| self.repo.join(&folder).join(NAMES[pick % NAMES.len()]);
        let there: Vec<_> = tree(&self.repo).into_iter().filter(|(path, _)| path.starts_with(&folder)).collect();
        let known = (!there.is_empty()).then(|| &there[spot.pick % there.len()]);
        let text = |lines: usize| (0..lines).map(|n| format!("m{mark} line {n}\n")).collect::<String>();
        match (change, known) {
            (Change::Binary, _) => {
                let bytes: Vec<u8> = (0..20_000_usize).map(|n| (n * (mark + 7) % 251) as u8).collect();
                put(&named(spot.pick), [format!("m{mark}\0").as_bytes(), &bytes].concat());
            }
            (Change::Link, _) => {
                let path = named(spot.pick);
                let _ = std::fs::remove_file(&path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                symlink(format!("target {mark}"), path).unwrap();
            }
            (Change::Write, _) | (_, None) => put(&named(spot.pick), text(30)),
            (Change::Line(n), Some((path, Entry::File { bytes, .. }))) => {
                let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
                let line = format!("m{mark} edited\n");
                let count = lines.len().max(1);
                match lines.get_mut(n % count) {
                    Some(old) => *old = line.as_bytes(),
                    None => lines.push(line.as_bytes()),
                }
                std::fs::write(self.repo.join(path), lines.concat()).unwrap();
            }
            (Change::Append, Some((path, Entry::File { bytes, .. }))) => {
                let all = [bytes, format!("m{mark} appended\n").as_bytes()].concat();
                std::fs::write(self.repo.join(path), all).unwrap();
            }
            (Change::Mode, Some((path, Entry::File { executable, .. }))) => {
                let mode = if *executable { 0o644 } else { 0o755 };
                std::fs::set_permissions(self.repo.join(path), std::fs::Permissions::from_mode(mode)).unwrap();
            }
            (Change::Rename(to), Some((path, _))) => {
                let to = named(to);
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::rename(self.repo.join(path), to).unwrap();
            }
            (Change::Delete, Some((path, _))) => std::fs::remove_file(self.repo.join(path)).unwrap(),
            // A symlink has no lines and no mode: it gives way to a file.
            (Change::Line(_) | Change::Append | Change::Mode, Some((path, Entry::Link(_)))) => {
                put(&self.repo.join(path), text(3));
            }
        }
    }

    /// Commits all there is.
    pub fn commit(&self, env: &TestEnv, mark: usize) {
        env.git(&self.repo, &["add", "-A"]);
        if env.git_try(&self.repo, &["diff", "--cached", "--quiet"]).code != 0 {
            env.git(&self.repo, &["commit", "-qm", &format!("by hand, m{mark}")]);
        }
    }

    /// Commits, then merges with what the remote has; where both sides changed the same, the own side wins.
    pub fn settle(&self, env: &TestEnv, mark: usize) {
        self.commit(env, mark);
        env.git(&self.repo, &["fetch", "-q", "origin"]);
        let merged = env.git_try(&self.repo, &["merge", "-q", "--no-edit", "-X", "ours", "origin/main"]);
        if merged.code == 0 {
            return;
        }
        let listed = env.git(&self.repo, &["ls-files", "-u", "-z"]);
        let unmerged: Vec<_> = listed.split('\0').filter_map(|l| l.split_once('\t')).collect();
        assert!(!unmerged.is_empty(), "a merge by hand: {}{}", merged.stdout, merged.stderr);
        for (_, path) in &unmerged {
            let ours = unmerged.iter().any(|(id, other)| id.ends_with(" 2") && other == path);
            let path = format!(":(literal){path}");
            if ours {
                env.git(&self.repo, &["checkout", "-q", "--ours", "--", &path]);
                env.git(&self.repo, &["add", "--", &path]);
            } else {
                env.git_try(&self.repo, &["rm", "-q", "-f", "--", &path]);
            }
        }
        env.git(&self.repo, &["commit", "-q", "--no-edit"]);
    }
}

/// Writes a file, not through a symlink that may lie there.
fn put(path: &Path, bytes: impl AsRef<[u8]>) {
    if path.is_symlink() {
        std::fs::remove_file(path).unwrap();
    }
    write(path, bytes);
}
