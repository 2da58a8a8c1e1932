//! `craft scan`: looks for credentials, and lets a finding pass.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::context::Context;
use crate::locate::{Location, locate};
use crate::ops::scan::allow::{self, AllowError, Allowed};
use crate::ops::scan::hand::{self, HandError, Options, Outcome, Scope};
use crate::plain;
use crate::scan::Severity;
use crate::scan::report::{self, Missed, Report};
use crate::sync::outcome::{Spotted, is_unscanned};
use crate::sync::tell::{self, counted};

/// From this many files on a bar is worth drawing.
const MANY: usize = 200;
/// How many of what was passed over are named.
const SHOWN: usize = 5;

/// What `--help` ends with.
const HELP: &str = "\
Exit codes:
  0  nothing found, or warnings only
  1  incomplete: something could not be scanned
  2  wrong usage
  4  credentials found";

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = HELP, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Scan {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Files and folders [default: all of the working tree that git does not ignore]
    #[arg(conflicts_with_all = ["staged", "outgoing", "history"])]
    paths: Vec<PathBuf>,
    /// What is in the index and not committed
    #[arg(long, conflicts_with_all = ["outgoing", "history"])]
    staged: bool,
    /// Commits that the remote does not have, each with all it brings
    #[arg(long, conflicts_with = "history")]
    outgoing: bool,
    /// All commits of all branches and tags
    #[arg(long)]
    history: bool,
    /// Pass over what this report of gitleaks has
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Tell also what is allowed, ignored or known
    #[arg(long)]
    no_excuses: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "sarif")]
    json: bool,
    /// Print SARIF 2.1.0
    #[arg(long)]
    sarif: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Let a finding pass from now on, or list what may pass
    Allow {
        /// The finding, as a scan or a sync told it
        #[arg(required_unless_present = "list")]
        fingerprint: Option<String>,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// Print what may pass
        #[arg(long, conflicts_with = "fingerprint")]
        list: bool,
    },
    /// Let a finding count again
    Disallow {
        /// The finding
        fingerprint: String,
    },
}

/// Scans, or changes what may pass.
///
/// # Errors
/// Where there is nothing to scan, or it cannot be.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Scan) -> Result<u8, CommandError> {
    match &args.verb {
        Some(Verb::Allow { list: true, .. }) => list(ctx, ui, &repository(cwd)?),
        Some(Verb::Allow { fingerprint, reason, .. }) => {
            let fingerprint = fingerprint.as_deref().unwrap_or_default();
            let allowed = allow::allow(ctx, &repository(cwd)?, fingerprint, reason)?;
            ui.say(&format!("allowed from now on: {}", row(&allowed)));
            Ok(exit_code::DONE)
        }
        Some(Verb::Disallow { fingerprint }) => {
            let taken = allow::disallow(ctx, &repository(cwd)?, fingerprint)?;
            ui.say(&format!("counts again: {}", row(&taken)));
            Ok(exit_code::DONE)
        }
        None => scan(ctx, ui, cwd, args),
    }
}

fn repository(cwd: &Path) -> Result<Location, CommandError> {
    locate(cwd).ok_or_else(|| CommandError::no_repository(cwd))
}

fn list(ctx: &Context, ui: &mut Ui, at: &Location) -> Result<u8, CommandError> {
    let (all, remarks) = allow::all(ctx, at);
    for remark in remarks {
        ui.note(&tell::clean(&remark));
    }
    if all.is_empty() {
        ui.say("nothing is allowed here");
    }
    for allowed in &all {
        ui.say(&format!("{} by {}: {}", tell::clean(&allowed.at), tell::clean(&allowed.by), row(allowed)));
    }
    Ok(exit_code::DONE)
}

fn row(allowed: &Allowed) -> String {
    let place = place(&allowed.path, allowed.line);
    let reason = if allowed.reason.is_empty() { String::new() } else { format!(" ({})", tell::clean(&allowed.reason)) };
    format!("{} {} in {place}{reason}", tell::clean(&allowed.fingerprint), tell::clean(&allowed.rule))
}

fn scan(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Scan) -> Result<u8, CommandError> {
    let scope = match (args.staged, args.outgoing, args.history) {
        (true, ..) => Scope::Staged,
        (_, true, _) => Scope::Outgoing,
        (_, _, true) => Scope::History,
        _ => Scope::Paths(args.paths.iter().map(|p| super::place(cwd, Some(p))).collect()),
    };
    let options = Options { baseline: args.baseline.clone(), no_excuses: args.no_excuses };
    let bar = (!args.json && !args.sarif && !ui.is_plain() && io::stderr().is_terminal()).then(bar);
    let outcome = hand::scan(ctx, cwd, &scope, &options, &|done, all| {
        if let Some(bar) = bar.as_ref().filter(|_| all >= MANY) {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let outcome = outcome?;
    for remark in &outcome.remarks {
        ui.note(&tell::clean(remark));
    }
    if args.json || args.sarif {
        let print = if args.sarif { report::sarif } else { report::json };
        for line in passed_over(&outcome) {
            ui.note(&line);
        }
        // Through a value, so that what is printed goes the way of all that is printed.
        ui.json(&serde_json::from_str::<Value>(&print(&document(&outcome))).unwrap_or_default());
    } else {
        ui.say(&render(&outcome, &Look::of(ctx)));
    }
    Ok(code(&outcome))
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("scanning [{bar:20}] {pos} of {len} files");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "))
}

fn code(outcome: &Outcome) -> u8 {
    let (unscanned, found): (Vec<_>, Vec<_>) =
        outcome.found.iter().filter(|s| s.finding.blocks()).partition(|s| is_unscanned(s));
    match (found.is_empty(), unscanned.is_empty()) {
        (false, _) => exit_code::GATE,
        (true, false) => exit_code::FAILED,
        (true, true) => exit_code::DONE,
    }
}

/// `config.py:3`
fn place(path: &str, line: usize) -> String {
    let line = if line == 0 { String::new() } else { format!(":{line}") };
    format!("{}{line}", plain::name(path))
}

fn render(outcome: &Outcome, look: &Look) -> String {
    let mut lines = Vec::new();
    let counts = |s: &&Spotted| s.finding.excuse.is_none();
    let open: Vec<_> = outcome.found.iter().filter(counts).collect();
    for spotted in &open {
        let f = &spotted.finding;
        let commit = spotted.commit.as_ref().map(|c| format!(" in {}", &c[..c.len().min(7)])).unwrap_or_default();
        let at = look.strong(&format!("{}{commit}", place(&f.path, f.line)));
        let weight = if f.severity == Severity::Critical { look.error("critical") } else { look.alarm("warning") };
        let mask = if f.mask.is_empty() { String::new() } else { format!("  {}", tell::clean(&f.mask)) };
        lines.push(format!("{at}  {weight}  {}{mask}  {}", tell::clean(&f.title), look.faint(&f.fingerprint)));
    }
    lines.extend(passed_over(outcome).iter().map(|l| look.faint(l)));
    lines.push(summary(outcome, &open));
    if let Some(first) = open.iter().find(|s| s.finding.blocks()) {
        let hint = if is_unscanned(first) {
            "security.scanMaxMib says how large a file may be"
        } else {
            "take the value out, and have whoever issued it make a new one"
        };
        let pass = format!("to let it pass: craft scan allow {} --reason TEXT", first.finding.fingerprint);
        lines.push(format!("{} {hint}", look.strong("hint:")));
        // What is in no repository is never sent, and nothing has to let it pass.
        lines.extend(outcome.at.is_some().then(|| look.faint(&pass)));
    }
    lines.join("\n")
}

/// What has a name and no content of its own.
fn passed_over(outcome: &Outcome) -> Vec<String> {
    let named = outcome.skipped.iter().take(SHOWN);
    let mut lines: Vec<_> =
        named.map(|(path, why)| format!("not scanned: {}, {why}", plain::name(&path.to_string_lossy()))).collect();
    if outcome.skipped.len() > SHOWN {
        lines.push(format!("and {} more not scanned", outcome.skipped.len() - SHOWN));
    }
    lines
}

fn summary(outcome: &Outcome, open: &[&Spotted]) -> String {
    let unscanned = open.iter().filter(|s| is_unscanned(s)).count();
    let critical = open.iter().filter(|s| s.finding.blocks()).count() - unscanned;
    let warnings = open.len() - critical - unscanned;
    let mut parts = Vec::new();
    for (count, text) in [
        (critical, counted(critical, "credential")),
        (unscanned, format!("{} that could not be scanned", counted(unscanned, "file"))),
        (warnings, counted(warnings, "warning")),
    ] {
        if count > 0 {
            parts.push(text);
        }
    }
    let excused = outcome.found.len() - open.len();
    if excused > 0 {
        parts.push(format!("{excused} allowed or known"));
    }
    let files = counted(outcome.files, "file");
    if parts.is_empty() {
        format!("{files} scanned, nothing found")
    } else {
        format!("{files} scanned: {}", parts.join(", "))
    }
}

/// The outcome, for other programs.
fn document(outcome: &Outcome) -> Report {
    let (unscanned, findings): (Vec<_>, Vec<_>) = outcome.found.iter().cloned().partition(is_unscanned);
    let missed = |s: Spotted| Missed { path: s.finding.path, reason: s.finding.title, commit: s.commit };
    Report {
        program: env!("CARGO_PKG_VERSION").into(),
        rules: outcome.rules.clone(),
        scanned: outcome.files as u64,
        findings,
        unscanned: unscanned.into_iter().filter(|s| s.finding.excuse.is_none()).map(missed).collect(),
    }
}

impl From<HandError> for CommandError {
    fn from(error: HandError) -> Self {
        let message = error.to_string();
        match error {
            HandError::NoRepository(_) => Self::usage(message).hint("name the files or folders to scan"),
            HandError::NoPath(_) => Self::usage(message),
            HandError::NoRemote(_) => Self::failed(message),
            HandError::Scan(_) => Self::failed(format!("the scan is incomplete: {message}")),
        }
    }
}

impl From<AllowError> for CommandError {
    fn from(error: AllowError) -> Self {
        let message = error.to_string();
        match error {
            AllowError::NotAPerson => Self::failed(message).hint("run it in a terminal of your own"),
            AllowError::Unknown(_) => {
                Self::usage(message).hint("`craft scan` and `craft scan --outgoing` list what there is")
            }
            AllowError::NotAllowed(_) => Self::usage(message).hint("`craft scan allow --list` lists what may pass"),
            AllowError::Busy => Self { code: exit_code::BUSY, message, hint: Some("try again in a moment".into()) },
            AllowError::Newer(_) => Self::usage(message).hint("update this claude-craft"),
            AllowError::Scan(_) => Self::failed(message),
            AllowError::Fs(error) => error.into(),
        }
    }
}
