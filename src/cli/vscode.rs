//! `craft vscode`.

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::error::CommandError;
use super::exit_code;
use super::ui::Ui;
use crate::context::Context;
use crate::ops::vscode::{self, Done};
use crate::plain;

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = exit_code::HELP, disable_help_subcommand = true)]
pub struct Vscode {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Put in tasks that check for updates and pull them when the folder opens, and a terminal profile that pulls
    Init(How),
    /// Take out exactly what `init` put in
    Remove(How),
}

#[derive(Debug, Args)]
struct How {
    /// Show what would change, and change nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does what a verb says.
///
/// # Errors
/// What keeps it from being done; nothing was changed then.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Vscode) -> Result<u8, CommandError> {
    let (how, done) = match &args.verb {
        Verb::Init(how) => (how, vscode::init(ctx, cwd, how.dry_run)?),
        Verb::Remove(how) => (how, vscode::remove(ctx, cwd, how.dry_run)?),
    };
    if how.json {
        let changed: Vec<_> = done.changed.iter().map(|(file, diff)| json!({"file": file, "diff": diff})).collect();
        ui.json(&json!({
            "version": 1, "dryRun": how.dry_run, "changed": changed, "left": done.left, "remarks": done.remarks,
        }));
    } else {
        say(ui, &done, how.dry_run);
    }
    Ok(exit_code::DONE)
}

fn say(ui: &mut Ui, done: &Done, dry: bool) {
    if done.changed.is_empty() {
        ui.say("nothing to change");
    }
    for (file, diff) in &done.changed {
        if dry {
            ui.say(plain::lines(diff).trim_end());
        } else {
            ui.say(&format!("changed {file}"));
        }
    }
    for what in &done.left {
        ui.say(&format!("left {}", plain::line(what)));
    }
    for remark in &done.remarks {
        ui.note(remark);
    }
}
