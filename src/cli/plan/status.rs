//! `craft plan status`.

use std::path::Path;

use clap::Args;

use super::lines::Lines;
use crate::book::fields::Status;
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::plan::merged::Way;
use crate::ops::plan::status::{self, Phase, Plan, PlanStatus, Todos};
use crate::ops::plan::trees::Health;
use crate::phase::state::Stage;
use crate::sync::tell::{clean, counted};

/// See the command's help.
#[derive(Debug, Default, Args)]
pub struct Show {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Also list to-dos and files
    #[arg(long)]
    verbose: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Show) -> Result<u8, CommandError> {
    let status = status::status(ctx, cwd)?;
    if args.json {
        ui.json(&status);
    } else {
        ui.say(&render(&status, args.verbose, &Look::of(ctx)));
    }
    Ok(if status.error.is_some() { exit_code::USAGE } else { exit_code::DONE })
}

fn render(status: &PlanStatus, verbose: bool, look: &Look) -> String {
    let mut out = Lines::new(look);
    if let Some(error) = &status.error {
        out.alarm(&error.message);
        if let Some(remedy) = &error.remedy {
            out.line(remedy);
        }
        return out.end(&[], std::slice::from_ref(&status.next));
    }
    match &status.plan {
        Some(plan) => head(&mut out, look, plan, status),
        None => out.line(match status.state {
            Stage::None => "there is no book of plans here",
            Stage::Summarized => "summarized, not put away yet",
            _ => "idle: no plan is under way",
        }),
    }
    if let Some(plan) = status.plan.as_ref().filter(|_| verbose) {
        file(&mut out, &plan.path, plan.found, 2);
        todos(&mut out, &plan.todos, 2);
    }
    for other in status.plans.iter().filter(|p| status.plan.as_ref().is_none_or(|plan| plan.path != **p)) {
        out.line(&format!("  also {other}"));
    }
    for phase in &status.phases {
        row(&mut out, look, phase, status);
        if verbose {
            file(&mut out, &phase.plan, phase.found, 5);
            if let Some(summary) = &phase.summary {
                file(&mut out, summary, true, 5);
            }
            todos(&mut out, &phase.todos, 5);
        }
    }
    for tree in &status.worktrees {
        match tree.health {
            Health::Active if verbose => out.line(&format!("working tree {}", tree.path)),
            Health::Active => {}
            Health::Stale => {
                out.alarm(&format!("working tree {} is recorded and gone; `git worktree prune`", tree.path));
            }
            Health::Orphaned => out.alarm(&format!("working tree {} belongs to no phase of the plan", tree.path)),
        }
    }
    for document in &status.unfilled {
        out.line(&format!("to be written: {} in {}", counted(document.count, "place"), document.path));
    }
    out.end(&status.problems, std::slice::from_ref(&status.next))
}

fn head(out: &mut Lines<'_>, look: &Look, plan: &Plan, status: &PlanStatus) {
    let mut text = format!("{}: {}, {}%", clean(&plan.title), status.state.word(), plan.percent);
    if plan.todos.total > 0 {
        text = format!("{text}, {} of {}", plan.todos.done, counted(plan.todos.total, "to-do"));
    }
    if let Some(branch) = &plan.branch {
        text = format!("{text}, on {}", clean(branch));
    }
    out.raw(look.strong(&look.cut(&text, 0)));
    if !plan.found {
        out.alarm(&format!("{} is not there", plan.path));
    }
}

fn row(out: &mut Lines<'_>, look: &Look, phase: &Phase, status: &PlanStatus) {
    let mark = match phase.status {
        Status::Completed if phase.merged.is_some() => "✓",
        Status::Completed => "•",
        Status::InProgress => "▶",
        Status::Pending => " ",
    };
    let title = if phase.title.is_empty() { String::new() } else { format!(" {}", clean(&phase.title)) };
    out.raw(look.cut(&format!("{mark} {}{title}: {}", phase.phase, said(phase, status)), 0));
    if phase.status != Status::Pending || phase.branch_exists {
        out.raw(look.faint(&look.cut(&format!("     {}", branch(phase, status)), 0)));
    }
    if !phase.found {
        out.alarm(&format!("     {} is not there", phase.plan));
    }
}

fn said(phase: &Phase, status: &PlanStatus) -> String {
    let todos = || format!("{} of {}", phase.todos.done, counted(phase.todos.total, "to-do"));
    match phase.status {
        Status::Completed => {
            let merged = match phase.merged {
                // That its branch is gone stands in the line below.
                Some(Way::Merge | Way::Recorded) => "merged",
                Some(Way::Squash) => "merged by squash",
                Some(Way::Rebase) => "merged by rebase",
                Some(Way::Contained) => "contained in the main branch",
                None => "not merged",
            };
            let left = phase.todos.total - phase.todos.done;
            let left = if left > 0 { format!(", {} left", counted(left, "to-do")) } else { String::new() };
            let summary = if phase.summary.is_none() { ", its summary is missing" } else { "" };
            format!("completed, {merged}{left}{summary}")
        }
        Status::InProgress => format!("in progress, {}, {}%", todos(), phase.percent),
        Status::Pending if phase.may_begin => "pending, may begin now".into(),
        Status::Pending => {
            let open: Vec<_> = phase.depends.iter().filter(|d| !ready(status, **d)).map(u32::to_string).collect();
            format!("pending, waits for phase {}", open.join(", "))
        }
    }
}

fn ready(status: &PlanStatus, number: u32) -> bool {
    status.phases.iter().any(|p| p.phase == number && p.status == Status::Completed && p.merged.is_some())
}

fn branch(phase: &Phase, status: &PlanStatus) -> String {
    let name = clean(&phase.branch);
    if !phase.branch_exists {
        return format!("{name} is gone");
    }
    // How far what is merged lies from the main branch says nothing any more.
    if phase.merged.is_some() {
        return name;
    }
    let main = status.plan.as_ref().and_then(|p| p.main.as_deref()).map_or_else(|| "main".to_owned(), clean);
    match (phase.ahead, phase.behind) {
        (Some(0), Some(0)) => format!("{name}, level with {main}"),
        (Some(ahead), Some(0)) => format!("{name}, {ahead} ahead of {main}"),
        (Some(ahead), Some(behind)) => format!("{name}, {ahead} ahead of {main}, {behind} behind"),
        _ => name,
    }
}

fn file(out: &mut Lines<'_>, path: &str, found: bool, indent: usize) {
    let gone = if found { "" } else { " (not there)" };
    out.raw(format!("{:indent$}{}{gone}", "", clean(path)));
}

fn todos(out: &mut Lines<'_>, todos: &Todos, indent: usize) {
    for (at, todo) in todos.items.iter().enumerate() {
        let mark = if todo.done { 'x' } else { ' ' };
        out.raw(format!("{:indent$}{}. [{mark}] {}", "", at + 1, clean(&todo.text)));
    }
}
