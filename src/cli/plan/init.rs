//! `craft plan init`.

use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::Ui;
use crate::context::Context;
use crate::ops::plan::{Place, init};

/// See the command's help.
#[derive(Debug, Args)]
pub struct Init {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Makes the book.
///
/// # Errors
/// What keeps it from being made.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Init) -> Result<u8, CommandError> {
    const NEXT: &str = "craft plan new TASK";
    let done = init::init(ctx, &Place::find(cwd)?)?;
    if args.json {
        ui.json(&json!({"version": 1, "made": done.made, "kept": done.kept, "next": NEXT}));
        return Ok(exit_code::DONE);
    }
    for file in &done.made {
        ui.say(&format!("wrote {file}"));
    }
    for file in &done.kept {
        ui.say(&format!("{file} stays as it is"));
    }
    ui.say(&format!("next: {NEXT}"));
    Ok(exit_code::DONE)
}
