//! `craft plan convert`.

use std::path::Path;

use clap::Args;

use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::context::Context;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Convert {
    /// The titles of the phases
    #[arg(long, num_args = 1.., required = true, value_name = "TITLE")]
    phases: Vec<String>,
    /// Which phases one depends on: `3:1,2`, or `3:` for none [default: the one before]
    #[arg(long, num_args = 1.., value_name = "PHASE:PHASES")]
    depends: Vec<String>,
    /// The plan, where there are several
    #[arg(long, value_name = "FILE")]
    plan: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(_ctx: &Context, _ui: &mut Ui, _cwd: &Path, _args: &Convert) -> Result<u8, CommandError> {
    Err(CommandError::failed("SKELETON"))
}
