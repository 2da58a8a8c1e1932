//! Metrics in Prometheus' text format, version 0.0.4. All are gauges: what they count leaves its window again.

use std::fmt::Write as _;

use super::metrics::{Metrics, Window};

/// The text.
#[must_use]
pub fn text(metrics: &Metrics) -> String {
    let mut out = String::new();
    let all = &metrics.windows;
    let plain: [(&str, &str, fn(&Window) -> f64); 11] = [
        ("craft_syncs", "Syncs that were tried in the window.", |w| number(w.syncs)),
        ("craft_sync_conflicts", "Syncs in which both sides had changed the same lines.", |w| number(w.conflicts)),
        ("craft_sync_conflict_ratio", "Share of syncs with a conflict.", |w| w.conflict_rate),
        ("craft_sync_failures", "Syncs that failed or were refused.", |w| number(w.failures)),
        ("craft_sync_failure_ratio", "Share of syncs that failed or were refused.", |w| w.failure_rate),
        ("craft_sync_offline", "Syncs that could not reach their remote.", |w| number(w.offline)),
        ("craft_sync_commits", "Commits that syncs made, took in or sent.", |w| number(w.commits)),
        ("craft_sync_files", "Files that syncs changed.", |w| number(w.files)),
        ("craft_denied", "Operations that the permission gate turned away.", |w| number(w.denied)),
        ("craft_interruptions", "Hooks that held a session.", |w| number(w.interruption_ms.count)),
        ("craft_interruption_seconds", "Time that hooks held sessions, all together.", |w| {
            seconds(w.interruption_ms.total)
        }),
    ];
    for (name, help, value) in plain {
        family(&mut out, name, help);
        all.iter().for_each(|w| sample(&mut out, name, &[("window", w.window)], value(w)));
    }
    let name = "craft_syncs_by_trigger";
    family(&mut out, name, "Syncs that were tried in the window, by what made them happen.");
    for w in all {
        for (trigger, count) in &w.by_trigger {
            sample(&mut out, name, &[("window", w.window), ("trigger", trigger)], number(*count));
        }
    }
    let spreads = [
        ("craft_sync_duration_seconds", "How long syncs took."),
        ("craft_interruption_duration_seconds", "How long a hook held a session."),
    ];
    for (n, (name, help)) in spreads.into_iter().enumerate() {
        family(&mut out, name, help);
        for w in all {
            let spread = if n == 0 { w.duration_ms } else { w.interruption_ms.spread };
            for (quantile, ms) in [("0.5", spread.median), ("0.95", spread.p95), ("1", spread.max)] {
                sample(&mut out, name, &[("window", w.window), ("quantile", quantile)], seconds(ms));
            }
        }
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "counts and milliseconds are far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

fn seconds(ms: u64) -> f64 {
    number(ms) / 1000.0
}

fn family(out: &mut String, name: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn sample(out: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    let _ = writeln!(out, "{name}{{{}}} {value}", labels.join(","));
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
