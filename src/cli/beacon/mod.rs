//! `craft beacon`: files handed from one environment to another.

mod error;
pub mod watch;

use std::path::Path;

use clap::{Args, Subcommand};

use super::error::CommandError;
use super::exit_code;
use super::ui::Ui;
use crate::context::Context;

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = exit_code::HELP, disable_help_subcommand = true)]
pub struct Beacon {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Look again and again
    Watch(watch::Watch),
}

/// Does what a verb says.
///
/// # Errors
/// What keeps it from being done; nothing was lost then.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Beacon) -> Result<u8, CommandError> {
    match &args.verb {
        Verb::Watch(args) => watch::run(ctx, ui, cwd, args),
    }
}
