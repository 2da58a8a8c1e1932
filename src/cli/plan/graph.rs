//! `craft plan graph`.

use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::book::fields::Status;
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::plan::Place;
use crate::ops::plan::graph::{self, Graph as Known};
use crate::phase::graph::{Node, chain, mermaid};
use crate::plain;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Graph {
    /// As a Mermaid diagram
    #[arg(long)]
    mermaid: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows the phases and what they wait for.
///
/// # Errors
/// No plan with phases.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Graph) -> Result<u8, CommandError> {
    let found = graph::graph(ctx, &Place::find(cwd)?)?;
    let next = next(&found);
    if args.json {
        ui.json(&json!({
            "version": 1, "title": found.documents.title, "plan": found.documents.path, "phases": found.nodes,
            "levels": found.shape.levels, "ready": found.ready, "missing": found.shape.missing,
            "cycle": found.shape.cycle, "next": next,
        }));
    } else if args.mermaid {
        ui.say(&mermaid(&found.nodes));
    } else {
        ui.say(&shown(&found, &Look::of(ctx)));
        if let Some(next) = next {
            ui.say(&format!("next: {next}"));
        }
    }
    Ok(exit_code::DONE)
}

fn shown(found: &Known, look: &Look) -> String {
    let title = look.strong(&plain::line(&found.documents.title));
    let mut lines = vec![format!("{title}  {}", look.faint(&plain::name(&found.documents.path)))];
    let mut placed = Vec::new();
    for (at, level) in found.shape.levels.iter().enumerate() {
        lines.push(format!("level {}", at + 1));
        lines.extend(found.nodes.iter().filter(|n| level.contains(&n.phase)).map(|n| line(n, look)));
        placed.extend(level);
    }
    let rest: Vec<_> = found.nodes.iter().filter(|n| !placed.contains(&n.phase)).collect();
    if !rest.is_empty() {
        lines.push(look.alarm("can never begin"));
        lines.extend(rest.into_iter().map(|n| line(n, look)));
    }
    for (phase, on) in &found.shape.missing {
        lines.push(look.alarm(&format!("phase {phase} depends on phase {on}, which does not exist")));
    }
    if let Some(cycle) = &found.shape.cycle {
        lines.push(look.alarm(&format!("phases wait for each other: {}", chain(cycle))));
    }
    if !found.shape.missing.is_empty() || found.shape.cycle.is_some() {
        lines.push(format!("mend the lines **Dependencies:** in {}", plain::name(&found.documents.path)));
    }
    match found.ready.as_slice() {
        [] => {}
        [one] => lines.push(format!("may begin now: phase {one}")),
        many => {
            let many: Vec<_> = many.iter().map(u32::to_string).collect();
            lines.push(format!("may begin now, side by side with --worktree: phases {}", many.join(", ")));
        }
    }
    lines.join("\n")
}

fn line(node: &Node, look: &Look) -> String {
    let status = match (node.status, node.merged) {
        (Status::Pending, _) => "pending",
        (Status::InProgress, _) => "in progress",
        (Status::Completed, Some(false)) => "not merged",
        (Status::Completed, Some(true)) => "merged",
        (Status::Completed, None) => "completed",
    };
    let depends: Vec<_> = node.depends.iter().map(u32::to_string).collect();
    let after = if depends.is_empty() { String::new() } else { format!("  after {}", depends.join(", ")) };
    let text = format!("  {:>2}  {status:11}  {}{after}", node.phase, plain::line(&node.title));
    look.cut(&text, 0)
}

/// What to type next.
fn next(found: &Known) -> Option<String> {
    let is = |status: Status| found.nodes.iter().filter(move |n| n.status == status);
    if let Some(first) = found.ready.first() {
        return Some(format!("craft plan execute --phase={first}"));
    }
    if let Some(unmerged) = is(Status::Completed).find(|n| n.merged == Some(false)) {
        return Some(format!("craft plan pr --phase={}", unmerged.phase));
    }
    let mut under_way = is(Status::InProgress);
    if let Some(first) = under_way.next() {
        let which = if under_way.next().is_some() { format!(" --phase={}", first.phase) } else { String::new() };
        return Some(format!("craft plan todo list{which}"));
    }
    (is(Status::Completed).count() == found.nodes.len()).then(|| "craft plan archive".into())
}
