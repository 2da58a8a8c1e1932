//! What is told of a sync, to people and to the model. Texts of commits and names of files come from
//! elsewhere, so whatever could steer a terminal is escaped here.

use super::outcome::{CommitLine, End, LeftOut, LeftOutReason, Refusal, Report};
use super::quote;
use super::step::Step;
use crate::config::model::Action;
use crate::plain;
use crate::queue::Trigger;
use crate::scan::redact::hush;
use crate::state::Attention;

/// The name in front of every sentence that stands among those of other programs.
pub const NAME: &str = "claude-craft";

/// What needs the user because of a credential, as one word.
pub const SECURITY: &str = "security";

/// Longest text for the model, in characters.
pub const MODEL_LIMIT: usize = 600;

/// How many names a list shows before it only counts.
const SHOWN: usize = 5;

/// One line for people: what was done, and why it ended there if it did not go on.
#[must_use]
pub fn sentence(report: &Report) -> String {
    format!("{NAME}: {}", happened(report))
}

/// The same for somebody who hears it later, when it is no longer clear which sync is meant.
#[must_use]
pub fn recap(report: &Report) -> String {
    format!("{NAME}: {}: {}", headline(report.trigger), happened(report))
}

/// What made a sync happen, as the beginning of a sentence told later: "last session end".
#[must_use]
pub fn headline(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::SessionStart => "last session start",
        Trigger::SessionEnd => "last session end",
        Trigger::UserPrompt => "sync at an earlier prompt",
        Trigger::Manual => "last manual sync",
        Trigger::Recovery => "work of a session that ended without a word",
        Trigger::Job => "last job",
    }
}

/// What happened, without the name of the program.
#[must_use]
pub fn happened(report: &Report) -> String {
    if let Some(note) = &report.note {
        return clean(note);
    }
    let done = done(report).join(", ");
    let mut text = match &report.end {
        End::Done if done.is_empty() => nothing(report),
        End::Done => done,
        End::Offline { .. } => offline(report, &done),
        End::Conflict { files, branch } => {
            let kept = match branch {
                Some(branch) => format!("your commits are kept at {branch}"),
                None => "nothing was merged".into(),
            };
            after(&done, &format!("both sides changed {}; {kept}", listed(files, files.len())))
        }
        // The remark on what was left because of it says it too.
        End::Refused { reason, .. } if report.remarks.iter().any(|r| r.starts_with(reason.as_str())) => done,
        End::Refused { reason, .. } => after(&done, reason),
        End::Busy { reason } => after(&done, &format!("busy, nothing was done: {reason}")),
        End::Failed { reason, transient: true } => after(&done, &format!("failed, which may pass: {reason}")),
        End::Failed { reason, transient: false } => after(&done, &format!("failed: {reason}")),
    };
    let left = told_left_out(report).len();
    let left = (left > 0).then(|| format!("left out {}", counted(left, "path")));
    for more in left.iter().chain(&report.remarks) {
        text = after(&text, more);
    }
    clean(&text)
}

/// What only the user can mend, and the one command that does it or leads on.
#[must_use]
pub fn attention(report: &Report) -> Option<Attention> {
    let (kind, message, command) = match &report.end {
        End::Done | End::Offline { .. } | End::Busy { .. } | End::Failed { transient: true, .. } => return None,
        End::Conflict { files, branch } => {
            let kept = match branch {
                Some(branch) => format!("your commits are also at {branch}"),
                None => "your commits are kept".into(),
            };
            let names = listed(files, files.len());
            let merge = format!("git -C {} merge {}", quote::word(&report.repository), quote::word(&report.remote));
            ("conflict".into(), format!("both sides changed {names}; nothing was merged, {kept}"), merge)
        }
        End::Refused { kind: Refusal::Secret | Refusal::Unscanned, reason, command } => {
            (SECURITY.into(), reason.clone(), command.clone())
        }
        End::Refused { kind, reason, command } => (kind.word(), reason.clone(), command.clone()),
        End::Failed { reason, transient: false } => {
            let again = format!("craft auto-sync force {} {}", report.action.word(), quote::word(&report.repository));
            ("failed".into(), format!("{} failed: {reason}", report.action.word()), again)
        }
    };
    let files = if let End::Conflict { files, .. } = &report.end { files.len() } else { 0 };
    Some(Attention { kind, message: clean(&message), command: clean(&command), files, since: report.ended })
}

/// For the model: what arrived, as commits and files; `None` where nothing did. At most
/// [`MODEL_LIMIT`] characters.
#[must_use]
pub fn for_model(report: &Report) -> Option<String> {
    let pulled = report.pulled.as_ref().filter(|p| p.count > 0)?;
    let count = counted(pulled.count, "new commit");
    let merged = if pulled.merged { " and merged them with local ones" } else { "" };
    let from = &report.remote;
    let head = clean(&format!("{NAME} pulled {count} from {from} into {}{merged}:", report.branch));
    let head = shorten(&head, 200);
    let files = clean(&format!("Files changed: {}", listed_within(&pulled.files, pulled.file_count, 160)));
    let more = |n: usize| format!("\n- and {}", counted(n, "more commit"));
    let mut text = head;
    let room = MODEL_LIMIT - files.chars().count() - 1 - more(pulled.count).chars().count();
    let mut shown = 0;
    for commit in &pulled.commits {
        let line = format!("\n- {}", commit_line(commit));
        if text.chars().count() + line.chars().count() > room {
            break;
        }
        text.push_str(&line);
        shown += 1;
    }
    if shown < pulled.count {
        text.push_str(&more(pulled.count - shown));
    }
    if pulled.file_count > 0 {
        text.push('\n');
        text.push_str(&files);
    }
    Some(text)
}

/// What was left out of the commit and why; `None` where nothing was that the user did not ask for.
#[must_use]
pub fn left_out(report: &Report) -> Option<String> {
    left_out_of(&report.left_out)
}

/// As [`left_out`], for a list of paths.
#[must_use]
pub fn left_out_of(paths: &[LeftOut]) -> Option<String> {
    let told: Vec<_> = paths.iter().filter(|l| l.why != LeftOutReason::Outside).collect();
    if told.is_empty() {
        return None;
    }
    let mut parts: Vec<_> =
        told.iter().take(SHOWN).map(|l| format!("{} ({})", plain::name(&l.path), why(&l.why))).collect();
    if told.len() > SHOWN {
        parts.push(format!("and {} more", told.len() - SHOWN));
    }
    Some(clean(&format!("left out of the commit: {}", parts.join(", "))))
}

/// A step as a line of a plan.
#[must_use]
pub fn step(step: &Step) -> String {
    clean(&step_unclean(step))
}

/// The same for who cleans it later, and only where somebody sees it: names in it are somebody else's text.
#[must_use]
pub fn step_unclean(step: &Step) -> String {
    match step {
        Step::Snapshot => "keep a snapshot of HEAD, index and working tree".into(),
        Step::Commit { files } => format!("commit {}", counted(*files, "file")),
        Step::Fetch { remote, branch } => format!("fetch {branch} from {remote}"),
        Step::Merge { ours, theirs } => {
            format!("merge {} of this side with {theirs} of the other", counted(*ours, "commit"))
        }
        Step::FastForward { commits, files } => {
            format!("move forward by {} ({})", counted(*commits, "commit"), counted(*files, "file"))
        }
        Step::Push { remote, branch, commits } => format!("push {} to {remote}/{branch}", counted(*commits, "commit")),
        Step::Publish { remote, branch } => format!("publish {branch} on {remote}"),
    }
}

/// A commit on one line: id, first line of the message, author.
#[must_use]
pub fn commit_line(commit: &CommitLine) -> String {
    // Shortened last: an escape is longer than what it stands for.
    let short = |text: &str, limit| shorten(&clean(text), limit);
    format!("{} {} ({})", clean(&commit.id), short(&commit.subject, 72), short(&commit.author, 30))
}

/// `1 file`, `3 files`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// `text` on one line, without credentials, and with all that could steer a terminal shown as an escape.
#[must_use]
pub fn clean(text: &str) -> String {
    plain::line(&hush(text))
}

/// The steps that changed something, in their order.
fn done(report: &Report) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(committed) = &report.committed {
        parts.push(format!("committed {}", counted(committed.files.len(), "file")));
    }
    if let Some(pulled) = report.pulled.as_ref().filter(|p| p.count > 0) {
        let how = if pulled.merged { "merged" } else { "pulled" };
        parts.push(format!("{how} {}", counted(pulled.count, "commit")));
    }
    if let Some(pushed) = &report.pushed {
        let commits = counted(pushed.commits, "commit");
        parts.push(if pushed.published {
            format!("published {} with {commits}", pushed.target)
        } else {
            format!("pushed {commits} to {}", pushed.target)
        });
    }
    parts
}

/// The words for "done, and nothing changed". Only an action that looked at both sides may say that
/// they are in step, and only if nothing was held back.
fn nothing(report: &Report) -> String {
    let branch = if report.branch.is_empty() { "HEAD" } else { &report.branch };
    let held_back = !told_left_out(report).is_empty() || !report.remarks.is_empty();
    if report.remote.is_empty() {
        return format!("nothing to commit on {branch}, which has no remote");
    }
    match report.action {
        Action::Observe => format!("looked at {branch}"),
        Action::Pull => format!("nothing new at {}", report.remote),
        // What was not allowed to go is not nothing.
        Action::Push if !report.remarks.is_empty() => format!("nothing to commit on {branch}"),
        Action::Push => format!("nothing to commit or push on {branch}"),
        Action::Sync if held_back => format!("nothing new on {branch} or at {}", report.remote),
        Action::Sync => format!("nothing to do, {branch} is in step with {}", report.remote),
    }
}

fn offline(report: &Report, done: &str) -> String {
    let name = report.remote.split_once('/').map_or(report.remote.as_str(), |(name, _)| name);
    let remote = if name.is_empty() { "the remote" } else { name };
    let rest = if report.action.pushes() { "the push is kept for the next occasion" } else { "nothing was pulled" };
    after(done, &format!("{remote} cannot be reached, {rest}"))
}

fn told_left_out(report: &Report) -> Vec<&LeftOut> {
    report.left_out.iter().filter(|l| l.why != LeftOutReason::Outside).collect()
}

fn after(done: &str, text: &str) -> String {
    if done.is_empty() { text.to_owned() } else { format!("{done}; {text}") }
}

/// At most [`SHOWN`] names and a count of the rest.
fn listed(names: &[String], count: usize) -> String {
    let names: Vec<_> = names.iter().take(SHOWN).map(|n| plain::name(n)).collect();
    join(&names, count)
}

/// As many names as fit into `room` characters, and a count of the rest.
fn listed_within(names: &[String], count: usize, room: usize) -> String {
    let mut used = 0;
    let names: Vec<_> = names.iter().map(|n| plain::name(n)).collect();
    let fits = |name: &&String| {
        used += name.chars().count() + 2;
        used <= room
    };
    join(&names[..names.iter().take_while(fits).count()], count)
}

fn join(shown: &[String], count: usize) -> String {
    let rest = count.saturating_sub(shown.len());
    match (shown, rest) {
        ([], n) => counted(n, "file"),
        (_, 0) => shown.join(", "),
        (_, n) => format!("{} and {n} more", shown.join(", ")),
    }
}

fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

/// What a file is that is left out for this reason.
pub(crate) fn why(reason: &LeftOutReason) -> String {
    match reason {
        LeftOutReason::TooLarge { bytes } => format!("{} MiB, over the limit", bytes.div_ceil(1 << 20)),
        LeftOutReason::NestedRepository => "a repository of its own".into(),
        LeftOutReason::AgentWorktree => "a working tree of Claude Code".into(),
        LeftOutReason::SecretName => "the name says that it holds secrets".into(),
        LeftOutReason::CoreDump => "a core dump".into(),
        LeftOutReason::Database => "a database".into(),
        LeftOutReason::KeyStore => "a store of keys or passwords".into(),
        LeftOutReason::Unreadable => "cannot be read".into(),
        LeftOutReason::Outside => "outside of the paths that take part".into(),
    }
}

/// The refusals that `--accept` can lift: those of the gate.
#[must_use]
pub fn acceptable() -> [Refusal; 3] {
    [Refusal::ConflictMarkers, Refusal::MassDeletion, Refusal::AncestorTree]
}

#[cfg(test)]
#[path = "tell_tests.rs"]
mod tests;
