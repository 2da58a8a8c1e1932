//! Notifications, as values. Pure; [`ops::notifications`](crate::ops::notifications) keeps them.

pub mod model;

pub use model::{Draft, Kind, Severity};
