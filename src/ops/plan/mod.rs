//! Phased plans: one file a verb. The seed document on phased plans has the ways and the files.

pub mod commit;
pub mod convert;
pub mod documents;
pub mod error;
pub mod evidence;
pub mod graph;
pub mod init;
pub mod merged;
pub mod new;
pub mod place;
pub mod repair;
pub mod store;

pub use error::{Kind, PlanError};
pub use place::Place;
