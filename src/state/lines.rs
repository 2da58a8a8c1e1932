//! A file of JSON lines to which several processes add and from which one takes: each line is taken once.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::fs::{FsError, IoContext, private};

/// Whether the file's last line has no end: a full disk or a crash cut it off, and what is added to it would
/// be lost together with it.
pub(super) fn torn(file: &File) -> bool {
    let last = file.metadata().map_or(0, |m| m.len()).checked_sub(1);
    let mut byte = [b'\n'];
    last.is_some_and(|at| file.read_exact_at(&mut byte, at).is_ok()) && byte != [b'\n']
}

/// Takes all lines away; each is given to one process only, and what is none is passed over. Where there are none this
/// is one `open` that fails or finds an empty file.
///
/// # Errors
/// Where the file is there and cannot be read or emptied.
pub(super) fn take<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, FsError> {
    let mut file = match private::options().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e).at("open", path),
    };
    let meta = file.metadata().at("read", path)?;
    if meta.len() == 0 || fs2::FileExt::try_lock_exclusive(&file).is_err() {
        return Ok(Vec::new());
    }
    private::owned(&meta).at("use", path)?;
    let mut text = Vec::new();
    file.read_to_end(&mut text).at("read", path)?;
    file.set_len(0).at("empty", path)?;
    Ok(text.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
}
