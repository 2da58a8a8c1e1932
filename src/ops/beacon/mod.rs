//! `craft beacon`: files handed from one environment to another by way of a git remote. One file a verb, and:
//!
//! - which side this is: `place`, `moved` (where a working tree lay before), `folders` (paths of the working tree),
//!   `migrate` (files of the former folder);
//! - the channel: `remote` (the calls that talk to it), `fetch` (asking for its end), `chain` (reading what is here of it),
//!   `make` and `read` (objects), `heard` (who is on it);
//! - coming in: `incoming` (what is for this side, and whether it is accepted) with `authors` and `signature`, `check`
//!   (bytes and paths), `held`, `planning`, `apply` with `disk` and `backup` (files, as one transaction), `applied` (what
//!   was taken in), `copies` (of theirs);
//! - going out: `survey` (what was changed here), `guard` (what may be sent), `queue` and `outbox`, `send`, `build` (its
//!   commits), `unread` (what has to be taken in first, and the receipt that is owed), `lost` (what went from the channel);
//! - `bell` (the issue on GitHub);
//! - telling: `watching` (look after look), `unattended` (what is told once), `notices`, `hints` (what is to be typed next).

pub mod applied;
mod apply;
pub mod authors;
mod backup;
pub mod bell;
mod build;
pub mod chain;
mod check;
mod copies;
mod disk;
pub mod fetch;
pub mod folders;
mod guard;
mod heard;
pub mod held;
pub mod hints;
mod incoming;
pub mod init;
pub mod log;
pub mod lost;
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
