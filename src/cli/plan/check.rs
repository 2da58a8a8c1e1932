//! `craft plan check`.

use std::path::Path;

use clap::Args;

use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::context::Context;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Check {
    /// The request
    #[arg(required = true)]
    request: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(_ctx: &Context, _ui: &mut Ui, _cwd: &Path, _args: &Check) -> Result<u8, CommandError> {
    Err(CommandError::failed("SKELETON"))
}
