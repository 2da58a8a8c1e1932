//! `craft statusline`: one line for the status line of the client, beside what the user had there.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

use console::{Style, measure_text_width, truncate_str};

use super::brief::{beside_each_other, noticed};
use crate::clock::Millis;
use crate::context::Context;
use crate::env::{self, Env};
use crate::hook::{stdin, wire};
use crate::ops::brief::{self, Here, Standing};
use crate::ops::{former, fragments};
use crate::sync::tell::{self, counted};

/// Columns where the client does not tell how many there are.
const COLUMNS: usize = 80;
/// What the client keeps free at the sides of the line.
const MARGIN: usize = 4;
/// Columns of a branch's name at most.
const BRANCH: usize = 32;
/// What stands between the former line and ours.
const GAP: &str = "  ";

/// How the line is shown.
#[derive(Debug, Clone, Copy)]
struct Look {
    width: usize,
    colour: bool,
    now: Millis,
}

/// Prints the line, and what the user had there before. Whatever goes wrong, it says nothing about it:
/// an error would take the place of the status line.
#[must_use]
pub fn run(env: &Env) -> ExitCode {
    let object = input();
    let Ok(ctx) = Context::new(env.clone()) else { return ExitCode::SUCCESS };
    let told = object.as_deref().and_then(wire::parse).and_then(|w| w.cwd).filter(|cwd| !cwd.is_empty());
    let folder = told.map(PathBuf::from).or_else(|| std::env::current_dir().ok());
    let line_of_input = object.map_or_else(Vec::new, |mut bytes| {
        bytes.push(b'\n');
        bytes
    });
    // Theirs runs while ours is put together.
    let former = |folder: &PathBuf| fragments::former_status_line(&ctx, folder).ok().flatten();
    // A command of theirs that asks us again gets our line only, or it would be started without end.
    let chained = ctx.env.switch(env::CRAFT_STATUSLINE);
    let theirs = folder
        .as_ref()
        .filter(|_| !chained)
        .and_then(former)
        .and_then(|value| former::start(&ctx, &value, line_of_input, former::PATIENCE));
    let look = look(&ctx);
    let ours = folder.and_then(|folder| {
        let brief = brief::brief(&ctx, &folder);
        line(brief.here.as_ref(), [brief.beacon.as_deref(), brief.plan.as_deref()], look)
    });
    let theirs = theirs.map(|t| t.printed()).unwrap_or_default();
    // Whoever closed the pipe does not want to read it.
    let _ = io::stdout().lock().write_all(beside(&theirs, ours.as_deref(), look).as_bytes());
    ExitCode::SUCCESS
}

/// The object on standard input; `None` where there is none.
fn input() -> Option<Vec<u8>> {
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    stdin::first_object(&mut input, stdin::PATIENCE).ok()
}

fn look(ctx: &Context) -> Look {
    let columns = ctx.env.str(env::COLUMNS).and_then(|c| c.trim().parse::<usize>().ok()).filter(|c| *c > 0);
    Look {
        width: columns.unwrap_or(COLUMNS).saturating_sub(MARGIN).max(8),
        colour: ctx.env.get(env::NO_COLOR).is_none(),
        now: ctx.clock.now_ms(),
    }
}

/// Both together, each line ended; nothing where there is neither.
fn beside(theirs: &str, ours: Option<&str>, look: Look) -> String {
    let mut lines: Vec<String> = theirs.lines().map(|l| l.trim_end().to_owned()).collect();
    lines.truncate(lines.iter().rposition(|l| !l.is_empty()).map_or(0, |last| last + 1));
    if let Some(ours) = ours {
        match lines.last_mut() {
            Some(last) if measure_text_width(last) + GAP.len() + measure_text_width(ours) <= look.width => {
                // A colour that was left on is not meant for us.
                let reset = if last.contains('\u{1b}') { "\u{1b}[0m" } else { "" };
                last.push_str(reset);
                last.push_str(GAP);
                last.push_str(ours);
            }
            _ => lines.push(ours.to_owned()),
        }
    }
    lines.iter().flat_map(|l| [l.as_str(), "\n"]).collect()
}

/// Our line: how the repository stands, and `more`: its beacon and its plan. Nothing where there is none of them.
fn line(here: Option<&Here>, more: [Option<&str>; 2], look: Look) -> Option<String> {
    let (text, style) = here.map(|here| standing(here, look)).unzip();
    let text = truncate_str(&tell::clean(&beside_each_other(text.as_deref(), more)?), look.width, "…").into_owned();
    let style = style.unwrap_or_default();
    Some(if look.colour { style.force_styling(true).apply_to(text).to_string() } else { text })
}

fn standing(here: &Here, look: Look) -> (String, Style) {
    let (text, style) = match &here.standing {
        Standing::Broken => ("⚠ configuration is broken".to_owned(), alarm()),
        Standing::Conflict { files: 0 } => ("⚠ conflict".into(), alarm()),
        Standing::Conflict { files } => (format!("⚠ conflict: {}", counted(*files, "file")), alarm()),
        Standing::Blocked { kind } => (format!("⚠ blocked: {kind}"), alarm()),
        Standing::Paused => ("⏸ paused".into(), alarm()),
        Standing::Off => ("⏸ off".into(), faint()),
        Standing::Elsewhere => (format!("⏸ only {} is synced", short(&here.pinned)), faint()),
        Standing::Syncing => (flowing(here, "syncing"), Style::new()),
        Standing::New => (flowing(here, "not synced yet"), Style::new()),
        Standing::Offline => (flowing(here, &dated("offline", here, look)), alarm()),
        Standing::Failed => (flowing(here, &dated("failed", here, look)), alarm()),
        Standing::Well if !here.remote => (flowing(here, &dated("committed", here, look)), Style::new()),
        Standing::Well => (flowing(here, &dated("synced", here, look)), Style::new()),
    };
    (noticed(text, here), style)
}

fn alarm() -> Style {
    Style::new().yellow()
}

fn faint() -> Style {
    Style::new().dim()
}

/// Branch, both sides, and a word.
fn flowing(here: &Here, word: &str) -> String {
    let branch = if here.branch.is_empty() { "?" } else { &here.branch };
    let count = |side: Option<usize>| side.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let sides =
        if here.remote { format!(" ↑{} ↓{}", count(here.ahead), count(here.behind)) } else { String::new() };
    format!("⟳ {}{sides} · {word}", short(branch))
}

fn short(branch: &str) -> String {
    truncate_str(&tell::clean(branch), BRANCH, "…").into_owned()
}

/// `synced 3m ago`
fn dated(word: &str, here: &Here, look: Look) -> String {
    let Some(then) = here.last else { return word.to_owned() };
    // A clock that was set back makes a time to come; it was just now.
    let age = match look.now.saturating_sub(then) / 1000 {
        0..10 => return format!("{word} just now"),
        seconds @ 10..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m", seconds / 60),
        seconds @ 3600..86_400 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    };
    format!("{word} {age} ago")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    const LOOK: Look = Look { width: 76, colour: false, now: 1_756_728_000_000 };

    /// The line of a repository without a plan.
    fn line(here: &Here, look: Look) -> String {
        super::line(Some(here), [None; 2], look).unwrap()
    }

    #[test]
    fn the_plan_stands_behind_how_the_repository_does_or_alone() {
        let plan = Some("phase 2/3 · 4/9");
        let both = super::line(Some(&here(Standing::Well)), [None, plan], LOOK).unwrap();
        assert_eq!(both, "⟳ main ↑2 ↓0 · synced 3m ago · phase 2/3 · 4/9");
        assert_eq!(super::line(None, [None, plan], Look { colour: true, ..LOOK }).as_deref(), plan);
        assert_eq!(super::line(None, [None; 2], LOOK), None);
        let narrow = super::line(Some(&here(Standing::Well)), [None, plan], Look { width: 20, ..LOOK }).unwrap();
        assert!(measure_text_width(&narrow) <= 20, "{narrow}");
    }

    fn here(standing: Standing) -> Here {
        Here {
            standing,
            branch: "main".into(),
            pinned: "main".into(),
            remote: true,
            ahead: Some(2),
            behind: Some(0),
            last: Some(LOOK.now - 185_000),
            alarm: None,
            notifications: 0,
        }
    }

    #[test]
    fn every_standing_has_its_line() {
        let blocked = Standing::Blocked { kind: "authentication".into() };
        let all = [
            here(Standing::Well),
            Here { ahead: None, behind: None, ..here(Standing::Well) },
            Here { remote: false, ..here(Standing::Well) },
            Here { last: Some(LOOK.now + 5_000), ..here(Standing::Well) },
            Here { last: None, ..here(Standing::New) },
            here(Standing::Syncing),
            here(Standing::Offline),
            here(Standing::Failed),
            here(Standing::Conflict { files: 2 }),
            here(Standing::Conflict { files: 1 }),
            here(Standing::Conflict { files: 0 }),
            here(blocked),
            here(Standing::Paused),
            here(Standing::Off),
            here(Standing::Elsewhere),
            here(Standing::Broken),
            Here { branch: String::new(), ..here(Standing::Syncing) },
            Here { notifications: 1, ..here(Standing::Well) },
            Here { notifications: 2, ..here(Standing::Conflict { files: 2 }) },
        ];
        assert_snapshot!(all.map(|h| line(&h, LOOK)).join("\n"), @r"
        ⟳ main ↑2 ↓0 · synced 3m ago
        ⟳ main ↑? ↓? · synced 3m ago
        ⟳ main · committed 3m ago
        ⟳ main ↑2 ↓0 · synced just now
        ⟳ main ↑2 ↓0 · not synced yet
        ⟳ main ↑2 ↓0 · syncing
        ⟳ main ↑2 ↓0 · offline 3m ago
        ⟳ main ↑2 ↓0 · failed 3m ago
        ⚠ conflict: 2 files
        ⚠ conflict: 1 file
        ⚠ conflict
        ⚠ blocked: authentication
        ⏸ paused
        ⏸ off
        ⏸ only main is synced
        ⚠ configuration is broken
        ⟳ ? ↑2 ↓0 · syncing
        ⟳ main ↑2 ↓0 · synced 3m ago · 1 notice
        ⚠ conflict: 2 files · 2 notices
        ");
    }

    #[test]
    fn ages_are_short() {
        let ago = |seconds: u64| dated("", &Here { last: Some(LOOK.now - seconds * 1000), ..Here::default() }, LOOK);
        assert_eq!(
            [9, 59, 60, 7_199, 86_399, 200_000].map(ago),
            [" just now", " 59s ago", " 1m ago", " 1h ago", " 23h ago", " 2d ago"]
        );
    }

    #[test]
    fn a_line_fits_whatever_the_branch_is_called() {
        for branch in ["feature/".repeat(40), "枝".repeat(100), "a\u{1b}[31mb\u{202e}c".to_owned(), "é".repeat(33)] {
            for width in [8, 20, 40, 76, 200] {
                let text = line(&Here { branch: branch.clone(), ..here(Standing::Well) }, Look { width, ..LOOK });
                assert!(measure_text_width(&text) <= width, "{text}");
                assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
            }
        }
        let long = Here { branch: "feature/".repeat(40), ..here(Standing::Well) };
        assert_snapshot!(line(&long, LOOK), @"⟳ feature/feature/feature/feature… ↑2 ↓0 · synced 3m ago");
    }

    #[test]
    fn only_alarms_and_what_is_off_have_a_colour() {
        let coloured = |standing| line(&here(standing), Look { colour: true, ..LOOK });
        assert_eq!(coloured(Standing::Well), line(&here(Standing::Well), LOOK));
        assert_eq!(coloured(Standing::Paused), "\u{1b}[33m⏸ paused\u{1b}[0m");
        assert_eq!(coloured(Standing::Off), "\u{1b}[2m⏸ off\u{1b}[0m");
    }

    #[test]
    fn ours_comes_after_theirs_on_the_same_line_where_there_is_room() {
        let both = |theirs: &str, ours: Option<&str>, width| beside(theirs, ours, Look { width, ..LOOK });
        assert_eq!(both("", None, 76), "");
        assert_eq!(both("", Some("⏸ off"), 76), "⏸ off\n");
        assert_eq!(both("theirs\n", None, 76), "theirs\n");
        assert_eq!(both("one\ntwo \n\n", Some("⏸ off"), 76), "one\ntwo  ⏸ off\n");
        assert_eq!(both("0123456789\n", Some("⏸ off"), 17), "0123456789  ⏸ off\n");
        assert_eq!(both("0123456789\n", Some("⏸ off"), 16), "0123456789\n⏸ off\n");
        let red = "\u{1b}[31mred";
        assert_eq!(both(red, Some("⏸ off"), 10), format!("{red}\u{1b}[0m  ⏸ off\n"), "colours take no room");
        let link = "\u{1b}]8;;https://example.org\u{1b}\\PR\u{1b}]8;;\u{1b}\\";
        assert_eq!(both(link, Some("⏸ off"), 9), format!("{link}\u{1b}[0m  ⏸ off\n"));
    }
}
