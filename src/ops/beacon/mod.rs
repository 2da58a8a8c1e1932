//! `craft beacon`: files handed from one environment to another by way of a git remote. One file a verb; `place` (which
//! side this is), `chain` (what the remote has), `send` (the queue, and publishing), `applied` (what was taken in),
//! `apply` (files, as one transaction), `bell` (the issue on GitHub).

pub mod applied;
mod apply;
mod backup;
pub mod bell;
pub mod chain;
mod check;
mod disk;
mod error;
pub mod init;
pub mod log;
pub mod place;
mod planning;
pub mod pull;
pub mod push;
pub mod resolve;
pub mod send;
pub mod status;
mod tree;
pub mod watch;

pub use error::{BeaconError, Kind};
pub use place::Place;
