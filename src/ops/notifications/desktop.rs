//! Showing a notification on the desktop, for who switched that on. Never from a hook.

use crate::context::Context;
use crate::notify::Notification;

/// Whether this program can: it was built with the feature `desktop`.
pub const AVAILABLE: bool = cfg!(feature = "desktop");

/// Shows it, and waits a moment for the desktop to take it. That there is none, or that it does not answer, is said
/// in `craft.log`.
#[cfg(feature = "desktop")]
pub(super) fn show(ctx: &Context, n: &Notification) {
    use std::sync::mpsc;
    use std::time::Duration;

    use notify_rust::{Notification as Desktop, Timeout, Urgency};

    use crate::notify::Severity;
    use crate::plain;

    /// A bus that hangs must not hold a sync. What was begun ends with the process.
    const PATIENCE: Duration = Duration::from_secs(2);

    let mut shown = Desktop::new();
    shown.appname("claude-craft").summary(&plain::line(&n.title)).body(&body(n)).timeout(Timeout::Default);
    shown.urgency(match n.severity {
        Severity::Info => Urgency::Low,
        Severity::Warning => Urgency::Normal,
        Severity::Critical => Urgency::Critical,
    });
    let (done, wait) = mpsc::channel();
    let started = std::thread::Builder::new().name("desktop".into()).spawn(move || {
        let _ = done.send(shown.show().map(drop).map_err(|e| e.to_string()));
    });
    let outcome = match started {
        Ok(_) => wait.recv_timeout(PATIENCE).unwrap_or_else(|_| Err("it does not answer".into())),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = outcome {
        super::log(ctx, &format!("the desktop did not show {}: {error}", n.id));
    }
}

#[cfg(not(feature = "desktop"))]
pub(super) fn show(ctx: &Context, n: &Notification) {
    super::log(ctx, &format!("the desktop did not show {}: this craft was built without that", n.id));
}

/// The text below the title, with what a desktop would take for markup as entities.
#[cfg(feature = "desktop")]
fn body(n: &Notification) -> String {
    let mut text = String::new();
    for c in crate::plain::lines(&n.message).chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            c => text.push(c),
        }
    }
    text
}
