//! Reading and keeping what a working tree has taken in: a commit under [`Place::applied`], whose tree has `state.json`
//! and the versions of all files below `files/`.

use std::collections::{BTreeMap, BTreeSet};

use crate::beacon::applied::{Applied, State, Version};
use crate::git::command::Git;
use crate::git::fault::Fault;
use crate::git::objects::Content;
use crate::git::reads::Reads;
use crate::ops::beacon::make::By;
use crate::ops::beacon::{Place, make};
use crate::ops::error::{Kind, OpError};

/// Version of the format.
const VERSION: u32 = 1;
const STATE: &str = "state.json";
const FILES: &str = "files/";
/// A longer state is none of ours, in bytes.
const LONGEST: u64 = 64 << 20;

/// What was taken in; nothing where nothing was yet.
///
/// # Errors
/// Where it cannot be read.
pub fn read(place: &Place, git: &Git<'_>) -> Result<Applied, OpError> {
    let reference = place.applied();
    let reads = Reads::open(&place.at, git);
    let Some(commit) = reads.resolve(&reference)? else {
        return Ok(Applied { state: State { version: VERSION, ..State::default() }, ..Applied::default() });
    };
    let broken = |what: &str| {
        OpError::refused(format!("{reference} cannot be understood: {what}")).remedy(format!(
            "`git update-ref -d {reference}` and a pull take everything in again; no file of yours is lost"
        ))
    };
    let mut applied = Applied { commit: Some(commit.clone()), ..Applied::default() };
    let mut state = None;
    for entry in reads.files(&commit)? {
        let Some(path) = entry.path.to_str() else { return Err(broken("a name in it is no text")) };
        if path == STATE {
            state = Some(entry.id);
        } else if let Some(path) = path.strip_prefix(FILES) {
            applied.files.insert(path.to_owned(), Version { blob: entry.id, mode: entry.mode });
        }
    }
    let state = state.ok_or_else(|| broken("it has no state.json"))?;
    let Content::Bytes(bytes) = reads.content(&state, LONGEST)? else {
        return Err(broken("its state.json is not there, or too large"));
    };
    applied.state = serde_json::from_slice(&bytes).map_err(|e| broken(&e.to_string()))?;
    if applied.state.version > VERSION {
        let newer = applied.state.version;
        return Err(OpError::refused(format!("{reference} has version {newer}")).remedy("update claude-craft"));
    }
    Ok(applied)
}

/// Copies of theirs that lie beside files of any working tree of this repository, for any channel.
///
/// # Errors
/// Where git cannot tell.
pub(super) fn copies_everywhere(place: &Place, git: &Git<'_>) -> Result<BTreeSet<String>, OpError> {
    let told = git.read(["for-each-ref", "--format=%(objectname) %(refname)", "refs/craft/beacon"]).line()?;
    let ours = told.lines().filter_map(|line| line.split_once(' ')).filter(|(_, name)| name.ends_with("/applied"));
    let reads = Reads::open(&place.at, git);
    let mut copies = BTreeSet::new();
    for (commit, _) in ours {
        let state = reads.file(commit, STATE)?.and_then(|bytes| serde_json::from_slice::<State>(&bytes).ok());
        copies.extend(state.into_iter().flat_map(|state| state.conflicts).map(|conflict| conflict.beside));
    }
    Ok(copies)
}

/// Keeps `next` in the place of what it was read as (`next.commit`), which becomes the new commit.
///
/// # Errors
/// Where it cannot be written, or somebody else has moved it.
pub fn write(place: &Place, git: &Git<'_>, next: &mut Applied) -> Result<(), OpError> {
    next.state.version = VERSION;
    let text = serde_json::to_vec_pretty(&next.state).map_err(|e| OpError::refused(e.to_string()))?;
    let blob = make::blobs(git, &[&text])?.remove(0);
    let mut files: BTreeMap<_, _> = next.files.iter().map(|(p, v)| (format!("{FILES}{p}"), v.clone())).collect();
    files.insert(STATE.into(), Version { blob, mode: "100644".into() });
    let commit = make::commit(git, &make::tree(git, &files)?, None, "craft: what was taken in", By::Us)?;
    let old = next.commit.clone().unwrap_or_else(|| "0".repeat(commit.len()));
    match git.write(["update-ref", &place.applied(), &commit, &old]).run() {
        Ok(_) => {}
        Err(error) if matches!(error.fault, Fault::Locked(_)) => return Err(error.into()),
        Err(error) => {
            let what = format!("what was taken in was changed by somebody else meanwhile: {error}");
            return Err(OpError::new(Kind::Busy, what).remedy("try again in a moment"));
        }
    }
    next.commit = Some(commit);
    Ok(())
}
