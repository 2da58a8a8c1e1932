//! `craft plan execute`.

use std::path::Path;

use clap::Args;

use super::todo;
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::plan::Place;
use crate::ops::plan::execute::{self, Dirty, Executed, Existing, Options};
use crate::plain;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Execute {
    /// The phase; not needed for a simple plan, or where only one can begin
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// The plan, where there are several
    #[arg(long, value_name = "FILE")]
    plan: Option<String>,
    /// Begin although a phase before it is not completed and merged; this is recorded
    #[arg(long)]
    force: bool,
    /// Work in a linked working tree below `.para-worktrees/`
    #[arg(long)]
    worktree: bool,
    /// What to do with changes that are not committed: stop, stash or carry [default: stop]
    #[arg(long, value_name = "WHAT", value_parser = dirty)]
    dirty: Option<Dirty>,
    /// What to do with a branch that exists: stop, continue or new (with `-2` behind its name) [default: stop]
    #[arg(long, value_name = "WHAT", value_parser = existing)]
    existing: Option<Existing>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Execute) -> Result<u8, CommandError> {
    let place = Place::find(cwd)?;
    let options = Options {
        phase: args.phase,
        plan: args.plan.clone(),
        force: args.force,
        worktree: args.worktree,
        dirty: args.dirty.unwrap_or_default(),
        existing: args.existing.unwrap_or_default(),
    };
    let executed = execute::execute(ctx, &place, &options)?;
    if args.json {
        ui.json(&executed);
    } else {
        ui.say(&render(&executed, &Look::of(ctx)));
    }
    Ok(exit_code::DONE)
}

fn dirty(word: &str) -> Result<Dirty, String> {
    match word {
        "stop" => Ok(Dirty::Stop),
        "stash" => Ok(Dirty::Stash),
        "carry" => Ok(Dirty::Carry),
        _ => Err("there is stop, stash and carry".into()),
    }
}

fn existing(word: &str) -> Result<Existing, String> {
    match word {
        "stop" => Ok(Existing::Stop),
        "continue" => Ok(Existing::Continue),
        "new" => Ok(Existing::New),
        _ => Err("there is stop, continue and new".into()),
    }
}

fn render(executed: &Executed, look: &Look) -> String {
    let short = |id: &str| id.chars().take(7).collect::<String>();
    let mut lines = vec![look.strong(&plain::line(&executed.title))];
    let branch = plain::name(&executed.branch);
    let base = executed.base.as_deref().map(|b| format!(" from {} at {}", plain::name(&executed.main), short(b)));
    let base = base.unwrap_or_default();
    lines.push(if executed.created { format!("made {branch}{base}") } else { format!("on {branch}{base}") });
    lines.extend(executed.worktree.as_ref().map(|path| format!("in {}", plain::name(path))));
    lines.extend(executed.commit.as_ref().map(|id| format!("committed {}: the book and the plan", short(id))));
    lines.extend(todo::rows(&executed.todos));
    lines.extend(executed.remarks.iter().flat_map(|r| look.wrap(&plain::line(r), 0)).map(|l| look.alarm(&l)));
    lines.extend(super::next(&executed.next, look));
    lines.join("\n")
}
