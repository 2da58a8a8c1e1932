//! `craft plan new`.

use std::path::Path;

use clap::Args;

use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::context::Context;

/// See the command's help.
#[derive(Debug, Args)]
pub struct New {
    /// What is to be done, in a few words
    #[arg(required = true)]
    task: Vec<String>,
    /// The titles of the phases; without them the plan is a simple one
    #[arg(long, num_args = 1.., value_name = "TITLE")]
    phases: Vec<String>,
    /// Which phases one depends on: `3:1,2`, or `3:` for none [default: the one before]
    #[arg(long, num_args = 1.., value_name = "PHASE:PHASES")]
    depends: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(_ctx: &Context, _ui: &mut Ui, _cwd: &Path, _args: &New) -> Result<u8, CommandError> {
    Err(CommandError::failed("SKELETON"))
}
