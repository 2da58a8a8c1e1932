//! One function a verb. Each takes a [`Context`](crate::context::Context) and returns typed outcomes.

pub mod audit;
pub mod brief;
pub mod config_file;
pub mod doctor;
pub mod engine;
pub mod enroll;
pub mod enrolled;
pub mod exclude;
pub mod former;
pub mod fragments;
pub mod history;
pub mod install;
pub mod keys;
pub mod log;
pub mod monitor;
pub mod notifications;
pub mod ours;
pub mod permissions;
pub mod permit;
pub mod record;
pub mod round;
pub mod scan;
pub mod settings;
pub mod status;
pub mod sync;
