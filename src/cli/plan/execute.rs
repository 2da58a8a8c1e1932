//! `craft plan execute`.

use std::path::Path;

use clap::Args;

use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::context::Context;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Execute {
    /// The phase; not needed for a simple plan, or where only one can begin
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// The plan, where there are several
    #[arg(long, value_name = "FILE")]
    plan: Option<String>,
    /// Begin although a phase before it is not completed and merged; this is recorded
    #[arg(long)]
    force: bool,
    /// Work in a linked working tree below `.para-worktrees/`
    #[arg(long)]
    worktree: bool,
    /// What to do with changes that are not committed: stop, stash or carry [default: stop]
    #[arg(long, value_name = "WHAT")]
    dirty: Option<String>,
    /// What to do with a branch that exists: stop, continue or new (with `-2` behind its name) [default: stop]
    #[arg(long, value_name = "WHAT")]
    existing: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(_ctx: &Context, _ui: &mut Ui, _cwd: &Path, _args: &Execute) -> Result<u8, CommandError> {
    Err(CommandError::failed("SKELETON"))
}
