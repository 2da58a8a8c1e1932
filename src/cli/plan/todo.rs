//! `craft plan todo`.

use std::path::Path;

use clap::{Args, Subcommand};

use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::plan::Place;
use crate::ops::plan::execute::Todo;
use crate::ops::plan::todo::{self, Todos};
use crate::plain;

/// See the command's help.
#[derive(Debug, Args)]
pub struct TodoArgs {
    #[command(subcommand)]
    verb: Option<TodoVerb>,
}

#[derive(Debug, Subcommand)]
enum TodoVerb {
    /// List them (the default)
    List(List),
    /// Tick some
    Done(Change),
    /// Take ticks away
    Undo(Change),
}

#[derive(Debug, Default, Args)]
struct List {
    /// The phase; not needed where the branch tells
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Change {
    /// Their numbers
    #[arg(required = true, value_name = "NUMBER")]
    numbers: Vec<usize>,
    /// The phase; not needed where the branch tells
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// Commit what is staged, or all that was changed where nothing is, with this message (`feat: …`)
    #[arg(long, value_name = "MESSAGE")]
    commit: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &TodoArgs) -> Result<u8, CommandError> {
    let place = Place::find(cwd)?;
    let change = |ui: &mut Ui, given: &Change, done: bool| -> Result<u8, CommandError> {
        let wanted =
            todo::Change { numbers: &given.numbers, done, phase: given.phase, commit: given.commit.as_deref() };
        let todos = todo::change(ctx, &place, &wanted)?;
        show(ctx, ui, &todos, given.json);
        Ok(exit_code::DONE)
    };
    match &args.verb {
        Some(TodoVerb::Done(given)) => change(ui, given, true),
        Some(TodoVerb::Undo(given)) => change(ui, given, false),
        Some(TodoVerb::List(List { phase, json })) => {
            show(ctx, ui, &todo::list(ctx, &place, *phase)?, *json);
            Ok(exit_code::DONE)
        }
        None => {
            show(ctx, ui, &todo::list(ctx, &place, None)?, false);
            Ok(exit_code::DONE)
        }
    }
}

fn show(ctx: &Context, ui: &mut Ui, todos: &Todos, json: bool) {
    if json {
        ui.json(todos);
        return;
    }
    let look = Look::of(ctx);
    let mut lines = rows(&todos.todos);
    lines.push(format!("{} of {} done", todos.done, todos.todos.len()));
    lines.extend(todos.commit.as_ref().map(|id| format!("committed {}", id.chars().take(7).collect::<String>())));
    lines.extend(super::next(&todos.next, &look));
    ui.say(&lines.join("\n"));
}

/// To-dos with their numbers, one a line.
pub(super) fn rows(todos: &[Todo]) -> Vec<String> {
    let row = |t: &Todo| format!("{:>3}. [{}] {}", t.number, if t.done { 'x' } else { ' ' }, plain::line(&t.text));
    todos.iter().map(row).collect()
}
