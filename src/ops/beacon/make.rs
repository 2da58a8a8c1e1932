//! Objects written by plumbing: neither the user's index nor the working tree is touched, and no filter, attribute or
//! hook has a say in what they hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::beacon::applied::Version;
use crate::beacon::path::above;
use crate::clock::Millis;
use crate::digest::is_object_id;
use crate::fs::{IoContext, atomic};
use crate::git::command::{Git, GitError};
use crate::ops::error::OpError;

/// The mode of a folder in a tree.
pub const FOLDER: &str = "040000";
const BLOB: [&str; 5] = ["hash-object", "-w", "-t", "blob", "--no-filters"];
/// Who makes commits that never leave this repository. They need no name of the user's, who may have set none.
const US: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "claude-craft"),
    ("GIT_AUTHOR_EMAIL", "craft@localhost"),
    ("GIT_COMMITTER_NAME", "claude-craft"),
    ("GIT_COMMITTER_EMAIL", "craft@localhost"),
];

/// An entry of one tree: mode, object, name.
pub type Entry<'e> = (&'e str, &'e str, &'e str);

/// Who makes a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// This program; for what stays here.
    Us,
    /// The same, at a time by the injected clock: what is pruned goes by it.
    UsAt(Millis),
    /// The user, with a signature or without.
    User {
        /// Whether it is signed.
        sign: bool,
    },
}

/// Writes contents as blobs, byte for byte; their ids in the same order.
///
/// # Errors
/// Where they cannot be written.
pub fn blobs(git: &Git<'_>, contents: &[&[u8]]) -> Result<Vec<String>, OpError> {
    match contents {
        [] => Ok(Vec::new()),
        [one] => Ok(vec![git.write(BLOB.into_iter().chain(["--stdin"])).input(*one).line()?]),
        several => {
            let folder = std::env::temp_dir();
            let folder = tempfile::Builder::new().prefix("craft-").tempdir().at("create a folder in", &folder)?;
            let mut paths = Vec::new();
            for (n, bytes) in several.iter().enumerate() {
                let path = folder.path().join(n.to_string());
                atomic::create(&path, bytes)?;
                paths.push(path.to_string_lossy().into_owned());
            }
            files(git, &paths)
        }
    }
}

/// Writes files as blobs, byte for byte; their ids in the order of `paths`, none of which has a line feed.
///
/// # Errors
/// Where they cannot be read or written.
pub fn files(git: &Git<'_>, paths: &[String]) -> Result<Vec<String>, OpError> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let list: String = paths.iter().flat_map(|path| [path.as_str(), "\n"]).collect();
    ids(&git.write(BLOB.into_iter().chain(["--stdin-paths"])).input(list).line()?, paths.len())
}

/// Writes several trees by one call; their ids in the same order.
///
/// # Errors
/// Where they cannot be written.
pub fn trees(git: &Git<'_>, trees: &[Vec<Entry<'_>>]) -> Result<Vec<String>, OpError> {
    if trees.is_empty() {
        return Ok(Vec::new());
    }
    let mut input = Vec::new();
    for entries in trees {
        for (mode, id, name) in entries {
            let kind = if *mode == FOLDER { "tree" } else { "blob" };
            input.extend_from_slice(format!("{mode} {kind} {id}\t{name}\0").as_bytes());
        }
        // An empty record ends a tree.
        input.push(0);
    }
    ids(&git.write(["mktree", "--batch", "-z"]).input(input).line()?, trees.len())
}

/// Writes the tree of these files, the deepest folders first. A file where another needs a folder is left out.
///
/// # Errors
/// Where it cannot be written.
pub fn tree(git: &Git<'_>, files: &BTreeMap<String, Version>) -> Result<String, OpError> {
    let needed: BTreeSet<&str> = files.keys().flat_map(|path| above(path)).collect();
    let mut folders: BTreeMap<&str, BTreeMap<&str, (&str, String)>> = BTreeMap::from([("", BTreeMap::new())]);
    folders.extend(needed.iter().map(|folder| (*folder, BTreeMap::new())));
    for (path, version) in files.iter().filter(|(path, _)| !needed.contains(path.as_str())) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        folders.entry(folder).or_default().insert(name, (&version.mode, version.blob.clone()));
    }
    let depth = |folder: &str| if folder.is_empty() { 0 } else { 1 + folder.matches('/').count() };
    let deepest = folders.keys().map(|folder| depth(folder)).max().unwrap_or(0);
    for level in (1..=deepest).rev() {
        let here: Vec<&str> = folders.keys().copied().filter(|folder| depth(folder) == level).collect();
        let made = trees(git, &here.iter().map(|folder| entries(&folders[folder])).collect::<Vec<_>>())?;
        for (path, id) in here.into_iter().zip(made) {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            folders.entry(folder).or_default().insert(name, (FOLDER, id));
        }
    }
    Ok(trees(git, &[entries(&folders[""])])?.remove(0))
}

fn entries<'e>(folder: &'e BTreeMap<&'e str, (&'e str, String)>) -> Vec<Entry<'e>> {
    folder.iter().map(|(name, (mode, id))| (*mode, id.as_str(), *name)).collect()
}

/// Writes a commit; its id.
///
/// # Errors
/// Where it cannot be written or signed, or git knows nobody who does.
pub fn commit(git: &Git<'_>, tree: &str, parent: Option<&str>, message: &str, by: By) -> Result<String, OpError> {
    let mut words = vec!["commit-tree"];
    match by {
        By::User { sign: true } => words.push("-S"),
        _ => words.push("--no-gpg-sign"),
    }
    words.extend(parent.into_iter().flat_map(|parent| ["-p", parent]));
    words.push(tree);
    let mut call = git.write(words).input(format!("{message}\n"));
    if !matches!(by, By::User { .. }) {
        for (name, value) in US {
            call = call.env(name, value);
        }
    }
    if let By::UsAt(now) = by {
        let date = format!("@{} +0000", now / 1000);
        call = call.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
    }
    Ok(call.line()?)
}

/// Moves a ref of ours; `from` is where it was found, `to` of `None` takes it away.
///
/// # Errors
/// Where somebody else has moved it, or it cannot be written.
pub fn move_ref(git: &Git<'_>, name: &str, from: Option<&str>, to: Option<&str>) -> Result<(), GitError> {
    match (from, to) {
        (None, None) => Ok(()),
        (Some(from), None) => git.write(["update-ref", "-d", name, from]).run().map(drop),
        // An empty old value means that there must be none.
        (from, Some(to)) => git.write(["update-ref", name, to, from.unwrap_or_default()]).run().map(drop),
    }
}

fn ids(told: &str, wanted: usize) -> Result<Vec<String>, OpError> {
    let ids: Vec<_> = told.lines().map(str::to_owned).collect();
    let sound = ids.len() == wanted && ids.iter().all(|id| is_object_id(id));
    if sound { Ok(ids) } else { Err(OpError::refused("git made other objects than it was asked for")) }
}
