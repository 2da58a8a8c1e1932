//! `craft auto-sync undo`.

use std::path::Path;

use clap::Args;

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::context::Context;
use crate::locate::locate;
use crate::ops::history::{self, Undone};
use crate::sync::tell::{self, counted};

/// See the command's help.
#[derive(Debug, Args)]
pub struct Undo {
    /// The snapshot, as `history` lists it [default: the newest]
    id: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Brings a snapshot back.
///
/// # Errors
/// Why it could not be.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Undo) -> Result<u8, CommandError> {
    let at = locate(cwd).ok_or_else(|| CommandError::no_repository(cwd))?;
    let undone = history::undo(ctx, &at, args.id.as_deref())?;
    if args.json {
        ui.json(&undone);
    } else {
        ui.say(&render(&undone, &Look::of(ctx)));
    }
    Ok(exit_code::DONE)
}

fn render(undone: &Undone, look: &Look) -> String {
    let head: String = undone.head.chars().take(7).collect();
    let place = match (undone.branch.is_empty(), head.is_empty()) {
        (true, _) => format!("HEAD is at {head}"),
        (false, true) => format!("{} has no commit", undone.branch),
        (false, false) => format!("{} is at {head}", undone.branch),
    };
    let first = format!("brought back {}: {place}, {} changed", undone.id, counted(undone.files, "file"));
    let lines = [
        tell::clean(&first),
        "the remote was not touched; auto-sync of this repository rests until `craft auto-sync enable`".into(),
        look.faint(&tell::clean(&format!("to take this back: craft auto-sync undo {}", undone.before))),
    ];
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn it_says_what_is_back_and_how_to_take_that_back() {
        let undone = Undone {
            id: "20250901T115800Z-0a1b".into(),
            before: "20250901T120000Z-9".into(),
            branch: "main".into(),
            head: "0123456789".into(),
            files: 3,
        };
        assert_snapshot!(render(&undone, &Look::default()), @"
        brought back 20250901T115800Z-0a1b: main is at 0123456, 3 files changed
        the remote was not touched; auto-sync of this repository rests until `craft auto-sync enable`
        to take this back: craft auto-sync undo 20250901T120000Z-9
        ");
    }
}
