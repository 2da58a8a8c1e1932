//! `craft plan pr`.

use std::path::Path;

use clap::Args;

use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::context::Context;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Pr {
    /// The phase; not needed where the branch tells
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// Only print title, body and the commands
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(_ctx: &Context, _ui: &mut Ui, _cwd: &Path, _args: &Pr) -> Result<u8, CommandError> {
    Err(CommandError::failed("SKELETON"))
}
