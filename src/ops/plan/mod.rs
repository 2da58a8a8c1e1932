//! Phased plans: one file a verb. The seed document on phased plans has the ways and the files.

pub mod archive;
pub mod commit;
pub mod documents;
pub mod error;
pub mod merged;
pub mod place;
pub mod status;
pub mod store;
pub mod summarize;
pub mod trees;
pub mod work;

pub use error::{Kind, PlanError};
pub use place::Place;
