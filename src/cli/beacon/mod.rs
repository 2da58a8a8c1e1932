//! `craft beacon`: files handed from one environment to another.

mod error;

use std::path::Path;

use clap::Args;

use super::error::CommandError;
use super::exit_code;
use super::ui::Ui;
use crate::context::Context;
use crate::ops::beacon::{Place, pull};
use crate::queue::Trigger;

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = exit_code::HELP, disable_help_subcommand = true)]
pub struct Beacon {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Take in what waits
    Pull,
}

/// Does what a verb says.
///
/// # Errors
/// What keeps it from being done; nothing was lost then.
pub fn run(ctx: &Context, _ui: &mut Ui, cwd: &Path, args: &Beacon) -> Result<u8, CommandError> {
    match args.verb {
        Verb::Pull => {
            let place = Place::find(ctx, cwd, None, Trigger::Manual)?;
            pull::pull(ctx, &place, false)?;
            Ok(exit_code::DONE)
        }
    }
}
