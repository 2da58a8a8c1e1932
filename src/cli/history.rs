//! `craft auto-sync history`.

use std::path::Path;

use clap::Args;
use console::Alignment::Left;
use console::pad_str;
use serde_json::json;

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::context::Context;
use crate::locate::locate;
use crate::ops::history::{self, Snapshot};
use crate::sync::tell::{self, counted};

/// See the command's help.
#[derive(Debug, Args)]
pub struct History {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists the snapshots of the working tree.
///
/// # Errors
/// Where there is no repository, or it cannot be read.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &History) -> Result<u8, CommandError> {
    let at = locate(cwd).ok_or_else(|| CommandError::no_repository(cwd))?;
    let snapshots = history::list(ctx, &at)?;
    if args.json {
        ui.json(&json!({"version": 1, "snapshots": snapshots}));
    } else {
        ui.say(&render(&snapshots, &Look::of(ctx)));
    }
    Ok(exit_code::DONE)
}

fn render(snapshots: &[Snapshot], look: &Look) -> String {
    if snapshots.is_empty() {
        return "no snapshots yet: one is kept before each sync that changes something".into();
    }
    let wide = snapshots.iter().map(|s| s.id.len()).max().unwrap_or(0);
    let ages: Vec<_> = snapshots.iter().map(|s| look.when(s.taken)).collect();
    let old = ages.iter().map(String::len).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (snapshot, age) in snapshots.iter().zip(&ages) {
        let head: String = snapshot.head.chars().take(7).collect();
        let place = match (snapshot.branch.is_empty(), head.is_empty()) {
            (false, false) => format!("{} at {head}", snapshot.branch),
            (false, true) => format!("{} without a commit", snapshot.branch),
            (true, _) => format!("no branch, at {head}"),
        };
        let rest =
            format!("before {}: {place}, {}", snapshot.trigger.word(), counted(snapshot.dirty, "uncommitted file"));
        let id = pad_str(&snapshot.id, wide, Left, None).into_owned();
        let rest = look.cut(&tell::clean(&rest), wide + old + 4);
        lines.push(format!("{}  {age:<old$}  {rest}", look.strong(&tell::clean(&id))));
    }
    lines.push(look.faint("`craft auto-sync undo ID` brings one back, without an id the first of these"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::queue::Trigger;

    #[test]
    fn snapshots_are_listed_in_columns_newest_first() {
        let new = Snapshot {
            id: "20250901T115800Z-0a1b".into(),
            commit: "c".into(),
            taken: 1_756_727_880_000,
            trigger: Trigger::SessionEnd,
            worktree: "/r".into(),
            branch: "main".into(),
            head: "0123456789".into(),
            dirty: 3,
        };
        let old = Snapshot {
            id: "20250801T100000Z-1".into(),
            taken: 1_754_042_400_000,
            branch: String::new(),
            dirty: 1,
            ..new.clone()
        };
        let look = Look { now: 1_756_728_000_000, ..Look::default() };
        assert_snapshot!(render(&[new, old], &look), @"
        20250901T115800Z-0a1b  2 min ago      before session-end: main at 0123456, 3 uncommitted files
        20250801T100000Z-1     on 2025-08-01  before session-end: no branch, at 0123456, 1 uncommitted file
        `craft auto-sync undo ID` brings one back, without an id the first of these
        ");
        assert_snapshot!(render(&[], &look), @"no snapshots yet: one is kept before each sync that changes something");
    }
}
