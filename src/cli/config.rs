//! `craft auto-sync config`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::context::Context;
use crate::env;
use crate::fs::IoContext;
use crate::locate::locate;
use crate::ops::settings::{self, SettingsError};

/// See the command's help.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct Config {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show all settings, or one
    Get {
        /// The setting, dotted: autoSync.triggers.userPrompt.probability
        key: Option<String>,
    },
    /// Change one setting
    Set {
        /// The setting, dotted: autoSync.triggers.userPrompt.probability
        key: String,
        /// Its value: JSON, or else a string
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// Only print what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Open the file in $VISUAL or $EDITOR; it is checked before it counts
    Edit,
    /// Check the file, and the project's own
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Reads, changes or checks the configuration.
///
/// # Errors
/// What is wrong with it, or with what was asked for.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: Config) -> Result<u8, CommandError> {
    match args.verb {
        Verb::Get { key } => {
            match settings::get(ctx, key.as_deref())? {
                Value::String(text) => ui.say(&text),
                value => ui.json(&value),
            }
            Ok(exit_code::DONE)
        }
        Verb::Set { key, value, dry_run } => {
            let change = settings::set(ctx, &key, &value, dry_run)?;
            if dry_run {
                ui.say(if change.diff.is_empty() { "nothing would change" } else { &change.diff });
            } else if change.before == change.after {
                ui.say(&format!("{}: {} as before", change.key, change.after));
            } else {
                ui.say(&format!("{}: {}, was {}", change.key, change.after, change.before));
            }
            Ok(exit_code::DONE)
        }
        Verb::Edit => edit(ctx, ui),
        Verb::Check { json } => check(ctx, ui, cwd, json),
    }
}

fn check(ctx: &Context, ui: &mut Ui, cwd: &Path, as_json: bool) -> Result<u8, CommandError> {
    let found = settings::check(ctx, locate(cwd).as_ref())?;
    let code = if found.errors.is_empty() { exit_code::DONE } else { exit_code::USAGE };
    if as_json {
        ui.json(&json!({"version": 1, "files": found.files, "errors": found.errors, "warnings": found.warnings}));
        return Ok(code);
    }
    let look = Look::of(ctx);
    for error in &found.errors {
        ui.say(&format!("{} {error}", look.error("error:")));
    }
    for warning in &found.warnings {
        ui.say(&format!("{} {warning}", look.alarm("warning:")));
    }
    let files = found.files.iter().map(|f| look.path(f)).collect::<Vec<_>>().join(", ");
    if files.is_empty() {
        ui.say("there is no configuration file; the defaults hold");
    } else if found.errors.is_empty() && found.warnings.is_empty() {
        ui.say(&format!("all is well in {files}"));
    }
    Ok(code)
}

/// Lets the user edit a copy, and takes it over once it is good. What they typed is never lost.
fn edit(ctx: &Context, ui: &mut Ui) -> Result<u8, CommandError> {
    let editor = [env::VISUAL, env::EDITOR].iter().find_map(|name| ctx.env.str(name));
    let editor = editor.ok_or_else(|| {
        CommandError::failed("no editor is known").hint("set VISUAL or EDITOR, or use `craft auto-sync config set`")
    })?;
    let original = settings::editable(ctx)?;
    let copy = copy(&original)?;
    open(editor, copy.path())?;
    // The editor may have put another file in its place, so it is read by its name.
    let edited = settings::edited(copy.path())?;
    let failed = match settings::replace(ctx, &original, &edited) {
        Ok(changed) => {
            ui.say(if changed { "the configuration was changed" } else { "nothing was changed" });
            return Ok(exit_code::DONE);
        }
        Err(error) => error,
    };
    let kept = settings::keep_aside(ctx, &edited)?;
    // Errors of the copy name the configuration's file; say that this one was not touched.
    let untouched = if matches!(failed, SettingsError::Overtaken) { "" } else { "the configuration is as it was; " };
    Err(CommandError::from(failed).hint(format!("{untouched}your text is kept in {}", kept.display())))
}

fn copy(text: &[u8]) -> Result<tempfile::NamedTempFile, CommandError> {
    let folder = std::env::temp_dir();
    let mut file = tempfile::Builder::new()
        .prefix("craft-config-")
        .suffix(".json")
        .tempfile_in(&folder)
        .at("create a file in", &folder)?;
    file.write_all(text).at("write", &folder)?;
    file.flush().at("write", &folder)?;
    Ok(file)
}

/// Runs the editor: a program and its options, separated by blanks. No shell is asked.
#[expect(clippy::disallowed_methods, reason = "the editor is the one program that the command line starts")]
fn open(editor: &str, path: &Path) -> Result<(), CommandError> {
    let mut words = editor.split_whitespace();
    let program = PathBuf::from(words.next().unwrap_or_default());
    let status = Command::new(&program).args(words).arg(path).status().at("start", &program)?;
    if status.success() {
        Ok(())
    } else {
        Err(CommandError::failed(format!("{editor} ended with {status}; nothing was changed")))
    }
}
