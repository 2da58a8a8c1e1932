//! `craft plan summarize`.

use std::path::Path;

use clap::Args;

use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::context::Context;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Summarize {
    /// The phase; not needed where one is under way
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// Commit the summary and the book
    #[arg(long)]
    commit: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(_ctx: &Context, _ui: &mut Ui, _cwd: &Path, _args: &Summarize) -> Result<u8, CommandError> {
    Err(CommandError::failed("SKELETON"))
}
