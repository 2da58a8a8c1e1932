//! What may leave this machine, and what may be taken in: one gate for all of it.
//!
//! `model` has the words (platforms, operations, presets), `rules` what a configuration allows, `gate` decides and
//! gives out the grants without which nothing is sent or taken in, `foreign` reads the settings of a predecessor.

pub mod foreign;
pub mod gate;
pub mod model;
pub mod rules;

pub use gate::{Decision, Gate, Grant, of, on};
pub use model::{Operation, Origin, Platform, Preset};
pub use rules::{Allow, Permissions, Rules};
