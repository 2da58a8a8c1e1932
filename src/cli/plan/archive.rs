//! `craft plan archive`.

use std::path::Path;

use clap::Args;

use super::lines::Lines;
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::plan::archive::{self, Archived, Begin, Wish};

/// See the command's help.
#[derive(Debug, Args)]
pub struct Archive {
    /// Begin with an empty book, without the list of summaries
    #[arg(long, conflicts_with = "seed")]
    fresh: bool,
    /// Begin with the present prose
    #[arg(long)]
    seed: bool,
    /// Put it away although something is not finished; this is recorded
    #[arg(long)]
    force: bool,
    /// Commit the archive, the new book and the plans
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
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Archive) -> Result<u8, CommandError> {
    let begin = match (args.fresh, args.seed) {
        (true, _) => Begin::Fresh,
        (_, true) => Begin::Seed,
        _ => Begin::Usual,
    };
    let done = archive::archive(ctx, cwd, Wish { begin, force: args.force, commit: args.commit })?;
    if args.json {
        ui.json(&done);
    } else {
        ui.say(&render(&done, &Look::of(ctx)));
    }
    Ok(if done.archive.is_some() { exit_code::DONE } else { exit_code::FAILED })
}

fn render(done: &Archived, look: &Look) -> String {
    let mut out = Lines::new(look);
    match &done.archive {
        Some(archive) => out.line(&format!("{}: the book is {archive} now, and a new one is begun", done.task)),
        None => out.line(&format!("{} is not put away; missing:", done.task)),
    }
    for missing in &done.missing {
        let phase = missing.phase.map(|n| format!("phase {n}: ")).unwrap_or_default();
        let passed = if done.archive.is_some() { "passed over: " } else { "  " };
        out.alarm(&format!("{passed}{phase}{}", missing.what));
        if done.archive.is_none() {
            out.line(&format!("    {}", missing.command));
        }
    }
    for (paths, what) in [(&done.completed, "marked as completed"), (&done.removed, "removed"), (&done.kept, "stays")] {
        for path in paths {
            out.line(&format!("{path}: {what}"));
        }
    }
    if let Some(commit) = &done.commit {
        out.line(&format!("committed {}", commit.get(..7).unwrap_or(commit)));
    }
    out.end(&done.warnings, &done.next)
}
