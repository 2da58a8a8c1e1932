//! `craft beacon status`.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::{Hints, On, SHOWN, accept_line, clean, listed, many, named, next, people, quoted, settle, when};
use crate::beacon::applied::{Conflict, Held};
use crate::beacon::block::Status;
use crate::cli::error::CommandError;
use crate::cli::exit_code;
use crate::cli::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::beacon::held::short;
use crate::ops::beacon::lost;
use crate::ops::beacon::status::{self, Standing};
use crate::plain;
use crate::sync::tell::counted;

/// See the command's help.
#[derive(Debug, Default, Args)]
pub struct Show {
    /// Ask nobody; only what is known here
    #[arg(long)]
    offline: bool,
    /// End with 0 where nothing waits, 1 where something does, 3 for a conflict, 4 where a message is held, 6 where the
    /// remote cannot be asked
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    on: On,
}

/// Does it.
///
/// # Errors
/// What keeps it from being done.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Show) -> Result<u8, CommandError> {
    let place = args.on.place(ctx, cwd)?;
    let standing = status::status(ctx, &place, !args.offline)?;
    let hints = Hints::of(ctx, &place);
    if args.on.json {
        ui.json(&data(&standing, &place.identity.name, place.channel.as_str(), &hints));
    } else {
        ui.say(&render(&standing, &hints, &Look::of(ctx)));
    }
    Ok(if args.exit_code { code(&standing) } else { exit_code::DONE })
}

/// What a script is told.
fn code(standing: &Standing) -> u8 {
    match standing {
        s if !s.conflicts.is_empty() => exit_code::CONFLICT,
        s if s.waiting.messages > 0 => exit_code::FAILED,
        s if !s.held.is_empty() => exit_code::GATE,
        s if s.offline.is_some() => exit_code::NETWORK,
        _ => exit_code::DONE,
    }
}

fn word(standing: &Standing) -> &'static str {
    if standing.waiting.messages > 0 { Status::UpdateAvailable.word() } else { Status::Idle.word() }
}

/// Most of what is not read that is listed.
const LEFT: usize = 5;
/// How many commands settle a conflict; see [`commands`].
const SETTLING: usize = 2;

/// The commands that come next, the most urgent first.
fn commands(standing: &Standing, hints: &Hints) -> Vec<String> {
    let mut commands = Vec::new();
    if let Some(conflict) = standing.conflicts.first() {
        commands.extend([hints.diff(&conflict.path), hints.resolve(&conflict.path)]);
    }
    let comes = standing.waiting.messages > 0 || standing.held.iter().any(|held| hints.comes_now(held));
    if comes && standing.no_pull.is_none() {
        commands.push(hints.verb("pull"));
    }
    if standing.no_push.is_some() {
        return commands;
    }
    // A push of all that was changed is refused until a conflict in it is settled.
    let settled = |path: &String| !standing.conflicts.iter().any(|c| c.path == *path);
    if !standing.changed.is_empty() && standing.changed.iter().all(settled) {
        commands.push(hints.push_all(standing.changed.len(), &standing.others));
    } else if standing.queued.iter().any(|q| q.message.files.iter().all(|file| settled(&file.path))) {
        commands.push(hints.verb("queue send"));
    }
    commands
}

pub(super) fn conflict_line(path: &str, beside: &str) -> String {
    let theirs = if beside.is_empty() { "they took it away".into() } else { format!("theirs is {}", named(beside)) };
    format!("CONFLICT: {}; {theirs}", named(path))
}

pub(super) fn held_line(held: &Held, all: &[Held]) -> String {
    let which = which_message(held, all);
    format!("HELD: {which} is not taken in: {}", plain::cut(&clean(&held.why), SHOWN))
}

fn which_message(held: &Held, all: &[Held]) -> String {
    match which(held, all) {
        number if number == held.seq.to_string() => format!("message {number}"),
        commit if held.seq > 0 => format!("message {} ({commit})", held.seq),
        commit => format!("a message ({commit})"),
    }
}

/// How to be rid of what is held, where its number is known.
pub(super) fn skip_line(held: &[Held], hints: &Hints) -> Option<String> {
    let first = held.first()?;
    let skip = hints.verb(&format!("pull --skip {}", which(first, held)));
    Some(format!("  `{skip}` drops {} for good", which_message(first, held)))
}

/// What names one of them and no other: its number, or else the beginning of its commit's id.
fn which(held: &Held, all: &[Held]) -> String {
    let same = all.iter().filter(|other| other.seq == held.seq).count();
    if held.seq > 0 && same <= 1 { held.seq.to_string() } else { named(short(&held.commit)) }
}

fn offline_line(standing: &Standing, why: &str, look: &Look) -> String {
    let word = if standing.denied { "NOT ASKED" } else { "OFFLINE" };
    let known = match standing.checked_at {
        None => "it was never reached".to_owned(),
        Some(at) => format!("this is what was known {}", look.when(at)),
    };
    format!("{word}: {}; {known}", plain::cut(&clean(why), 2 * SHOWN))
}

fn render(standing: &Standing, hints: &Hints, look: &Look) -> String {
    let mut lines = Vec::new();
    let waiting = &standing.waiting;
    if waiting.messages > 0 {
        let age = standing.messages.first().map(|m| format!(", {}", when(&m.time, look))).unwrap_or_default();
        let messages =
            if waiting.messages > 1 { format!(" in {}", many(waiting.messages, "message")) } else { String::new() };
        let head = format!(
            "{}: {}{messages} from {}{age}",
            word(standing),
            many(waiting.file_count, "file"),
            people(&waiting.from)
        );
        lines.push(look.strong(&head));
        lines.extend(listed(&waiting.files, ""));
        let more = waiting.file_count.saturating_sub(waiting.files.len() as u64);
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
        for message in &standing.messages {
            lines.push(format!("  {} says {}", named(&message.from), quoted(&message.note)));
        }
    } else {
        lines.push(look.strong(word(standing)));
    }
    lines.extend(lost::told(&standing.lost).map(|told| look.alarm(&format!("LOST: {told}"))));
    if !standing.changed.is_empty() {
        lines.push(format!("AHEAD: {} changed here, not sent", counted(standing.changed.len(), "file")));
        lines.extend(listed(&standing.changed, ""));
    }
    if !standing.queued.is_empty() {
        let since = look.when(waiting.queued_since);
        lines.push(format!("AHEAD: {} queued here, {since}", counted(standing.queued.len(), "message")));
    }
    if !standing.gone.is_empty() {
        lines.push(format!("gone here, and not told to anybody: {}", counted(standing.gone.len(), "file")));
        lines.extend(listed(&standing.gone, ""));
        let offer = standing.gone.first().filter(|_| standing.no_push.is_none());
        let offer = offer.map(|path| hints.push(Some(path), &standing.others));
        lines.extend(
            offer.map(|offer| format!("{} {}", look.faint("to offer that it be taken away:"), look.strong(&offer))),
        );
    }
    let denied = [&standing.no_pull, &standing.no_push].into_iter().flatten();
    lines.extend(
        denied.map(|why| format!("note: {}; `{}` shows what may be done", clean(why), hints.craft("permissions"))),
    );
    lines.extend(standing.left.iter().take(LEFT).map(|(path, why)| format!("not read: {} {why}", named(path))));
    if standing.left.len() > LEFT {
        lines.push(format!("  and {} more", standing.left.len() - LEFT));
    }
    for Conflict { path, beside, .. } in &standing.conflicts {
        lines.push(look.alarm(&conflict_line(path, beside)));
    }
    lines.extend(standing.held.iter().map(|held| match hints.comes_now(held) {
        true => format!(
            "HELD: {}; its sender is accepted by now, so the next pull takes it in",
            which_message(held, &standing.held)
        ),
        false => look.alarm(&held_line(held, &standing.held)),
    }));
    lines.extend(hints.accept(&standing.held).map(|command| accept_line(&command, look)));
    if !standing.held.first().is_some_and(|held| hints.comes_now(held)) {
        lines.extend(skip_line(&standing.held, hints));
    }
    if !standing.unread.is_empty() {
        lines.push(format!("sent, and not taken in yet by {}", people(&standing.unread)));
    }
    if let Some(why) = &standing.offline {
        lines.push(look.alarm(&offline_line(standing, why, look)));
        lines.extend(standing.remedy.as_ref().map(|remedy| format!("  {}", clean(remedy))));
    }
    if let Some(bell) = &standing.bell {
        if bell.number > 0 {
            lines.push(format!("bell: issue {} {}", bell.number, clean(&bell.url)).trim_end().to_owned());
        }
        lines.extend(bell.remarks.iter().map(|r| look.alarm(&format!("bell: {}", plain::cut(&clean(r), 2 * SHOWN)))));
    }
    let first = standing.conflicts.first();
    lines.extend(first.iter().flat_map(|conflict| settle(&conflict.path, hints, look)));
    let shown = if first.is_some() { SETTLING } else { 0 };
    lines.extend(commands(standing, hints).iter().skip(shown).map(|command| next(command, look)));
    lines.join("\n")
}

fn data(standing: &Standing, name: &str, channel: &str, hints: &Hints) -> Value {
    let waiting = &standing.waiting;
    json!({
        "version": 1,
        "name": name,
        "channel": channel,
        "status": word(standing),
        "tip": standing.tip.as_ref().map(|tip| json!({"commit": tip.commit, "seq": tip.manifest.seq})),
        "waiting": {
            "messages": standing.messages.iter().map(super::message).collect::<Vec<_>>(),
            "files": waiting.files,
            "fileCount": waiting.file_count,
            "from": waiting.from,
        },
        "changed": standing.changed,
        "gone": standing.gone,
        "left": standing.left.iter().map(|(path, why)| json!({"path": path, "why": why})).collect::<Vec<_>>(),
        "queued": {"messages": waiting.queued, "since": waiting.queued_since},
        "conflicts": standing.conflicts,
        "held": standing.held,
        "unread": standing.unread,
        "lost": standing.lost,
        "checkedAt": standing.checked_at.unwrap_or(0),
        "offline": standing.offline.as_ref().map(|why| json!({
            "why": why, "since": waiting.offline_since, "remedy": standing.remedy,
        })),
        "bell": standing.bell.as_ref().map(|bell| json!({
            "number": bell.number, "url": bell.url, "seq": bell.seq, "remarks": bell.remarks,
        })),
        "next": commands(standing, hints),
    })
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
