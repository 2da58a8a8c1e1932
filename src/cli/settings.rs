//! `craft settings`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::diff;
use super::error::CommandError;
use super::exit_code;
use super::install::ScopeWord;
use super::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::fragments::{self, Change, Listed, Standing};
use crate::ops::install;
use crate::settings::fragment::{self, Values};

/// See the command's help.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Settings {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the fragments, where they are and whether they are up to date
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what `apply` would change
    Diff(What),
    /// Put fragments into a settings file, or bring them up to date
    Apply {
        #[command(flatten)]
        what: What,
        /// Only print what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Take fragments out again and bring back what they took the place of
    Remove {
        #[command(flatten)]
        what: What,
        /// Only print what would change
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
struct What {
    /// Fragments, as `list` names them [default: those in the file, and to put in auto-sync-settings]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// The settings file
    #[arg(long, default_value = "user")]
    scope: ScopeWord,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists, shows, puts in or takes out settings fragments.
///
/// # Errors
/// Why a settings file could not be read or changed.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Settings) -> Result<u8, CommandError> {
    let look = Look::of(ctx);
    match &args.verb {
        Verb::List { json } => {
            let all = fragments::list(ctx, &values()?)?;
            if *json {
                ui.json(&json!({"version": 1, "fragments": all}));
            } else {
                ui.say(&listed(&all, &look));
            }
        }
        Verb::Diff(what) => {
            let job = Job::new(ctx, cwd, what, true)?;
            let change = fragments::preview(ctx, &job.file, &job.names(), &values()?)?;
            job.preview(ui, &look, &change);
        }
        Verb::Apply { what, dry_run } => apply(ctx, ui, cwd, what, *dry_run)?,
        Verb::Remove { what, dry_run } => remove(ctx, ui, cwd, what, *dry_run)?,
    }
    Ok(exit_code::DONE)
}

fn apply(ctx: &Context, ui: &mut Ui, cwd: &Path, what: &What, dry_run: bool) -> Result<(), CommandError> {
    let (look, values) = (Look::of(ctx), values()?);
    let job = Job::new(ctx, cwd, what, true)?;
    fragments::programs(&values)?;
    fragments::doubled(ctx, cwd, &job.file, &job.names(), &values)?;
    install::refuse_doubled(ctx, cwd, &job.names())?;
    if dry_run {
        let change = fragments::preview(ctx, &job.file, &job.names(), &values)?;
        job.preview(ui, &look, &change);
        return Ok(());
    }
    let done = fragments::apply(ctx, &job.file, &job.names(), &values)?;
    if job.json {
        ui.json(&json!({"version": 1, "fragments": job.names, "applied": done}));
        return Ok(());
    }
    let file = look.path(&done.file);
    if done.changed {
        ui.say(&format!("put {} into {file}", together(&job.names)));
        told_backup(ui, &look, done.backup.as_deref());
    } else {
        let are = if job.names.len() == 1 { "is" } else { "are" };
        ui.say(&format!("{} {are} in {file} already", together(&job.names)));
    }
    for warning in &done.warnings {
        ui.note(&format!("{} {file}:{warning}", look.alarm("warning:")));
    }
    Ok(())
}

fn remove(ctx: &Context, ui: &mut Ui, cwd: &Path, what: &What, dry_run: bool) -> Result<(), CommandError> {
    let look = Look::of(ctx);
    let job = Job::new(ctx, cwd, what, false)?;
    if dry_run {
        let change = fragments::preview_remove(ctx, &job.file, &job.names())?;
        job.preview(ui, &look, &change);
        return Ok(());
    }
    let done = fragments::remove(ctx, &job.file, &job.names())?;
    if job.json {
        ui.json(&json!({"version": 1, "removed": done}));
        return Ok(());
    }
    let file = look.path(&done.file);
    if done.fragments.is_empty() {
        ui.say(&format!("nothing of ours is in {file}"));
        return Ok(());
    }
    let names = together(&done.fragments);
    let how = match (done.deleted_file, done.exact, done.changed) {
        (true, ..) => format!("removed {file}, which held nothing else"),
        (_, true, _) => format!("took {names} out of {file}: it is what it was before"),
        (_, _, true) => format!("took {names} out of {file}; all else in it stays"),
        _ => format!("{names}: no longer in {file}"),
    };
    ui.say(&how);
    told_backup(ui, &look, done.backup.as_deref());
    Ok(())
}

fn together(names: &[String]) -> String {
    names.join(" and ")
}

fn told_backup(ui: &mut Ui, look: &Look, backup: Option<&Path>) {
    if let Some(backup) = backup {
        ui.say(&look.faint(&format!("what it was is kept in {}", look.path(backup))));
    }
}

/// What a command is about.
struct Job {
    file: PathBuf,
    names: Vec<String>,
    json: bool,
}

impl Job {
    fn new(ctx: &Context, cwd: &Path, what: &What, put_in: bool) -> Result<Self, CommandError> {
        let file = fragments::file_of(ctx, cwd, what.scope.into());
        let mut names = what.names.clone();
        for name in &names {
            fragment::find(name).map_err(fragments::FragmentsError::from)?;
        }
        if names.is_empty() {
            let there = fragments::applied(ctx)?.into_iter().find(|(path, _)| *path == file);
            let there = there.map(|(_, names)| names).unwrap_or_default();
            let meant = |f: &&fragment::Fragment| there.iter().any(|n| n == f.name) || (put_in && f.by_default);
            names = fragment::ALL.iter().filter(meant).map(|f| f.name.to_owned()).collect();
        }
        Ok(Self { file, names, json: what.json })
    }

    fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    fn preview(&self, ui: &mut Ui, look: &Look, change: &Change) {
        let plain = Look::default();
        let look_of_diff = if self.json { &plain } else { look };
        let name = look_of_diff.path(&self.file);
        let diff = diff::unified(&name, &change.before, &change.after, look_of_diff);
        if self.json {
            let changed = change.before != change.after;
            ui.json(&json!({
                "version": 1, "file": self.file, "fragments": self.names, "changed": changed, "diff": diff,
            }));
        } else if diff.is_empty() {
            ui.say(&format!("nothing would change in {}", look.path(&self.file)));
        } else {
            ui.say(&diff);
        }
    }
}

/// The values of this very program: its own folder is where the hooks are.
fn values() -> Result<Values, CommandError> {
    let program =
        std::env::current_exe().map_err(|e| CommandError::failed(format!("cannot tell where this program is: {e}")))?;
    Ok(Values::portable(program.parent().unwrap_or(Path::new("/")).to_owned()))
}

fn listed(all: &[Listed], look: &Look) -> String {
    let mut lines = Vec::new();
    for fragment in all {
        lines.push(format!("{}  {}", look.strong(fragment.name), fragment.summary));
        for (file, standing) in &fragment.places {
            let (path, how) = match standing {
                Standing::Current => (look.path(file), "up to date".to_owned()),
                Standing::Differs => {
                    (look.path(file), look.alarm("differs; `craft settings diff` shows how, `apply` mends it"))
                }
                // The reason names the file.
                Standing::Broken(reason) => (look.path(file), look.alarm(reason)),
            };
            lines.push(format!("  {path}: {how}"));
        }
        if fragment.places.is_empty() {
            lines.push(format!("  {}", look.faint("in no settings file")));
        }
    }
    lines.join("\n")
}
