//! claude-craft: hooks for Claude Code that keep a developer's repositories in step with the work.
//!
//! The library has five floors; imports point down only (`ARCHITECTURE.md` has the map, a test keeps
//! it). Floor 0 is all that the hook executables use and builds without the feature `cli`.

// Floor 0: base.
pub mod book;
pub mod clock;
pub mod config;
pub mod detach;
pub mod diagnostics;
pub mod dice;
pub mod env;
pub mod fs;
pub mod hook;
pub mod locate;
pub mod permission;
pub mod plain;
pub mod queue;
pub mod state;
pub mod sys;
pub mod trigger;

// Floor 1: domain.
#[cfg(feature = "cli")]
pub mod audit;
#[cfg(feature = "cli")]
pub mod beacon;
#[cfg(feature = "cli")]
pub mod digest;
#[cfg(feature = "cli")]
pub mod install;
#[cfg(feature = "cli")]
pub mod json;
#[cfg(feature = "cli")]
pub mod monitor;
#[cfg(feature = "cli")]
pub mod notify;
#[cfg(feature = "cli")]
pub mod phase;
#[cfg(feature = "cli")]
pub mod scan;
#[cfg(feature = "cli")]
pub mod schedule;
#[cfg(feature = "cli")]
pub mod settings;
#[cfg(feature = "cli")]
pub mod sync;

// Floor 2: adapters.
#[cfg(feature = "cli")]
pub mod context;
#[cfg(feature = "cli")]
pub mod git;
#[cfg(feature = "cli")]
pub mod github;
#[cfg(feature = "cli")]
pub mod host;
#[cfg(feature = "cli")]
pub mod http;
#[cfg(feature = "cli")]
pub mod journal;

// Floor 3: operations.
#[cfg(feature = "cli")]
pub mod ops;

// Floor 4: edges.
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod tui;
#[cfg(feature = "cli")]
pub mod worker;
