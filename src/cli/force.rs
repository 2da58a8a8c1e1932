//! `craft auto-sync force`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::error::CommandError;
use super::ui::{Look, Ui};
use super::{exit_code, progress};
use crate::config::load;
use crate::config::model::Action;
use crate::context::Context;
use crate::locate::{Location, locate};
use crate::ops::sync::{self, ForceOptions, Preview};
use crate::plain;
use crate::sync::outcome::{End, Refusal, Report};
use crate::sync::{quote, tell};

/// How many files and commits a list shows.
const SHOWN: usize = 10;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Force {
    /// pull, push (commit and send), or sync, which is both
    #[arg(value_enum, default_value = "sync", hide_possible_values = true)]
    action: What,
    /// A folder in the repository [default: the current one]
    #[arg(conflicts_with = "all")]
    path: Option<PathBuf>,
    /// All enrolled repositories, one after the other
    #[arg(long)]
    all: bool,
    /// Only print the plan
    #[arg(long)]
    dry_run: bool,
    /// Go on in spite of what the gate refuses: conflict-markers, mass-deletion or ancestor-tree
    #[arg(long, value_name = "REFUSAL", value_parser = refusal)]
    accept: Vec<Refusal>,
    /// Publish the branch where the remote does not have it yet
    #[arg(long)]
    publish: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print nothing when all is well
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    Pull,
    Push,
    Sync,
}

impl From<What> for Action {
    fn from(what: What) -> Self {
        match what {
            What::Pull => Self::Pull,
            What::Push => Self::Push,
            What::Sync => Self::Sync,
        }
    }
}

fn refusal(word: &str) -> Result<Refusal, String> {
    let known = tell::acceptable();
    known.into_iter().find(|r| r.word() == word).ok_or_else(|| {
        let words: Vec<_> = known.iter().map(|r| r.word()).collect();
        format!("only a refusal of the gate can be accepted: {}", words.join(", "))
    })
}

/// Syncs now.
///
/// # Errors
/// Where there is nothing to sync.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Force) -> Result<u8, CommandError> {
    let action = Action::from(args.action);
    let options = ForceOptions { accept: args.accept.clone(), publish: args.publish };
    let places = places(ctx, cwd, args)?;
    let many = places.len() > 1;
    if args.dry_run {
        return Ok(plan(ctx, ui, &places, args, &options));
    }
    let mut reports = Vec::new();
    for place in &places {
        let report = match place {
            Ok(at) => {
                let mut reporter = progress::reporter(args.quiet || args.json || ui.is_plain());
                sync::force(ctx, at, action, &options, reporter.as_mut())
            }
            Err(path) => gone(ctx, path, action),
        };
        if !args.json {
            let well = report.end == End::Done && tell::left_out(&report).is_none();
            if !(args.quiet && well) {
                ui.say(&summary(&report, &Look::of(ctx), many));
            }
        }
        reports.push(report);
    }
    let code = exit_code::worst(reports.iter().map(|r| exit_code::of(&r.end)));
    if args.json {
        ui.json(&json!({"version": 1, "reports": reports}));
    }
    Ok(code)
}

/// The working trees to sync; those that are gone by their path.
fn places(ctx: &Context, cwd: &Path, args: &Force) -> Result<Vec<Result<Location, PathBuf>>, CommandError> {
    if !args.all {
        let path = super::place(cwd, args.path.as_deref());
        return Ok(vec![Ok(locate(&path).ok_or_else(|| CommandError::no_repository(&path))?)]);
    }
    let config = load::load(&ctx.layout.config())?;
    let enrolled = config.repositories.iter().filter(|r| !r.disabled);
    Ok(enrolled
        .map(|r| locate(&r.path).filter(|at| at.common_dir == r.common_dir).ok_or_else(|| r.path.clone()))
        .collect())
}

fn gone(ctx: &Context, path: &Path, action: Action) -> Report {
    let end = End::Refused {
        kind: Refusal::NotEnrolled,
        reason: format!("{} is no longer the repository that was enrolled", path.display()),
        command: format!("craft auto-sync disable {}", quote::path(path)),
    };
    let at = Location { worktree: path.to_owned(), git_dir: path.to_owned(), common_dir: path.to_owned() };
    sync::not_begun(ctx, &at, action, end)
}

fn summary(report: &Report, look: &Look, many: bool) -> String {
    let mut lines = Vec::new();
    if many {
        lines.push(look.strong(&look.path(Path::new(&report.repository))));
    }
    if let Some(committed) = &report.committed {
        lines.push("committed".into());
        list(&mut lines, look, &committed.files, committed.files.len());
    }
    if let Some(pulled) = report.pulled.as_ref().filter(|p| p.count > 0) {
        lines.push(if pulled.merged { "merged" } else { "pulled" }.into());
        let commits: Vec<_> = pulled.commits.iter().map(tell::commit_line).collect();
        list(&mut lines, look, &commits, pulled.count);
        lines.push("changed by them".into());
        list(&mut lines, look, &pulled.files, pulled.file_count);
    }
    lines.push(tell::sentence(report));
    lines.extend(report.notable.iter().flat_map(|line| look.wrap(&tell::clean(line), 0)).map(|l| look.alarm(&l)));
    if let Some(left_out) = tell::left_out(report) {
        lines.extend(look.wrap(&left_out, 0).iter().map(|l| look.alarm(l)));
    }
    if let Some(attention) = tell::attention(report).filter(|a| !a.command.is_empty()) {
        lines.push(format!("{} {}", look.alarm("to go on:"), look.strong(&attention.command)));
    }
    if let (Some(id), true) = (&report.snapshot, report.committed.is_some() || report.pulled.is_some()) {
        lines.push(look.faint(&tell::clean(&format!("to go back: craft auto-sync undo {id}"))));
    }
    lines.join("\n")
}

fn list(lines: &mut Vec<String>, look: &Look, entries: &[String], count: usize) {
    lines.extend(entries.iter().take(SHOWN).map(|e| format!("  {}", look.cut(&plain::name(e), 2))));
    let rest = count.saturating_sub(entries.len().min(SHOWN));
    if rest > 0 {
        lines.push(format!("  and {rest} more"));
    }
}

fn plan(ctx: &Context, ui: &mut Ui, places: &[Result<Location, PathBuf>], args: &Force, options: &ForceOptions) -> u8 {
    let action = Action::from(args.action);
    let look = Look::of(ctx);
    let mut previews = Vec::new();
    for place in places {
        let (path, preview) = match place {
            Ok(at) => (at.worktree.clone(), sync::preview(ctx, at, action, options)),
            Err(path) => {
                let end = gone(ctx, path, action).end;
                (path.clone(), Preview { steps: Vec::new(), files: Vec::new(), left_out: Vec::new(), end })
            }
        };
        let silent = args.quiet && preview.end == End::Done;
        if !args.json && !silent {
            if places.len() > 1 {
                ui.say(&look.strong(&look.path(&path)));
            }
            ui.say(&planned(&preview, &look));
        }
        previews.push((path, preview));
    }
    if args.json {
        let list: Vec<_> =
            previews.iter().map(|(path, preview)| json!({"repository": path, "preview": preview})).collect();
        ui.json(&json!({"version": 1, "previews": list}));
    }
    exit_code::worst(previews.iter().map(|(_, preview)| exit_code::of(&preview.end)))
}

fn planned(preview: &Preview, look: &Look) -> String {
    let mut lines = Vec::new();
    for (index, step) in preview.steps.iter().enumerate() {
        lines.push(look.cut(&format!("{}. {}", index + 1, tell::step(step)), 0));
        if let crate::sync::step::Step::Commit { files } = step {
            let mut below = Vec::new();
            list(&mut below, look, &preview.files, *files);
            lines.extend(below.iter().map(|l| format!(" {l}")));
        }
    }
    if let Some(left_out) = tell::left_out_of(&preview.left_out) {
        lines.extend(look.wrap(&left_out, 0).iter().map(|l| look.alarm(l)));
    }
    match &preview.end {
        End::Done if preview.steps.is_empty() => lines.push("there is nothing to do".into()),
        End::Done => {}
        other => {
            let error = CommandError::from(other.clone());
            lines.extend(look.wrap(&format!("it would end there: {}", error.message), 0).iter().map(|l| look.alarm(l)));
            lines.extend(error.hint.map(|h| format!("{} {}", look.alarm("to go on:"), look.strong(&h))));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
#[path = "force_tests.rs"]
mod tests;
