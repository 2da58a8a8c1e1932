//! `craft jobs`.

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use console::Alignment::Left;
use console::pad_str;
use serde_json::json;

use super::error::CommandError;
use super::ui::{Look, Ui};
use super::{exit_code, progress};
use crate::clock::Millis;
use crate::config::model::CatchUp;
use crate::context::Context;
use crate::ops::jobs::{self, JobView, JobsError, Ran, RunError, View};
use crate::schedule::{Ended, Kind, Outcome, Status, every};
use crate::sync::tell;

/// How often a followed log is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Arguments of `craft jobs`.
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub struct Jobs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the jobs, how each stands and when it runs next (the default)
    List,
    /// Let jobs run by themselves
    Enable,
    /// Let no job run by itself
    Disable,
    /// Run a job now, due or not, and wait for it
    #[command(
        after_help = "It ends with 0 where the job did its work, and with 1 where it failed or where nothing does \
                            its work yet."
    )]
    Run(Which),
    /// Let a job rest
    Pause(Which),
    /// Let a job run by itself again
    Resume(Which),
    /// Forget the failures of a job, so that it runs again
    Reset(Which),
    /// Set how often a job runs
    Interval {
        #[command(flatten)]
        which: Which,
        /// `15m`, `2h` or `1d`, from `1m` to `7d`
        #[arg(value_name = "DURATION", value_parser = every::parse)]
        every: Millis,
    },
    /// Show what a job said
    Logs {
        #[command(flatten)]
        which: Which,
        /// How many lines
        #[arg(short = 'n', value_name = "N", default_value_t = 20)]
        count: usize,
        /// Go on as it says more
        #[arg(long, short)]
        follow: bool,
    },
}

#[derive(Debug, Args)]
struct Which {
    /// Which job
    #[arg(value_name = "TYPE", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::word)))]
    kind: String,
}

impl Which {
    fn kind(&self) -> Result<Kind, CommandError> {
        Kind::of(&self.kind).ok_or_else(|| CommandError::usage(format!("there is no job {}", self.kind)))
    }
}

/// Runs it.
///
/// # Errors
/// Where it cannot do its work.
pub fn run(ctx: &Context, ui: &mut Ui, args: &Jobs) -> Result<u8, CommandError> {
    match args.verb.as_ref().unwrap_or(&Verb::List) {
        Verb::List => {
            let view = jobs::view(ctx)?;
            if args.json {
                ui.json(&view);
            } else {
                let look = Look::of(ctx);
                if let Some(file) = &view.damaged {
                    let file = look.path(file);
                    ui.note(&format!("{file} cannot be understood; the next change keeps it aside and begins anew"));
                }
                ui.say(&table(&view, &look));
            }
            Ok(exit_code::DONE)
        }
        Verb::Enable => switch(ctx, ui, args.json, true),
        Verb::Disable => switch(ctx, ui, args.json, false),
        Verb::Run(which) => by_hand(ctx, ui, args.json, which.kind()?),
        Verb::Pause(which) => {
            let view = jobs::pause(ctx, which.kind()?)?;
            Ok(changed(ui, args.json, &view, &format!("{0} rests until `craft jobs resume {0}`", view.job.id)))
        }
        Verb::Resume(which) => {
            let view = jobs::resume(ctx, which.kind()?)?;
            let text = match view.job.status {
                Status::Failed => format!("{0} has failed too often; `craft jobs reset {0}` revives it", view.job.id),
                _ => format!("{} runs {}", view.job.id, when(ctx, &view)?),
            };
            Ok(changed(ui, args.json, &view, &text))
        }
        Verb::Reset(which) => {
            let view = jobs::reset(ctx, which.kind()?)?;
            let text = match view.job.status {
                Status::Disabled => {
                    format!("{0}: failures forgotten; it rests until `craft jobs resume {0}`", view.job.id)
                }
                _ => format!("{}: failures forgotten; it runs {}", view.job.id, when(ctx, &view)?),
            };
            Ok(changed(ui, args.json, &view, &text))
        }
        Verb::Interval { which, every } => {
            let view = jobs::set_interval(ctx, which.kind()?, *every)?;
            let text = format!("{} runs every {}", view.job.id, every::words(*every));
            Ok(changed(ui, args.json, &view, &text))
        }
        Verb::Logs { which, count, follow } => logs(ctx, ui, args.json, which.kind()?, *count, *follow),
    }
}

fn switch(ctx: &Context, ui: &mut Ui, json: bool, on: bool) -> Result<u8, CommandError> {
    jobs::switch(ctx, on)?;
    if json {
        ui.json(&json!({"version": jobs::VERSION, "enabled": on}));
    } else if on {
        ui.say("jobs run by themselves from now on, the first when a session starts or a prompt is submitted");
        ui.say("`craft jobs` shows them");
    } else {
        ui.say("no job runs by itself any more; one that runs goes on to its end");
    }
    Ok(exit_code::DONE)
}

fn changed(ui: &mut Ui, json: bool, view: &JobView, text: &str) -> u8 {
    if json {
        ui.json(&json!({"version": jobs::VERSION, "job": view}));
    } else {
        ui.say(text);
    }
    exit_code::DONE
}

/// When a job that is not paused runs next, as the end of a sentence.
fn when(ctx: &Context, view: &JobView) -> Result<String, CommandError> {
    if !jobs::view(ctx)?.enabled {
        return Ok("once `craft jobs enable` has switched the scheduler on".into());
    }
    Ok(match view.job.schedule.next_run {
        Some(next) if !view.due => Look::of(ctx).when(next),
        _ => "when a session starts or a prompt is submitted".into(),
    })
}

fn by_hand(ctx: &Context, ui: &mut Ui, json: bool, kind: Kind) -> Result<u8, CommandError> {
    let ran = {
        let mut reporter = progress::reporter(json || ui.is_plain());
        jobs::run_by_hand(ctx, kind, reporter.as_mut())?
    };
    if json {
        let (result, message) = (ran.ended.outcome(), ran.ended.message());
        let took = ran.duration_ms;
        ui.json(&json!({
            "version": jobs::VERSION, "job": kind, "result": result, "message": message, "durationMs": took,
        }));
        return Ok(code(&ran.ended));
    }
    said(ui, &ran)
}

fn said(ui: &mut Ui, ran: &Ran) -> Result<u8, CommandError> {
    let id = ran.kind.word();
    let text = tell::clean(ran.ended.message());
    match &ran.ended {
        Ended::Success(_) => {
            ui.say(&format!("{id}: {text}"));
            Ok(exit_code::DONE)
        }
        Ended::NotAvailable(_) => Err(CommandError::failed(format!("{id} is not available: {text}"))),
        Ended::Failed(_) | Ended::Interrupted => {
            let hint = format!("`craft jobs logs {id}` tells what it did before");
            Err(CommandError::failed(format!("{id} failed: {text}")).hint(hint))
        }
    }
}

/// Who asks for work that nobody does must not take it for done.
fn code(ended: &Ended) -> u8 {
    match ended {
        Ended::Success(_) => exit_code::DONE,
        Ended::NotAvailable(_) | Ended::Failed(_) | Ended::Interrupted => exit_code::FAILED,
    }
}

fn logs(ctx: &Context, ui: &mut Ui, json: bool, kind: Kind, count: usize, follow: bool) -> Result<u8, CommandError> {
    let (lines, mut reader) = jobs::logs(ctx, kind, count)?;
    if !follow {
        if json {
            let lines: Vec<_> = lines.iter().map(|line| parts(line)).collect();
            ui.json(&json!({"version": jobs::VERSION, "job": kind, "lines": lines}));
        } else if lines.is_empty() {
            ui.say(&format!("{} has not run yet", kind.word()));
        } else {
            lines.iter().for_each(|line| ui.say(line));
        }
        return Ok(exit_code::DONE);
    }
    show(ui, json, &lines);
    while ui.open() {
        std::thread::sleep(LOOK);
        show(ui, json, &reader.more()?);
    }
    Ok(exit_code::DONE)
}

/// Lines as they come; as JSON one object a line.
fn show(ui: &mut Ui, json: bool, lines: &[String]) {
    for line in lines {
        if json {
            ui.say(&parts(line).to_string());
        } else {
            ui.say(line);
        }
    }
}

fn parts(line: &str) -> serde_json::Value {
    let (time, text) = line.split_once(' ').unwrap_or(("", line));
    json!({"time": time, "text": text})
}

/// The jobs in columns.
fn table(view: &View, look: &Look) -> String {
    let mut lines = Vec::new();
    if !view.enabled {
        let off = "the scheduler is off, so no job runs by itself; `craft jobs enable` switches it on";
        lines.extend(look.wrap(off, 0).iter().map(|line| look.alarm(line)));
        lines.push(String::new());
    }
    let head = ["job", "state", "every", "last run", "next run"].map(str::to_owned);
    let rows: Vec<[String; 5]> = view.jobs.iter().map(|job| row(job, view.enabled, look)).collect();
    let wide: Vec<usize> =
        (0..5).map(|n| rows.iter().chain([&head]).map(|r| r[n].chars().count()).max().unwrap_or(0)).collect();
    let joined = |row: &[String; 5]| {
        let cells: Vec<_> = row.iter().zip(&wide).map(|(cell, w)| pad_str(cell, *w, Left, None).into_owned()).collect();
        look.cut(cells.join("  ").trim_end(), 0)
    };
    lines.push(look.faint(&joined(&head)));
    for (job, row) in view.jobs.iter().zip(&rows) {
        let bad = matches!(job.job.status, Status::Failed) || job.job.schedule.retry_count > 0;
        lines.push(if bad { look.alarm(&joined(row)) } else { joined(row) });
        lines.extend(why(job, look));
    }
    if view.enabled {
        lines.push(String::new());
        let missed = match view.catch_up {
            CatchUp::Once => "one run stands for all that were missed",
            CatchUp::All => "runs that were missed are made up for",
            CatchUp::Skip => "runs that were missed are passed over",
        };
        let text = format!("jobs that are due run when a session starts or a prompt is submitted; {missed}");
        lines.extend(look.wrap(&text, 0).iter().map(|line| look.faint(line)));
    }
    lines.join("\n")
}

fn row(view: &JobView, enabled: bool, look: &Look) -> [String; 5] {
    let job = &view.job;
    let state = match (job.status, &job.lease) {
        (Status::Running, Some(lease)) => format!("running (process {})", lease.pid),
        (Status::Running, None) => "running".into(),
        (Status::Failed, _) => "failed".into(),
        (Status::Disabled, _) => "paused".into(),
        (Status::Idle, _) if job.schedule.retry_count > 0 => {
            format!("retry {} of {}", job.schedule.retry_count, job.schedule.max_retries.saturating_sub(1))
        }
        (Status::Idle, _) if view.due && enabled => "due".into(),
        (Status::Idle, _) => "idle".into(),
    };
    let last = match (job.schedule.last_run, job.last_result) {
        (None, _) => "never".into(),
        (Some(at), _) if job.status == Status::Running => format!("begun {}", look.when(at)),
        (Some(at), None) => look.when(at),
        (Some(at), Some(result)) => format!("{}, {}", look.when(at), result.words()),
    };
    let next = match (job.status, job.schedule.next_run) {
        _ if !enabled => "-".into(),
        (Status::Idle, _) if view.due => "now".into(),
        (Status::Idle, Some(at)) => look.when(at),
        _ => "-".into(),
    };
    [job.id.clone(), state, every::words(job.schedule.interval_ms), last, next]
}

/// Why the last run did not do its work, and the way on.
fn why(view: &JobView, look: &Look) -> Vec<String> {
    let job = &view.job;
    let text = match (&job.last_error, job.last_result) {
        (Some(error), _) => tell::clean(error),
        (None, Some(Outcome::NotAvailable)) if job.schedule.enabled => {
            tell::clean(job.last_message.as_deref().unwrap_or_default())
        }
        _ => return Vec::new(),
    };
    let way = match job.status {
        Status::Failed => format!("; `craft jobs reset {}` revives it", job.id),
        _ => String::new(),
    };
    look.wrap(&format!("{text}{way}"), 2).iter().map(|line| format!("  {line}")).collect()
}

impl From<JobsError> for CommandError {
    fn from(error: JobsError) -> Self {
        match error {
            JobsError::Config(error) => error.into(),
            JobsError::Fs(error) => error.into(),
            newer @ JobsError::Newer { .. } => Self::usage(newer.to_string()).hint("update this claude-craft"),
            locked @ JobsError::Locked { .. } => {
                Self { code: exit_code::BUSY, message: locked.to_string(), hint: Some("try again in a moment".into()) }
            }
        }
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Jobs(error) => error.into(),
            RunError::Busy { kind, .. } => Self {
                code: exit_code::BUSY,
                message: error.to_string(),
                hint: Some(format!("`craft jobs logs {} --follow` shows what it does", kind.word())),
            },
        }
    }
}

#[cfg(test)]
#[path = "jobs_tests.rs"]
mod tests;
