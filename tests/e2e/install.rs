//! Installing the suite on a machine, with its own command.

use std::path::{Path, PathBuf};

use crate::client::Seat;
use crate::common::Ran;

/// The ways of installing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the client's version can.
    Fitting,
    /// One folder in the user's skills.
    SkillsPlugin,
    /// Hooks in the settings file and a command file.
    Settings,
    /// A plugin out of a marketplace that is a local folder.
    Marketplace,
}

/// Installs the suite for the user of `seat`.
#[track_caller]
pub fn install(seat: Seat<'_>, kind: Kind) -> Ran {
    let mut command = seat.env.command(env!("CARGO_BIN_EXE_craft"), seat.env.root());
    // It starts the client.
    seat.surround(&mut command);
    command.arg("install");
    match kind {
        Kind::Fitting => &mut command,
        Kind::SkillsPlugin => command.args(["--as", "skills-plugin"]),
        Kind::Settings => command.args(["--as", "settings"]),
        Kind::Marketplace => command.args(["--as", "marketplace"]),
    };
    seat.env.run(command, b"").ok()
}

/// Takes the suite off again.
#[track_caller]
pub fn uninstall(seat: Seat<'_>) -> Ran {
    let mut command = seat.env.command(env!("CARGO_BIN_EXE_craft"), seat.env.root());
    seat.surround(&mut command);
    command.arg("uninstall");
    seat.env.run(command, b"").ok()
}

/// A file of this repository.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
