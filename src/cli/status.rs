//! `craft auto-sync status`.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use console::Term;

use super::exit_code;
use super::ui::{Look, Ui};
use crate::context::Context;
use crate::ops::status::{self, Occasions, RepositoryStatus, Seen, Status, Waiting};
use crate::queue::Trigger;
use crate::state::LastSync;
use crate::sync::quote;
use crate::sync::tell::{self, counted};

/// Columns in front of what a row says.
const INDENT: usize = 13;

/// See the command's help.
#[derive(Debug, Args, Default)]
pub struct Show {
    /// Print JSON
    #[arg(long, conflicts_with = "watch")]
    json: bool,
    /// Show it again every second, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

/// Shows what is known.
pub fn run(ctx: &Context, ui: &mut Ui, cwd: &Path, args: &Show) -> u8 {
    loop {
        let status = status::status(ctx, Some(cwd));
        let code = if status.enabled.is_none() { exit_code::USAGE } else { exit_code::DONE };
        let look = Look::of(ctx);
        if args.watch && look.width.is_some() {
            // A terminal that cannot be cleared shows one below the other.
            let _ = Term::stdout().clear_screen();
        }
        if args.json {
            ui.json(&status);
        } else {
            ui.say(&render(&status, &look));
        }
        if !args.watch || !ui.open() {
            return code;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn render(status: &Status, look: &Look) -> String {
    let mut out = Page { look, lines: Vec::new() };
    out.head(status);
    for repository in &status.repositories {
        out.lines.push(String::new());
        out.repository(repository, status.disabled_by_environment || status.enabled == Some(false));
    }
    out.foot(status);
    out.lines.join("\n")
}

struct Page<'a> {
    look: &'a Look,
    lines: Vec<String>,
}

impl Page<'_> {
    fn head(&mut self, status: &Status) {
        for problem in &status.problems {
            for line in self.look.wrap(&tell::clean(problem), 0) {
                self.lines.push(self.look.alarm(&line));
            }
        }
        let text = match status.enabled {
            None => {
                "auto-sync does nothing until this is mended; `craft auto-sync config edit` opens the file".to_owned()
            }
            Some(_) if status.disabled_by_environment => "auto-sync is switched off here by CRAFT_DISABLE".into(),
            Some(false) => {
                "auto-sync is switched off for all repositories; `craft auto-sync enable` switches it on".into()
            }
            Some(true) => occasions(&status.triggers),
        };
        self.lines.extend(self.look.wrap(&text, 0));
    }

    fn foot(&mut self, status: &Status) {
        if status.enabled.is_none() {
            return;
        }
        self.lines.push(String::new());
        if let Some(path) = &status.not_enrolled {
            let text = format!("{} is not enrolled; `craft auto-sync enable` does that", self.look.path(path));
            self.lines.extend(self.look.wrap(&text, 0));
        } else if status.repositories.is_empty() {
            let text = "no repository is enrolled; `craft auto-sync enable PATH` enrols one";
            self.lines.extend(self.look.wrap(text, 0));
        }
        let counts = &status.statistics;
        let mut parts =
            vec![format!("{} so far", counted(usize::try_from(counts.total_syncs).unwrap_or(usize::MAX), "sync"))];
        for (count, word) in
            [(counts.failed_syncs, "failed"), (counts.conflicts, "in conflict"), (counts.recovered, "recovered")]
        {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        let text = format!("{}; {} running", parts.join(", "), counted(status.sessions, "session"));
        self.lines.push(self.look.faint(&self.look.cut(&text, 0)));
    }

    fn repository(&mut self, repository: &RepositoryStatus, all_off: bool) {
        let marker = if repository.here { "* " } else { "  " };
        let path = self.look.cut(&self.look.path(&repository.path), 2);
        self.lines.push(format!("{marker}{}", self.look.strong(&path)));
        if !repository.exists && repository.enabled {
            self.alarm("gone", "there is no such repository here any more");
            self.command("craft auto-sync disable", repository);
        }
        if !repository.enabled && !all_off {
            self.row("off", "switched off for this repository");
            self.command("craft auto-sync enable", repository);
        }
        self.row("branch", &branch(repository));
        if !repository.denied.is_empty() {
            let words: Vec<_> = repository.denied.iter().map(|o| o.word()).collect();
            self.row("permitted", &format!("no {}; `craft permissions` shows why", words.join(" and no ")));
        }
        if let Some(seen) = &repository.seen {
            self.row("state", &state(seen, self.look));
        }
        self.row("last sync", &repository.last_sync.as_ref().map_or("none yet".into(), |l| last_sync(l, self.look)));
        for waiting in &repository.waiting {
            self.row("waiting", &waits(waiting, self.look));
        }
        if let Some(why) = &repository.paused {
            self.alarm("paused", why);
            self.command("craft auto-sync enable", repository);
        } else if repository.not_before > self.look.now {
            let failures = counted(usize::try_from(repository.consecutive_failures).unwrap_or(0), "failure");
            self.row("resting", &format!("after {failures}; tried again {}", self.look.when(repository.not_before)));
        }
        if let Some(problem) = &repository.problem {
            self.alarm("needs you", problem);
        }
        if let Some(attention) = &repository.attention {
            self.alarm("needs you", &attention.message);
            if !attention.command.is_empty() {
                self.lines.push(format!("{:INDENT$}{}", "", self.look.strong(&tell::clean(&attention.command))));
            }
        }
    }

    fn command(&mut self, command: &str, repository: &RepositoryStatus) {
        let text = format!("{command} {}", quote::path(&repository.path));
        self.lines.push(format!("{:INDENT$}{}", "", self.look.strong(&tell::clean(&text))));
    }

    fn row(&mut self, name: &str, text: &str) {
        self.push(name, text, |_, line| line.to_owned());
    }

    fn alarm(&mut self, name: &str, text: &str) {
        self.push(name, text, Look::alarm);
    }

    fn push(&mut self, name: &str, text: &str, paint: impl Fn(&Look, &str) -> String) {
        for (index, line) in self.look.wrap(&tell::clean(text), INDENT).iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            self.lines.push(format!("  {} {}", self.look.faint(&format!("{name:<10}")), paint(self.look, line)));
        }
    }
}

fn occasions(triggers: &Occasions) -> String {
    let mut parts = Vec::new();
    if let Some(action) = triggers.session_start {
        parts.push(format!("session start: {}", action.word()));
    }
    if let Some(action) = triggers.session_end {
        parts.push(format!("session end: {}", action.word()));
    }
    if let Some(action) = triggers.user_prompt {
        let often = match triggers.probability {
            1 => "every prompt".into(),
            n => format!("one prompt in {n}"),
        };
        parts.push(format!("{often}: {}", action.word()));
    }
    if parts.is_empty() {
        return "auto-sync is on, but all its triggers are switched off".into();
    }
    format!("auto-sync is on ({})", parts.join(", "))
}

fn branch(repository: &RepositoryStatus) -> String {
    let pinned = &repository.branch;
    let target = match (&repository.remote, &repository.remote_url) {
        (Some(remote), Some(url)) => format!("{pinned} with {remote} at {url}"),
        (Some(remote), None) => format!("{pinned} with {remote}"),
        (None, _) => format!("{pinned}, only committed: there is no remote"),
    };
    if let Some(seen) = repository.seen.as_ref().filter(|s| s.phase) {
        return format!("{target}; HEAD is on {}, the branch of a phase, which is synced too", seen.branch);
    }
    match repository.seen.as_ref().map(|s| s.branch.as_str()) {
        Some("") => format!("{target}; HEAD is on no branch"),
        Some(now) if now != pinned && !crate::ops::enroll::is_glob(pinned) => format!("{target}; HEAD is on {now}"),
        _ => target,
    }
}

fn state(seen: &Seen, look: &Look) -> String {
    let sides = match (seen.ahead, seen.behind) {
        (Some(0), Some(0)) => format!("level with {}", seen.upstream),
        (Some(ahead), Some(0)) => format!("{ahead} ahead of {}", seen.upstream),
        (Some(0), Some(behind)) => format!("{behind} behind {}", seen.upstream),
        (Some(ahead), Some(behind)) => format!("{ahead} ahead of {}, {behind} behind", seen.upstream),
        _ if seen.upstream.is_empty() => "no upstream".into(),
        _ => format!("{} not fetched yet", seen.upstream),
    };
    let changed = match seen.dirty {
        Some(0) => "nothing uncommitted".into(),
        Some(n) => counted(n, "uncommitted file"),
        None => "uncommitted files not counted".to_owned(),
    };
    let age = if seen.fresh { format!("seen {}", look.when(seen.at)) } else { "being looked at anew".into() };
    format!("{sides}, {changed} ({age})")
}

fn last_sync(last: &LastSync, look: &Look) -> String {
    let occasion = match last.kind.as_str() {
        "session-start" => "at session start",
        "session-end" => "at session end",
        "user-prompt" => "at a prompt",
        "manual" => "by hand",
        "recovery" => "for a session that crashed",
        other => other,
    };
    let summary = last.summary.strip_prefix(tell::NAME).map_or(last.summary.as_str(), |s| s.trim_start_matches(": "));
    let result = if summary.is_empty() { &last.status } else { summary };
    format!("{} {occasion}: {result}", look.when_text(&last.timestamp))
}

fn waits(waiting: &Waiting, look: &Look) -> String {
    let occasion = match waiting.trigger {
        Trigger::SessionStart => "session start",
        Trigger::SessionEnd => "session end",
        Trigger::UserPrompt => "a prompt",
        Trigger::Manual => "hand",
        Trigger::Recovery => "recovery",
        Trigger::Job => "a job",
    };
    let mut text = format!("{}, asked for by {occasion} {}", waiting.action.word(), look.when(waiting.requested));
    if waiting.attempts > 0 {
        text = format!("{text}, tried {}", counted(usize::try_from(waiting.attempts).unwrap_or(0), "time"));
    }
    if waiting.not_before > look.now {
        text = format!("{text}, again {}", look.when(waiting.not_before));
    }
    text
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
