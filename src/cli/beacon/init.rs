//! `craft beacon init`.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{named, next, people, remarks};
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::beacon::hints::Hints;
use crate::ops::beacon::init::{self, Ask, Made};
use crate::sync::quote;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Init {
    /// Name of this environment, as `Code`, `Desktop` or another
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// Whom files of this environment are for; several times for several, `*` for all
    #[arg(long, value_name = "NAME")]
    to: Vec<String>,
    /// The channel; both sides need the same
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// Move .claude/prompts/*.md to .claude/planning/
    #[arg(long)]
    migrate_prompts: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Init) -> Result<u8, CommandError> {
    let ask = Ask {
        name: args.name.clone(),
        to: args.to.clone(),
        channel: args.channel.clone(),
        migrate_prompts: args.migrate_prompts,
    };
    let made = init::init(ctx, cwd, &ask)?;
    if args.json {
        let pairs = |pairs: &[(String, String)], first: &str, second: &str| -> Vec<_> {
            pairs.iter().map(|(one, other)| json!({first: one, second: other})).collect()
        };
        ui.json(&json!({
            "version": 1, "name": made.name, "to": made.to, "channel": made.channel, "again": made.again, "was": made.was,
            "bell": made.bell.as_ref().map(|(number, url)| json!({"number": number, "url": url})),
            "made": made.made, "moved": pairs(&made.moved, "from", "to"), "left": pairs(&made.left, "path", "why"),
            "remarks": made.remarks,
        }));
    } else {
        let hints = Hints { folder: ctx.folder.as_deref().map(quote::path), ..Hints::default() };
        ui.say(&render(&made, &hints, &Look::of(ctx)));
    }
    Ok(exit_code::DONE)
}

fn render(made: &Made, hints: &Hints, look: &Look) -> String {
    let to = if made.to.is_empty() { "nobody yet".to_owned() } else { people(&made.to) };
    let again = match &made.was {
        Some(was) => format!(", and was {was} until now"),
        None if made.again => " already".to_owned(),
        None => String::new(),
    };
    let head =
        format!("this working tree is {}{again}; its files are for {to}, on channel {}", made.name, made.channel);
    let mut lines = vec![look.strong(&head)];
    lines.extend(made.made.iter().map(|path| format!("  made   {}", named(path))));
    lines.extend(made.moved.iter().map(|(from, to)| format!("  moved  {} to {}", named(from), named(to))));
    for (path, why) in &made.left {
        lines.push(look.alarm(&format!("  left   {}: {}", named(path), super::clean(why))));
    }
    if let Some((number, url)) = &made.bell {
        lines.push(format!("bell: issue {number} {}", super::clean(url)));
    }
    lines.extend(remarks(&made.remarks, look));
    lines.push(next(&hints.verb("status"), look));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn it_is_said_what_was_made_what_was_left_and_what_is_missing() {
        let made = Made {
            made: vec![".claude/sync".into()],
            moved: vec![(".claude/prompts/a.md".into(), ".claude/planning/a.md".into())],
            left: vec![(".claude/prompts/b\u{1b}.md".into(), ".claude/planning/b.md is there already".into())],
            name: "Desktop".into(),
            to: vec!["Code".into(), "*".into()],
            channel: "main".into(),
            again: false,
            was: None,
            bell: Some((7, "https://github.example/ann/app/issues/7".into())),
            remarks: vec!["there is no remote".into()],
        };
        assert_snapshot!(render(&made, &Hints::default(), &Look::default()), @r"
        this working tree is Desktop; its files are for Code, everybody, on channel main
          made   .claude/sync
          moved  .claude/prompts/a.md to .claude/planning/a.md
          left   .claude/prompts/b\u{1b}.md: .claude/planning/b.md is there already
        bell: issue 7 https://github.example/ann/app/issues/7
        note: there is no remote
        next: craft beacon status
        ");
        let again = Made { name: "lab".into(), channel: "x".into(), again: true, ..Made::default() };
        assert_snapshot!(render(&again, &Hints::default(), &Look::default()), @r"
        this working tree is lab already; its files are for nobody yet, on channel x
        next: craft beacon status
        ");
        let renamed = Made { name: "Lab2".into(), was: Some("Lab".into()), ..again };
        assert_snapshot!(render(&renamed, &Hints::default(), &Look::default()), @r"
        this working tree is Lab2, and was Lab until now; its files are for nobody yet, on channel x
        next: craft beacon status
        ");
    }
}
