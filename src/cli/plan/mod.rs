//! `craft plan`: phased plans, kept by a program.

pub mod archive;
pub mod check;
pub mod convert;
pub mod evidence;
pub mod execute;
pub mod graph;
pub mod init;
pub mod lines;
pub mod new;
pub mod pr;
pub mod repair;
pub mod rollback;
pub mod status;
pub mod summarize;
pub mod todo;

use std::path::Path;

use clap::{Args, Subcommand};

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::context::Context;
use crate::plain;

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = exit_code::HELP, disable_help_subcommand = true)]
pub struct Plan {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the folders and the book of plans
    Init(init::Init),
    /// Make a plan, simple or in phases
    New(new::New),
    /// What in this repository speaks for phases, or against
    Evidence(evidence::Evidence),
    /// How the plan stands, and what to type next (the default)
    Status(status::Show),
    /// Begin a phase: its branch, its to-dos
    Execute(execute::Execute),
    /// List the to-dos, tick one, commit what was done
    Todo(todo::TodoArgs),
    /// Write the summary of a phase from what git knows
    Summarize(summarize::Summarize),
    /// Put the book away when all is merged
    Archive(archive::Archive),
    /// Whether a request is worth a plan
    Check(check::Check),
    /// The phases and what they depend on
    Graph(graph::Graph),
    /// Make a phased plan of a simple one, with the to-dos that are done
    Convert(convert::Convert),
    /// Set a phase back to pending; its branch stays
    Rollback(rollback::Rollback),
    /// Make a broken book anew from the plan files; shows a diff first
    Repair(repair::Repair),
    /// Open a pull request for a phase
    Pr(pr::Pr),
}

/// Does what a verb says.
///
/// # Errors
/// What keeps it from being done; nothing was lost then.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Plan) -> Result<u8, CommandError> {
    let Some(verb) = &args.verb else { return status::run(ctx, ui, cwd, &status::Show::default()) };
    match verb {
        Verb::Init(args) => init::run(ctx, ui, cwd, args),
        Verb::New(args) => new::run(ctx, ui, cwd, args),
        Verb::Evidence(args) => evidence::run(ctx, ui, cwd, args),
        Verb::Status(args) => status::run(ctx, ui, cwd, args),
        Verb::Execute(args) => execute::run(ctx, ui, cwd, args),
        Verb::Todo(args) => todo::run(ctx, ui, cwd, args),
        Verb::Summarize(args) => summarize::run(ctx, ui, cwd, args),
        Verb::Archive(args) => archive::run(ctx, ui, cwd, args),
        Verb::Check(args) => check::run(ctx, ui, cwd, args),
        Verb::Graph(args) => graph::run(ctx, ui, cwd, args),
        Verb::Convert(args) => convert::run(ctx, ui, cwd, args),
        Verb::Rollback(args) => rollback::run(ctx, ui, cwd, args),
        Verb::Repair(args) => repair::run(ctx, ui, cwd, args),
        Verb::Pr(args) => pr::run(ctx, ui, cwd, args),
    }
}

/// What to type next, as the last lines.
fn next(commands: &[String], look: &Look) -> Vec<String> {
    commands.iter().map(|c| format!("{} {}", look.faint("next:"), look.strong(&plain::line(c)))).collect()
}
