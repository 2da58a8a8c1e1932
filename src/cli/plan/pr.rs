//! `craft plan pr`.

use std::path::Path;

use clap::Args;

use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::plan::Place;
use crate::ops::plan::pr::{self, PullRequest};
use crate::plain;
use crate::sync::tell::counted;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Pr {
    /// The phase; not needed where the branch tells
    #[arg(long, value_name = "N")]
    phase: Option<u32>,
    /// Only print title, body and the commands
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Pr) -> Result<u8, CommandError> {
    let place = Place::find(cwd)?;
    let request = pr::open(ctx, &place, args.phase, args.dry_run)?;
    if args.json {
        ui.json(&request);
    } else {
        ui.say(&render(&request, &Look::of(ctx)));
    }
    Ok(exit_code::DONE)
}

fn render(request: &PullRequest, look: &Look) -> String {
    let mut lines = Vec::new();
    if let Some(url) = &request.url {
        if request.pushed > 0 {
            lines.push(format!("pushed {} of {}", counted(request.pushed, "commit"), plain::name(&request.branch)));
        }
        let how = if request.existed { "it is open already" } else { "opened" };
        lines.push(format!("{how}: {}", plain::line(url)));
        lines.push(plain::line(&request.title));
    } else {
        // The body stands in the command below.
        lines.push(look.strong(&plain::line(&request.title)));
    }
    lines.extend(request.remarks.iter().flat_map(|r| look.wrap(&plain::line(r), 0)).map(|l| look.alarm(&l)));
    // To be copied as they are, the line ends in a quoted body among them.
    lines.extend(request.commands.iter().map(|c| format!("{} {}", look.faint("next:"), plain::lines(c))));
    lines.join("\n")
}
