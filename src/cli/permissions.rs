//! `craft permissions`.

use super::error::CommandError;
use super::ui::Ui;
use crate::context::Context;

/// Arguments of `craft permissions`.
#[derive(Debug, clap::Args)]
pub struct Permissions {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// Where it cannot do its work.
pub fn run(_ctx: &Context, _ui: &mut Ui, args: &Permissions) -> Result<u8, CommandError> {
    let _ = args.json;
    Ok(super::exit_code::DONE)
}
