//! What a working tree has taken in, path by path. "The last commit that was seen" would hide the other side's files
//! that lay on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a working tree has taken in. Kept as a commit of its own, whose ref is moved last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Applied {
    /// The commit that keeps it; `None` before the first.
    pub commit: Option<String>,
    /// What is no file.
    pub state: State,
    /// For each path the version that both sides are known to have.
    pub files: BTreeMap<String, Version>,
}

/// A version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// git's object id of its bytes.
    pub blob: String,
    /// `100644` or `100755`.
    pub mode: String,
}

/// The rest of it: `state.json` in that commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct State {
    /// Format version; 1.
    pub version: u32,
    /// The last commit of the channel that was looked at.
    pub position: Option<String>,
    /// The number of the last message that was looked at.
    pub seq: u64,
    /// An end of the channel that had all that was sent from here; `None` where nothing was, or where what went from the
    /// channel is offered again already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// Messages behind that which were not taken in.
    pub held: Vec<Held>,
    /// Messages that were held and that somebody has dropped for good, as long as others are held: nothing of them was
    /// taken in, so they are not what came after one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Held>,
    /// Files in which both sides changed the same.
    pub conflicts: Vec<Conflict>,
}

/// A message that was not taken in: its sender is nobody's we know, or something in it may not be written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Held {
    /// Its number.
    pub seq: u64,
    /// Its commit.
    pub commit: String,
    /// Why, as a sentence.
    pub why: String,
    /// Its files that were not taken in, where the others were; empty where none was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
}

impl Held {
    /// Whether some of its files were taken in.
    #[must_use]
    pub fn is_partly(&self) -> bool {
        !self.paths.is_empty()
    }
}

/// A file in which both sides changed the same. Ours is as it was; theirs lies beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Conflict {
    /// Its path.
    pub path: String,
    /// git's object id of their version; `None` where they took it away.
    pub theirs: Option<String>,
    /// Mode of their version; empty where they took it away.
    pub mode: String,
    /// The path of the copy of theirs that lies beside; empty where they took it away.
    pub beside: String,
    /// Who sent it.
    pub from: String,
    /// Number of the message.
    pub seq: u64,
    /// Whether both sides have a newer version than theirs, because the message was accepted late.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
}

impl State {
    /// The number up to which all messages were taken in: what a receipt says.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.held.iter().map(|h| h.seq.saturating_sub(1)).min().map_or(self.seq, |held| held.min(self.seq))
    }
}
