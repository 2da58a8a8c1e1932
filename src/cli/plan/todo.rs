//! `craft plan todo`.

use std::path::Path;

use clap::{Args, Subcommand};

use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::context::Context;

/// See the command's help.
#[derive(Debug, Args)]
pub struct TodoArgs {
    #[command(subcommand)]
    verb: Option<TodoVerb>,
}

#[derive(Debug, Subcommand)]
enum TodoVerb {
    /// List them (the default)
    List(List),
    /// Tick some
    Done(Change),
    /// Take ticks away
    Undo(Change),
}

#[derive(Debug, Default, Args)]
struct List {
    /// The phase; not needed where the branch tells
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Change {
    /// Their numbers
    #[arg(required = true, value_name = "NUMBER")]
    numbers: Vec<usize>,
    /// The phase; not needed where the branch tells
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// Commit what is staged, or all that was changed where nothing is, with this message (`feat: …`)
    #[arg(long, value_name = "MESSAGE")]
    commit: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(_ctx: &Context, _ui: &mut Ui, _cwd: &Path, _args: &TodoArgs) -> Result<u8, CommandError> {
    Err(CommandError::failed("SKELETON"))
}
