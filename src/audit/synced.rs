//! A sync as an entry of the journal, and back.

use serde_json::Value;

use super::line::Line;
use super::{Changes, Entry, Outcome};
use crate::sync::outcome::{End, Report};
use crate::sync::tell;

/// The platform of syncs.
pub const GIT: &str = "git";
/// The operation of what was decided about a finding of the secret scan.
pub const DECIDED: &str = "scan";
/// Bytes above which a report's lists are cut, so that it fits into a line.
const LARGE: usize = 40 * 1024;
/// So many of each list stay then.
const LISTED: usize = 200;

/// The entry of a sync; its report is in the context.
#[must_use]
pub fn entry(report: &Report) -> Entry {
    let result = match report.end {
        End::Done => Outcome::Success,
        End::Offline { .. } | End::Busy { .. } => Outcome::Skipped,
        End::Conflict { .. } | End::Refused { .. } | End::Failed { .. } => Outcome::Error,
    };
    let operation = if report.note.is_some() { DECIDED } else { report.action.word() };
    let mut entry = Entry::new(GIT, operation, result)
        .item(&report.repository)
        .reason(tell::happened(report))
        .trigger(report.trigger.word())
        .with("status", report.end.word());
    entry.timestamp = report.ended;
    entry.actor.session.clone_from(&report.session);
    entry.duration_ms = Some(report.duration_ms);
    entry.changes = Some(changes(report)).filter(|c| *c != Changes::default());
    let whole = entry.clone().with("report", report);
    let large = whole.context.get("report").is_some_and(|r| r.to_string().len() > LARGE);
    if large { entry.with("report", shortened(report)).with("shortened", true) } else { whole }
}

/// What a sync moved: commits that were sent count once, though one of them may have been made by the same sync.
fn changes(report: &Report) -> Changes {
    let made = u64::from(report.committed.is_some());
    let sent = report.pushed.as_ref().map_or(0, |p| p.commits as u64);
    let taken = report.pulled.as_ref().map_or((0, 0), |p| (p.count as u64, p.file_count as u64));
    let files = report.committed.as_ref().map_or(0, |c| c.files.len() as u64);
    Changes { commits: made.max(sent) + taken.0, files: files + taken.1 }
}

fn shortened(report: &Report) -> Report {
    let mut report = report.clone();
    if let Some(committed) = &mut report.committed {
        committed.files.truncate(LISTED);
    }
    if let End::Conflict { files, .. } = &mut report.end {
        files.truncate(LISTED);
    }
    report.left_out.truncate(LISTED);
    report.remarks.truncate(LISTED);
    report
}

/// A sync as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// What happened, in a sentence.
    pub said: String,
    /// The report; its lists may have been cut.
    pub report: Report,
}

/// What a line of the journal tells of a sync; `None` where it is about something else. Most of those are turned away
/// by their bytes.
#[must_use]
pub fn read(line: &[u8]) -> Option<Synced> {
    memchr::memmem::find(line, b"\"report\":{")?;
    let mut entry = Line::parse(line)?.entry;
    let report = entry.context.remove("report").map(serde_json::from_value::<Report>)?.ok()?;
    Some(Synced { said: entry.reason.unwrap_or_default(), report })
}

/// How a sync ended, in the word of its report.
#[must_use]
pub fn status(entry: &Entry) -> Option<&str> {
    let synced = entry.platform == GIT && matches!(entry.operation.as_str(), "sync" | "pull" | "push");
    entry.context.get("status").and_then(Value::as_str).filter(|_| synced)
}
