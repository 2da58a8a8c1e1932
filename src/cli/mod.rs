//! The program `craft`: one file a command. The only place of the crate that prints.

pub mod beacon;
pub mod brief;
pub mod completions;
pub mod config;
pub mod demo;
mod diff;
pub mod disable;
pub mod doctor;
pub mod enable;
pub mod error;
pub mod exit_code;
pub mod force;
pub mod history;
pub mod install;
pub mod jobs;
pub mod log;
pub mod logs;
mod logs_words;
pub mod man;
pub mod merge_book;
pub mod metrics;
pub mod monitor;
pub mod notifications;
pub mod permissions;
pub mod plan;
pub mod progress;
pub mod scan;
pub mod settings;
pub mod slash;
pub mod status;
pub mod statusline;
pub mod ui;
pub mod undo;
pub mod vscode;

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use self::error::CommandError;
use self::ui::Ui;
use crate::context::Context;
use crate::env::Env;
use crate::ops::ours;

/// Keeps repositories in step with the work done in Claude Code.
#[derive(Debug, Parser)]
#[command(name = "craft", version, after_help = exit_code::HELP, max_term_width = 100)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    /// Work as if started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true, display_order = 100)]
    folder: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Pull, commit and push by itself when a session starts and ends
    AutoSync(AutoSync),
    /// Make the hooks known to Claude Code
    Install(install::Install),
    /// Take everything away that `craft install` put anywhere
    Uninstall(install::Uninstall),
    /// Check everything that must hold for the hooks to work
    Doctor(doctor::Doctor),
    /// Plan work in phases, and keep the books of it
    Plan(plan::Plan),
    /// Hand files to another environment through a git remote, and take in theirs
    Beacon(beacon::Beacon),
    /// Put the beacon's tasks and settings into a project's .vscode folder, and take them out again
    Vscode(vscode::Vscode),
    /// Look for credentials in files, in what would be sent, or in the history
    Scan(scan::Scan),
    /// Put our pieces into Claude Code's settings files, and take them out again
    Settings(settings::Settings),
    /// Look at recurring jobs, run them, pause them
    Jobs(jobs::Jobs),
    /// Search the journal of everything that was done
    Logs(logs::Logs),
    /// How often syncs run, how long they take, how often they fail
    Metrics(metrics::Metrics),
    /// Watch jobs, repositories, notifications and the journal
    Monitor(monitor::Monitor),
    /// Read, dismiss and snooze notifications
    Notifications(notifications::Notifications),
    /// What may leave this machine, and what may be taken in
    Permissions(permissions::PermissionsArgs),
    /// Show in a temporary folder how two machines stay in step
    Demo {
        /// Leave the folder for you to look at
        #[arg(long)]
        keep: bool,
    },
    /// Print one line for Claude Code's status line, given its JSON on stdin
    Statusline,
    /// Print a completion script for a shell
    Completions(completions::Completions),
    /// Print the manual page, or write all pages into a folder
    Man(man::Manual),
    /// Do what a slash command's words say
    #[command(hide = true)]
    Slash(slash::Slash),
    /// Print how the folder stands in a few words
    #[command(hide = true)]
    Brief(brief::Show),
    /// Merge two sides of the book of a plan, as git asks a merge driver to
    #[command(hide = true)]
    MergeBook(merge_book::MergeBook),
    /// Do what waits in the queue
    #[command(hide = true)]
    Worker {
        /// Start once more as a process whose parent is gone
        #[arg(long)]
        again: bool,
    },
}

#[derive(Debug, Args)]
#[command(after_help = exit_code::HELP, disable_help_subcommand = true)]
struct AutoSync {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Enrol a repository, or enrol it anew after its branch or remote has changed
    Enable(enable::Enable),
    /// Switch auto-sync off for a repository, or for all
    Disable(disable::Disable),
    /// Show what is enrolled, how it stands and what needs you (the default)
    Status(status::Show),
    /// Sync now
    #[command(after_help = exit_code::HELP)]
    Force(force::Force),
    /// List the snapshots that were kept before each sync
    History(history::History),
    /// Bring a snapshot back: branch, index and working tree; no remote is touched
    Undo(undo::Undo),
    /// Show, change, edit or check the settings
    Config(config::Config),
    /// Show the last syncs
    Log(log::Log),
}

/// Runs the program: `arguments` with the program's name first.
pub fn main(env: Env, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Whoever closed the pipe does not want to read it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit_code::USAGE));
        }
    };
    match cli.command {
        Command::Worker { again } => {
            crate::worker::run(env, again);
            ExitCode::SUCCESS
        }
        Command::Demo { keep } => demo::run(keep),
        Command::Statusline => statusline::run(&env),
        Command::MergeBook(args) => merge_book::run(&env, &args),
        Command::Slash(args) => slash::run(env, cli.folder.as_deref(), &args),
        command => {
            let mut ui = Ui::default();
            let code = run(&env, &mut ui, cli.folder.as_deref(), command).unwrap_or_else(|e| ui.fail(&env, &e));
            ExitCode::from(ui.finish(code))
        }
    }
}

fn run(env: &Env, ui: &mut Ui, folder: Option<&Path>, command: Command) -> Result<u8, CommandError> {
    let command = match command {
        Command::Completions(args) => return Ok(completions::run(ui, &args)),
        Command::Man(args) => return man::run(ui, &args),
        command => command,
    };
    let ctx = Context { folder: folder.map(Path::to_owned), ..Context::new(env.clone())? };
    // These two tell of it in their own way.
    if !matches!(command, Command::Doctor(_) | Command::Brief(_)) {
        ours::check(&ctx)?;
    }
    let cwd = working_folder(folder)?;
    let verb = match command {
        Command::AutoSync(auto_sync) => auto_sync.verb.unwrap_or_else(|| Verb::Status(status::Show::default())),
        Command::Install(args) => return install::install(&ctx, ui, &cwd, &args),
        Command::Doctor(args) => return Ok(doctor::run(&ctx, ui, &cwd, &args)),
        Command::Plan(args) => return plan::run(&ctx, ui, &cwd, &args),
        Command::Beacon(args) => return beacon::run(&ctx, ui, &cwd, &args),
        Command::Vscode(args) => return vscode::run(&ctx, ui, &cwd, &args),
        Command::Scan(args) => return scan::run(&ctx, ui, &cwd, &args),
        Command::Jobs(args) => return jobs::run(&ctx, ui, &args),
        Command::Logs(args) => return logs::run(&ctx, ui, &cwd, &args),
        Command::Metrics(args) => return metrics::run(&ctx, ui, &args),
        Command::Monitor(args) => return monitor::run(&ctx, ui, &args),
        Command::Notifications(args) => return notifications::run(&ctx, ui, &args),
        Command::Permissions(args) => return permissions::run(&ctx, ui, &cwd, &args),
        Command::Uninstall(args) => return install::uninstall(&ctx, ui, &cwd, &args),
        Command::Settings(args) => return settings::run(&ctx, ui, &cwd, &args),
        Command::Brief(args) => {
            brief::run(&ctx, ui, &cwd, &args);
            return Ok(exit_code::DONE);
        }
        // These were answered before there was a context.
        Command::Completions(_)
        | Command::Man(_)
        | Command::Demo { .. }
        | Command::Worker { .. }
        | Command::Slash(_)
        | Command::MergeBook(_)
        | Command::Statusline => return Ok(exit_code::DONE),
    };
    match verb {
        Verb::Enable(args) => enable::run(&ctx, ui, &cwd, args),
        Verb::Disable(args) => disable::run(&ctx, ui, &cwd, &args),
        Verb::Status(args) => Ok(status::run(&ctx, ui, &cwd, &args)),
        Verb::Force(args) => force::run(&ctx, ui, &cwd, &args),
        Verb::History(args) => history::run(&ctx, ui, &cwd, &args),
        Verb::Undo(args) => undo::run(&ctx, ui, &cwd, &args),
        Verb::Config(args) => config::run(&ctx, ui, &cwd, args),
        Verb::Log(args) => log::run(&ctx, ui, &args),
    }
}

/// The folder a command works in, absolute, as starting the worker changes the process's own.
fn working_folder(folder: Option<&Path>) -> Result<PathBuf, CommandError> {
    let current = std::env::current_dir().map_err(|e| {
        CommandError::failed(format!("cannot tell the current folder: {e}")).hint("change to another one")
    })?;
    let Some(folder) = folder else { return Ok(current) };
    let path = place(&current, Some(folder));
    if path.is_dir() { Ok(path) } else { Err(CommandError::usage(format!("{} is no folder", path.display()))) }
}

/// The folder a command is about, absolute, without symlinks and without `..`: repositories are found
/// by walking up the names, and `app/../other` is not below `app`.
fn place(cwd: &Path, path: Option<&Path>) -> PathBuf {
    let Some(path) = path else { return cwd.to_owned() };
    let path = cwd.join(path);
    std::fs::canonicalize(&path).unwrap_or_else(|_| {
        let mut plain = PathBuf::new();
        for part in path.components() {
            match part {
                Component::ParentDir => {
                    plain.pop();
                }
                Component::CurDir => {}
                part => plain.push(part),
            }
        }
        plain
    })
}
