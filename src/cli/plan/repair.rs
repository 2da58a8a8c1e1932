//! `craft plan repair`.

use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::book;
use crate::cli::diff;
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::plan::{Place, repair};
use crate::plain;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Repair {
    /// Write it
    #[arg(long)]
    write: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows or writes what a broken book would be.
///
/// # Errors
/// What keeps it from being made anew.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Repair) -> Result<u8, CommandError> {
    let found = repair::repair(ctx, &Place::find(cwd)?, args.write)?;
    let look = if args.json { Look::default() } else { Look::of(ctx) };
    let shown = found.as_ref().map(|r| diff::unified(book::FILE, &r.before, &r.after, &look)).unwrap_or_default();
    let written = args.write && found.is_some();
    if args.json {
        let (fault, kept) = found.map(|r| (r.fault, r.kept)).unzip();
        ui.json(&json!({
            "version": 1, "file": book::FILE, "fault": fault, "written": written, "kept": kept.flatten(), "diff": shown,
        }));
        return Ok(exit_code::DONE);
    }
    let Some(found) = found else {
        ui.say(&format!("nothing is wrong with {}", book::FILE));
        return Ok(exit_code::DONE);
    };
    ui.say(&format!("{}:{}", book::FILE, plain::line(&found.fault)));
    ui.say(&shown);
    if let Some(kept) = &found.kept {
        ui.say(&format!("what it was is kept in {kept}"));
    }
    if written {
        ui.say(&format!("wrote {}", book::FILE));
        ui.say("next: craft plan status");
    } else {
        ui.say("nothing was written");
        ui.say("next: craft plan repair --write");
    }
    Ok(exit_code::DONE)
}
