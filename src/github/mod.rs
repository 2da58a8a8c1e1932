//! GitHub's REST interface, as far as it is used: issues of one repository. What is called is granted by the permission
//! gate, one call a grant; a call is sent once, and whoever called decides what an unknown ending means.

mod address;
pub mod client;
mod error;
mod issue;

pub use address::{Address, Repository, api_of};
pub use client::{Client, Got, Listed};
pub use error::GithubError;
pub use issue::{Draft, Edit, Issue};
