//! That our folders are ours: refusing those of another user, and closing what an earlier version left open
//! to others.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::engine::journal;
use crate::config::load;
use crate::context::Context;
use crate::fs::{FsError, private};

/// How deep our folders go.
const DEPTH: usize = 4;

/// Whether the folder that everything of ours lies in belongs to this user; one that is missing does.
///
/// # Errors
/// Where it belongs to somebody else, who would then decide what is synced.
pub fn check(ctx: &Context) -> Result<(), FsError> {
    private::check(&ctx.layout.craft())
}

/// Files and folders of ours that other users may look into or change. What an install put there for the
/// client to run or to read is meant to be so.
#[must_use]
pub fn open_to_others(ctx: &Context) -> Vec<PathBuf> {
    let layout = &ctx.layout;
    let mut found = Vec::new();
    // The folder itself may be a link of the user's; below it none is followed.
    let craft = fs::canonicalize(layout.craft()).unwrap_or_else(|_| layout.craft());
    let meant = [layout.bin(), layout.marketplace()].map(|p| craft.join(p.file_name().unwrap_or_default()));
    visit(&craft, &meant, DEPTH, &mut found);
    visit(&layout.state(), &[], 0, &mut found);
    for repository in load::load(&layout.config()).unwrap_or_default().repositories {
        visit(&journal::folder(&repository.common_dir), &[], DEPTH, &mut found);
    }
    found
}

/// Takes the access of others away; the first that could not be closed.
///
/// # Errors
/// The system's answer, with the path.
pub fn close(paths: &[PathBuf]) -> Result<(), String> {
    for path in paths {
        let closed = fs::symlink_metadata(path).and_then(|meta| {
            if meta.is_symlink() {
                return Ok(());
            }
            fs::set_permissions(path, Permissions::from_mode(meta.mode() & 0o700))
        });
        closed.map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

fn visit(path: &Path, meant: &[PathBuf], deeper: usize, found: &mut Vec<PathBuf>) {
    let Ok(meta) = fs::symlink_metadata(path) else { return };
    if meant.iter().any(|m| m == path) || !(meta.is_dir() || meta.is_file()) || private::owned(&meta).is_err() {
        return;
    }
    if meta.mode() & 0o077 != 0 {
        found.push(path.to_owned());
    }
    if meta.is_dir() && deeper > 0 {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            visit(&entry.path(), meant, deeper - 1, found);
        }
    }
}
