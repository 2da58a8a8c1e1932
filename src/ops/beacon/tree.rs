//! git's trees and objects as the beacon needs them: made without an index, and read without trusting them.

use std::collections::{BTreeMap, BTreeSet};

use crate::beacon::applied::Version;
use crate::git::command::{Call, Git, GitError};
use crate::git::fault::Fault;
use crate::git::process::Finished;

/// Who makes commits that stay in this repository: they need no identity of the user's, and are never signed.
pub(super) fn ours<'g, 'a>(call: Call<'g, 'a>) -> Call<'g, 'a> {
    call.setting("commit.gpgSign=false")
        .env("GIT_AUTHOR_NAME", "claude-craft")
        .env("GIT_AUTHOR_EMAIL", "craft@localhost")
        .env("GIT_COMMITTER_NAME", "claude-craft")
        .env("GIT_COMMITTER_EMAIL", "craft@localhost")
}

/// Makes a tree with these files, folder by folder, the deepest first. A file where another needs a folder is left out.
///
/// # Errors
/// Where git fails.
pub(super) fn write(git: &Git<'_>, files: &BTreeMap<String, Version>) -> Result<String, GitError> {
    let mut folders: BTreeMap<&str, BTreeMap<&str, (String, String)>> = BTreeMap::from([("", BTreeMap::new())]);
    let mut needed = BTreeSet::new();
    for path in files.keys() {
        needed.extend(above(path));
    }
    for (path, version) in files.iter().filter(|(path, _)| !needed.contains(path.as_str())) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        folders.entry(folder).or_default().insert(name, (format!("{} blob", version.mode), version.blob.clone()));
        for folder in above(path) {
            folders.entry(folder).or_default();
        }
    }
    let depth = |folder: &str| if folder.is_empty() { 0 } else { 1 + folder.matches('/').count() };
    let deepest = folders.keys().map(|f| depth(f)).max().unwrap_or(0);
    for level in (0..=deepest).rev() {
        let here: Vec<&str> = folders.keys().copied().filter(|f| depth(f) == level).collect();
        let mut input = Vec::new();
        for folder in &here {
            for (name, (kind, id)) in &folders[folder] {
                input.extend_from_slice(format!("{kind} {id}\t{name}\0").as_bytes());
            }
            input.push(0);
        }
        let made = git.write(["mktree", "-z", "--batch"]).input(input).line()?;
        let mut ids = made.lines();
        for folder in here {
            let id = ids.next().unwrap_or_default().to_owned();
            if level == 0 {
                return Ok(id);
            }
            let (parent, name) = folder.rsplit_once('/').unwrap_or(("", folder));
            folders.entry(parent).or_default().insert(name, ("040000 tree".into(), id));
        }
    }
    Err(malformed("no tree was made"))
}

/// The folders above a path, without the top.
pub(super) fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// An object, as `git cat-file` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) id: String,
    /// `blob`, `tree`, `commit` or `tag`.
    pub(super) kind: String,
    pub(super) size: u64,
}

/// What objects are, in the order of `names`; `None` for one that is not here. None is fetched.
///
/// # Errors
/// Where git fails.
pub(super) fn look_up(git: &Git<'_>, names: &[String]) -> Result<Vec<Option<Object>>, GitError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let words = ["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"];
    let told = here(git.read(words)).input(lines(names)).run()?;
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let found: Vec<_> = text.lines().map(object).collect();
    if found.len() == names.len() { Ok(found) } else { Err(malformed("not as many objects as were asked for")) }
}

/// The bytes of objects, in the order of `names`, whatever their kind. Only for those whose size is known to be small.
///
/// # Errors
/// Where git fails.
pub(super) fn bodies(git: &Git<'_>, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, GitError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let told = here(git.read(["cat-file", "--batch"])).input(lines(names)).run()?;
    let mut rest = told.stdout.as_slice();
    let mut found = Vec::new();
    for _ in names {
        let end = rest.iter().position(|b| *b == b'\n').ok_or_else(|| malformed("an object that is cut off"))?;
        let head = object(&String::from_utf8_lossy(&rest[..end]));
        rest = &rest[end + 1..];
        let Some(head) = head else {
            found.push(None);
            continue;
        };
        let size = usize::try_from(head.size).unwrap_or(usize::MAX);
        let bytes = rest.get(..size).ok_or_else(|| malformed("an object that is cut off"))?;
        found.push(Some(bytes.to_vec()));
        rest = rest.get(size + 1..).unwrap_or_default();
    }
    Ok(found)
}

/// An entry of a tree as it stands in it: mode, name, id. `None` where the bytes are no tree.
pub(super) fn entries(bytes: &[u8], id_bytes: usize) -> Option<Vec<(String, Vec<u8>, String)>> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let blank = rest.iter().position(|b| *b == b' ')?;
        let nul = rest.iter().position(|b| *b == 0).filter(|nul| *nul > blank)?;
        let id = rest.get(nul + 1..nul + 1 + id_bytes)?;
        let id = id.iter().map(|b| format!("{b:02x}")).collect();
        let mode = String::from_utf8_lossy(&rest[..blank]).into_owned();
        found.push((mode, rest[blank + 1..nul].to_vec(), id));
        rest = &rest[nul + 1 + id_bytes..];
    }
    Some(found)
}

/// Keeps files of the working tree, or of the stage, as objects, byte for byte; their ids in the order of `paths`.
///
/// # Errors
/// Where git fails.
pub(super) fn keep_files(git: &Git<'_>, paths: &[String]) -> Result<Vec<String>, GitError> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let told = git.write(["hash-object", "-w", "--no-filters", "--stdin-paths"]).input(lines(paths)).line()?;
    let ids: Vec<_> = told.lines().map(str::to_owned).collect();
    if ids.len() == paths.len() { Ok(ids) } else { Err(malformed("not as many objects as files")) }
}

/// A line of `--batch-check`, or the head of an object; `None` for one that is missing.
fn object(line: &str) -> Option<Object> {
    let words: Vec<_> = line.split(' ').collect();
    let [id, kind, size] = words[..] else { return None };
    Some(Object { id: id.into(), kind: kind.into(), size: size.parse().ok()? })
}

fn lines(words: &[String]) -> String {
    words.iter().flat_map(|w| [w.as_str(), "\n"]).collect()
}

/// Objects as they were sent, and none that is not here.
fn here<'g, 'a>(call: Call<'g, 'a>) -> Call<'g, 'a> {
    call.env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_NO_LAZY_FETCH", "1")
}

fn malformed(what: &str) -> GitError {
    GitError {
        command: "read objects".into(),
        finished: Finished::never_started(String::new()),
        fault: Fault::Other(what.into()),
    }
}
