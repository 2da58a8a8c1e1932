//! `craft plan summarize`.

use std::path::Path;

use clap::Args;

use super::lines::Lines;
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::plan::summarize::{self, Counts, Summarized};
use crate::sync::tell::counted;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Summarize {
    /// The phase; not needed where one is under way
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// Commit the summary and the book
    #[arg(long)]
    commit: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Summarize) -> Result<u8, CommandError> {
    let done = summarize::summarize(ctx, cwd, args.phase, args.commit)?;
    if args.json {
        ui.json(&done);
    } else {
        ui.say(&render(&done, &Look::of(ctx)));
    }
    Ok(exit_code::DONE)
}

fn render(done: &Summarized, look: &Look) -> String {
    let mut out = Lines::new(look);
    match &done.counts {
        Some(counts) => {
            out.line(&format!("wrote {}: {}", done.summary, contents(counts)));
        }
        None => out.line(&format!("{} was there already and keeps its words", done.summary)),
    }
    match done.phase {
        Some(number) => out.line(&format!("phase {number} is completed")),
        None => out.line(&format!("{} is completed", done.unit)),
    }
    for place in &done.unfilled {
        out.line(&format!("to be written: line {}, {}", place.line, place.what));
    }
    if let Some(commit) = &done.commit {
        out.line(&format!("committed {}", commit.get(..7).unwrap_or(commit)));
    }
    out.end(&done.warnings, &done.next)
}

fn contents(counts: &Counts) -> String {
    let mut parts = Vec::new();
    for (count, word) in [
        (counts.created, "created"),
        (counts.modified, "modified"),
        (counts.renamed, "renamed"),
        (counts.deleted, "deleted"),
    ] {
        if count > 0 {
            parts.push(format!("{} {word}", counted(count, "file")));
        }
    }
    parts.push(counted(counts.commits, "commit"));
    if counts.tests > 0 {
        parts.push(format!("{} added", counted(counts.tests, "test")));
    }
    if counts.open > 0 {
        parts
            .push(format!("{} open", if counts.open == 1 { "1 box".into() } else { format!("{} boxes", counts.open) }));
    }
    format!("{:?}, {}", counts.ending, parts.join(", "))
}
