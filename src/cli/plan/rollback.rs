//! `craft plan rollback`.

use std::path::Path;

use clap::Args;

use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::plan::{Place, rollback};
use crate::plain;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Rollback {
    /// The phase
    #[arg(long, value_name = "N")]
    phase: u32,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Rollback) -> Result<u8, CommandError> {
    let place = Place::find(cwd)?;
    let back = rollback::rollback(ctx, &place, args.phase, args.reason.as_deref())?;
    if args.json {
        ui.json(&back);
        return Ok(exit_code::DONE);
    }
    let look = Look::of(ctx);
    let mut lines = vec![format!("phase {} is pending again", back.phase)];
    lines.push(format!("its branch {} stays with its commits", plain::name(&back.branch)));
    lines.extend(back.worktree.as_ref().map(|path| format!("its working tree {} stays", plain::name(path))));
    lines.extend(super::next(&back.next, &look));
    ui.say(&lines.join("\n"));
    Ok(exit_code::DONE)
}
