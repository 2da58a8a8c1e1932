//! `craft plan new`.

use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::Ui;
use crate::context::Context;
use crate::ops::plan::Place;
use crate::ops::plan::new::{self, Made, Wanted};

use crate::phase::mark;
use crate::phase::outline::Planned;
use crate::sync::tell::counted;

/// See the command's help.
#[derive(Debug, Args)]
pub struct New {
    /// What is to be done, in a few words
    #[arg(required = true)]
    task: Vec<String>,
    /// The titles of the phases; without them the plan is a simple one
    #[arg(long, num_args = 1.., value_name = "TITLE")]
    phases: Vec<String>,
    /// Which phases one depends on: `3:1,2`, or `3:` for none [default: the one before]
    #[arg(long, num_args = 1.., value_name = "PHASE:PHASES")]
    depends: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Makes a plan.
///
/// # Errors
/// What keeps it from being made.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &New) -> Result<u8, CommandError> {
    let task = args.task.join(" ");
    let wanted = Wanted { task: &task, phases: &args.phases, depends: &args.depends };
    let made = new::new(ctx, &Place::find(cwd)?, &wanted)?;
    let next = next(&made);
    if args.json {
        let phase = |number: u32| made.name.of_phase(number).plan();
        let phases: Vec<_> = made
            .phases
            .iter()
            .map(|p| json!({"phase": p.number, "title": p.title, "depends": p.depends, "plan": phase(p.number)}))
            .collect();
        ui.json(&json!({
            "version": 1, "task": made.name.task.as_str(), "title": made.title, "plan": made.name.plan(),
            "phases": phases, "files": made.files, "unfilled": made.unfilled, "next": next,
        }));
        return Ok(exit_code::DONE);
    }
    for file in &made.files {
        ui.say(&format!("wrote {file}"));
    }
    let places = counted(made.unfilled, "place");
    ui.say(&format!("{places} to be filled in: each begins with `{}`", mark::MARK));
    // Without steps in it a phase is not begun.
    let first = first(&made).map_or_else(|| made.name.plan(), |p| made.name.of_phase(p.number).plan());
    ui.say(&format!("next: write what is marked in {first}"));
    ui.say(&format!("next: {next}"));
    Ok(exit_code::DONE)
}

fn first(made: &Made) -> Option<&Planned> {
    made.phases.iter().find(|p| p.depends.is_empty())
}

fn next(made: &Made) -> String {
    first(made).map_or_else(|| "craft plan execute".into(), |p| format!("craft plan execute --phase={}", p.number))
}
