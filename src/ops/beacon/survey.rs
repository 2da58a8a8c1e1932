//! What lies in the folders of a beacon, against what both sides are known to have. Only ordinary files count: what is
//! behind a symbolic link is somewhere else, and is not sent.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::beacon::applied::Version;
use crate::beacon::fold::is_theirs;
use crate::beacon::path;
use crate::fs::{FsError, IoContext, private};
use crate::git::command::Git;
use crate::ops::beacon::Place;
use crate::ops::error::OpError;
use crate::sync::names::says_secret;

/// Folders in folders are not followed further down.
const DEEPEST: usize = 40;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Paths of files that are new or differ.
    pub changed: Vec<String>,
    /// Paths that both sides have, and that are not here any more.
    pub gone: Vec<String>,
    /// Paths that are not sent, and why not.
    pub left: Vec<(String, String)>,
}

/// What a path of a message is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Here {
    /// An ordinary file: its mode as git has it, and its size.
    File(&'static str, u64),
    /// Nothing.
    Nothing,
    /// Something that is not sent, and why not.
    Not(&'static str),
}

/// Looks at a path, part by part: none may be a symbolic link.
///
/// # Errors
/// Where it cannot be looked at.
pub fn look(top: &Path, name: &str) -> Result<Here, FsError> {
    let mut at = top.to_owned();
    let mut parts = name.split('/').peekable();
    while let Some(part) = parts.next() {
        at.push(part);
        let meta = match std::fs::symlink_metadata(&at) {
            Ok(meta) => meta,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Here::Nothing),
            Err(e) => return Err(e).at("look at", &at),
        };
        let last = parts.peek().is_none();
        match (last, meta.is_symlink(), meta.is_dir()) {
            (true, true, _) => return Ok(Here::Not("is a symbolic link")),
            (false, true, _) => return Ok(Here::Not("is reached through a symbolic link")),
            (true, _, true) => return Ok(Here::Not("is a folder")),
            (false, _, true) => {}
            (true, ..) if meta.is_file() => return Ok(Here::File(mode(&meta), meta.size())),
            (true, ..) => return Ok(Here::Not("is no ordinary file")),
            (false, ..) => return Ok(Here::Nothing),
        }
    }
    Ok(Here::Nothing)
}

/// Reads a file that [`look`] called one, and its mode as of now.
///
/// # Errors
/// Where it cannot be read, is something else by now, or is larger than `most` bytes.
pub fn bytes(top: &Path, name: &str, most: u64) -> Result<(Vec<u8>, &'static str), OpError> {
    let path = top.join(name);
    // A link or a pipe that took its place a moment ago is not opened.
    let file = private::options().read(true).open(&path).at("read", &path)?;
    let meta = file.metadata().at("read", &path)?;
    if !meta.is_file() {
        return Err(OpError::refused(format!("{} is no ordinary file", path.display())));
    }
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).at("read", &path)?;
    if bytes.len() as u64 > most {
        return Err(OpError::refused(format!("{} is larger than beacon.maxMib allows", path.display())));
    }
    Ok((bytes, mode(&meta)))
}

fn mode(meta: &std::fs::Metadata) -> &'static str {
    // As git: the owner's right alone decides.
    if meta.permissions().mode() & 0o100 == 0 { "100644" } else { "100755" }
}

/// Compares the folders with the versions that both sides have.
///
/// # Errors
/// Where git or a folder cannot be read.
pub fn survey(place: &Place, git: &Git<'_>, known: &BTreeMap<String, Version>) -> Result<Survey, OpError> {
    let beacon = &place.config.beacon;
    let top = &place.at.worktree;
    let most = beacon.max_mib.saturating_mul(1 << 20);
    let mut survey = Survey::default();
    let mut found: BTreeMap<String, &'static str> = BTreeMap::new();
    for folder in &beacon.folders {
        let folder = folder.trim_end_matches('/');
        match look(top, folder)? {
            Here::Not("is a folder") => walk(top, folder, DEEPEST, &mut |name, what| match what {
                Here::Not(why) => survey.left.push((name, why.to_owned())),
                Here::File(_, size) if size > most => {
                    survey.left.push((name, "is larger than beacon.maxMib allows".to_owned()));
                }
                Here::File(mode, _) => drop(found.insert(name, mode)),
                Here::Nothing => {}
            })?,
            Here::Not(why) => survey.left.push((folder.to_owned(), why.to_owned())),
            Here::File(..) => survey.left.push((folder.to_owned(), "is no folder".to_owned())),
            Here::Nothing => {}
        }
    }
    found.retain(|name, _| match path::check(name, &beacon.folders) {
        Ok(()) if says_secret(name.as_ref()) => {
            survey.left.push((name.clone(), "has a name that says it holds secrets".to_owned()));
            false
        }
        Ok(()) => true,
        Err(bad) => {
            survey.left.push((name.clone(), bad.why.to_owned()));
            false
        }
    });
    let names: Vec<&String> = found.keys().collect();
    let ids = hashes(git, top, &names)?;
    for ((name, mode), id) in found.iter().zip(ids) {
        if known.get(name).is_none_or(|v| v.blob != id || v.mode != *mode) {
            survey.changed.push(name.clone());
        }
    }
    for name in known.keys().filter(|name| path::check(name, &beacon.folders).is_ok()) {
        if !found.contains_key(name) && look(top, name)? == Here::Nothing {
            survey.gone.push(name.clone());
        }
    }
    Ok(survey)
}

/// Files below a folder, with what they are; names in the order of their bytes.
fn walk(top: &Path, folder: &str, deeper: usize, each: &mut impl FnMut(String, Here)) -> Result<(), FsError> {
    let at = top.join(folder);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&at).at("read", &at)? {
        names.push(entry.at("read", &at)?.file_name());
    }
    names.sort();
    for name in names {
        let Some(plain) = name.to_str() else {
            each(format!("{folder}/{}", name.to_string_lossy()), Here::Not("has a name that is no text"));
            continue;
        };
        // Copies of theirs, what an editor or a write of ours is in the middle of, and what Finder leaves.
        let passing = is_theirs(plain) || (plain.starts_with('.') && plain.ends_with(".tmp"));
        let editors = plain.ends_with('~') || plain.ends_with(".swp") || plain.starts_with(".#");
        if passing || editors || matches!(plain, ".DS_Store" | ".git") {
            continue;
        }
        let path = format!("{folder}/{plain}");
        match look(top, &path)? {
            Here::Not("is a folder") if deeper > 0 => walk(top, &path, deeper - 1, each)?,
            what => each(path, what),
        }
    }
    Ok(())
}

/// git's object ids of files as they are, without writing them.
fn hashes(git: &Git<'_>, top: &Path, names: &[&String]) -> Result<Vec<String>, OpError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    // Absolute: git takes a line that begins with a quote for a quoted one.
    let list: String = names.iter().map(|name| format!("{}\n", top.join(name).display())).collect();
    let told = git.read(["hash-object", "--no-filters", "--stdin-paths"]).input(list).line()?;
    let ids: Vec<_> = told.lines().map(str::to_owned).collect();
    if ids.len() == names.len() { Ok(ids) } else { Err(OpError::refused("files changed while they were read")) }
}
