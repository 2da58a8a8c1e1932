//! What a pointer of git LFS stands for: its pre-push hook sends that, and git itself never sees it.

use std::path::{Path, PathBuf};

use super::walk;
use crate::scan::Unscanned;

/// How a pointer begins (git-lfs, `docs/spec.md`).
const VERSIONS: [&[u8]; 2] =
    [b"version https://git-lfs.github.com/spec/v1\n", b"version https://hawser.github.com/spec/v1\n"];
/// A pointer is smaller than this.
const POINTER: usize = 1024;

/// The bytes that `pointer` stands for, or why they cannot be scanned; nothing where it is no pointer, or where they
/// are not here, and so cannot be sent.
pub(super) fn stored(folder: &Path, pointer: &[u8], limit: u64) -> Option<Result<Vec<u8>, Unscanned>> {
    let path = place(folder, pointer)?;
    let absent = std::fs::symlink_metadata(&path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
    (!absent).then(|| walk::read(&path, limit))
}

/// Whether `content` is a pointer to something that is not here, and may come later.
pub(super) fn is_open(folder: &Path, content: &[u8]) -> bool {
    place(folder, content).is_some_and(|path| !path.exists())
}

fn place(folder: &Path, pointer: &[u8]) -> Option<PathBuf> {
    let id = id(pointer)?;
    Some(folder.join(&id[..2]).join(&id[2..4]).join(id))
}

fn id(pointer: &[u8]) -> Option<&str> {
    if pointer.len() >= POINTER || !VERSIONS.iter().any(|v| pointer.starts_with(v)) {
        return None;
    }
    let text = std::str::from_utf8(pointer).ok()?;
    let id = text.lines().find_map(|line| line.strip_prefix("oid sha256:"))?;
    (id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some(id)
}
