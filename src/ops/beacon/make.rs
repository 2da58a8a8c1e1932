//! Objects made by plumbing: neither the user's index nor the working tree is touched, and no filter, attribute or hook
//! has a say in what they hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::fs::{IoContext, atomic};
use crate::git::command::{Git, GitError};
use crate::ops::beacon::BeaconError;

/// The mode of a folder in a tree.
pub const FOLDER: &str = "040000";
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
pub fn blobs(git: &Git<'_>, contents: &[&[u8]]) -> Result<Vec<String>, BeaconError> {
    const WORDS: [&str; 4] = ["hash-object", "-w", "-t", "blob"];
    match contents {
        [] => Ok(Vec::new()),
        [one] => Ok(vec![git.write(WORDS.into_iter().chain(["--no-filters", "--stdin"])).input(*one).line()?]),
        several => {
            let folder = std::env::temp_dir();
            let folder = tempfile::Builder::new().prefix("craft-").tempdir().at("create a folder in", &folder)?;
            let mut list = String::new();
            for (n, bytes) in several.iter().enumerate() {
                let path = folder.path().join(n.to_string());
                atomic::create(&path, bytes)?;
                list.push_str(&path.to_string_lossy());
                list.push('\n');
            }
            let told = git.write(WORDS.into_iter().chain(["--no-filters", "--stdin-paths"])).input(list).line()?;
            ids(&told, several.len())
        }
    }
}

/// Writes several trees by one call; their ids in the same order.
///
/// # Errors
/// Where they cannot be written.
pub fn trees(git: &Git<'_>, trees: &[Vec<Entry<'_>>]) -> Result<Vec<String>, BeaconError> {
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

/// Writes the tree of files with paths: path, mode, object.
///
/// # Errors
/// Where it cannot be written.
pub fn tree(git: &Git<'_>, files: &[(&str, &str, &str)]) -> Result<String, BeaconError> {
    let mut folders: BTreeMap<&str, Vec<(String, String, &str)>> = BTreeMap::from([("", Vec::new())]);
    let mut known: BTreeSet<&str> = BTreeSet::from([""]);
    for (path, mode, id) in files {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        folders.entry(folder).or_default().push(((*mode).to_owned(), (*id).to_owned(), name));
        let mut above = folder;
        while known.insert(above) {
            folders.entry(above).or_default();
            above = above.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }
    let depth = |folder: &str| if folder.is_empty() { 0 } else { 1 + folder.matches('/').count() };
    let deepest = folders.keys().map(|f| depth(f)).max().unwrap_or(0);
    // From the bottom up: a folder's id has to be known where it is named.
    for level in (0..=deepest).rev() {
        let here: Vec<&str> = folders.keys().copied().filter(|f| depth(f) == level).collect();
        let wanted: Vec<Vec<Entry<'_>>> = here
            .iter()
            .map(|f| folders[f].iter().map(|(mode, id, name)| (mode.as_str(), id.as_str(), *name)).collect())
            .collect();
        let made = trees(git, &wanted)?;
        for (folder, id) in here.iter().zip(made) {
            if folder.is_empty() {
                return Ok(id);
            }
            let (above, name) = folder.rsplit_once('/').unwrap_or(("", folder));
            folders.entry(above).or_default().push((FOLDER.to_owned(), id, name));
        }
    }
    Err(BeaconError::refused("a tree without a top"))
}

/// Writes a commit; its id.
///
/// # Errors
/// Where it cannot be written or signed, or git knows nobody who does.
pub fn commit(git: &Git<'_>, tree: &str, parent: Option<&str>, message: &str, by: By) -> Result<String, BeaconError> {
    let mut words = vec!["commit-tree"];
    match by {
        By::User { sign: true } => words.push("-S"),
        _ => words.push("--no-gpg-sign"),
    }
    words.extend(parent.into_iter().flat_map(|parent| ["-p", parent]));
    words.push(tree);
    let mut call = git.write(words).input(format!("{message}\n"));
    if by == By::Us {
        for (name, value) in US {
            call = call.env(name, value);
        }
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

fn ids(told: &str, wanted: usize) -> Result<Vec<String>, BeaconError> {
    let ids: Vec<_> = told.lines().map(str::to_owned).collect();
    let sound = ids.len() == wanted && ids.iter().all(|id| is_id(id));
    if sound { Ok(ids) } else { Err(BeaconError::refused("git made other objects than it was asked for")) }
}

/// Whether a text is the id of an object.
#[must_use]
pub fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}
