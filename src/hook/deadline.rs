//! A bounded wait, measured by the clock that nobody can set.

use std::time::{Duration, Instant};

/// The end of a wait that began when this was made.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    begun: Instant,
    bound: Duration,
}

impl Deadline {
    /// A wait of at most `bound` from now on.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where a deadline is kept; no test needs to move it")]
    pub fn within(bound: Duration) -> Self {
        Self { begun: Instant::now(), bound }
    }

    /// What is left of it; `None` when it is over.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        self.bound.checked_sub(self.begun.elapsed()).filter(|left| !left.is_zero())
    }
}
