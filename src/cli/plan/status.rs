//! `craft plan status`.

use std::path::Path;

use clap::Args;

use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::context::Context;

/// See the command's help.
#[derive(Debug, Default, Args)]
pub struct Show {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Also list to-dos and files
    #[arg(long)]
    verbose: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(_ctx: &Context, _ui: &mut Ui, _cwd: &Path, _args: &Show) -> Result<u8, CommandError> {
    Err(CommandError::failed("SKELETON"))
}
