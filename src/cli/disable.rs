//! `craft auto-sync disable`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::enroll::{self, Disabling};

/// See the command's help.
#[derive(Debug, Args)]
pub struct Disable {
    /// A folder in the repository [default: the current one]
    #[arg(conflicts_with = "all")]
    path: Option<PathBuf>,
    /// Switch it off for all repositories
    #[arg(long)]
    all: bool,
}

/// Switches auto-sync off.
///
/// # Errors
/// Why it could not be.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Disable) -> Result<u8, CommandError> {
    let done = if args.all {
        enroll::disable_all(ctx)?
    } else {
        enroll::disable(ctx, &super::place(cwd, args.path.as_deref()))?
    };
    let look = Look::of(ctx);
    let (what, already) = match &done {
        Disabling::All { already } => ("all repositories".to_owned(), already),
        Disabling::Repository { path, already } => (look.strong(&look.path(path)), already),
    };
    let state = if *already { "was already off" } else { "is off" };
    ui.say(&format!("auto-sync {state} for {what}; `craft auto-sync enable` switches it on again"));
    Ok(exit_code::DONE)
}
