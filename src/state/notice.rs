//! What the next hook of a repository has to tell: lines the worker appends and a hook takes away.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::fs::{FsError, IoContext, private};

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// For the user, shown as `systemMessage`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// For the model, added as `additionalContext`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
}

/// Adds a notice.
///
/// # Errors
/// Where the file cannot be written.
pub fn add(path: &Path, notice: &Notice) -> Result<(), FsError> {
    let text = serde_json::to_vec(notice).map_err(std::io::Error::other).at("write", path)?;
    let mut file = private::open(path, private::options().create(true).read(true).append(true))?;
    private::close(&file, path)?;
    fs2::FileExt::lock_exclusive(&file).at("lock", path)?;
    let line = [if torn(&file) { b"\n".as_slice() } else { b"" }, &text, b"\n"].concat();
    file.write_all(&line).at("write", path)
}

/// Whether the file's last line has no end: a full disk or a crash cut it off, and what is added to it would
/// be lost together with it.
fn torn(file: &std::fs::File) -> bool {
    let last = file.metadata().map_or(0, |m| m.len()).checked_sub(1);
    let mut byte = [b'\n'];
    last.is_some_and(|at| file.read_exact_at(&mut byte, at).is_ok()) && byte != [b'\n']
}

/// Takes all notices away; each is given to one process only. Where there are none this is one
/// `open` that fails or finds an empty file.
///
/// # Errors
/// Where the file is there and cannot be read or emptied.
pub fn take(path: &Path) -> Result<Vec<Notice>, FsError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_taken_once() {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("r/notices.jsonl");
        assert_eq!(take(&path).unwrap(), []);
        let one = Notice { user: "pushed\n2 commits".into(), model: String::new() };
        let two = Notice { user: String::new(), model: "arrived".into() };
        add(&path, &one).unwrap();
        add(&path, &two).unwrap();
        assert_eq!(take(&path).unwrap(), [one.clone(), two]);
        assert_eq!(take(&path).unwrap(), []);

        crate::fs::atomic::create(&path, b"{\"user\":\"cut o").unwrap();
        add(&path, &one).unwrap();
        assert_eq!(take(&path).unwrap(), [one], "a line that was cut off takes no other with it");
    }
}
