//! Recurring jobs, as values: what is due, and what follows from how a run ended.
