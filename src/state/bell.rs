//! What is known of a beacon's issue on GitHub: `beacon-bell.json` in the folder of the working tree.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::file::Versioned;
use crate::clock::Millis;

/// The whole file. It holds no credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Bells {
    /// Format version; 1.
    pub version: u32,
    /// The address of GitHub's interface that the rest is of.
    pub api: String,
    /// Nothing is asked there before this.
    pub not_before: Millis,
    /// How long GitHub asks to leave between two looks; 0 where it does not say.
    pub poll: Millis,
    /// Nobody looks before this. Ringing is no look.
    pub poll_after: Millis,
    /// Limits that came one after the other without an end that was named.
    pub strikes: u32,
    /// The login of whom the token is.
    pub login: String,
    /// The issue of each channel.
    pub channels: BTreeMap<String, Bell>,
}

/// One issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Bell {
    /// `owner/name` of the repository, as the configuration or the remote names it.
    pub repository: String,
    /// Its name now, where it was renamed.
    pub renamed: Option<String>,
    /// Number of the issue; 0 where none is known.
    pub number: u64,
    /// Its address, for people.
    pub url: String,
    /// Making one began, and nobody has heard how that ended.
    pub intent: Option<Intent>,
    /// When it was last looked for in vain.
    pub missed_at: Millis,
    /// The version of the last answer.
    pub etag: Option<String>,
    /// SHA-256 of its text as it was last seen.
    pub seen: Option<String>,
    /// The number of the last message that it told of.
    pub seq: Option<u64>,
    /// The commit of the channel that it was last made to tell of.
    pub rung: Option<String>,
    /// What was said of it already, each once: what is still so need not be said again.
    pub told: Vec<String>,
    /// The commit for which it was written into the journal that ringing is not granted.
    pub denied: Option<String>,
}

/// That an issue was going to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Intent {
    /// What stands in its text: 16 hexadecimal digits by chance.
    pub marker: String,
    /// When.
    pub at: Millis,
}

impl Versioned for Bells {
    const VERSION: u32 = 1;
}
