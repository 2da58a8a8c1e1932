//! What the next hook of a repository has to tell: lines the worker appends and a hook takes away.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::lines;
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
    let line = [if lines::torn(&file) { b"\n".as_slice() } else { b"" }, &text, b"\n"].concat();
    file.write_all(&line).at("write", path)
}

/// Takes all notices away; each is given to one process only. Where there are none this is one
/// `open` that fails or finds an empty file.
///
/// # Errors
/// Where the file is there and cannot be read or emptied.
pub fn take(path: &Path) -> Result<Vec<Notice>, FsError> {
    lines::take(path)
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
