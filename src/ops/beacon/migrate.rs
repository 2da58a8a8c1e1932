//! `craft beacon init --migrate-prompts`: files of the folder that was there before the beacon.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::fs::IoContext;
use crate::git::command::Git;
use crate::ops::beacon::{Place, folders};
use crate::ops::error::OpError;

/// Where they lay.
const FROM: &str = ".claude/prompts";
/// Where they go.
const TO: &str = ".claude/planning";

/// From, to.
type Moved = (String, String);
/// What stays, and why.
type Left = (String, String);

/// Moves `.claude/prompts/*.md`: by git where it tracks them, so that its index follows. Nothing is overwritten. Ended
/// half-way, the next call goes on.
///
/// # Errors
/// Where the folder cannot be read, or git cannot say what it tracks.
pub(super) fn prompts(place: &Place, git: &Git<'_>) -> Result<(Vec<Moved>, Vec<Left>), OpError> {
    let (mut moved, mut left) = (Vec::new(), Vec::new());
    let top = &place.at.worktree;
    let folder = top.join(FROM);
    if !folder.is_dir() {
        return Ok((moved, left));
    }
    if !folders::is_plain(place, FROM) {
        left.push((FROM.to_owned(), "it is reached through a link".to_owned()));
        return Ok((moved, left));
    }
    folders::make(place, TO)?;
    let listed = git.read(["ls-files", "-z", "--", FROM]).line()?;
    let tracked: BTreeSet<&str> = listed.split('\0').collect();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).at("read", &folder)? {
        let name = entry.at("read", &folder)?.file_name();
        if name.as_encoded_bytes().ends_with(b".md") {
            names.push(name);
        }
    }
    names.sort();
    for name in names {
        let from = format!("{FROM}/{}", name.to_string_lossy());
        let Some(name) = name.to_str() else {
            left.push((from, "its name is not UTF-8".to_owned()));
            continue;
        };
        let to = format!("{TO}/{name}");
        match one(top, git, &from, &to, tracked.contains(from.as_str())) {
            Ok(()) => moved.push((from, to)),
            Err(why) => left.push((from, why)),
        }
    }
    Ok((moved, left))
}

/// Moves one, or says why not.
fn one(top: &Path, git: &Git<'_>, from: &str, to: &str, tracked: bool) -> Result<(), String> {
    let (old, new) = (top.join(from), top.join(to));
    let meta = std::fs::symlink_metadata(&old).map_err(|e| e.to_string())?;
    if !meta.is_file() {
        return Err("it is no ordinary file".to_owned());
    }
    match std::fs::symlink_metadata(&new) {
        // A link of the same file: this was ended before the old name went.
        Ok(there) if !tracked && (there.dev(), there.ino()) == (meta.dev(), meta.ino()) => {}
        Ok(_) => return Err(format!("{to} is there already")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            if tracked {
                let call = git.write(["mv", "--", from, to]).env("GIT_LITERAL_PATHSPECS", "1");
                return call.run().map(drop).map_err(|e| e.to_string());
            }
            // Unlike a rename, a link fails where the name was taken a moment ago.
            std::fs::hard_link(&old, &new).map_err(|e| e.to_string())?;
        }
        Err(e) => return Err(e.to_string()),
    }
    std::fs::remove_file(&old).map_err(|e| e.to_string())
}
