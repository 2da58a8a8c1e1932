//! `craft logs`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::error::CommandError;
use super::exit_code;
use super::logs_words::{self, fault, line};
use super::ui::{Look, Ui};
use crate::audit::chain::Verdict;
use crate::audit::when::{self, Side};
use crate::audit::{Outcome, Query};
use crate::clock::{self, Millis};
use crate::context::Context;
use crate::journal::{Follow, Passed};
use crate::ops::audit::{self, Exported, Form};
use crate::scan::redact::{hush_json, may_change};
use crate::sync::tell::counted;

/// So many are shown where nobody says how many.
const SHOWN: usize = 100;
/// So far back where nobody says how far.
const BACK: Millis = 24 * 3_600_000;

/// Arguments of `craft logs`.
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Times: 30m, 2h, 7d or 2w ago, 2026-11-20, 2026-11-20T14:30, 2026-11-20T14:30:00Z. They are UTC \
where no zone is named, and so are the times that are shown. A day, minute or second that is named as an end is part of \
it. Without --since and --until, the last 24 hours are shown. With --follow, --json prints one object a line."
)]
pub struct Logs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Nothing before this time
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Nothing after this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only this platform: git, beacon, github, jira, ado, craft; may be given more than once
    #[arg(long, value_name = "NAME", value_parser = PLATFORMS)]
    platform: Vec<String>,
    /// Only this operation (sync, pull, push, job, hook, …); may be given more than once
    #[arg(long, value_name = "NAME")]
    operation: Vec<String>,
    /// Only what ended so: success, denied, error, skipped; may be given more than once
    #[arg(long, value_name = "RESULT", value_parser = outcome)]
    result: Vec<Outcome>,
    /// Only what this made happen (session-start, session-end, user-prompt, manual, …); may be given more than once
    #[arg(long, value_name = "NAME")]
    trigger: Vec<String>,
    /// Only the newest N (100; with --export all)
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Go on with what is added, until you stop it
    #[arg(long, short, conflicts_with_all = ["until", "export"])]
    follow: bool,
    /// Write to a file: .json, .jsonl or .csv
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Replace the file of --export, where there is one
    #[arg(long, requires = "export")]
    force: bool,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check that no line was altered or taken away since it was written
    Verify,
}

const PLATFORMS: [&str; 6] = ["git", "beacon", "github", "jira", "ado", "craft"];

fn outcome(word: &str) -> Result<Outcome, String> {
    let all = [Outcome::Success, Outcome::Denied, Outcome::Error, Outcome::Skipped];
    all.into_iter()
        .find(|o| o.word() == word)
        .ok_or_else(|| format!("it is one of {}", all.map(Outcome::word).join(", ")))
}

/// Runs it.
///
/// # Errors
/// Where it cannot do its work.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Logs) -> Result<u8, CommandError> {
    if matches!(args.verb, Some(Verb::Verify)) {
        return verify(ctx, ui, args.json);
    }
    let query = args.query(ctx)?;
    if let Some(file) = &args.export {
        return export(ctx, ui, args, &query, &cwd.join(file));
    }
    if args.follow {
        return follow(ctx, ui, args, &query);
    }
    let passed = if args.json { print_json(ctx, ui, &query)? } else { print(ctx, ui, &query)?.0 };
    if passed.found == 0 && !args.json {
        nothing(ctx, ui, args, &query)?;
    }
    tell_damaged(ui, passed);
    Ok(exit_code::DONE)
}

impl Logs {
    fn query(&self, ctx: &Context) -> Result<Query, CommandError> {
        let now = ctx.clock.now_ms();
        let read = |text: &Option<String>, side| match text {
            None => Ok(None),
            Some(text) => when::parse(text, side, now).map(Some).ok_or_else(|| {
                CommandError::usage(format!("{text:?} is no time")).hint(format!("a time is one of {}", when::FORMS))
            }),
        };
        let (mut since, until) = (read(&self.since, Side::Since)?, read(&self.until, Side::Until)?);
        if let (Some(since), Some(until)) = (since, until)
            && since > until
        {
            let (since, until) = (clock::rfc3339(since), clock::rfc3339(until));
            return Err(CommandError::usage(format!("--since ({since}) is later than --until ({until})")));
        }
        if self.since.is_none() && self.until.is_none() {
            since = Some(now.saturating_sub(BACK));
        }
        let all = self.export.is_some();
        let limit = self.limit.map(|n| usize::try_from(n).unwrap_or(usize::MAX)).or((!all).then_some(SHOWN));
        Ok(Query {
            since,
            until,
            platforms: self.platform.clone(),
            operations: self.operation.clone(),
            results: self.result.clone(),
            triggers: self.trigger.clone(),
            limit,
        })
    }
}

/// Prints a line for each; the number of the last one.
fn print(ctx: &Context, ui: &mut Ui, query: &Query) -> Result<(Passed, u64), CommandError> {
    let look = Look::of(ctx);
    let mut last = 0;
    let passed = audit::find(ctx, query, &mut |row| {
        last = row.line.seq;
        ui.say(&line(&row.line.entry, &look));
        if ui.open() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok((passed, last))
}

/// The same as one document, which is never held as a whole.
fn print_json(ctx: &Context, ui: &mut Ui, query: &Query) -> Result<Passed, CommandError> {
    let stamp = |at: Option<Millis>| at.map(clock::rfc3339_ms);
    let (since, until) = (json!(stamp(query.since)), json!(stamp(query.until)));
    ui.raw(format!("{{\n  \"version\": 1,\n  \"since\": {since},\n  \"until\": {until},\n  \"entries\": [").as_bytes());
    let mut more = false;
    let passed = audit::find(ctx, query, &mut |row| {
        let start = if std::mem::replace(&mut more, true) { ",\n    " } else { "\n    " };
        ui.raw(format!("{start}{}", shown(row.bytes)).as_bytes());
        if ui.open() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let end = if more { "\n  ]" } else { "]" };
    ui.raw(format!("{end},\n  \"damaged\": {}\n}}\n", passed.damaged).as_bytes());
    Ok(passed)
}

/// A line as it may be printed: what goes into the journal was hushed, but anybody may have written into it since.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    if !may_change(&text) {
        return text.into_owned();
    }
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => hush_json(value).to_string(),
        Err(_) => "null".into(),
    }
}

fn follow(ctx: &Context, ui: &mut Ui, args: &Logs, query: &Query) -> Result<u8, CommandError> {
    let mut follow = Follow::new(&ctx.layout)?;
    let look = Look::of(ctx);
    let show = |ui: &mut Ui, bytes: &[u8], entry: &crate::audit::Entry| {
        if args.json { ui.raw(format!("{}\n", shown(bytes)).as_bytes()) } else { ui.say(&line(entry, &look)) }
    };
    let mut last = 0;
    let passed = audit::find(ctx, query, &mut |row| {
        last = row.line.seq;
        show(ui, row.bytes, &row.line.entry);
        if ui.open() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    tell_damaged(ui, passed);
    // What comes now is new, whatever its time says.
    let wanted = Query { since: None, limit: None, ..query.clone() };
    let matcher = wanted.matcher();
    while ui.open() {
        follow.poll(&mut |row| {
            // It may have come between the two, and was shown then.
            if row.line.seq > last && matches!(matcher.look(row.bytes), crate::audit::query::Match::Hit(_)) {
                show(ui, row.bytes, &row.line.entry);
            }
        })?;
        if ui.open() {
            follow.wait();
        }
    }
    Ok(exit_code::DONE)
}

fn nothing(ctx: &Context, ui: &mut Ui, args: &Logs, query: &Query) -> Result<(), CommandError> {
    let named = args.since.is_some() || args.until.is_some();
    let newest = Query { since: None, until: None, limit: Some(1), ..query.clone() };
    let mut at = None;
    audit::find(ctx, &newest, &mut |row| {
        at = Some(row.line.entry.timestamp);
        ControlFlow::Break(())
    })?;
    let any = [&args.platform, &args.operation, &args.trigger].iter().any(|l| !l.is_empty()) || !args.result.is_empty();
    let what = if any { "nothing of that kind" } else { "nothing" };
    let range = if named { "in that time" } else { "in the last 24 hours" };
    match at {
        None => ui.say(&format!("{what} in the journal yet")),
        Some(at) => {
            let at = clock::rfc3339(at);
            ui.say(&format!("{what} {range}; the newest is of {at}: craft logs --since {}", &at[..10]));
        }
    }
    Ok(())
}

fn tell_damaged(ui: &mut Ui, passed: Passed) {
    if passed.damaged > 0 {
        let lines = counted(passed.damaged, "damaged line");
        ui.note(&format!("passed over {lines}; `craft logs verify` tells more"));
    }
}

fn export(ctx: &Context, ui: &mut Ui, args: &Logs, query: &Query, path: &Path) -> Result<u8, CommandError> {
    let look = Look::of(ctx);
    let shown = look.path(path);
    let form = Form::of(path).ok_or_else(|| {
        CommandError::usage(format!("the name {shown} does not say what to write"))
            .hint("end it with .json, .jsonl or .csv")
    })?;
    match audit::export(ctx, query, path, form, args.force)? {
        Exported::Exists => Err(CommandError::failed(format!("{shown} is there already"))
            .hint("choose another name, or add --force to replace it")),
        Exported::Written(passed) => {
            let range = logs_words::range(query, args.since.is_none() && args.until.is_none());
            if args.json {
                ui.json(&json!({"version": 1, "file": path, "entries": passed.found, "damaged": passed.damaged}));
            } else {
                ui.say(&format!("wrote {} {range} to {shown}", logs_words::entries(passed.found)));
            }
            tell_damaged(ui, passed);
            Ok(exit_code::DONE)
        }
    }
}

fn verify(ctx: &Context, ui: &mut Ui, json: bool) -> Result<u8, CommandError> {
    let verdict: Verdict = audit::verify(ctx)?;
    let ok = verdict.faults.is_empty();
    if json {
        let stamp = |at: Option<Millis>| at.map(clock::rfc3339_ms);
        let mut value = serde_json::to_value(&verdict).unwrap_or_default();
        value["from"] = json!(stamp(verdict.from));
        value["to"] = json!(stamp(verdict.to));
        let mut whole = json!({"version": 1, "ok": ok});
        if let (Some(whole), Value::Object(fields)) = (whole.as_object_mut(), value) {
            whole.extend(fields);
        }
        ui.json(&whole);
    } else {
        let look = Look::of(ctx);
        for one in &verdict.faults {
            ui.say(&look.alarm(&fault(one)));
        }
        ui.say(&logs_words::verdict(&verdict));
    }
    Ok(if ok { exit_code::DONE } else { exit_code::FAILED })
}
