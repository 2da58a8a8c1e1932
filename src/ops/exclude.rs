//! Keeping what is one person's out of a repository that others share.

use std::path::Path;

use crate::fs::{FsError, IoContext, atomic, read_optional};
use crate::git::repository::Repository;
use crate::locate::locate;

/// Has git ignore `path`, a file or a folder that may not be there yet, in this clone only: a line in
/// `info/exclude`, unless it is ignored already. Outside of a repository there is nothing to do.
///
/// # Errors
/// Where that file cannot be read or written.
pub fn keep_out_of_git(path: &Path) -> Result<(), FsError> {
    let Some(there) = path.ancestors().skip(1).find(|p| p.is_dir()) else { return Ok(()) };
    let Some(at) = locate(there) else { return Ok(()) };
    let folder = std::fs::canonicalize(there).at("read", there)?;
    let rest = path.strip_prefix(there).unwrap_or(path);
    let Ok(inside) = folder.join(rest).strip_prefix(&at.worktree).map(Path::to_owned) else { return Ok(()) };
    let ignored = Repository::open(&at).and_then(|repository| repository.ignores(&inside));
    let exclude = at.common_dir.join("info/exclude");
    let text = read_optional(&exclude)?.unwrap_or_default();
    let line = format!("/{}", inside.display());
    if matches!(ignored, Ok(true)) || text.split(|b| *b == b'\n').any(|l| l == line.as_bytes()) {
        return Ok(());
    }
    let end = if text.is_empty() || text.ends_with(b"\n") { "" } else { "\n" };
    atomic::append(&exclude, format!("{end}{line}\n").as_bytes())
}
