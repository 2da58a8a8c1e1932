//! The sync beacon, as values: the messages, the text of the seed document, and which paths may be written.
//!
//! Two environments hand files to each other by a chain of commits under one ref of a git remote; each commit has a
//! [`manifest::Manifest`]. What people see of it is the seed's [`block::Block`].

pub mod applied;
pub mod bell;
pub mod block;
pub mod fold;
pub mod manifest;
pub mod name;
pub mod outlook;
pub mod path;
