//! `craft plan evidence`.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::plan::{Place, evidence};
use crate::phase::evidence::Evidence as Known;
use crate::plain;
use crate::sync::tell::counted;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Evidence {
    /// What is to be done, in a few words
    task: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows what speaks for phases.
///
/// # Errors
/// Where the files cannot be listed.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Evidence) -> Result<u8, CommandError> {
    let task = args.task.join(" ");
    let found = evidence::evidence(ctx, &Place::find(cwd)?, &task)?;
    if args.json {
        let mut object = json!({"version": 1, "task": task});
        if let (Value::Object(object), Ok(Value::Object(more))) = (&mut object, serde_json::to_value(&found)) {
            object.extend(more);
        }
        ui.json(&object);
    } else {
        ui.say(&shown(&found, &Look::of(ctx)));
    }
    Ok(exit_code::DONE)
}

fn shown(found: &Known, look: &Look) -> String {
    let mut lines = vec![look.strong(if found.recommended { "phases: recommended" } else { "phases: not needed" })];
    lines.extend(found.reasons.iter().map(|r| format!("  {}", plain::line(r))));
    if !found.suggested.is_empty() {
        let quoted: Vec<_> = found.suggested.iter().map(|s| format!("\"{}\"", plain::line(s))).collect();
        lines.push(format!("in this order: {}", quoted.join(" ")));
    }
    let files = counted(found.files, "tracked file");
    let languages: Vec<_> = found.languages.iter().map(|(name, files)| format!("{name} {files}")).collect();
    let languages = if languages.is_empty() { String::new() } else { format!(": {}", languages.join(", ")) };
    lines.push(format!("{files}{languages}"));
    if !found.complete {
        lines.push("only the first of them were looked at".into());
    }
    for layer in &found.layers {
        let mark = if layer.likely { "*" } else { " " };
        let words = if layer.words.is_empty() { String::new() } else { format!(" ({})", layer.words.join(", ")) };
        let folders: Vec<_> = layer.folders.iter().filter(|f| !f.is_empty()).map(|f| plain::name(f)).collect();
        let words = plain::line(&words);
        let text = format!(
            "{mark} {:14} {:>6}  {}",
            layer.layer.name(),
            layer.files,
            format!("{}{words}", folders.join(", ")).trim_start()
        );
        lines.push(look.cut(text.trim_end(), 0));
    }
    for found in &found.matches {
        let examples: Vec<_> = found.examples.iter().map(|e| plain::name(e)).collect();
        let text = format!("{:?} is in {}: {}", found.word, counted(found.files, "name"), examples.join(", "));
        lines.push(look.cut(&text, 0));
    }
    lines.join("\n")
}
