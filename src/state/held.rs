//! How long hooks held a session: a line from each that did, until the worker writes it into the journal.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lines;
use crate::clock::Millis;
use crate::fs::layout::Layout;
use crate::fs::{FsError, IoContext, private};

/// No more bytes than this wait for a worker; what comes then is not counted.
const FULL: u64 = 64 * 1024;

/// A hook that held a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// When it was done.
    pub at: Millis,
    /// The host's event.
    pub event: String,
    /// How long it took from its start until its output was written, in milliseconds.
    pub ms: u64,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The repository's common folder.
    pub common_dir: PathBuf,
}

/// Adds a line. Where a worker takes lines away at this very moment, it is tried a few times and then left: nothing
/// waits for a measurement.
///
/// # Errors
/// Where the file cannot be written.
pub fn add(layout: &Layout, held: &Held) -> Result<(), FsError> {
    let path = layout.held();
    let text = serde_json::to_vec(held).map_err(std::io::Error::other).at("write", &path)?;
    let mut file = private::open(&path, private::options().create(true).read(true).append(true))?;
    private::close(&file, &path)?;
    if file.metadata().at("read", &path)?.len() >= FULL {
        return Ok(());
    }
    for _ in 0..5 {
        if fs2::FileExt::try_lock_shared(&file).is_ok() {
            let start = if lines::torn(&file) { b"\n".as_slice() } else { b"" };
            return file.write_all(&[start, &text, b"\n"].concat()).at("write", &path);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Takes all of them away; each is given to one process only.
///
/// # Errors
/// Where the file is there and cannot be read or emptied.
pub fn take(layout: &Layout) -> Result<Vec<Held>, FsError> {
    lines::take(&layout.held())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::atomic;

    #[test]
    fn what_is_added_is_taken_once_and_a_full_file_does_not_grow() {
        let tmp = tempfile::tempdir().unwrap();
        let layout = Layout::at(tmp.path());
        assert_eq!(take(&layout).unwrap(), []);
        let one = Held { at: 1, event: "SessionStart".into(), ms: 2, session: None, common_dir: "/r/.git".into() };
        atomic::create(&layout.held(), b"{\"at\":1,\"eve").unwrap();
        add(&layout, &one).unwrap();
        assert_eq!(
            take(&layout).unwrap(),
            std::slice::from_ref(&one),
            "a line that was cut off takes no other with it"
        );
        assert_eq!(take(&layout).unwrap(), []);
        for _ in 0..2000 {
            add(&layout, &one).unwrap();
        }
        let size = std::fs::metadata(layout.held()).unwrap().len();
        assert!((FULL..FULL + 200).contains(&size), "{size}");
        let other = std::fs::File::open(layout.held()).unwrap();
        fs2::FileExt::lock_exclusive(&other).unwrap();
        atomic::create(&layout.held(), b"").unwrap();
        add(&layout, &one).unwrap();
        assert_eq!(take(&layout).unwrap(), [one], "a lock on a file that is gone is none");
    }
}
