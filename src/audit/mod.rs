//! The journal of all that was done, as values: what a line says. Pure; [`journal`](crate::journal) has the files.

pub mod entry;

pub use entry::{Actor, Changes, Entry, Outcome};
