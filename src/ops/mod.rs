//! One function a verb. Each takes a [`Context`](crate::context::Context) and returns typed outcomes.

pub mod config_file;
pub mod enroll;
pub mod history;
pub mod keys;
pub mod log;
pub mod settings;
pub mod status;
pub mod sync;
