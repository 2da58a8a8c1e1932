//! `craft beacon push`.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Hints, On, listed, next, people, remarks, sent_code, sent_data, sent_lines};
use crate::cli::error::CommandError;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::beacon::folders;
use crate::ops::beacon::push::{self, Ask, Pushed};
use crate::sync::tell::counted;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Push {
    /// The files, or folders for what was changed in them; without any, all that were changed since they were sent or
    /// taken in
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Whom for; several times for several, `*` for all
    #[arg(long, value_name = "NAME")]
    to: Vec<String>,
    /// What to say of it
    #[arg(short = 'm', long, value_name = "TEXT")]
    note: Option<String>,
    /// What the other side shall do
    #[arg(long, value_name = "TEXT")]
    action: Option<String>,
    #[command(flatten)]
    on: On,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done; nothing was queued then.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Push) -> Result<u8, CommandError> {
    let place = args.on.place(ctx, cwd)?;
    let files = args.files.iter().map(|file| folders::named(&place, cwd, file)).collect::<Result<_, _>>()?;
    let ask = Ask {
        unasked: false,
        files,
        to: args.to.clone(),
        note: args.note.clone().unwrap_or_default(),
        action: args.action.clone().unwrap_or_default(),
    };
    let pushed = push::push(ctx, &place, &ask)?;
    if args.on.json {
        ui.json(&json!({
            "version": 1, "files": pushed.files, "deleted": pushed.deleted, "gone": pushed.gone, "to": pushed.to,
            "sent": sent_data(&pushed.sent), "remarks": pushed.remarks,
        }));
    } else {
        ui.say(&render(&pushed, &Hints::of(ctx, &place), &Look::of(ctx)));
    }
    Ok(sent_code(&pushed.sent))
}

fn render(pushed: &Pushed, hints: &Hints, look: &Look) -> String {
    let mut lines = Vec::new();
    if pushed.files.is_empty() && pushed.deleted.is_empty() {
        lines.push("nothing was changed since it was last sent or taken in".to_owned());
    } else {
        let head = format!("{} for {}", counted(pushed.files.len(), "file"), people(&pushed.to));
        lines.push(look.strong(&head));
        let kept: Vec<_> = pushed.files.iter().filter(|f| !pushed.deleted.contains(f)).collect();
        lines.extend(listed(kept, ""));
        lines.extend(listed(&pushed.deleted, "taken away: "));
    }
    lines.extend(sent_lines(&pushed.sent, look));
    if !pushed.gone.is_empty() {
        lines.push("gone here, and not told to anybody; name one to offer that it be taken away:".to_owned());
        lines.extend(listed(&pushed.gone, ""));
    }
    lines.extend(remarks(&pushed.remarks, look));
    if pushed.sent.waits.as_ref().is_some_and(|error| error.remedy.is_none()) {
        lines.push(next(&hints.verb("queue send"), look));
    }
    if let [gone, ..] = pushed.gone.as_slice() {
        lines.push(next(&hints.push(Some(gone), &[]), look));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::ops::beacon::send::Sent;
    use crate::ops::error::{Kind, OpError};

    #[test]
    fn what_was_sent_is_listed_with_what_else_went_out() {
        let pushed = Pushed {
            files: vec![".claude/planning/a.md".into(), ".claude/planning/gone.md".into()],
            deleted: vec![".claude/planning/gone.md".into()],
            gone: vec![".claude/planning/it's.md".into()],
            to: vec!["Code".into()],
            sent: Sent {
                messages: vec![(6, vec!["x".into()]), (7, vec![String::new(); 2])],
                tries: 1,
                ..Sent::default()
            },
            remarks: vec!["the bell is closed".into()],
        };
        assert_snapshot!(render(&pushed, &Hints::default(), &Look::default()), @r"
        2 files for Code
          .claude/planning/a.md
          taken away: .claude/planning/gone.md
        sent message 6: 1 file
        sent message 7: 2 files
        gone here, and not told to anybody; name one to offer that it be taken away:
          .claude/planning/it's.md
        note: the bell is closed
        next: craft beacon push '.claude/planning/it'\''s.md'
        ");
        assert_eq!(sent_code(&pushed.sent), 0);
    }

    #[test]
    fn offline_it_is_said_that_it_waits_here() {
        let waits = OpError::new(Kind::Network, "the remote cannot be reached\u{1b}[2J");
        let pushed = Pushed {
            files: vec![".claude/planning/a.md".into()],
            to: vec!["*".into()],
            sent: Sent { waits: Some(waits), tries: 1, ..Sent::default() },
            ..Pushed::default()
        };
        assert_snapshot!(render(&pushed, &Hints::default(), &Look::default()), @r"
        1 file for everybody
          .claude/planning/a.md
        it waits here: the remote cannot be reached\u{1b}[2J
        next: craft beacon queue send
        ");
        assert_eq!(sent_code(&pushed.sent), 6);
        assert_snapshot!(render(&Pushed::default(), &Hints::default(), &Look::default()), @"nothing was changed since it was last sent or taken in");
    }
}
