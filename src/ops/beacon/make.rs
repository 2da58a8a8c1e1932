//! Objects made by plumbing: neither the user's index nor the working tree is touched, and no filter, attribute or hook
//! has a say in what they hold.

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
    // Settings under which an index is more than one file, or knows more than its entries.
    const PLAIN: [&str; 4] =
        ["core.splitIndex=false", "core.untrackedCache=false", "core.fsmonitor=false", "index.sparse=false"];
    let folder = std::env::temp_dir();
    let folder = tempfile::Builder::new().prefix("craft-").tempdir().at("create a folder in", &folder)?;
    let index = folder.path().join("index");
    let input: String = files.iter().map(|(path, mode, id)| format!("{mode} {id}\t{path}\0")).collect();
    let plain = |words: &[&str]| PLAIN.iter().fold(git.write(words).index(Some(&index)), |call, s| call.setting(*s));
    plain(&["update-index", "--add", "-z", "--index-info"]).input(input).run()?;
    Ok(plain(&["write-tree"]).line()?)
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
