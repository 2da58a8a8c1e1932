//! git: reading with libgit2, everything else with the git program.

pub mod command;
mod compare;
pub mod credential;
pub mod diff;
pub mod environment;
pub mod fault;
pub mod objects;
pub mod patches;
pub mod porcelain;
pub mod process;
pub mod reads;
pub mod repository;
pub mod settings;
pub mod ssh;
pub mod version;
pub mod worktrees;
