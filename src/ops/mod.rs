//! One function a verb. Each takes a [`Context`](crate::context::Context) and returns typed outcomes.

pub mod engine;
pub mod history;
pub mod sync;
