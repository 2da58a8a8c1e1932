//! What a sync is, as values: what was seen, what to do about it, how it ended. No file, process or
//! clock is touched here.

pub mod backoff;
pub mod gate;
pub mod message;
pub mod names;
pub mod outcome;
pub mod plan;
pub mod pulled;
pub mod quote;
pub mod step;
pub mod tell;
pub mod words;
