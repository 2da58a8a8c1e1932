//! Proof that a hook really ran: when, which executable, in which session.
//!
//! Whether hooks fire depends on settings of the host, trust, versions and policies that cannot be read
//! from outside; the only proof is a hook that ran. `craft doctor` reads what is written here.

use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::fs::layout::Layout;
use crate::fs::private;
use crate::hook::event::Name;

/// The last run of one hook: `craft/heartbeat-<event>.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Heartbeat {
    /// Format version; 1.
    pub version: u32,
    /// When it ran.
    pub at: Millis,
    /// The version of claude-craft that ran.
    pub craft: String,
    /// The executable.
    pub program: PathBuf,
    /// The host's id of the session; empty where it gave none.
    pub session: String,
    /// The session's folder; empty where the host did not say.
    pub folder: PathBuf,
}

/// Notes that the hook `name` runs. Written in place and without a sync, as a tick is: a hook that does
/// nothing must cost nothing. Where the suite is neither installed nor configured there is no folder for
/// it, and none is made. `false` where the folder belongs to another user, so that nothing may be done.
pub fn beat(layout: &Layout, name: Name, beat: &Heartbeat) -> bool {
    let Ok(mut text) = serde_json::to_vec(beat) else { return true };
    let path = layout.heartbeat(name.word());
    let open = private::options().write(true).create(true).truncate(false).open(&path);
    let Ok(file) = open else { return true };
    let Ok(meta) = file.metadata() else { return true };
    // Only a first run asks for the folder: later ones see by the file whose it is.
    let ours = private::owned(&meta).is_ok() && (meta.len() > 0 || private::check(&layout.craft()).is_ok());
    if !ours {
        if meta.len() == 0 {
            let _ = std::fs::remove_file(&path);
        }
        return false;
    }
    // A longer text that stood here before is blanked out, which JSON does not mind.
    let before = usize::try_from(meta.len()).unwrap_or(0);
    text.resize(text.len().max(before.min(16 * 1024)), b' ');
    let _ = file.write_all_at(&text, 0);
    true
}

/// The last run of the hook `name`; `None` where it never ran, or where what is there is being written.
#[must_use]
pub fn last(layout: &Layout, name: Name) -> Option<Heartbeat> {
    serde_json::from_slice(&std::fs::read(layout.heartbeat(name.word())).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_run_is_known_and_nothing_is_written_where_the_suite_is_not_in_use() {
        let tmp = tempfile::tempdir().unwrap();
        let layout = Layout::at(tmp.path());
        let long = Heartbeat { version: 1, at: 1, session: "a long name".into(), ..Heartbeat::default() };
        beat(&layout, Name::SessionEnd, &long);
        assert_eq!(std::fs::read_dir(tmp.path()).unwrap().count(), 0);

        std::fs::create_dir(layout.craft()).unwrap();
        let short = Heartbeat { at: 2, session: String::new(), ..long.clone() };
        for each in [&long, &short] {
            beat(&layout, Name::SessionEnd, each);
            assert_eq!(last(&layout, Name::SessionEnd).as_ref(), Some(each));
        }
        assert_eq!(last(&layout, Name::SessionStart), None);
    }
}
