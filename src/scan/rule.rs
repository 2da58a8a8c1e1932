//! What is asked of rules beyond their pattern.

/// Something in a rules file that cannot be used. The rest of the file still counts.
///
/// It never quotes the file beyond the id of a rule: people paste values into allowlists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Problem {
    /// The rule or allowlist, by name.
    pub place: String,
    /// What is wrong and what happens now.
    pub what: String,
}

impl Problem {
    /// What is wrong, and where.
    #[must_use]
    pub fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

/// Where byte `at` of `text` stands, for a message: `line 3, column 5`. Columns count bytes, both from 1.
#[must_use]
pub fn spot(text: &str, at: usize) -> String {
    let (line, column) = super::place::Lines::new(text.as_bytes()).place(at);
    format!("line {line}, column {column}")
}
