//! `craft plan archive`.

use std::path::Path;

use clap::Args;

use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::context::Context;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Archive {
    /// Begin with an empty book, without the list of summaries
    #[arg(long, conflicts_with = "seed")]
    fresh: bool,
    /// Begin with the present prose
    #[arg(long)]
    seed: bool,
    /// Put it away although something is not finished; this is recorded
    #[arg(long)]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(_ctx: &Context, _ui: &mut Ui, _cwd: &Path, _args: &Archive) -> Result<u8, CommandError> {
    Err(CommandError::failed("SKELETON"))
}
