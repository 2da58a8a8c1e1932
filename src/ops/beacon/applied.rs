//! Reading and keeping what a working tree has taken in: a commit under [`Place::applied`], whose tree has `state.json`
//! and the versions of all files below `files/`.

use crate::beacon::applied::{Applied, State, Version};
use crate::git::command::Git;
use crate::git::objects;
use crate::git::reads::Reads;
use crate::ops::beacon::make::{self, By};
use crate::ops::beacon::{BeaconError, Place};

const STATE: &str = "state.json";
const FILES: &str = "files/";

/// What was taken in; nothing where nothing was yet.
///
/// # Errors
/// Where it cannot be read.
pub fn read(place: &Place, git: &Git<'_>) -> Result<Applied, BeaconError> {
    let reads = Reads::open(&place.at, git);
    let Some(commit) = reads.resolve(&place.applied())? else { return Ok(Applied::default()) };
    let bytes = reads.file(&commit, STATE)?.unwrap_or_default();
    let state: State = serde_json::from_slice(&bytes)
        .map_err(|e| BeaconError::refused(format!("{STATE} in {} is broken: {e}", place.applied())))?;
    if state.version > 1 {
        return Err(BeaconError::refused(format!("{} was written by a newer version", place.applied()))
            .remedy("update claude-craft"));
    }
    let files = objects::files(git, &commit)?.into_iter().filter_map(|entry| {
        let path = entry.path.to_str()?.strip_prefix(FILES)?.to_owned();
        Some((path, Version { blob: entry.id, mode: entry.mode }))
    });
    Ok(Applied { files: files.collect(), commit: Some(commit), state })
}

/// Keeps `next` in the place of what it was read as (`next.commit`), which becomes the new commit.
///
/// # Errors
/// Where it cannot be written, or somebody else has moved it.
pub fn write(place: &Place, git: &Git<'_>, next: &mut Applied) -> Result<(), BeaconError> {
    next.state.version = 1;
    let text = serde_json::to_vec(&next.state).map_err(|e| BeaconError::refused(e.to_string()))?;
    let state = make::blobs(git, &[&text])?.remove(0);
    let paths: Vec<_> = next.files.keys().map(|path| format!("{FILES}{path}")).collect();
    let mut files: Vec<_> = paths
        .iter()
        .zip(next.files.values())
        .map(|(path, v)| (path.as_str(), v.mode.as_str(), v.blob.as_str()))
        .collect();
    files.push((STATE, "100644", &state));
    let tree = make::tree(git, &files)?;
    let commit = make::commit(git, &tree, None, "beacon: what was taken in", By::Us)?;
    make::move_ref(git, &place.applied(), next.commit.as_deref(), Some(&commit))?;
    next.commit = Some(commit);
    Ok(())
}
