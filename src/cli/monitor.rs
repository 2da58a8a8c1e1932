//! `craft monitor`.

use std::io::{self, IsTerminal};

use serde::Serialize;

use super::error::CommandError;
use super::exit_code;
use super::ui::{Look, Ui};
use crate::clock::Millis;
use crate::context::Context;
use crate::monitor::rows::{Row, Tone};
use crate::monitor::{Dashboard, text};
use crate::ops::monitor::{Collected, ask_for_a_look, collect};
use crate::tui;

/// Columns where nothing tells how many there are.
const COLUMNS: usize = 80;
/// Fewer than this hold nothing.
const FEWEST: usize = 30;

/// Arguments of `craft monitor`.
#[derive(Debug, clap::Args)]
pub struct Monitor {
    /// Print it once as text, which is also what happens where there is no terminal
    #[arg(long)]
    once: bool,
    /// Print it once as JSON
    #[arg(long)]
    json: bool,
    /// Columns of the text; with --json it is added, line by line, for who draws it
    #[arg(long, value_name = "N")]
    columns: Option<usize>,
}

/// The JSON form; `docs/formats.md` describes it.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    board: &'a Dashboard,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<Line>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watch: Option<Vec<&'a str>>,
}

#[derive(Serialize)]
struct Line {
    text: String,
    tone: &'static str,
}

/// Shows the dashboard.
///
/// # Errors
/// Where the terminal cannot be used.
pub fn run(ctx: &Context, ui: &mut Ui, args: &Monitor) -> Result<u8, CommandError> {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && !ui.is_plain();
    if terminal && !args.once && !args.json {
        tui::run(ctx).map_err(|e| CommandError::failed(format!("the terminal cannot be used: {e}")))?;
        return Ok(exit_code::DONE);
    }
    let collected = collect(ctx);
    let now = ctx.clock.now_ms();
    let look = Look::of(ctx);
    let width = args.columns.or(look.width).unwrap_or(COLUMNS).max(FEWEST);
    if args.json {
        ui.json(&answer(&collected, now, args.columns.map(|_| width)));
    } else {
        let lines = text::lines(&collected.board, now, width);
        ui.say(&lines.iter().map(|row| painted(row, &look)).collect::<Vec<_>>().join("\n"));
    }
    ask_for_a_look(ctx, &collected.moved);
    Ok(exit_code::DONE)
}

fn answer(collected: &Collected, now: Millis, columns: Option<usize>) -> Answer<'_> {
    let line = |row: Row| Line { text: row.text, tone: row.tone.word() };
    let drawn = |width| text::lines(&collected.board, now, width).into_iter().map(line).collect();
    // JSON holds no path that is no text; such a one is not watched.
    let watch = || collected.watch.iter().filter_map(|path| path.to_str()).collect();
    Answer { board: &collected.board, lines: columns.map(drawn), watch: columns.map(|_| watch()) }
}

fn painted(row: &Row, look: &Look) -> String {
    match row.tone {
        Tone::Plain => row.text.clone(),
        Tone::Faint => look.faint(&row.text),
        Tone::Warn => look.alarm(&row.text),
        Tone::Bad => look.error(&row.text),
    }
}
