//! Objects as they are: what an index holds that a commit does not, what commits bring, and the bytes of each.
//!
//! Never through a diff of contents: attributes, `textconv` and NUL bytes empty one, and an external diff runs
//! programs. Replacement objects are not looked at, since a push sends the originals.

use std::collections::{BTreeMap, BTreeSet};

use super::command::{Call, Git, GitError};
use super::fault::Fault;
use super::porcelain::{self, Difference, Malformed, TreeEntry};
use super::process::Finished;
use crate::digest::is_object_id;

/// Commits whose changes are listed by one call, so that a long history does not have to fit into memory.
const COMMITS_AT_ONCE: usize = 2000;
/// Bytes that one call reads, unless a single object is larger.
const BYTES_AT_ONCE: u64 = 32 << 20;

/// What one object turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// It is larger than was asked for.
    TooLarge(u64),
    /// It is not here: a partial clone, or damage.
    Missing,
}

/// What is in the index and not in HEAD; all of it where there is no HEAD yet.
///
/// # Errors
/// Where git fails, or prints what it should not.
pub fn staged(git: &Git<'_>, head: Option<&str>) -> Result<Vec<Difference>, GitError> {
    match head {
        Some(head) => {
            let words = ["diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", head, "--"];
            raw(&original(git.read(words)).run()?.stdout)
        }
        None => {
            let listed = original(git.read(["ls-files", "--stage", "-z"])).run()?;
            let entries = porcelain::staged(&listed.stdout).map_err(|e| malformed(&e))?;
            Ok(entries.into_iter().map(added).collect())
        }
    }
}

/// What differs between two trees or commits.
///
/// # Errors
/// As [`staged`].
pub fn between(git: &Git<'_>, from: &str, to: &str) -> Result<Vec<Difference>, GitError> {
    raw(&original(git.read(["diff-tree", "-r", "--raw", "-z", "--no-abbrev", "--no-renames", from, to])).run()?.stdout)
}

/// Every file of a tree or commit.
///
/// # Errors
/// As [`staged`].
pub fn files(git: &Git<'_>, tree: &str) -> Result<Vec<TreeEntry>, GitError> {
    let listed = original(git.read(["ls-tree", "-r", "-z", "--full-tree", tree])).run()?;
    porcelain::ls_tree(&listed.stdout).map_err(|e| malformed(&e))
}

/// Commits that `words` of `git rev-list` select.
///
/// # Errors
/// As [`staged`].
pub fn commits(git: &Git<'_>, words: &[&str]) -> Result<Vec<String>, GitError> {
    let listed = original(git.read([&["rev-list"], words].concat())).run()?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let ids: Vec<_> = text.lines().map(str::to_owned).collect();
    if ids.iter().all(|id| is_object_id(id)) { Ok(ids) } else { Err(malformed(&Malformed(excerpt(&listed.stdout)))) }
}

/// The commits at which a selection of `words` of `git rev-list` ends, the newest first: those that are not in it, and
/// that one in it comes from.
///
/// # Errors
/// As [`staged`].
pub fn boundary(git: &Git<'_>, words: &[&str]) -> Result<Vec<String>, GitError> {
    let listed = original(git.read([&["rev-list", "--boundary"], words].concat())).run()?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let ids: Vec<_> = text.lines().filter_map(|line| line.strip_prefix('-')).map(str::to_owned).collect();
    if ids.iter().all(|id| is_object_id(id)) { Ok(ids) } else { Err(malformed(&Malformed(excerpt(&listed.stdout)))) }
}

/// What each of `commits` brings. A merge brings what none of its parents had; the rest is theirs.
///
/// # Errors
/// As [`staged`], and what `each` fails with.
pub fn changes<E: From<GitError>>(
    git: &Git<'_>,
    commits: &[String],
    mut each: impl FnMut(&str, Vec<Difference>) -> Result<(), E>,
) -> Result<(), E> {
    const WORDS: [&str; 9] =
        ["diff-tree", "--stdin", "-r", "-c", "--root", "--raw", "-z", "--no-abbrev", "--no-renames"];
    for some in commits.chunks(COMMITS_AT_ONCE) {
        let input: String = some.iter().flat_map(|id| [id.as_str(), "\n"]).collect();
        let listed = original(git.read(WORDS)).input(input).run()?;
        for (commit, differences) in porcelain::changes(&listed.stdout).map_err(|e| malformed(&e))? {
            each(&commit, differences)?;
        }
    }
    Ok(())
}

/// The bytes of objects, in the order of `ids`; `sizes` are those that are known. None is fetched.
///
/// # Errors
/// As [`staged`], and what `each` fails with. After an error nothing is known of those that had not come.
pub fn contents<E: From<GitError>>(
    git: &Git<'_>,
    ids: &[String],
    limit: u64,
    mut each: impl FnMut(&str, Content) -> Result<(), E>,
) -> Result<(), E> {
    let ids: Vec<_> = ids.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect();
    let sizes = sizes(git, &ids)?;
    let mut some: Vec<&str> = Vec::new();
    let mut bytes = 0;
    for id in &ids {
        match sizes.get(id.as_str()).copied().flatten() {
            None => each(id, Content::Missing)?,
            Some(size) if size > limit => each(id, Content::TooLarge(size))?,
            Some(size) => {
                if bytes + size > BYTES_AT_ONCE && !some.is_empty() {
                    batch(git, &some, &mut each)?;
                    some.clear();
                    bytes = 0;
                }
                some.push(id);
                bytes += size;
            }
        }
    }
    if some.is_empty() { Ok(()) } else { batch(git, &some, &mut each) }
}

/// Those of `paths` that are in a tree or commit.
///
/// # Errors
/// As [`staged`].
pub fn entries(git: &Git<'_>, tree: &str, paths: &[&str]) -> Result<Vec<TreeEntry>, GitError> {
    let words = [&["ls-tree", "-z", "--full-tree", tree, "--"], paths].concat();
    let listed = original(git.read(words)).env("GIT_LITERAL_PATHSPECS", "1").run()?;
    porcelain::ls_tree(&listed.stdout).map_err(|e| malformed(&e))
}

/// How large each object is; `None` for one that is not here.
fn sizes<'i>(git: &Git<'_>, ids: &'i [String]) -> Result<BTreeMap<&'i str, Option<u64>>, GitError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let input: String = ids.iter().flat_map(|id| [id.as_str(), "\n"]).collect();
    let words = ["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"];
    let told = local(original(git.read(words))).input(input).run()?;
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let mut lines = text.lines();
    let mut found = BTreeMap::new();
    for id in ids {
        let line = lines.next().unwrap_or_default();
        let fields: Vec<_> = line.split(' ').collect();
        let size = match fields[..] {
            [there, "missing"] if there == id => None,
            [there, _, size] if there == id => Some(size.parse().map_err(|_| malformed(&Malformed(line.to_owned())))?),
            _ => return Err(malformed(&Malformed(line.chars().take(120).collect()))),
        };
        found.insert(id.as_str(), size);
    }
    Ok(found)
}

fn batch<E: From<GitError>>(
    git: &Git<'_>,
    ids: &[&str],
    each: &mut impl FnMut(&str, Content) -> Result<(), E>,
) -> Result<(), E> {
    let input: String = ids.iter().flat_map(|id| [*id, "\n"]).collect();
    let told = local(original(git.read(["cat-file", "--batch"]))).input(input).run()?;
    let mut rest = told.stdout.as_slice();
    for id in ids {
        let (object, after) = porcelain::object(rest).map_err(|e| malformed(&e))?;
        rest = after;
        let content = match object {
            Some((there, bytes)) if there == *id => Content::Bytes(bytes.to_vec()),
            Some((there, _)) => return Err(malformed(&Malformed(there.to_owned())).into()),
            None => Content::Missing,
        };
        each(id, content)?;
    }
    Ok(())
}

/// Without replacement objects: a push sends what is behind them.
fn original<'g, 'a>(call: Call<'g, 'a>) -> Call<'g, 'a> {
    call.env("GIT_NO_REPLACE_OBJECTS", "1")
}

/// Without asking the remote of a partial clone for what is not here (git 2.45 and later).
fn local<'g, 'a>(call: Call<'g, 'a>) -> Call<'g, 'a> {
    call.env("GIT_NO_LAZY_FETCH", "1")
}

fn raw(output: &[u8]) -> Result<Vec<Difference>, GitError> {
    porcelain::raw_diff(output).map_err(|e| malformed(&e))
}

/// A file of a tree as something that is new.
#[must_use]
pub fn added(entry: TreeEntry) -> Difference {
    let zeros = "0".repeat(entry.id.len());
    Difference {
        status: b'A',
        path: entry.path,
        id: entry.id,
        mode: entry.mode,
        old_id: zeros,
        old_mode: "000000".into(),
    }
}

fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned()
}

fn malformed(error: &Malformed) -> GitError {
    let text = error.to_string();
    GitError {
        command: "read objects".into(),
        finished: Finished::never_started(String::new()),
        fault: Fault::Other(text),
    }
}
