//! `craft doctor`.

use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::exit_code;
use super::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::doctor::{self, Check, State};
use crate::sync::tell;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Mend what can be mended without asking
    #[arg(long)]
    fix: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    version: u32,
    healthy: bool,
    checks: &'a [Check],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixed: Vec<Fixed>,
}

#[derive(Serialize)]
struct Fixed {
    id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Runs every check; the code is 1 where something is broken.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Doctor) -> u8 {
    let look = Look::of(ctx);
    let mut checks = doctor::examine(ctx, cwd);
    let mended = if args.fix { doctor::mend(ctx, cwd, &checks) } else { Vec::new() };
    if !mended.is_empty() {
        if !args.json {
            for (id, outcome) in &mended {
                match outcome {
                    Ok(()) => ui.say(&format!("mended: {id}")),
                    Err(error) => ui.say(&format!("could not mend {id}: {}", tell::clean(error))),
                }
            }
        }
        checks = doctor::examine(ctx, cwd);
    }
    let broken = checks.iter().any(|c| c.state == State::Broken);
    if args.json {
        let fixed = mended.into_iter().map(|(id, outcome)| Fixed { id, error: outcome.err() }).collect();
        ui.json(&Report { version: 1, healthy: !broken, checks: &checks, fixed });
    } else {
        ui.say(&render(&checks, &look));
    }
    if broken { exit_code::FAILED } else { exit_code::DONE }
}

fn render(checks: &[Check], look: &Look) -> String {
    let width = checks.iter().map(|c| c.id.len()).max().unwrap_or(0);
    let home = look.home.as_ref().map(|h| format!("{}/", h.display()));
    let short = |text: &str| {
        let text = tell::clean(text);
        home.as_ref().map_or_else(|| text.clone(), |h| text.replace(h.as_str(), "~/"))
    };
    let mut lines = Vec::new();
    for check in checks {
        let mark = match check.state {
            State::Ok => "✓".to_owned(),
            State::Skipped => look.faint("-"),
            State::Warning => look.alarm("!"),
            State::Broken => look.error("✗"),
        };
        let text = if check.state == State::Skipped { look.faint(&short(&check.text)) } else { short(&check.text) };
        lines.push(format!("{mark} {:width$}  {text}", check.id));
        if let Some(remedy) = &check.remedy {
            lines.push(format!("  {:width$}  → {}", "", look.strong(&short(remedy))));
        }
    }
    let count = |state: State| checks.iter().filter(|c| c.state == state).count();
    let (broken, warnings) = (count(State::Broken), count(State::Warning));
    lines.push(match (broken, warnings) {
        (0, 0) => "everything works".to_owned(),
        (0, 1) => "it works; one thing to look at".to_owned(),
        (0, n) => format!("it works; {n} things to look at"),
        (1, _) => "one thing is broken".to_owned(),
        (n, _) => format!("{n} things are broken"),
    });
    if checks.iter().any(|c| c.fix.is_some()) {
        lines.push("`craft doctor --fix` mends what can be mended without asking".to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;
