//! What is kept of a beacon beside the repository: which side a working tree is, and what was last found waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file::Versioned;
use crate::clock::Millis;
use crate::fs::private;

/// Bytes that a hook reads of what waits; twenty paths and a note have far fewer.
const MOST: u64 = 1 << 18;

/// Which side of a beacon a working tree is: `beacon.json` in the folder of the repository (see
/// [`repo_key`](crate::fs::layout::repo_key), here made of the working tree's own git folder).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Identity {
    /// Format version; 1.
    pub version: u32,
    /// 16 hexadecimal digits by chance.
    pub id: String,
    /// Name of the environment: `Code`, `Desktop`, or another.
    pub name: String,
    /// Whom messages are for unless a command says otherwise; empty for the seed's other side.
    pub to: Vec<String>,
    /// The channel.
    pub channel: String,
    /// The working tree.
    pub worktree: PathBuf,
    /// Channels that a remote keeps as a branch, by its URL without credentials.
    pub branches: BTreeMap<String, BTreeSet<String>>,
}

impl Identity {
    /// Notes whether a channel is a branch of the remote with this URL.
    pub fn note_branch(&mut self, url: &str, channel: &str, branch: bool) {
        if branch {
            self.branches.entry(url.to_owned()).or_default().insert(channel.to_owned());
        } else if let Some(channels) = self.branches.get_mut(url) {
            channels.remove(channel);
            self.branches.retain(|_, channels| !channels.is_empty());
        }
    }
}

/// What was last found waiting: `beacon-waiting.json`, written by whoever looks at the remote, read by hooks and status
/// lines. Texts in it come from others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Waiting {
    /// Format version; 1.
    pub version: u32,
    /// Since when it cannot be reached; 0 where it can.
    pub offline_since: Millis,
    /// Messages that wait here to be taken in.
    pub messages: u64,
    /// Number of the newest of them; what was told is told once.
    pub seq: u64,
    /// Paths of their files, at most twenty.
    pub files: Vec<String>,
    /// How many files there are.
    pub file_count: u64,
    /// Names of the environments they come from.
    pub from: Vec<String>,
    /// The newest note.
    pub note: String,
    /// Files with a conflict that nobody has settled.
    pub conflicts: u64,
    /// Messages of ours that wait to go out, and since when; 0 where there are none.
    pub queued: u64,
    /// See `queued`.
    pub queued_since: Millis,
    /// Messages that are not accepted.
    pub held: u64,
}

impl Versioned for Waiting {
    const VERSION: u32 = 1;
}

impl Waiting {
    /// What the file at `path` says, for hooks and status lines: where there is no beacon, one `open` that fails.
    /// Whatever else lies there says nothing.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        private::options().read(true).open(path).ok()?.take(MOST).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// The few words for status lines: `📬 2` for messages that wait here, `📤 1` for those that could not go out, `⚠ 1` for
    /// files with a conflict, `⚠ 1 held` for messages that are not accepted. `None` where there is none of them.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let all = [("📬", self.messages), ("📤", self.queued), ("⚠", self.conflicts)];
        let mut said: Vec<_> = all.iter().filter(|(_, n)| *n > 0).map(|(sign, n)| format!("{sign} {n}")).collect();
        said.extend((self.held > 0).then(|| format!("⚠ {} held", self.held)));
        (!said.is_empty()).then(|| said.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_has_few_words_and_nothing_has_none() {
        let words = |messages, conflicts| Waiting { messages, conflicts, ..Waiting::default() }.words();
        assert_eq!(words(0, 0), None);
        assert_eq!(words(2, 0).as_deref(), Some("📬 2"));
        assert_eq!(words(0, 1).as_deref(), Some("⚠ 1"));
        assert_eq!(words(3, 2).as_deref(), Some("📬 3 ⚠ 2"));
        let all = Waiting { messages: 3, queued: 1, conflicts: 2, ..Waiting::default() };
        assert_eq!(all.words().as_deref(), Some("📬 3 📤 1 ⚠ 2"));
        let held = Waiting { messages: 1, held: 2, ..Waiting::default() };
        assert_eq!(held.words().as_deref(), Some("📬 1 ⚠ 2 held"));
    }
}
