//! `craft logs`.

use super::error::CommandError;
use super::ui::Ui;
use crate::context::Context;

/// Arguments of `craft logs`.
#[derive(Debug, clap::Args)]
pub struct Logs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// Where it cannot do its work.
pub fn run(_ctx: &Context, _ui: &mut Ui, args: &Logs) -> Result<u8, CommandError> {
    let _ = args.json;
    Ok(super::exit_code::DONE)
}
