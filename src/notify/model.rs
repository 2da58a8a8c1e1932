//! What a notification says.

use serde_json::Value;

pub use crate::config::model::{NotificationType as Kind, Severity};

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
    /// What programs may want to know.
    pub data: Option<Value>,
    /// The same trouble has the same key: it raises the count of the one that is there.
    pub dedupe_key: String,
    /// Whether the user was told already by other means; then it is kept, and not told once more unless critical.
    pub told: bool,
}
