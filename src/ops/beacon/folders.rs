//! Folders and paths in a working tree. A repository comes from elsewhere: a link in it must not make us write outside.

use std::path::{Component, Path, PathBuf};

use crate::beacon::path::{self, Bad};
use crate::fs::IoContext;
use crate::ops::beacon::Place;
use crate::ops::error::OpError;
use crate::plain;
use crate::sync::quote;

/// Makes a folder, and those above it; the paths of those that were not there.
///
/// # Errors
/// Where a link or a file is in the way, and where one cannot be made.
pub fn make(place: &Place, folder: &str) -> Result<Vec<String>, OpError> {
    let mut made = Vec::new();
    let mut at = place.at.worktree.clone();
    let mut name = String::new();
    for part in Path::new(folder).components() {
        let Component::Normal(part) = part else {
            return Err(OpError::usage(format!("{} is no folder below the top", plain::name(folder)))
                .remedy("mend beacon.folders with `craft auto-sync config edit`"));
        };
        at.push(part);
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(&part.to_string_lossy());
        match std::fs::symlink_metadata(&at) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => {
                return Err(OpError::refused(format!("{} is no folder", at.display()))
                    .remedy("move it away; a link could lead out of the repository"));
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                std::fs::create_dir(&at).at("create", &at)?;
                made.push(name.clone());
            }
            Err(e) => return Err(e).at("look at", &at).map_err(Into::into),
        }
    }
    Ok(made)
}

/// Whether a folder is there, and reached through no link.
#[must_use]
pub fn is_plain(place: &Place, folder: &str) -> bool {
    let path = place.at.worktree.join(folder);
    path.is_dir() && std::fs::canonicalize(&path).is_ok_and(|real| real == path)
}

/// What to do about a path that is not the beacon's: nothing, unless it lies beside the folders, which can be more.
#[must_use]
pub fn allow(place: &Place, name: &str, bad: &Bad) -> Option<String> {
    if bad.why != path::OUTSIDE {
        return None;
    }
    let folders: Vec<&str> = place.config.beacon.folders.iter().map(|f| f.trim_end_matches('/')).collect();
    let named = format!("it takes files from {}", folders.join(" and "));
    let folder = Some(name).filter(|name| place.at.worktree.join(name).is_dir());
    let more = match folder.or_else(|| Some(name.rsplit_once('/')?.0)) {
        // A path that is bad in another way too would only be refused later.
        Some(above) if path::check(&format!("{above}/file"), &[above.to_owned()]).is_ok() => {
            let all = serde_json::json!(folders.iter().copied().chain([above]).collect::<Vec<_>>()).to_string();
            let more = format!("craft auto-sync config set beacon.folders {}", quote::word(&all));
            format!("; `{more}` adds {above}, which the other side needs to do as well")
        }
        _ => String::new(),
    };
    Some(format!("{named}{more}"))
}

/// What a user calls a file, as a path from the top of the repository, with `/`. The file may be gone; it is not
/// followed where it is a link.
///
/// # Errors
/// Where it is not in the working tree.
pub fn named(place: &Place, cwd: &Path, file: &str) -> Result<String, OpError> {
    let refused = || {
        OpError::usage(format!("{} is not in {}", plain::name(file), place.at.worktree.display()))
            .remedy("name files of this repository")
    };
    let mut real = std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    // What we print is written from the top, and is typed in any folder.
    let ours = |folder: &String| path::is_below(file, folder);
    if std::fs::symlink_metadata(real.join(file)).is_err() && place.config.beacon.folders.iter().any(ours) {
        real.clone_from(&place.at.worktree);
    }
    let (mut path, mut rest) = (PathBuf::new(), Vec::new());
    for part in real.join(file).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    // The folder may be gone as well, or be written through a link that leads here.
    let name = path.file_name().ok_or_else(refused)?.to_owned();
    rest.push(name);
    let mut above = path.parent().ok_or_else(refused)?.to_owned();
    let folder = loop {
        if let Ok(real) = std::fs::canonicalize(&above) {
            break real;
        }
        rest.push(above.file_name().ok_or_else(refused)?.to_owned());
        if !above.pop() {
            return Err(refused());
        }
    };
    let path = rest.iter().rev().fold(folder, |path, part| path.join(part));
    let inside = path.strip_prefix(&place.at.worktree).map_err(|_| refused())?;
    inside.to_str().filter(|p| !p.is_empty()).map(str::to_owned).ok_or_else(refused)
}
