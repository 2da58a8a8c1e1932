//! What a sync is, as values: what was seen, what to do about it, how it ended. No file, process or
//! clock is touched here.

pub mod outcome;
pub mod step;
pub mod tell;
