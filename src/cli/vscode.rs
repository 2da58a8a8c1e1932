//! `craft vscode`.

use std::path::Path;

use clap::Args;

use super::error::CommandError;
use super::exit_code;
use super::ui::Ui;
use crate::context::Context;
use crate::ops::beacon::BeaconError;

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = exit_code::HELP, disable_help_subcommand = true)]
pub struct Vscode {}

/// Does what a verb says.
///
/// # Errors
/// What keeps it from being done; nothing was changed then.
pub fn run(_ctx: &Context, _ui: &mut Ui, _cwd: &Path, _args: &Vscode) -> Result<u8, CommandError> {
    Err(BeaconError::refused("SKELETON").into())
}
