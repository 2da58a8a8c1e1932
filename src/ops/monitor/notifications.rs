//! The notifications.

use std::cmp::Reverse;

use crate::context::Context;
use crate::monitor::model::{BySeverity, Notification, Notifications};
use crate::notify::model::kind_word;
use crate::notify::{self, Severity};
use crate::ops::notifications;
use crate::state::file::Problem;

/// How many are shown.
const SHOWN: usize = 50;

/// What there is.
///
/// # Errors
/// Why they cannot be read.
pub(super) fn all(ctx: &Context) -> Result<Notifications, String> {
    let (all, problem) = notifications::list(ctx).map_err(|e| e.to_string())?;
    if let Some(Problem::Corrupt { .. }) = problem {
        return Err(format!("{} cannot be understood", ctx.layout.notifications().display()));
    }
    let total = all.len();
    let mut pending: Vec<_> = all.into_iter().filter(|n| n.dismissed_at.is_none()).collect();
    let count = |severity| pending.iter().filter(|n| n.severity == severity).count();
    let by_severity = BySeverity {
        info: count(Severity::Info),
        warning: count(Severity::Warning),
        critical: count(Severity::Critical),
    };
    // Stable: the newest first within a severity, as they came.
    pending.sort_by_key(|n| Reverse(n.severity));
    let shown = pending.len();
    pending.truncate(SHOWN);
    Ok(Notifications { total, pending: shown, by_severity, recent: pending.into_iter().map(entry).collect() })
}

fn entry(n: notify::Notification) -> Notification {
    let message = match n.command() {
        Some(command) => format!("{}\n{command}", n.message),
        None => n.message,
    };
    Notification {
        kind: kind_word(n.kind).to_owned(),
        id: n.id,
        severity: n.severity,
        title: n.title,
        message,
        count: n.count,
        created_at: n.created_at,
        read_at: n.read_at,
        snoozed_until: n.snoozed_until,
    }
}
