//! Recurring jobs, as values: what is due, and what follows from how a run ended. Pure: the time, and whether a
//! process lives, are passed in; [`ops::jobs`](crate::ops::jobs) has the files and does the work.
//!
//! `model` is the document, `rules` decides, `every` reads and writes intervals.

pub mod every;
pub mod model;
pub mod rules;

pub use model::{Job, Kind, Lease, Outcome, Schedule, Status, Timing};
pub use rules::{Claim, Ended, Life, Now, Owner, Terms, Verdict};

#[cfg(test)]
mod rules_proptest;
#[cfg(test)]
mod rules_tests;
