//! What the monitor shows, as values.
