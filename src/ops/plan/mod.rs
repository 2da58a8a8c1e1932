//! Phased plans: one file a verb. The seed document on phased plans has the ways and the files.

pub mod commit;
pub mod documents;
pub mod driver;
pub mod error;
pub mod merged;
pub mod place;
pub mod store;

pub use error::{Kind, PlanError};
pub use place::Place;
