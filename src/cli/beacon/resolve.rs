//! `craft beacon resolve`.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Hints, On, named, next, remarks};
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::beacon::resolve::{self, Settled, With};
use crate::ops::beacon::{folders, push, status};
use crate::sync::tell::counted;

/// See the command's help.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("with").required(true))]
pub struct Resolve {
    /// The file
    #[arg(value_name = "PATH")]
    path: String,
    /// What is here stays
    #[arg(long, group = "with")]
    ours: bool,
    /// Theirs takes its place; what was here is kept
    #[arg(long, group = "with")]
    theirs: bool,
    /// What is here now was put together by hand
    #[arg(long, group = "with")]
    merged: bool,
    #[command(flatten)]
    on: On,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Resolve) -> Result<u8, CommandError> {
    let place = args.on.place(ctx, cwd)?;
    let path = folders::named(&place, cwd, &args.path)?;
    let (with, word) = match (args.ours, args.theirs) {
        (true, _) => (With::Ours, "ours"),
        (_, true) => (With::Theirs, "theirs"),
        _ => (With::Merged, "merged"),
    };
    let settled = resolve::resolve(ctx, &place, &path, with)?;
    // It is settled in any case; what hooks tell of it is a copy.
    if let Err(error) = status::keep(ctx, &place, None) {
        ui.note(&format!("warning: what waits cannot be kept for hooks: {}", super::clean(&error.message)));
    }
    let open: Vec<_> = resolve::conflicts(ctx, &place)?.into_iter().map(|c| c.path).collect();
    if args.on.json {
        ui.json(&json!({"version": 1, "path": path, "with": word, "conflicts": open,
            "backup": settled.backup, "remarks": settled.remarks}));
    } else {
        let hints = Hints::of(ctx, &place);
        let (changed, gone) = push::changed(ctx, &place).unwrap_or_default();
        let then = match &open[..] {
            [first, ..] => Some(hints.diff(first)),
            [] if !changed.is_empty() => Some(hints.push(None, &[])),
            [] => gone.contains(&path).then(|| hints.push(Some(&path), &[])),
        };
        ui.say(&render(&path, with, &settled, open.len(), then.as_deref(), &Look::of(ctx)));
    }
    Ok(exit_code::DONE)
}

fn render(path: &str, with: With, settled: &Settled, left: usize, then: Option<&str>, look: &Look) -> String {
    let how = match with {
        With::Ours => "yours stays",
        With::Theirs => "theirs is in its place",
        With::Merged => "what is there now counts",
    };
    let mut lines = vec![format!("{} is settled: {how}", named(path))];
    if let Some(backup) = &settled.backup {
        let whose = if with == With::Theirs { "yours" } else { "theirs" };
        lines.push(look.faint(&format!("{whose} is kept: git show {}", named(backup))));
    }
    lines.extend(remarks(&settled.remarks, look));
    if left > 0 {
        lines.push(format!("{} left", counted(left, "conflict")));
    }
    lines.extend(then.map(|command| next(command, look)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn it_is_said_what_counts_now_and_what_is_left() {
        let look = Look::default();
        let settled = Settled {
            backup: Some("refs/craft/beacon/0/main/backup/1".into()),
            remarks: vec!["a.md.theirs has edits of yours".into()],
        };
        assert_snapshot!(render("a.md", With::Merged, &Settled::default(), 0, Some("craft beacon push"), &look), @r"
        a.md is settled: what is there now counts
        next: craft beacon push
        ");
        assert_snapshot!(render("a.md", With::Theirs, &settled, 1, Some("craft beacon diff 'b c.md'"), &look), @r"
        a.md is settled: theirs is in its place
        yours is kept: git show refs/craft/beacon/0/main/backup/1
        note: a.md.theirs has edits of yours
        1 conflict left
        next: craft beacon diff 'b c.md'
        ");
    }
}
