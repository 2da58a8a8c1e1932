//! `craft beacon`: files handed from one environment to another by way of a git remote. One file a verb; `place` (which
//! side this is), `chain` (what the remote has), `remote` (the calls that talk to it), `send` (the queue, and publishing),
//! `make` and `read` (objects), `build` (its commits), `unread`, `guard` (what may be sent), `signature` (whose it is),
//! `hints` (what is to be typed next), `heard` (who is on a channel), `applied` (what was taken in), `pull` with `authors`,
//! `held`, `check`, `planning`, `copies` and `apply` (files, as one transaction), `bell` (the issue on GitHub), `folders`
//! (paths of the working tree), `migrate` (files of the former folder), `moved` (where a working tree lay before).

pub mod applied;
mod apply;
mod authors;
mod backup;
pub mod bell;
mod build;
pub mod chain;
mod check;
mod copies;
mod disk;
pub mod folders;
mod guard;
mod heard;
pub mod held;
pub mod hints;
pub mod init;
pub mod log;
pub mod make;
mod migrate;
mod moved;
pub mod notices;
pub mod outbox;
pub mod place;
mod planning;
pub mod pull;
pub mod push;
mod queue;
mod read;
pub mod remote;
pub mod resolve;
pub mod send;
mod signature;
pub mod status;
pub mod survey;
mod unattended;
mod unread;
pub mod watch;
pub mod watching;

pub use place::Place;
