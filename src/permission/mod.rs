//! What may leave this machine, and what may be taken in: one gate for all of it.
//!
//! `model` has the words (platforms, operations, presets), `rules` what a configuration allows.

pub mod model;
pub mod rules;

pub use model::{Operation, Origin, Platform, Preset};
pub use rules::{Allow, Permissions, Rules};
