//! One line of the journal.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::{self, Millis};

/// The platform of what concerns nothing but the suite itself: jobs, hooks, permissions, notifications.
pub const CRAFT: &str = "craft";

/// Something that was done, or that was not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When it ended.
    #[serde(with = "clock::iso")]
    pub timestamp: Millis,
    /// Who or what did it.
    #[serde(default)]
    pub actor: Actor,
    /// `git`, `beacon`, `github`, `jira`, `ado`, or [`CRAFT`].
    pub platform: String,
    /// What was done: an operation of the permission gate (`push`, `pull`, `read`, …), `sync`, `job`, `hook`, ….
    pub operation: String,
    /// What it was done to: a working tree, an issue, a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// How it ended.
    pub result: Outcome,
    /// Why it ended so, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// What it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// Whatever else is worth keeping.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
}

/// Who or what did something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Actor {
    /// `session-start`, `session-end`, `user-prompt`, `manual`, `recovery`, `job`.
    pub trigger: String,
    /// The session, where one did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The user's name.
    pub user: String,
    /// The machine.
    pub host: String,
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Success,
    /// The permission gate said no.
    Denied,
    /// It failed.
    Error,
    /// It was left: there was nothing to do, or it could not be done now.
    Skipped,
}

impl Outcome {
    /// The word used in files and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }
}

/// What something changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// Commits made, taken in or sent.
    pub commits: u64,
    /// Files changed by them.
    pub files: u64,
}

impl Entry {
    /// An entry without a time and an actor, which [`note`](crate::ops::audit::note) fills in.
    pub fn new(platform: &str, operation: impl Into<String>, result: Outcome) -> Self {
        Self {
            timestamp: 0,
            actor: Actor::default(),
            platform: platform.to_owned(),
            operation: operation.into(),
            item: None,
            result,
            reason: None,
            duration_ms: None,
            changes: None,
            context: Map::new(),
        }
    }

    /// Says what it was done to.
    #[must_use]
    pub fn item(mut self, item: impl Into<String>) -> Self {
        self.item = Some(item.into());
        self
    }

    /// Says why it ended so.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Says what made it happen.
    #[must_use]
    pub fn trigger(mut self, trigger: &str) -> Self {
        trigger.clone_into(&mut self.actor.trigger);
        self
    }

    /// Adds something worth keeping; what cannot be written as JSON is left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.context.insert(name.to_owned(), value);
        }
        self
    }
}
