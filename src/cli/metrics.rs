//! `craft metrics`.

use super::error::CommandError;
use super::exit_code;
use super::logs_words::took;
use super::ui::{Look, Ui};
use crate::audit::metrics::{Metrics as Values, Window};
use crate::audit::prometheus;
use crate::context::Context;
use crate::ops::audit;

/// Arguments of `craft metrics`.
#[derive(Debug, clap::Args)]
pub struct Metrics {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print Prometheus' text format
    #[arg(long, conflicts_with = "json")]
    prometheus: bool,
}

/// Runs it.
///
/// # Errors
/// Where the journal cannot be read.
pub fn run(ctx: &Context, ui: &mut Ui, args: &Metrics) -> Result<u8, CommandError> {
    let values = audit::metrics(ctx)?;
    if args.json {
        ui.json(&values);
    } else if args.prometheus {
        ui.say(&prometheus::text(&values));
    } else {
        ui.say(&table(&values, &Look::of(ctx)));
    }
    Ok(exit_code::DONE)
}

/// A row for each value, a column for each window.
fn table(values: &Values, look: &Look) -> String {
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    let mut row = |name: &str, value: &dyn Fn(&Window) -> String| {
        rows.push((name.to_owned(), values.windows.iter().map(value).collect()));
    };
    row("syncs", &|w| w.syncs.to_string());
    row("  a day", &|w| format!("{:.1}", w.per_day));
    let mut triggers: Vec<_> = values.windows.iter().flat_map(|w| w.by_trigger.keys()).collect();
    triggers.sort();
    triggers.dedup();
    for trigger in triggers {
        let name = crate::plain::line(trigger);
        row(&format!("  {name}"), &|w| w.by_trigger.get(trigger).copied().unwrap_or(0).to_string());
    }
    row("duration, median", &|w| time(w.syncs, w.duration_ms.median));
    row("duration, 95 of 100", &|w| time(w.syncs, w.duration_ms.p95));
    row("duration, longest", &|w| time(w.syncs, w.duration_ms.max));
    row("conflicts", &|w| rate(w.conflicts, w.conflict_rate));
    row("failed or refused", &|w| rate(w.failures, w.failure_rate));
    row("offline", &|w| rate(w.offline, w.offline_rate));
    row("commits moved", &|w| w.commits.to_string());
    row("files changed", &|w| w.files.to_string());
    row("denied", &|w| w.denied.to_string());
    row("hooks that held you", &|w| w.interruption_ms.count.to_string());
    row("  all together", &|w| time(w.interruption_ms.count, w.interruption_ms.total));
    row("  95 of 100", &|w| time(w.interruption_ms.count, w.interruption_ms.spread.p95));
    row("  longest", &|w| time(w.interruption_ms.count, w.interruption_ms.spread.max));
    let heads: Vec<_> = values.windows.iter().map(|w| w.window.to_owned()).collect();
    let wide = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line = |name: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|c| format!("  {c:>14}")).collect();
        format!("{name:<wide$}{cells}")
    };
    let mut lines = vec![look.strong(&line("", &heads))];
    lines.extend(rows.iter().map(|(name, cells)| line(name, cells)));
    lines.join("\n")
}

fn time(any: u64, ms: u64) -> String {
    if any == 0 { "-".into() } else { took(ms) }
}

fn rate(count: u64, rate: f64) -> String {
    if count == 0 { "0".into() } else { format!("{count} ({:.1} %)", rate * 100.0) }
}
