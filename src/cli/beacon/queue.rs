//! `craft beacon queue`.

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Hints, On, named, next, people, quoted, remarks, sent_code, sent_data, sent_lines, when};
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::beacon::send::{Queued, Sent};
use crate::ops::beacon::{Place, outbox};
use crate::sync::tell::counted;

/// See the command's help.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Queue {
    #[command(subcommand)]
    verb: Option<QueueVerb>,
    #[command(flatten)]
    on: On,
}

#[derive(Debug, Subcommand)]
enum QueueVerb {
    /// List them (the default)
    List(List),
    /// Take messages out; their files stay as they are
    Drop(Out),
    /// Send what waits now
    Send(List),
}

#[derive(Debug, Default, Args)]
struct List {
    #[command(flatten)]
    on: On,
}

#[derive(Debug, Args)]
struct Out {
    /// Their ids, as the list shows them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    on: On,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Queue) -> Result<u8, CommandError> {
    let list = |ui: &mut Ui, on: &On| -> Result<u8, CommandError> {
        let place = on.place(ctx, cwd)?;
        let queued = outbox::list(ctx, &place)?;
        show(ctx, ui, on, "queued", &queued, |queued, look| render(queued, &Hints::of(ctx, &place), look));
        Ok(exit_code::DONE)
    };
    match &args.verb {
        None => list(ui, &args.on),
        Some(QueueVerb::List(args)) => list(ui, &args.on),
        Some(QueueVerb::Drop(args)) => {
            let place = args.on.place(ctx, cwd)?;
            let dropped = outbox::drop(ctx, &place, &args.ids)?;
            show(ctx, ui, &args.on, "dropped", &dropped, |dropped, _| {
                format!("{} will not go out", counted(dropped.len(), "message"))
            });
            Ok(exit_code::DONE)
        }
        Some(QueueVerb::Send(args)) => send(ctx, ui, &args.on.place(ctx, cwd)?, args.on.json),
    }
}

fn send(ctx: &Context, ui: &mut Ui, place: &Place, json: bool) -> Result<u8, CommandError> {
    let (sent, said) = outbox::send(ctx, place)?;
    if json {
        ui.json(&json!({"version": 1, "sent": sent_data(&sent), "remarks": said}));
    } else {
        ui.say(&sent_text(&sent, &said, &Look::of(ctx)));
    }
    Ok(sent_code(&sent))
}

fn sent_text(sent: &Sent, said: &[String], look: &Look) -> String {
    let mut lines = sent_lines(sent, look);
    if sent.receipt {
        lines.push("sent what was taken in".to_owned());
    }
    if lines.is_empty() {
        lines.push("nothing waits to go out".to_owned());
    }
    lines.extend(remarks(said, look));
    lines.join("\n")
}

fn show(
    ctx: &Context,
    ui: &mut Ui,
    on: &On,
    what: &str,
    messages: &[Queued],
    render: impl Fn(&[Queued], &Look) -> String,
) {
    if on.json {
        ui.json(&json!({"version": 1, what: messages.iter().map(data).collect::<Vec<_>>()}));
    } else {
        ui.say(&render(messages, &Look::of(ctx)));
    }
}

fn render(queued: &[Queued], hints: &Hints, look: &Look) -> String {
    if queued.is_empty() {
        return "nothing waits to go out".to_owned();
    }
    let row = |q: &Queued| {
        let message = &q.message;
        format!(
            "{}  for {}, {}, {}: {}",
            look.strong(&named(&message.id)),
            people(&message.to),
            counted(message.files.len(), "file"),
            when(&message.time, look),
            quoted(&message.note)
        )
    };
    queued.iter().map(row).chain([next(&hints.verb("queue send"), look)]).collect::<Vec<_>>().join("\n")
}

fn data(queued: &Queued) -> Value {
    json!({"commit": queued.commit, "message": queued.message})
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::beacon::manifest::{File, Message};

    #[test]
    fn the_queue_is_listed_with_ids_to_type() {
        let look = Look { now: 1_759_743_000_000, ..Look::default() };
        let message = Message {
            id: "0123456789abcdef".into(),
            to: vec!["Code".into()],
            time: "2025-10-06T09:28:00Z".into(),
            note: "Added Act 2".into(),
            files: vec![File::default()],
            ..Message::default()
        };
        let queued = [Queued { commit: "c".into(), message }];
        assert_snapshot!(render(&queued, &Hints::default(), &look), @r#"
        0123456789abcdef  for Code, 1 file, 2 min ago: "Added Act 2"
        next: craft beacon queue send
        "#);
        assert_eq!(data(&queued[0])["message"]["id"], "0123456789abcdef");
        assert_snapshot!(render(&[], &Hints::default(), &look), @"nothing waits to go out");
        let receipt = Sent { receipt: true, tries: 1, ..Sent::default() };
        assert_snapshot!(sent_text(&receipt, &[], &look), @"sent what was taken in");
        assert_snapshot!(sent_text(&Sent::default(), &[], &look), @"nothing waits to go out");
    }
}
