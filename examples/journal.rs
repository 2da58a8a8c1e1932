//! Fills a journal for `scripts/bench/journal.sh`: `cargo run --release --example journal -- FOLDER LINES NOW
//! one|days`. The lines lie evenly in the 30 days before NOW (in milliseconds since the epoch), every fifth is a sync
//! with its report. `days` writes them as the days go by, so that files are turned over and packed; `one` writes all of
//! them into one file.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for who measures")]

use claude_craft::audit::{Changes, Entry, Outcome, synced};
use claude_craft::config::model::Action;
use claude_craft::fs::layout::Layout;
use claude_craft::journal::{self, Trim};
use claude_craft::queue::Trigger;
use claude_craft::sync::outcome::{End, Pushed, Report};

const DAY: u64 = 86_400_000;

fn entry(n: u64, at: u64) -> Entry {
    let mut entry = match n % 5 {
        0 => {
            let pushed =
                Pushed { commits: 2, target: "origin/main".into(), tip: format!("{n:040x}"), published: false };
            let bare = Report::bare(Action::Sync, Trigger::SessionEnd, End::Done);
            synced::entry(&Report {
                repository: "/home/ann/work/app".into(),
                branch: "main".into(),
                remote: "origin/main".into(),
                session: Some(format!("3f2c1b1e-0000-4000-8000-{n:012x}")),
                pushed: Some(pushed),
                duration_ms: 200 + n % 900,
                ..bare
            })
        }
        1 => Entry::new("craft", "hook", Outcome::Success).item("/home/ann/work/app").trigger("session-start"),
        2 => Entry::new("github", "read", Outcome::Skipped).item("ann/app#7").reason("nothing has changed since"),
        3 => Entry::new("jira", "update-status", Outcome::Denied)
            .item("APP-12")
            .reason("the preset read-only forbids it"),
        _ => Entry::new("craft", "job", Outcome::Success).item("external-sync").reason("3 items").trigger("job"),
    };
    entry.timestamp = at;
    entry.duration_ms.get_or_insert(n % 100);
    entry.changes.get_or_insert(Changes { commits: 0, files: 0 });
    (entry.actor.user, entry.actor.host) = ("ann".into(), "laptop".into());
    entry
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, lines, now, form] = arguments.as_slice() else { panic!("FOLDER LINES NOW one|days") };
    let (lines, now): (u64, u64) = (lines.parse().unwrap(), now.parse().unwrap());
    let layout = Layout::at(folder);
    let limit: &dyn Fn() -> u64 = if form == "days" { &|| 16 << 20 } else { &|| u64::MAX };
    for n in 0..lines {
        let at = now - 30 * DAY + 30 * DAY / lines * n;
        let clock = if form == "days" { at } else { now };
        journal::append(&layout, &entry(n, at), clock, limit).unwrap();
    }
    if form == "days" {
        println!("{:?}", journal::tidy(&layout, Trim { now, limit, days: 30 }).unwrap());
    }
}
