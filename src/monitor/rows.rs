//! The panels, a row for each thing. What stands in them came from files, servers and commits, so all of it goes
//! through [`plain`].

use std::path::Path;

use super::model::{Dashboard, Health, Job, Notification, Platform, Repository, Running, Severity};
use super::words::{cut, duration, fit, share, spark, when};
use crate::audit::{Entry, Outcome};
use crate::clock::{Millis, rfc3339, span};
use crate::notify::model::severity_word;
use crate::plain;

/// A part of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Panel {
    /// Recurring jobs.
    #[default]
    Jobs,
    /// Enrolled repositories.
    Repositories,
    /// Notifications.
    Notifications,
    /// The last 24 hours.
    Activity,
    /// The journal.
    Journal,
}

impl Panel {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 5] = [Self::Jobs, Self::Repositories, Self::Notifications, Self::Activity, Self::Journal];

    /// Where it stands in [`ALL`](Self::ALL).
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// Its heading, with what is true of all its rows.
    #[must_use]
    pub fn heading(self, board: &Dashboard) -> String {
        match self {
            Self::Jobs if board.scheduler.enabled => "Jobs".to_owned(),
            Self::Jobs => "Jobs (the scheduler is off)".to_owned(),
            Self::Repositories => match board.repositories.iter().filter(|r| r.health.needs_the_user()).count() {
                0 => "Repositories".to_owned(),
                1 => "Repositories (1 needs you)".to_owned(),
                many => format!("Repositories ({many} need you)"),
            },
            Self::Notifications => {
                let counts = &board.notifications.by_severity;
                let parts = [(counts.critical, "critical"), (counts.warning, "warning"), (counts.info, "info")];
                let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
                match parts.collect::<Vec<_>>().join(", ") {
                    none if none.is_empty() => "Notifications".to_owned(),
                    parts => format!("Notifications ({parts})"),
                }
            }
            Self::Activity => "Last 24 hours".to_owned(),
            Self::Journal => "Journal".to_owned(),
        }
    }

    /// What stands there where there is no row.
    #[must_use]
    pub fn nothing(self) -> &'static str {
        match self {
            Self::Jobs => "no jobs",
            Self::Repositories => "no repository is enrolled: craft auto-sync enable",
            Self::Notifications => "none",
            Self::Activity => "nothing was done",
            Self::Journal => "empty",
        }
    }
}

/// How a row is coloured. Its words say the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// Beside the point.
    Faint,
    /// Worth a look.
    Warn,
    /// Needs the user.
    Bad,
}

impl Tone {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Faint => "faint",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A line of a panel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// The same as long as it is about the same thing.
    pub id: String,
    /// What it says.
    pub text: String,
    /// How it is coloured.
    pub tone: Tone,
}

/// The rows of `panel` in `width` columns; where `filter` is not empty, those that hold it, in any case of letters.
#[must_use]
pub fn rows(board: &Dashboard, panel: Panel, now: Millis, width: usize, filter: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = match panel {
        Panel::Jobs => {
            let loose = board.running.iter().enumerate().filter(|(_, r)| r.job.is_none() && r.worktree.is_none());
            let loose = loose.map(|(index, r)| Row {
                id: format!("running {index}"),
                text: running(r, now),
                tone: Tone::Plain,
            });
            board.jobs.iter().map(|j| job(board, j, now)).chain(loose).collect()
        }
        Panel::Repositories => board.repositories.iter().map(|r| repository(board, r, now)).collect(),
        Panel::Notifications => board.notifications.recent.iter().map(|n| notification(n, now)).collect(),
        Panel::Activity => activity(board),
        Panel::Journal => journal(&board.journal, now),
    };
    if !filter.is_empty() {
        let filter = filter.to_lowercase();
        rows.retain(|row| {
            let more = details(board, panel, &row.id, now).map(|d| d.lines.join("\n")).unwrap_or_default();
            format!("{}\n{more}", row.text).to_lowercase().contains(&filter)
        });
    }
    for row in &mut rows {
        row.text = cut(row.text.trim_end(), width);
    }
    rows
}

fn job(board: &Dashboard, job: &Job, now: Millis) -> Row {
    let (word, tone) = match job.status.as_str() {
        "failed" => ("failed", Tone::Bad),
        "running" => ("running", Tone::Plain),
        _ if !job.enabled => ("paused", Tone::Faint),
        _ if job.retry_count > 0 => ("failing", Tone::Warn),
        other => (other, Tone::Plain),
    };
    let next = match (job.status.as_str(), job.next_run) {
        ("running", _) => match job.progress {
            Some(percent) => format!("{percent}%"),
            None => "now".to_owned(),
        },
        ("failed", _) => "needs reset".to_owned(),
        (_, Some(next)) if job.enabled && board.scheduler.enabled => {
            if next <= now {
                "due".to_owned()
            } else {
                when(next, now)
            }
        }
        _ => "–".to_owned(),
    };
    let said = match (&job.last_error, &job.last_result) {
        (Some(error), _) if job.retry_count > 0 || job.status == "failed" => Some(error),
        (_, result) => job.last_message.as_ref().or(result.as_ref()),
    };
    let last = match (job.last_run, said) {
        (Some(at), Some(said)) => format!("{}: {}", when(at, now), plain::line(said)),
        (Some(at), None) => when(at, now),
        (None, _) => "never ran".to_owned(),
    };
    let text = format!("{} {} {} {last}", fit(&plain::line(&job.id), 20), fit(&plain::line(word), 8), fit(&next, 12));
    Row { id: job.id.clone(), text, tone }
}

fn repository(board: &Dashboard, repository: &Repository, now: Millis) -> Row {
    let tone = match repository.health {
        health if health.needs_the_user() => Tone::Bad,
        Health::Offline | Health::Failed | Health::Resting | Health::Diverged => Tone::Warn,
        Health::Off => Tone::Faint,
        _ => Tone::Plain,
    };
    let sides = match (repository.ahead, repository.behind) {
        (None, None) => "–".to_owned(),
        (ahead, behind) => format!("↑{} ↓{}", ahead.unwrap_or(0), behind.unwrap_or(0)),
    };
    let dirty = match repository.dirty {
        Some(0) => "clean".to_owned(),
        Some(count) => format!("{count} changed"),
        None => "–".to_owned(),
    };
    let now_doing = board.running.iter().find(|r| r.worktree.as_deref() == Some(repository.path.as_path()));
    let needs = repository.attention.as_ref().filter(|_| repository.health.needs_the_user());
    let last = match (now_doing, needs, &repository.last_sync) {
        (Some(work), _, _) => running(work, now),
        _ if repository.health == Health::Gone => "there is no such repository any more".to_owned(),
        (_, Some(needs), _) => plain::line(&needs.message),
        (_, _, Some(last)) => format!("{}: {}", when(last.at, now), summary(&last.summary, &last.status)),
        (_, _, None) => "never synced".to_owned(),
    };
    let branch = if repository.branch.is_empty() { "(no branch)".to_owned() } else { plain::name(&repository.branch) };
    let text = format!(
        "{} {} {} {} {} {last}",
        fit(&plain::name(&repository.name), 12),
        fit(&branch, 8),
        fit(&sides, 7),
        fit(&dirty, 9),
        fit(repository.health.word(), 9),
    );
    Row { id: repository.path.to_string_lossy().into_owned(), text, tone }
}

/// Summaries begin with our name, which the reader knows.
fn summary(summary: &str, status: &str) -> String {
    let text = summary.strip_prefix("claude-craft").map_or(summary, |s| s.trim_start_matches(": "));
    plain::line(if text.is_empty() { status } else { text })
}

fn running(running: &Running, now: Millis) -> String {
    let far = running.percent.map(|p| format!(" {p}%")).unwrap_or_default();
    format!("{}{far} ({})", plain::line(&running.what), span(now.saturating_sub(running.since)))
}

fn notification(notification: &Notification, now: Millis) -> Row {
    let tone = match notification.severity {
        Severity::Critical => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Info => Tone::Plain,
    };
    let tone =
        if notification.severity == Severity::Info && notification.read_at.is_some() { Tone::Faint } else { tone };
    let unread = if notification.read_at.is_none() { '*' } else { ' ' };
    let times = if notification.count > 1 { format!(" (×{})", notification.count) } else { String::new() };
    let snoozed = notification.snoozed_until.filter(|until| *until > now);
    let snoozed = snoozed.map(|until| format!(", again {}", when(until, now))).unwrap_or_default();
    let text = format!(
        "{unread}{} {} {}{times}{snoozed}",
        fit(severity_word(notification.severity), 9),
        fit(&when(notification.created_at, now), 11),
        plain::line(&notification.title),
    );
    Row { id: notification.id.clone(), text, tone }
}

fn activity(board: &Dashboard) -> Vec<Row> {
    let platforms = board.activity.by_platform.iter().map(|platform| {
        let Platform { counts, hours, .. } = platform;
        let mut parts = vec![format!("{} done", counts.synced)];
        let others = [(counts.failed, "failed"), (counts.skipped, "skipped"), (counts.denied, "denied")];
        parts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")));
        let tone = if counts.failed > 0 { Tone::Warn } else { Tone::Plain };
        let name = plain::line(&platform.platform);
        let text = format!("{} {}  {}", fit(&name, 10), spark(hours), parts.join(", "));
        Row { id: platform.platform.clone(), text, tone }
    });
    let mut rows: Vec<_> = platforms.collect();
    let metrics = &board.metrics;
    if let Some(took) = metrics.duration_ms {
        let text = format!(
            "{} {}, half within {}, 95% within {}, {} failed, {} conflict",
            fit("syncs", 10),
            metrics.syncs,
            duration(took.median),
            duration(took.p95),
            share(metrics.failure_rate.unwrap_or(0.0)),
            share(metrics.conflict_rate.unwrap_or(0.0)),
        );
        rows.push(Row { id: "metrics".to_owned(), text, tone: Tone::Plain });
    }
    rows
}

fn journal(entries: &[Entry], now: Millis) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for entry in entries {
        let tone = match entry.result {
            Outcome::Error => Tone::Bad,
            Outcome::Denied => Tone::Warn,
            Outcome::Skipped => Tone::Faint,
            Outcome::Success => Tone::Plain,
        };
        let (item, reason) = (entry.item.as_deref().map(item), entry.reason.as_deref().map(|r| summary(r, "")));
        let about: Vec<_> = item.into_iter().chain(reason).collect();
        let text = format!(
            "{} {} {} {} {}",
            fit(&when(entry.timestamp, now), 11),
            fit(&plain::line(&entry.platform), 7),
            fit(&plain::line(&entry.operation), 12),
            fit(entry.result.word(), 8),
            about.join(" "),
        );
        let id = format!("{} {} {}", entry.timestamp, entry.operation, entry.item.as_deref().unwrap_or_default());
        // Two lines may say the same at the same time.
        let same = rows.iter().filter(|row| row.id.starts_with(&id)).count();
        rows.push(Row { id: format!("{id} {same}"), text, tone });
    }
    rows
}

/// What something was done to, in short: of a path its last part.
fn item(item: &str) -> String {
    let last = Path::new(item).file_name().filter(|_| item.starts_with('/'));
    last.map_or_else(|| plain::line(item), |name| plain::name(&name.to_string_lossy()))
}

/// All that is known of one thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// What it is.
    pub title: String,
    /// What is known, in lines of any length.
    pub lines: Vec<String>,
}

/// What is known of the row `id` of `panel`; `None` where there is no such row, or no more to tell.
#[must_use]
pub fn details(board: &Dashboard, panel: Panel, id: &str, now: Millis) -> Option<Details> {
    let mut lines = Lines { now, lines: Vec::new() };
    let title = match panel {
        Panel::Jobs => {
            let job = board.jobs.iter().find(|j| j.id == id)?;
            lines.say("type", &job.kind);
            let by_itself = job.enabled && board.scheduler.enabled;
            lines.say("status", if job.status == "disabled" { "paused" } else { &job.status });
            lines.say("runs by itself", if by_itself { "yes" } else { "no" });
            lines.say("every", &span(job.interval_ms));
            lines.time("last run", job.last_run);
            lines.time("next run", job.next_run.filter(|_| by_itself));
            lines.some("result", job.last_result.as_deref());
            lines.some("said", job.last_message.as_deref());
            lines.some("error", job.last_error.as_deref());
            lines.say("failures", &format!("{} in a row, of {}", job.retry_count, job.max_retries));
            if job.status == "failed" {
                lines.say("way on", &format!("craft jobs reset {}", job.kind));
            }
            format!("Job {}", plain::line(&job.id))
        }
        Panel::Repositories => {
            let found = |r: &&Repository| r.path.to_string_lossy() == id;
            let repository = board.repositories.iter().find(found)?;
            lines.say("path", &plain::name(&repository.path.to_string_lossy()));
            lines.say("branch", &repository.branch);
            lines.say("stands", repository.health.word());
            if let Some(last) = &repository.last_sync {
                lines.time("last sync", Some(last.at));
                lines.say("ended", &format!("{} after {}", last.status, duration(last.duration_ms)));
                lines.say("what", &summary(&last.summary, &last.status));
            }
            if let Some(attention) = &repository.attention {
                lines.say("needs you", &attention.message);
                lines.some("way on", Some(attention.command.as_str()).filter(|c| !c.is_empty()));
            }
            format!("Repository {}", plain::name(&repository.name))
        }
        Panel::Notifications => {
            let note = board.notifications.recent.iter().find(|n| n.id == id)?;
            lines.lines.extend(plain::lines(&note.message).lines().map(str::to_owned));
            lines.lines.push(String::new());
            lines.say("type", &note.kind);
            lines.say("came", &format!("{} time{}", note.count, if note.count == 1 { "" } else { "s" }));
            lines.time("first", Some(note.created_at));
            lines.time("read", note.read_at);
            lines.time("snoozed until", note.snoozed_until);
            format!("{}: {}", severity_word(note.severity), plain::line(&note.title))
        }
        Panel::Activity => return None,
        Panel::Journal => {
            let place = journal(&board.journal, now).iter().position(|row| row.id == id)?;
            let entry = &board.journal[place];
            lines.time("when", Some(entry.timestamp));
            let actor = [&entry.actor.trigger, &entry.actor.user, &entry.actor.host].map(String::as_str);
            lines.say("by", actor.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ").as_str());
            lines.some("session", entry.actor.session.as_deref());
            lines.some("item", entry.item.as_deref());
            lines.say("result", entry.result.word());
            lines.some("reason", entry.reason.as_deref());
            lines.some("took", entry.duration_ms.map(duration).as_deref());
            if let Some(changes) = entry.changes {
                lines.say("changed", &format!("{} commits, {} files", changes.commits, changes.files));
            }
            for (name, value) in &entry.context {
                lines.say(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
            format!("{} {}", plain::line(&entry.platform), plain::line(&entry.operation))
        }
    };
    Some(Details { title, lines: lines.lines })
}

struct Lines {
    now: Millis,
    lines: Vec<String>,
}

impl Lines {
    fn say(&mut self, name: &str, text: &str) {
        self.lines.push(format!("{} {}", fit(&plain::line(name), 14), plain::line(text)));
    }

    fn some(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.say(name, text);
        }
    }

    fn time(&mut self, name: &str, at: Option<Millis>) {
        if let Some(at) = at {
            self.say(name, &format!("{} ({})", rfc3339(at), when(at, self.now)));
        }
    }
}

/// How long what is drawn at `now` stays true, in milliseconds: a second while something visible counts, else to the
/// next full minute.
#[must_use]
pub fn stays(board: &Dashboard, now: Millis) -> Millis {
    let soon = |at: Option<Millis>| at.is_some_and(|at| at > now && at - now < 60_000);
    let jobs = board.scheduler.enabled && board.jobs.iter().any(|j| j.enabled && soon(j.next_run));
    if jobs || live(board) { 1_000 - now % 1_000 } else { 60_000 - now % 60_000 }
}

/// Whether something is being done. Should it be killed, no file tells.
#[must_use]
pub fn live(board: &Dashboard) -> bool {
    !board.running.is_empty() || board.repositories.iter().any(|r| r.health == Health::Syncing)
}
