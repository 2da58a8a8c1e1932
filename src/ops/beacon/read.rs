//! Objects read as they are: none is fetched or replaced, and what they say is not trusted.

use crate::git::command::{Call, Git, GitError};
use crate::git::fault::Fault;
use crate::git::process::Finished;

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
