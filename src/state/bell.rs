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
    /// How long GitHub asks to leave between two looks; 0 where it does not say.
    pub poll: Millis,
    /// Nobody looks before this. Ringing is no look.
    pub poll_after: Millis,
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
    /// Whether it was written into the journal that looking is not granted.
    pub unheard: bool,
    /// Somebody rang, and nobody knows of it that it was heard at GitHub.
    pub owed: bool,
    /// When GitHub last said no for a reason that stays; 0 where it does not.
    pub refused_at: Millis,
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

/// Channels that are kept; somebody who names a new one each time must not make the file grow.
const MOST: usize = 64;

impl Bells {
    /// Of too many channels those go that are not `here` and can be found again: first those without an issue.
    pub fn tidy(&mut self, here: &str) {
        while self.channels.len() > MOST {
            let others = self.channels.iter().filter(|(name, bell)| *name != here && bell.intent.is_none());
            let Some(first) = others.min_by_key(|(_, bell)| bell.number > 0).map(|(name, _)| name.clone()) else {
                return;
            };
            self.channels.remove(&first);
        }
    }
}

impl Versioned for Bells {
    const VERSION: u32 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_no_more_than_some_and_none_is_forgotten_whose_issue_may_be_made_twice() {
        let mut bells = Bells::default();
        for n in 0..200 {
            let intent = (n == 3).then(Intent::default);
            let bell = Bell { number: u64::from(n % 4 == 0) * n, intent, ..Bell::default() };
            bells.channels.insert(format!("c{n:03}"), bell);
            bells.tidy("c001");
        }
        assert_eq!(bells.channels.len(), MOST);
        assert!(["c001", "c003", "c196"].iter().all(|name| bells.channels.contains_key(*name)));
        assert!(bells.channels.values().filter(|bell| bell.number > 0).count() > 40, "those with an issue stay longer");
    }
}
