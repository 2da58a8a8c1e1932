//! `craft beacon pull`.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::status::{held_line, skip_line};
use super::{Hints, On, SHOWN, accept_line, clean, named, quoted, remarks, settle, when};
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::beacon::held::short;
use crate::ops::beacon::pull::{self, Became, Pulled, Taken};
use crate::plain;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Pull {
    /// Tell what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Drop a held message for good, by its number or the beginning of its commit; repeatable
    #[arg(long, value_name = "SEQ|COMMIT")]
    skip: Vec<String>,
    #[command(flatten)]
    on: On,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done: then no file was changed, or a second call gives what one would have given.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Pull) -> Result<u8, CommandError> {
    let place = args.on.place(ctx, cwd)?;
    let pulled = pull::pull_without(ctx, &place, args.dry_run, &args.skip)?;
    if args.on.json {
        ui.json(&data(&pulled, args.dry_run));
    } else {
        ui.say(&render(&pulled, args.dry_run, &Hints::of(ctx, &place), &Look::of(ctx)));
    }
    Ok(code(&pulled))
}

fn code(pulled: &Pulled) -> u8 {
    match pulled {
        p if !p.conflicts.is_empty() => exit_code::CONFLICT,
        p if !p.held.is_empty() => exit_code::GATE,
        p if p.offline.is_some() => exit_code::NETWORK,
        _ => exit_code::DONE,
    }
}

/// What became of a file, in a word for scripts and in one for people.
fn words(became: Became) -> (&'static str, &'static str) {
    match became {
        Became::Created => ("created", "new"),
        Became::Updated => ("updated", "updated"),
        Became::Merged => ("merged", "merged"),
        Became::Same => ("same", "the same already"),
        Became::Conflict => ("conflict", "CONFLICT"),
        Became::Archived => ("archived", "archived"),
        Became::Kept => ("kept", "kept"),
        Became::Older => ("older", "older"),
    }
}

fn row(taken: &Taken, dry: bool) -> String {
    let (_, word) = words(taken.became);
    let beside = named(&taken.beside);
    let rest = match taken.became {
        Became::Conflict if beside.is_empty() => "; they took it away, and it was changed here".to_owned(),
        Became::Conflict if dry => format!("; yours would stay as it is, theirs would be {beside}"),
        Became::Conflict => format!("; yours is as it was, theirs is {beside}"),
        Became::Archived if dry => format!("; they took it away, it would be {beside}"),
        Became::Archived => format!("; they took it away, it is {beside} now"),
        Became::Kept => "; they took it away, and it was changed here".to_owned(),
        Became::Older => "; it stays, since it was sent before what is here, or waits here".to_owned(),
        _ => String::new(),
    };
    format!("  {word:<8} {}{rest}", named(&taken.path))
}

fn render(pulled: &Pulled, dry: bool, hints: &Hints, look: &Look) -> String {
    let mut lines = Vec::new();
    for heard in &pulled.messages {
        let head = format!("message {} from {}, {}", heard.seq, named(&heard.from), when(&heard.time, look));
        lines.push(format!("{}: {}", look.strong(&head), quoted(&heard.note)));
    }
    for taken in &pulled.files {
        let line = row(taken, dry);
        lines.push(if taken.became == Became::Conflict { look.alarm(&line) } else { line });
    }
    if pulled.messages.is_empty() {
        lines.push("nothing waits".to_owned());
    } else if dry {
        lines.push("nothing was changed: this is what a pull would do".to_owned());
    }
    let drops = if dry { "would be dropped" } else { "is dropped" };
    lines.extend(pulled.skipped.iter().map(|held| {
        let (seq, commit) = (held.seq, named(short(&held.commit)));
        format!("message {seq} ({commit}) {drops} for good: {}", plain::cut(&clean(&held.why), SHOWN))
    }));
    lines.extend(pulled.held.iter().map(|held| look.alarm(&held_line(held, &pulled.held))));
    lines.extend(hints.accept(&pulled.held).map(|command| accept_line(&command, look)));
    lines.extend(skip_line(&pulled.held, hints));
    if let Some(why) = &pulled.offline {
        let why = plain::cut(&clean(why), 2 * SHOWN);
        lines.push(look.alarm(&format!("OFFLINE: {why}; only what had arrived before was looked at")));
        lines.extend(pulled.remedy.as_ref().map(|remedy| format!("  {}", clean(remedy))));
    }
    if let Some(backup) = &pulled.backup {
        lines.push(look.faint(&format!("what was replaced is kept: git show {}", named(backup))));
    }
    lines.extend(remarks(&pulled.remarks, look));
    // Some are older than this pull, and have no row.
    let told = |path: &String| pulled.files.iter().any(|t| t.became == Became::Conflict && t.path == *path);
    let here = |path: &String| pulled.files.iter().any(|t| t.path == *path);
    for path in pulled.conflicts.iter().filter(|path| !told(path)) {
        let how = if dry && here(path) { "would have to be settled" } else { "is not settled yet" };
        lines.push(look.alarm(&format!("CONFLICT: {} {how}", named(path))));
    }
    if let Some(path) = pulled.conflicts.first().filter(|_| !dry) {
        lines.extend(settle(path, hints, look));
    }
    lines.join("\n")
}

fn data(pulled: &Pulled, dry: bool) -> Value {
    let file = |t: &Taken| {
        let beside = Some(&t.beside).filter(|b| !b.is_empty());
        json!({"path": t.path, "became": words(t.became).0, "beside": beside, "seq": t.seq})
    };
    json!({
        "version": 1,
        "dryRun": dry,
        "messages": pulled.messages.iter().map(super::message).collect::<Vec<_>>(),
        "files": pulled.files.iter().map(file).collect::<Vec<_>>(),
        "held": pulled.held,
        "skipped": pulled.skipped,
        "lost": pulled.lost,
        "conflicts": pulled.conflicts,
        "backup": pulled.backup,
        "offline": pulled.offline,
        "remarks": pulled.remarks,
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::beacon::applied::Held;
    use crate::ops::beacon::pull::Heard;

    fn look() -> Look {
        Look { now: 1_759_743_000_000, ..Look::default() }
    }

    #[test]
    fn each_file_is_told_with_what_became_of_it() {
        let taken =
            |path: &str, became, beside: &str| Taken { path: path.into(), became, beside: beside.into(), seq: 3 };
        let pulled = Pulled {
            messages: vec![Heard {
                seq: 3,
                from: "Desktop on desk".into(),
                note: "Session 3\n\u{1b}]0;x - \u{202e}Added Act 2".into(),
                time: "2025-10-06T09:28:00Z".into(),
            }],
            files: vec![
                taken("a.md", Became::Created, ""),
                taken("b.md", Became::Updated, ""),
                taken("c.md", Became::Merged, ""),
                taken("d.md", Became::Same, ""),
                taken("e.md", Became::Conflict, "e.md.theirs"),
                taken("f.md", Became::Conflict, ""),
                taken("g.md", Became::Archived, ".claude/sync/archive/2025-10-06/g.md"),
                taken("h.md", Became::Kept, ""),
            ],
            held: vec![Held {
                seq: 4,
                commit: "c".into(),
                why: "\"../x\" has a part . or ..".into(),
                ..Held::default()
            }],
            skipped: vec![Held { seq: 2, commit: "b".into(), why: "it is not wanted".into(), ..Held::default() }],
            lost: Vec::new(),
            conflicts: ["e.md", "f.md", "h.md", "old.md"].map(str::to_owned).to_vec(),
            backup: Some("refs/craft/beacon/0/main/backup/20251006T093000Z".into()),
            offline: Some("no route to host".into()),
            remedy: Some("see that the network is there".into()),
            remarks: vec!["the receipt could not be sent".into()],
        };
        assert_snapshot!(render(&pulled, false, &Hints::default(), &look()), @r#"
        message 3 from Desktop on desk, 2 min ago: "Session 3 \u{1b}]0;x - \u{202e}Added Act 2"
          new      a.md
          updated  b.md
          merged   c.md
          the same already d.md
          CONFLICT e.md; yours is as it was, theirs is e.md.theirs
          CONFLICT f.md; they took it away, and it was changed here
          archived g.md; they took it away, it is .claude/sync/archive/2025-10-06/g.md now
          kept     h.md; they took it away, and it was changed here
        message 2 (b) is dropped for good: it is not wanted
        HELD: message 4 is not taken in: "../x" has a part . or ..
          `craft beacon pull --skip 4` drops message 4 for good
        OFFLINE: no route to host; only what had arrived before was looked at
          see that the network is there
        what was replaced is kept: git show refs/craft/beacon/0/main/backup/20251006T093000Z
        note: the receipt could not be sent
        CONFLICT: h.md is not settled yet
        CONFLICT: old.md is not settled yet
        next: craft beacon diff e.md
        then one of --ours, --theirs, --merged: craft beacon resolve e.md --ours
        "#);
        let dry = render(&pulled, true, &Hints::default(), &look());
        let would: Vec<_> = dry.lines().filter(|line| line.contains("would") || line.contains("settled")).collect();
        assert_snapshot!(would.join("\n"), @r"
          CONFLICT e.md; yours would stay as it is, theirs would be e.md.theirs
          archived g.md; they took it away, it would be .claude/sync/archive/2025-10-06/g.md
        nothing was changed: this is what a pull would do
        message 2 (b) would be dropped for good: it is not wanted
        CONFLICT: h.md would have to be settled
        CONFLICT: old.md is not settled yet
        ");
        assert_eq!(code(&pulled), 3);
        assert_eq!(data(&pulled, false)["files"][6]["became"], "archived");
        assert_eq!(code(&Pulled { conflicts: Vec::new(), ..pulled.clone() }), 4);
        let offline = Pulled { conflicts: Vec::new(), held: Vec::new(), ..pulled };
        assert_eq!(code(&offline), 6);
    }

    #[test]
    fn where_nothing_waits_that_is_said() {
        assert_snapshot!(render(&Pulled::default(), false, &Hints::default(), &look()), @"nothing waits");
        assert_eq!(code(&Pulled::default()), 0);
    }
}
