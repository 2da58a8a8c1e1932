//! `craft auto-sync log`.

use clap::Args;
use serde_json::json;

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::audit::synced::Synced;
use crate::clock;
use crate::context::Context;
use crate::ops::log;
use crate::sync::tell;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Log {
    /// How many
    #[arg(short = 'n', value_name = "N", default_value_t = 20)]
    count: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows the last syncs, newest last.
///
/// # Errors
/// Where the log cannot be read.
pub fn run(ctx: &Context, ui: &mut Ui, args: &Log) -> Result<u8, CommandError> {
    let syncs = log::tail(ctx, args.count)?;
    if args.json {
        let reports: Vec<_> = syncs.iter().map(|s| &s.report).collect();
        ui.json(&json!({"version": 1, "reports": reports}));
        return Ok(exit_code::DONE);
    }
    if syncs.is_empty() {
        ui.say("no sync was tried yet");
    }
    let look = Look::of(ctx);
    for synced in &syncs {
        ui.say(&line(synced, &look));
    }
    Ok(exit_code::DONE)
}

fn line(synced: &Synced, look: &Look) -> String {
    let report = &synced.report;
    let name = std::path::Path::new(&report.repository).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let head = format!("{} {:<13} {}: ", clock::rfc3339(report.ended), report.trigger.word(), tell::clean(&name));
    let happened = tell::clean(&synced.said);
    let happened = match &report.notable {
        Some(line) => format!("{happened}; {}", tell::clean(line)),
        None => happened,
    };
    let text = look.cut(&happened, console::measure_text_width(&head));
    let text = if exit_code::of(&report.end) == exit_code::DONE { text } else { look.alarm(&text) };
    format!("{}{text}", look.faint(&head))
}
