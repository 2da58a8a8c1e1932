//! Notifications of what a look at a beacon has found.

use std::path::Path;

use serde_json::json;

use crate::context::Context;
use crate::fs::layout::repo_key;
use crate::locate::Location;
use crate::notify::Draft;
use crate::notify::model::{Kind as About, Severity};
use crate::ops::beacon::hints::Hints;
use crate::ops::beacon::watch::Look;
use crate::ops::notifications;
use crate::plain;
use crate::state::beacon::Waiting;
use crate::sync::tell::counted;

/// Characters of a name of others at most.
const NAME: usize = 60;

fn key(at: &Location, what: &str) -> String {
    format!("beacon:{what}:{}", repo_key(&at.git_dir))
}

/// Notifications of what a look has found that nobody stood by.
pub(super) fn raise(ctx: &Context, at: &Location, before: &Waiting, look: &Look) {
    let (name, now) = (name(&at.worktree), &look.waiting);
    let draft = |kind, severity, what: &str, title: String, message: String, command: &str| Draft {
        kind,
        severity,
        title: format!("{name}: {title}"),
        message,
        data: Some(json!({
            "repository": at.worktree,
            "command": Hints::anywhere(&at.worktree).verb(command),
        })),
        dedupe_key: key(at, what),
        told: false,
    };
    if let Some(pulled) = look.pulled.as_ref().filter(|p| !p.files.is_empty()) {
        let from: Vec<_> = pulled.messages.iter().map(|m| plain::cut(&plain::name(&m.from), NAME)).collect();
        let files = counted(pulled.files.len(), "file");
        let title = format!("took in {files} from {}", from.join(", "));
        let message = format!("{title}. `craft beacon log` has what was said of them.");
        notifications::raise(ctx, draft(About::ImportComplete, Severity::Info, "taken", title, message, "log"));
    }
    if now.messages > 0 && (before.messages == 0 || now.seq > before.seq) {
        let from: Vec<_> = now.from.iter().take(3).map(|from| plain::cut(&plain::name(from), NAME)).collect();
        let files = usize::try_from(now.file_count).unwrap_or(usize::MAX);
        let title = format!("{} from {} to be taken in", counted(files, "file"), from.join(", "));
        let message = format!("{title}. `craft beacon pull` takes them in.");
        notifications::raise(ctx, draft(About::ImportComplete, Severity::Info, "waiting", title, message, "pull"));
    }
    if now.conflicts > before.conflicts {
        let files = counted(usize::try_from(now.conflicts).unwrap_or(usize::MAX), "file");
        let title = format!("both sides of the beacon changed {files}");
        let message = format!("{title}. Yours is as it was; `craft beacon diff` shows theirs.");
        notifications::raise(ctx, draft(About::Conflict, Severity::Warning, "conflict", title, message, "diff"));
    }
    if now.held > before.held {
        let messages = counted(usize::try_from(now.held).unwrap_or(usize::MAX), "message");
        let does = if now.held == 1 { "is" } else { "are" };
        let title = format!("{messages} of the beacon {does} not accepted");
        let message = format!("{title}. `craft beacon status` says why, and how to accept or drop them.");
        notifications::raise(ctx, draft(About::SyncFailure, Severity::Warning, "held", title, message, "status"));
    }
}

/// Puts notifications away whose matter has passed. For whoever has found out what waits.
pub fn settle(ctx: &Context, at: &Location, now: &Waiting) {
    for (count, what) in [(now.messages, "waiting"), (now.conflicts, "conflict"), (now.held, "held")] {
        if count == 0 {
            notifications::resolve(ctx, &key(at, what));
        }
    }
}

/// The name of a working tree, for people.
pub(super) fn name(worktree: &Path) -> String {
    plain::name(&worktree.file_name().unwrap_or(worktree.as_os_str()).to_string_lossy())
}
