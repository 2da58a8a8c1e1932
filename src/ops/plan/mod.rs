//! Phased plans: one file a verb. The seed document on phased plans has the ways and the files.

pub mod archive;
mod begin;
pub mod commit;
pub mod convert;
pub mod documents;
pub mod driver;
pub mod evidence;
pub mod execute;
pub mod graph;
pub mod init;
pub mod merged;
mod needs;
pub mod new;
pub mod place;
pub mod pr;
pub mod repair;
pub mod rollback;
pub mod status;
pub mod store;
pub mod summarize;
mod switch;
pub mod todo;
pub mod trees;
pub mod work;

pub use place::Place;
