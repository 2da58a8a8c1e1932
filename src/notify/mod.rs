//! Notifications, as values: how they are kept ([`book`]), what is told of them ([`telling`]), what a sync raises
//! ([`trouble`]). Pure; [`ops::notifications`](crate::ops::notifications) has the files.

pub mod book;
pub mod model;
pub mod telling;
pub mod trouble;

pub use book::Book;
pub use model::{Draft, Kind, Notification, Severity};
