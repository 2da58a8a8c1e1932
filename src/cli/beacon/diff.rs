//! `craft beacon diff`.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{On, named};
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::beacon::folders;
use crate::ops::beacon::resolve::{self, Diff as Differs};
use crate::plain;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Diff {
    /// One file; without it all conflicts, and all that was changed here
    #[arg(value_name = "PATH")]
    path: Option<String>,
    #[command(flatten)]
    on: On,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Diff) -> Result<u8, CommandError> {
    let place = args.on.place(ctx, cwd)?;
    let path = args.path.as_ref().map(|path| folders::named(&place, cwd, path)).transpose()?;
    let diffs = resolve::diff(ctx, &place, path.as_deref())?;
    if args.on.json {
        let one = |d: &Differs| json!({"path": d.path, "from": d.sides.0, "to": d.sides.1, "diff": d.text});
        ui.json(&json!({"version": 1, "files": diffs.iter().map(one).collect::<Vec<_>>()}));
    } else {
        ui.say(&render(&diffs, &Look::of(ctx)));
    }
    Ok(exit_code::DONE)
}

fn render(diffs: &[Differs], look: &Look) -> String {
    if diffs.is_empty() {
        return "nothing differs".to_owned();
    }
    diffs.iter().flat_map(|diff| rows(diff, look)).collect::<Vec<_>>().join("\n")
}

fn rows(diff: &Differs, look: &Look) -> Vec<String> {
    let (from, to) = (named(&diff.sides.0), named(&diff.sides.1));
    let mut lines = vec![look.strong(&format!("{}: {from} to {to}", named(&diff.path)))];
    match diff.text.as_deref() {
        None => lines.push("  they differ, and are no texts".to_owned()),
        Some("") => lines.push("  they are the same".to_owned()),
        Some(text) => lines.extend(text.lines().map(|line| {
            let shown = plain::lines(line);
            match line.as_bytes().first() {
                Some(b'+') => look.added(&shown),
                Some(b'-') => look.taken(&shown),
                Some(b'@') => look.faint(&shown),
                _ => shown,
            }
        })),
    }
    lines
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn texts_are_shown_line_by_line_and_steer_nothing() {
        let diff = |text: Option<&str>| Differs {
            path: ".claude/planning/a.md".into(),
            sides: ("here".into(), "theirs".into()),
            text: text.map(str::to_owned),
        };
        let diffs = [diff(Some("@@ -1 +1 @@\n-one\n+\u{1b}[2Jtwo\n")), diff(Some("")), diff(None)];
        assert_snapshot!(render(&diffs, &Look::default()), @r"
        .claude/planning/a.md: here to theirs
        @@ -1 +1 @@
        -one
        +\u{1b}[2Jtwo
        .claude/planning/a.md: here to theirs
          they are the same
        .claude/planning/a.md: here to theirs
          they differ, and are no texts
        ");
        assert_snapshot!(render(&[], &Look::default()), @"nothing differs");
    }
}
