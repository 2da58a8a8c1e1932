//! What was done: `auto-sync-state.json` and the small files beside it.

pub mod announcement;
pub mod beacon;
pub mod bell;
pub mod due;
pub mod file;
pub mod heartbeat;
pub mod held;
mod lines;
pub mod model;
pub mod notice;
pub mod observed;
pub mod pauses;
pub mod progress;
pub mod session;
pub mod tick;

pub use file::{Loaded, StateFile, Versioned};
pub use model::{Attention, LastSync, RepoState, State, Statistics};
