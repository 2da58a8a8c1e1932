//! Sessions of the real client, with the suite installed, against a stand-in for the Messages API.
//!
//! `scripts/e2e.sh` installs the client and runs these; without it they are skipped.
#![allow(clippy::disallowed_methods, reason = "tests write files and start programs themselves")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on has failed")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` makes values at the call")]
#![allow(
    unreachable_pub,
    dead_code,
    unused_imports,
    reason = "the modules of one binary, some of them shared with another"
)]

mod common;

#[path = "e2e/client.rs"]
mod client;
#[path = "e2e/install.rs"]
mod install;
#[path = "e2e/play.rs"]
mod play;
#[path = "e2e/stub_api.rs"]
mod stub_api;
#[path = "e2e/terminal.rs"]
mod terminal;

// The scenarios. scripts/e2e.sh knows which release of the client each module needs.
#[path = "e2e/beacons.rs"]
mod beacons;
#[path = "e2e/ending.rs"]
mod ending;
#[path = "e2e/installs.rs"]
mod installs;
#[path = "e2e/native.rs"]
mod native;
#[path = "e2e/oldest.rs"]
mod oldest;
#[path = "e2e/places.rs"]
mod places;
#[path = "e2e/plans.rs"]
mod plans;
#[path = "e2e/plugin.rs"]
mod plugin;
#[path = "e2e/remotes.rs"]
mod remotes;
#[path = "e2e/session.rs"]
mod session;
