//! `craft plan convert`.

use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::Ui;
use crate::context::Context;
use crate::ops::plan::Place;
use crate::ops::plan::convert::{self, Wanted};
use crate::plain;
use crate::sync::tell::counted;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Convert {
    /// The titles of the phases
    #[arg(long, num_args = 1.., required = true, value_name = "TITLE")]
    phases: Vec<String>,
    /// Which phases one depends on: `3:1,2`, or `3:` for none [default: the one before]
    #[arg(long, num_args = 1.., value_name = "PHASE:PHASES")]
    depends: Vec<String>,
    /// The plan, where there are several
    #[arg(long, value_name = "FILE")]
    plan: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Gives a simple plan phases.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Convert) -> Result<u8, CommandError> {
    let wanted = Wanted { phases: &args.phases, depends: &args.depends, plan: args.plan.as_deref() };
    let done = convert::convert(ctx, &Place::find(cwd)?, &wanted)?;
    let next = if done.under_way {
        "craft plan todo list".into()
    } else {
        let first = done.phases.iter().find(|(p, _)| p.depends.is_empty()).map_or(1, |(p, _)| p.number);
        format!("craft plan execute --phase={first}")
    };
    if args.json {
        let phases: Vec<_> = done
            .phases
            .iter()
            .map(|(p, steps)| {
                json!({
                    "phase": p.number, "title": p.title, "depends": p.depends,
                    "plan": done.name.of_phase(p.number).plan(),
                    "todos": steps.len(), "done": steps.iter().filter(|s| s.done).count(),
                })
            })
            .collect();
        ui.json(&json!({
            "version": 1, "task": done.name.task.as_str(), "plan": done.name.plan(), "phases": phases,
            "currentPhase": done.under_way.then_some(1), "branch": done.branch, "files": done.files, "next": next,
        }));
        return Ok(exit_code::DONE);
    }
    for file in &done.files {
        ui.say(&format!("wrote {file}"));
    }
    for (phase, steps) in &done.phases {
        let ticked = steps.iter().filter(|s| s.done).count();
        ui.say(&format!("phase {}: {}, {}, {ticked} done", phase.number, phase.title, counted(steps.len(), "to-do")));
    }
    if let Some(branch) = &done.branch {
        ui.say(&format!("phase 1 is under way on {}", plain::name(branch)));
    }
    ui.say("the to-dos were dealt out in their order; move them between the plans of the phases as you like");
    ui.say(&format!("next: {next}"));
    Ok(exit_code::DONE)
}
