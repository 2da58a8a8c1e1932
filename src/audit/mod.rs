//! The journal of all that was done, as values: what a line says, how the lines hang together, which of them somebody
//! asks for, and what they add up to. Pure; [`journal`](crate::journal) has the files.

pub mod activity;
pub mod chain;
pub mod entry;
pub mod line;
pub mod metrics;
pub mod prometheus;
pub mod query;
pub mod synced;
pub mod when;

pub use entry::{Actor, Changes, Entry, Outcome};
pub use query::Query;
