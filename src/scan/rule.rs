//! What is asked of rules beyond their pattern.

/// Something in a rules file that cannot be used. The rest of the file still counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Problem {
    /// The rule or allowlist, by name.
    pub place: String,
    /// What is wrong and what happens now.
    pub what: String,
}
