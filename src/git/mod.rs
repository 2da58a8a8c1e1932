//! git: reading with libgit2, everything else with the git program.

pub mod repository;
