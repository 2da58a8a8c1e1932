//! `craft beacon`: files handed from one environment to another by way of a git remote. One file a verb; `place` (which
//! side this is), `chain` (what the remote has), `remote` (the calls that
//! talk to it), `send` (the queue, and publishing), `applied` (what was taken in),
//! `apply` (files, as one transaction), `bell` (the issue on GitHub).

pub mod applied;
pub mod bell;
mod build;
pub mod chain;
mod error;
mod guard;
pub mod init;
pub mod log;
pub mod make;
pub mod place;
pub mod pull;
pub mod push;
mod queue;
pub mod remote;
pub mod resolve;
pub mod send;
pub mod status;
pub mod survey;
mod unread;
pub mod watch;

pub use error::{BeaconError, Kind};
pub use place::Place;
