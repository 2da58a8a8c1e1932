//! `craft beacon watch`.

use std::path::Path;

use clap::Args;

use super::On;
use crate::cli::error::CommandError;
use crate::cli::ui::Ui;
use crate::context::Context;
use crate::ops::beacon::BeaconError;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Watch {
    #[command(flatten)]
    on: On,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, _ui: &mut Ui, cwd: &Path, args: &Watch) -> Result<u8, CommandError> {
    args.on.place(ctx, cwd)?;
    Err(BeaconError::refused("SKELETON").into())
}
