//! Putting files of ours in place and taking them away.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::record::{Placed, hash};
use crate::clock;
use crate::context::Context;
use crate::fs::{FsError, IoContext, atomic, read_optional};
use crate::install::payload::{MADE_BY_CLIENT, PLUGIN, PROGRAMS};

/// A file to be put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Its mode.
    pub mode: u32,
}

/// What happens, or happened, to a file or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It was not there.
    New,
    /// It held something else.
    Changed,
    /// It was so already.
    Same,
    /// It goes.
    Removed,
    /// It stays, since somebody else changed it.
    Kept,
}

/// The plugin's texts below `folder`.
#[must_use]
pub fn plugin_texts(folder: &Path) -> Vec<Item> {
    PLUGIN.iter().map(|p| Item { path: folder.join(p.path), bytes: p.bytes.to_vec(), mode: 0o644 }).collect()
}

/// The executables of `source` below `bin`.
///
/// # Errors
/// Where one of them cannot be read.
pub fn programs(source: &Path, bin: &Path) -> Result<Vec<Item>, FsError> {
    PROGRAMS
        .iter()
        .map(|name| {
            let path = source.join(name);
            let bytes = std::fs::read(&path).at("read", &path)?;
            Ok(Item { path: bin.join(name), bytes, mode: 0o755 })
        })
        .collect()
}

/// What putting `item` in place would change.
///
/// # Errors
/// Where what is there cannot be read.
pub fn compare(item: &Item) -> Result<Change, FsError> {
    let Some(there) = read_optional(&item.path)? else { return Ok(Change::New) };
    let link = std::fs::symlink_metadata(&item.path).is_ok_and(|m| m.is_symlink());
    let mode = std::fs::metadata(&item.path).map_or(0, |m| m.permissions().mode() & 0o777);
    Ok(if there == item.bytes && mode == item.mode && !link { Change::Same } else { Change::Changed })
}

/// Puts `item` in place unless it is there already.
///
/// # Errors
/// Where it cannot be written; what was there is as it was.
pub fn place(item: &Item) -> Result<Placed, FsError> {
    if compare(item)? != Change::Same {
        atomic::place(&item.path, &item.bytes, item.mode)?;
    }
    Ok(Placed { path: item.path.clone(), hash: hash(&item.bytes) })
}

/// The folders that must be made for `path`, outermost first.
#[must_use]
pub fn missing_folders(path: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<_> = path.ancestors().skip(1).take_while(|f| !f.exists()).map(Path::to_owned).collect();
    missing.reverse();
    missing
}

/// Whether a placed file is still what was placed.
#[must_use]
pub fn untouched(placed: &Placed) -> bool {
    std::fs::read(&placed.path).is_ok_and(|bytes| hash(&bytes) == placed.hash)
}

/// Removes a placed file unless somebody changed it since.
///
/// # Errors
/// Where it is there and cannot be removed.
pub fn remove(placed: &Placed) -> Result<Change, FsError> {
    if std::fs::symlink_metadata(&placed.path).is_err() {
        return Ok(Change::Same);
    }
    if !untouched(placed) {
        return Ok(Change::Kept);
    }
    crate::fs::remove_optional(&placed.path)?;
    Ok(Change::Removed)
}

/// Keeps a copy of a file that somebody changed, before it is replaced.
///
/// # Errors
/// Where it cannot be read or the copy not be made.
pub fn keep_copy(ctx: &Context, path: &Path) -> Result<PathBuf, FsError> {
    let bytes = std::fs::read(path).at("read", path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stamp = clock::compact(ctx.clock.now_ms());
    let copies = (1..).map(|n| ctx.layout.replaced().join(format!("{stamp}-{n:02}-{name}")));
    let mut free = copies.filter(|copy| !copy.exists());
    let copy = free.next().unwrap_or_default();
    atomic::create(&copy, &bytes)?;
    Ok(copy)
}

/// Removes what the client made in a plugin's folder, then every folder below and including `folder`
/// that is empty, then those of `made` that are empty.
pub fn tidy(folder: &Path, made: &[PathBuf]) {
    for name in MADE_BY_CLIENT {
        let _ = std::fs::remove_dir_all(folder.join(name));
    }
    remove_empty(folder);
    for folder in made.iter().rev() {
        // Fails where something is in it, which is what is wanted.
        let _ = std::fs::remove_dir(folder);
    }
}

fn remove_empty(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            remove_empty(&entry.path());
        }
    }
    let _ = std::fs::remove_dir(folder);
}
