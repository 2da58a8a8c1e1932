//! `craft beacon log`.

use std::num::NonZeroUsize;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::{On, SHOWN, clean, named, people, quoted, when};
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::beacon::chain::Link;
use crate::ops::beacon::log;
use crate::plain;
use crate::sync::tell::counted;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Log {
    /// How many
    #[arg(short = 'n', value_name = "N", default_value = "20")]
    count: NonZeroUsize,
    #[command(flatten)]
    on: On,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Log) -> Result<u8, CommandError> {
    let place = args.on.place(ctx, cwd)?;
    let links = log::log(ctx, &place, args.count.get())?;
    if args.on.json {
        ui.json(&json!({"version": 1, "commits": links.iter().map(data).collect::<Vec<_>>()}));
    } else {
        ui.say(&render(&links, &Look::of(ctx)));
    }
    Ok(exit_code::DONE)
}

fn render(links: &[Link], look: &Look) -> String {
    if links.is_empty() {
        return "no messages yet".to_owned();
    }
    links.iter().flat_map(|link| rows(link, look)).collect::<Vec<_>>().join("\n")
}

fn rows(link: &Link, look: &Look) -> Vec<String> {
    let id: String = link.commit.chars().take(7).collect();
    let by = named(&link.author.email);
    let manifest = match &link.manifest {
        Ok(manifest) => manifest,
        Err(why) => {
            let why = plain::cut(&clean(why), SHOWN);
            return vec![look.alarm(&format!("{id}  cannot be understood: {why} ({by})"))];
        }
    };
    if let Some(message) = &manifest.message {
        let head = format!(
            "{id}  message {} from {} to {}, {}",
            manifest.seq,
            named(&message.from.name),
            people(&message.to),
            when(&message.time, look)
        );
        let files: Vec<_> = message.files.iter().take(SHOWN_FILES).map(|file| named(&file.path)).collect();
        let more = if message.files.len() > SHOWN_FILES { ", …" } else { "" };
        let count = counted(message.files.len(), "file");
        return vec![
            look.strong(&head),
            format!("         {} ({by})", quoted(&message.note)),
            look.faint(&format!("         {count}: {}{more}", files.join(", "))),
        ];
    }
    let receipt = manifest.receipt.clone().unwrap_or_default();
    let name = named(&receipt.by.name);
    vec![look.faint(&format!("{id}  {name} has taken in up to message {}, {}", receipt.seq, when(&receipt.time, look)))]
}

/// Most files in a row.
const SHOWN_FILES: usize = 5;

fn data(link: &Link) -> Value {
    let manifest = link.manifest.as_ref();
    json!({
        "commit": link.commit,
        "author": {"name": link.author.name, "email": link.author.email},
        "seq": manifest.ok().map(|m| m.seq),
        "message": manifest.ok().and_then(|m| m.message.as_ref()),
        "receipt": manifest.ok().and_then(|m| m.receipt.as_ref()),
        "fault": manifest.err(),
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::beacon::manifest::{File, Manifest, Message, Party, Receipt};
    use crate::ops::beacon::authors::Author;

    #[test]
    fn messages_receipts_and_what_is_none_have_rows_of_their_own() {
        let look = Look { now: 1_759_743_000_000, ..Look::default() };
        let link = |manifest| Link {
            commit: "0123456789".into(),
            author: Author { email: "ann@example.org\u{1b}".into(), ..Author::default() },
            manifest,
        };
        let party = |name: &str| Party { name: name.into(), ..Party::default() };
        let file = |n: u32| File { path: format!(".claude/planning/{n}.md"), ..File::default() };
        let message = Message {
            from: party("Desktop"),
            to: vec!["Code".into(), "*".into()],
            time: "2025-10-06T09:28:00Z".into(),
            note: "Added\nAct 2".into(),
            files: (1..=6).map(file).collect(),
            ..Message::default()
        };
        let first = Manifest::with_message(None, "main", message);
        let receipt = Receipt { by: party("Code"), seq: 1, time: "soon".into(), ..Receipt::default() };
        let second = Manifest::with_receipt(Some(&first), "main", receipt);
        let links = [link(Err("the manifest says no version".into())), link(Ok(second)), link(Ok(first))];
        assert_snapshot!(render(&links, &look), @r#"
        0123456  cannot be understood: the manifest says no version (ann@example.org\u{1b})
        0123456  Code has taken in up to message 1, at some time
        0123456  message 1 from Desktop to Code, everybody, 2 min ago
                 "Added Act 2" (ann@example.org\u{1b})
                 6 files: .claude/planning/1.md, .claude/planning/2.md, .claude/planning/3.md, .claude/planning/4.md, .claude/planning/5.md, …
        "#);
        assert_eq!(data(&links[0])["fault"], "the manifest says no version");
        assert_eq!(data(&links[2])["message"]["files"][0]["path"], ".claude/planning/1.md");
        assert_snapshot!(render(&[], &look), @"no messages yet");
    }
}
