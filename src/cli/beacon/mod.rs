//! `craft beacon`: files handed from one environment to another. One file a verb.

pub mod diff;
mod ending;
pub mod init;
pub mod log;
pub mod pull;
pub mod push;
pub mod queue;
pub mod resolve;
pub mod status;
pub mod watch;

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::clock;
use crate::context::Context;
use crate::ops::beacon::Place;
use crate::ops::beacon::hints::Hints;
use crate::ops::beacon::pull::Heard;
use crate::ops::beacon::send::Sent;
use crate::plain;
use crate::queue::Trigger;
use crate::sync::tell::{clean, counted};

/// Most paths that are listed where there may be many.
const LISTED: usize = 20;
/// Most characters of a text of others that are shown in a line.
const SHOWN: usize = 200;

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = exit_code::HELP, disable_help_subcommand = true)]
pub struct Beacon {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make this working tree one side of a beacon
    Init(init::Init),
    /// What waits, what was changed here, what needs you (the default)
    Status(status::Show),
    /// Send files, or all that were changed
    Push(push::Push),
    /// Take in what waits
    Pull(pull::Pull),
    /// Look again and again
    Watch(watch::Watch),
    /// The messages of the channel
    Log(log::Log),
    /// Messages that wait here to go out
    Queue(queue::Queue),
    /// What differs from what the other side has
    Diff(diff::Diff),
    /// Settle a file in which both sides changed the same
    Resolve(resolve::Resolve),
}

/// What all verbs take.
#[derive(Debug, Default, Clone, Args)]
pub struct On {
    /// Another channel than the usual one
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl On {
    /// The beacon of the folder.
    fn place(&self, ctx: &Context, cwd: &Path) -> Result<Place, CommandError> {
        Ok(Place::find(ctx, cwd, self.channel.as_deref(), Trigger::Manual)?)
    }
}

/// The line that says how a stranger is accepted.
fn accept_line(command: &str, look: &Look) -> String {
    format!("{} {}", look.faint("if you know them:"), look.strong(command))
}

/// Does what a verb says.
///
/// # Errors
/// What keeps it from being done; nothing was lost then.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Beacon) -> Result<u8, CommandError> {
    if !matches!(args.verb, Some(Verb::Watch(_))) {
        // Without it the command does the same, and leaves behind what it was waiting for.
        let _ = ending::with_all_that_was_started();
    }
    let Some(verb) = &args.verb else { return status::run(ctx, ui, cwd, &status::Show::default()) };
    match verb {
        Verb::Init(args) => init::run(ctx, ui, cwd, args),
        Verb::Status(args) => status::run(ctx, ui, cwd, args),
        Verb::Push(args) => push::run(ctx, ui, cwd, args),
        Verb::Pull(args) => pull::run(ctx, ui, cwd, args),
        Verb::Watch(args) => watch::run(ctx, ui, cwd, args),
        Verb::Log(args) => log::run(ctx, ui, cwd, args),
        Verb::Queue(args) => queue::run(ctx, ui, cwd, args),
        Verb::Diff(args) => diff::run(ctx, ui, cwd, args),
        Verb::Resolve(args) => resolve::run(ctx, ui, cwd, args),
    }
}

/// A text of others, in quotes and cut.
fn quoted(text: &str) -> String {
    format!("\"{}\"", plain::cut(&clean(text), SHOWN))
}

/// A path or a name of others.
fn named(path: &str) -> String {
    plain::cut(&plain::name(&crate::scan::redact::hush(path)), SHOWN)
}

/// Paths, one a line; after [`LISTED`] of them how many more there are.
fn listed<'a>(paths: impl IntoIterator<Item = &'a String>, mark: &str) -> Vec<String> {
    let paths: Vec<_> = paths.into_iter().collect();
    let more = paths.len().saturating_sub(LISTED);
    let lines = paths.iter().take(LISTED).map(|path| format!("  {mark}{}", named(path)));
    lines.chain((more > 0).then(|| format!("  and {more} more"))).collect()
}

/// Names, as people read them.
fn people(names: &[String]) -> String {
    let name = |n: &String| if n == crate::beacon::name::EVERYBODY { "everybody".to_owned() } else { named(n) };
    names.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// `2 files`.
fn many(count: u64, noun: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), noun)
}

/// A time in a message, as people say it. It comes from elsewhere.
fn when(time: &str, look: &Look) -> String {
    clock::parse_rfc3339(time).map_or_else(|| "at some time".to_owned(), |then| look.when(then))
}

/// A message, as data.
fn message(heard: &Heard) -> Value {
    json!({"seq": heard.seq, "from": heard.from, "note": heard.note, "time": heard.time})
}

/// What comes next, and a line for each kind of trouble of sending.
fn sent_lines(sent: &Sent, look: &Look) -> Vec<String> {
    let mut lines: Vec<_> = sent
        .messages
        .iter()
        .map(|(seq, files)| format!("sent message {seq}: {}", counted(files.len(), "file")))
        .collect();
    if let Some(error) = &sent.waits {
        lines.push(look.alarm(&format!("it waits here: {}", plain::cut(&clean(&error.message), 2 * SHOWN))));
        lines.extend(error.remedy.as_ref().map(|remedy| format!("  {}", clean(remedy))));
    }
    lines
}

/// The same as data.
fn sent_data(sent: &Sent) -> Value {
    let messages = sent.messages.iter().map(|(seq, files)| json!({"seq": seq, "files": files}));
    json!({
        "messages": messages.collect::<Vec<_>>(),
        "receipt": sent.receipt,
        "waits": sent.waits.as_ref().map(|e| json!({"why": e.message, "remedy": e.remedy})),
        "tries": sent.tries,
    })
}

/// The exit code of sending: what waits has that of its reason.
fn sent_code(sent: &Sent) -> u8 {
    sent.waits.as_ref().map_or(exit_code::DONE, |error| CommandError::from(error.clone()).code)
}

/// What to type next.
fn next(command: &str, look: &Look) -> String {
    format!("{} {}", look.faint("next:"), look.strong(command))
}

/// What shows a conflict, and what settles it.
fn settle(path: &str, hints: &Hints, look: &Look) -> [String; 2] {
    let ways = look.faint("then one of --ours, --theirs, --merged:");
    [next(&hints.diff(path), look), format!("{ways} {}", look.strong(&hints.resolve(path)))]
}

/// Remarks, each a line.
fn remarks(remarks: &[String], look: &Look) -> Vec<String> {
    remarks.iter().map(|remark| look.alarm(&format!("note: {}", plain::cut(&clean(remark), 4 * SHOWN)))).collect()
}
