//! `craft plan check`.

use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::phase::check;
use crate::plain;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Check {
    /// The request
    #[arg(required = true)]
    request: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Says whether a request is worth a plan.
///
/// # Errors
/// Where nothing is asked for.
pub fn run(ctx: &Context, ui: &mut Ui, _cwd: &Path, args: &Check) -> Result<u8, CommandError> {
    let request = args.request.join(" ");
    if request.trim().is_empty() {
        return Err(
            CommandError::usage("there is no request").hint("for example: craft plan check \"add a login page\"")
        );
    }
    let verdict = check::check(&request);
    let word = if verdict.category.plans() { "USE" } else { "SKIP" };
    if args.json {
        ui.json(&json!({
            "version": 1, "verdict": word.to_lowercase(), "category": verdict.category.name(), "word": verdict.word,
            "reason": verdict.reason,
        }));
        return Ok(exit_code::DONE);
    }
    let said = verdict.word.map(|w| format!(" (\"{}\")", plain::line(&w))).unwrap_or_default();
    let name = verdict.category.name();
    ui.say(&format!("{}  {name}: it {}{said}", Look::of(ctx).strong(word), verdict.reason));
    if verdict.category.plans() {
        ui.say("next: craft plan new TASK");
    }
    Ok(exit_code::DONE)
}
