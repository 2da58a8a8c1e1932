//! What a notification says.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::{self, Millis};
pub use crate::config::model::{NotificationType as Kind, Severity};

/// Every type, in the order in which the documentation has them.
pub const KINDS: [Kind; 8] = [
    Kind::ImportComplete,
    Kind::Discrepancy,
    Kind::SyncFailure,
    Kind::Conflict,
    Kind::Drift,
    Kind::JobComplete,
    Kind::Security,
    Kind::Update,
];

/// Every severity, the mildest first.
pub const SEVERITIES: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Critical];

/// A notification before it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What it is about.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// One short line.
    pub title: String,
    /// One or two sentences, with the way on.
    pub message: String,
    /// What programs may want to know. A text `command` in it is shown as the way on.
    pub data: Option<Value>,
    /// The same trouble has the same key: it raises the count of the one that is there.
    pub dedupe_key: String,
    /// Whether the user was told already by other means; then it is kept, and not told once more unless critical.
    pub told: bool,
}

/// A notification as it is kept. The names of the fields are those of the original, as far as it has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// `notif-<time>-<random>`, both in base 36.
    pub id: String,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// One short line.
    pub title: String,
    /// One or two sentences.
    #[serde(default)]
    pub message: String,
    /// What programs may want to know.
    #[serde(default)]
    pub data: Option<Value>,
    /// When it was raised first.
    #[serde(with = "time")]
    pub created_at: Millis,
    /// When it was raised last.
    #[serde(default, with = "time")]
    pub updated_at: Millis,
    /// When somebody read it. That alone does not put it away.
    #[serde(default, with = "time::option")]
    pub read_at: Option<Millis>,
    /// When it was put away.
    #[serde(default, with = "time::option")]
    pub dismissed_at: Option<Millis>,
    /// Not to be told before.
    #[serde(default, with = "time::option")]
    pub snoozed_until: Option<Millis>,
    /// The same trouble has the same key.
    #[serde(default)]
    pub dedupe_key: String,
    /// How often it was raised.
    #[serde(default = "once")]
    pub count: u64,
    /// Whether it was put away because the trouble had passed.
    #[serde(default)]
    pub passed: bool,
    /// Whether the user was told.
    #[serde(default)]
    pub told: bool,
    /// The line of `announcement.json` that tells of it: that line's `from`, in milliseconds.
    #[serde(default)]
    pub offered: Option<Millis>,
}

impl Notification {
    /// What to type about it, where whoever raised it knew.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        self.data.as_ref()?.get("command")?.as_str().filter(|c| !c.is_empty())
    }
}

fn once() -> u64 {
    1
}

/// The word for a type, as files and the command line have it.
#[must_use]
pub fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::ImportComplete => "import-complete",
        Kind::Discrepancy => "discrepancy",
        Kind::SyncFailure => "sync-failure",
        Kind::Conflict => "conflict",
        Kind::Drift => "drift",
        Kind::JobComplete => "job-complete",
        Kind::Security => "security",
        Kind::Update => "update",
    }
}

/// The word for a severity, as files and the command line have it.
#[must_use]
pub fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// For serde: times as RFC 3339 with milliseconds.
mod time {
    use serde::{Deserializer, Serializer};

    use super::{Millis, clock};

    /// The end of the year 9999: a later time cannot be written in this form.
    const LAST: Millis = 253_402_300_799_999;

    pub(super) fn serialize<S: Serializer>(ms: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
        clock::iso::serialize(&(*ms).min(LAST), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Millis, D::Error> {
        clock::iso::deserialize(deserializer).map(|ms| ms.min(LAST))
    }

    pub(super) mod option {
        use serde::de::Error as _;

        use super::{Deserializer, LAST, Millis, Serializer, clock};

        #[expect(clippy::ref_option, reason = "serde passes a reference")]
        pub(in super::super) fn serialize<S: Serializer>(
            ms: &Option<Millis>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match ms {
                Some(ms) => super::serialize(ms, serializer),
                None => serializer.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Millis>, D::Error> {
            let text = <Option<String> as serde::Deserialize>::deserialize(deserializer)?;
            let read = |text: String| {
                clock::parse_rfc3339(&text).map(|ms| ms.min(LAST)).ok_or_else(|| D::Error::custom("no time"))
            };
            text.map(read).transpose()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_files() {
        for kind in KINDS {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind_word(kind));
        }
        for severity in SEVERITIES {
            assert_eq!(serde_json::to_value(severity).unwrap(), severity_word(severity));
        }
    }
}
