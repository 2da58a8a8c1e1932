//! `craft brief`: how a folder stands in a few words, for the hooks module's status entry.

use std::path::Path;

use clap::Args;
use console::truncate_str;
use serde::Serialize;

use super::ui::Ui;
use crate::context::Context;
use crate::ops::brief::{self, Alarm, Brief, Here, Standing};
use crate::sync::tell::{self, counted};

/// Columns of a message in a toast, which is a box of four short lines; the rest is read with `status`.
const TOAST: usize = 100;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Show {
    /// Print JSON, with what to watch for a change and what to tell once
    #[arg(long)]
    json: bool,
}

/// The JSON form; `docs/formats.md` describes it.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    version: u32,
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    toast: Option<Toast>,
    passing: bool,
    watch: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct Toast {
    id: String,
    text: String,
}

/// Prints how `cwd` stands; nothing where there is nothing to say.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Show) {
    let Brief { here, plan, beacon, watch } = brief::brief(ctx, cwd);
    let standing = here.as_ref().map(words);
    let status = beside_each_other(standing.as_deref(), [beacon.as_deref(), plan.as_deref()]);
    // A sync that is killed changes no file, so whoever shows that one is running has to ask again.
    let passing = here.as_ref().is_some_and(|h| h.standing == Standing::Syncing);
    if args.json {
        let toast = here.and_then(|h| h.alarm).map(|alarm| Toast { text: toast(&alarm), id: alarm.id });
        // JSON holds no path that is no text; such a one is not watched.
        let watch = watch.iter().filter_map(|p| p.to_str()).collect();
        ui.json(&Answer { version: 1, status, toast, passing, watch });
    } else if let Some(status) = status {
        ui.say(&status);
    }
}

/// How it stands, in a few words.
fn words(here: &Here) -> String {
    let text = match &here.standing {
        Standing::Broken => "configuration is broken".into(),
        Standing::Off => "off".into(),
        Standing::Syncing => "syncing".into(),
        Standing::Conflict { files: 0 } => "conflict".into(),
        Standing::Conflict { files } => format!("conflict: {}", counted(*files, "file")),
        Standing::Paused => "paused".into(),
        Standing::Blocked { kind } => format!("blocked: {kind}"),
        Standing::Elsewhere => format!("resting, only {} is synced", here.pinned),
        Standing::Offline => beside("offline", here),
        Standing::Failed => beside("failed, is tried again", here),
        Standing::New => "not synced yet".into(),
        Standing::Well if !here.remote => "committed, no remote".into(),
        Standing::Well => sides(here).unwrap_or_else(|| "synced".into()),
    };
    tell::clean(&noticed(text, here))
}

/// How the repository stands, and `more`: its beacon and its plan; nothing where there is none of them.
pub(super) fn beside_each_other(status: Option<&str>, more: [Option<&str>; 2]) -> Option<String> {
    let all: Vec<_> = status.into_iter().chain(more.into_iter().flatten()).collect();
    (!all.is_empty()).then(|| all.join(" · "))
}

/// `text`, and how many notifications wait.
pub(super) fn noticed(text: String, here: &Here) -> String {
    if here.notifications == 0 { text } else { format!("{text} · {}", counted(here.notifications, "notice")) }
}

fn beside(text: &str, here: &Here) -> String {
    sides(here).map_or_else(|| text.to_owned(), |sides| format!("{text}, {sides}"))
}

/// What one side has and the other has not; `None` where they are level or it is not known.
fn sides(here: &Here) -> Option<String> {
    match (here.ahead.unwrap_or(0), here.behind.unwrap_or(0)) {
        (0, 0) => None,
        (ahead, 0) => Some(format!("{ahead} ahead")),
        (0, behind) => Some(format!("{behind} behind")),
        (ahead, behind) => Some(format!("{ahead} ahead, {behind} behind")),
    }
}

fn toast(alarm: &Alarm) -> String {
    let message = truncate_str(&tell::clean(&alarm.message), TOAST, "…").into_owned();
    format!("{message}: /craft {}", alarm.more)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn every_standing_has_its_words() {
        let all = |remote, ahead, behind| {
            let here = |standing| Here { standing, remote, ahead, behind, pinned: "main".into(), ..Here::default() };
            let blocked = Standing::Blocked { kind: "authentication".into() };
            let standings = [
                Standing::Broken,
                Standing::Off,
                Standing::Syncing,
                Standing::Conflict { files: 0 },
                Standing::Conflict { files: 1 },
                Standing::Conflict { files: 2 },
                Standing::Paused,
                blocked,
                Standing::Elsewhere,
                Standing::Offline,
                Standing::Failed,
                Standing::New,
                Standing::Well,
            ];
            standings.map(|s| words(&here(s))).join("\n")
        };
        assert_snapshot!(all(true, Some(3), Some(0)), @r"
        configuration is broken
        off
        syncing
        conflict
        conflict: 1 file
        conflict: 2 files
        paused
        blocked: authentication
        resting, only main is synced
        offline, 3 ahead
        failed, is tried again, 3 ahead
        not synced yet
        3 ahead
        ");
        let last = |text: String| text.lines().last().unwrap_or_default().to_owned();
        assert_eq!(last(all(true, Some(0), Some(0))), "synced");
        assert_eq!(last(all(true, Some(2), Some(1))), "2 ahead, 1 behind");
        assert_eq!(last(all(true, Some(0), Some(1))), "1 behind");
        assert_eq!(last(all(true, None, None)), "synced");
        assert_eq!(last(all(false, None, None)), "committed, no remote");
        let noticed = |notifications| words(&Here { remote: true, notifications, ..Here::default() });
        assert_eq!([1, 2].map(noticed), ["synced · 1 notice", "synced · 2 notices"]);
    }

    #[test]
    fn beacon_and_plan_stand_behind_how_the_repository_does_or_alone() {
        let all = |status, beacon, plan| beside_each_other(status, [beacon, plan]);
        assert_eq!(all(Some("synced"), None, Some("phase 2/3 · 4/9")).unwrap(), "synced · phase 2/3 · 4/9");
        assert_eq!(all(Some("synced"), Some("📬 2"), Some("phase 2/3")).unwrap(), "synced · 📬 2 · phase 2/3");
        assert_eq!(all(None, None, Some("phase 2/3")).unwrap(), "phase 2/3");
        assert_eq!(all(Some("synced"), None, None).unwrap(), "synced");
        assert_eq!(all(None, None, None), None);
    }

    #[test]
    fn a_toast_is_short_and_cannot_steer_the_terminal() {
        let alarm =
            |message: &str| toast(&Alarm { id: "1".into(), message: message.to_owned(), more: "auto-sync status" });
        assert_eq!(alarm("both sides changed a.txt"), "both sides changed a.txt: /craft auto-sync status");
        assert_eq!(alarm("a\u{1b}[2J\nb"), "a\\u{1b}[2J b: /craft auto-sync status");
        assert_eq!(console::measure_text_width(&alarm(&"字".repeat(1000))), 99 + ": /craft auto-sync status".len());
    }
}
