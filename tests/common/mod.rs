//! What the tests share: a hermetic environment, repositories, ways to run the programs, assertions.

mod beacon;
pub mod desk;
mod env;
mod fake;
pub mod github;
mod http_git;
pub mod phased;
mod repo;
pub mod schema;
mod state;
mod tmux;
pub mod weather;

pub use beacon::{Sides, is_time};
pub use env::{Ran, TestEnv};
pub use fake::{FakeGit, Rule};
pub use http_git::HttpGit;
pub use phased::Phased;
pub use repo::{Forced, Pair};
pub use state::{Entry, State, assert_whole, tree};
pub use tmux::{Tmux, wait_until};
pub use weather::Weather;

use std::path::Path;

/// Writes a file and the folders above it.
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    let path = path.as_ref();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Writes an executable shell script.
pub fn script(path: impl AsRef<Path>, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = path.as_ref();
    write(path, format!("#!/bin/sh\n{text}\n"));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The bytes of a file; panics with its name where there is none.
pub fn read(path: impl AsRef<Path>) -> Vec<u8> {
    let path = path.as_ref();
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    rustix::process::getuid().is_root()
}
