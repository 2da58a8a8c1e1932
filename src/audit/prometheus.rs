//! Metrics in Prometheus' text format, version 0.0.4. All are gauges: what they count leaves its window again.

use std::fmt::Write as _;

use super::metrics::{Metrics, Window};

/// Name, help, and the value in a window.
type Plain = (&'static str, &'static str, fn(&Window) -> f64);

/// The text.
#[must_use]
pub fn text(metrics: &Metrics) -> String {
    let mut out = String::new();
    let all = &metrics.windows;
    let plain: [Plain; 11] = [
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::audit::metrics::Fold;
    use crate::audit::{Entry, Outcome, synced};

    fn is_name(name: &str) -> bool {
        let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    /// Takes `name="value"` pairs off; what is left must be nothing.
    fn labels(mut rest: &str) -> Vec<(String, String)> {
        let mut all = Vec::new();
        while !rest.is_empty() {
            let (name, after) = rest.split_once("=\"").expect("a label");
            assert!(is_name(name), "{name}");
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().expect("an end of the value") {
                    (_, '\\') => value.push(match chars.next().expect("an escape").1 {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        c => panic!("escape of {c}"),
                    }),
                    (at, '"') => break at,
                    (_, c) => value.push(c),
                }
            };
            all.push((name.to_owned(), value));
            rest = &after[end + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        all
    }

    /// By the description of the text format: every family has its help and type before its samples, stands in one
    /// piece, and no sample is there twice.
    #[test]
    fn the_text_is_what_prometheus_reads() {
        let odd = "a \"b\" \\ c\nd";
        let mut fold = Fold::new(1_756_728_000_000);
        for trigger in ["session-end", odd] {
            let entry = Entry::new(synced::GIT, "sync", Outcome::Success).trigger(trigger).with("status", "conflict");
            fold.add(&Entry { timestamp: 1_756_727_000_000, duration_ms: Some(1500), ..entry });
        }
        let text = text(&fold.finish());
        assert!(text.ends_with('\n'));
        let (mut families, mut samples, mut family) = (BTreeSet::new(), BTreeSet::new(), String::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, _) = help.split_once(' ').expect("a text");
                assert!(is_name(name) && families.insert(name.to_owned()), "{name} is there twice");
                assert!(!name.ends_with("_total"), "that is the name of a counter");
                assert_eq!(lines.next(), Some(format!("# TYPE {name} gauge").as_str()));
                name.clone_into(&mut family);
                continue;
            }
            let (name, rest) = line.split_once('{').expect("labels");
            let (inner, value) = rest.rsplit_once("} ").expect("a value");
            assert_eq!(name, family);
            assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{value}");
            let labels = labels(inner);
            assert!(["24h", "7d", "30d"].contains(&labels[0].1.as_str()));
            assert!(samples.insert((family.clone(), labels)), "{line} is there twice");
        }
        let has = |name: &str, labels: &[(&str, &str)]| {
            let labels = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            samples.contains(&(name.to_owned(), labels))
        };
        assert!(has("craft_syncs_by_trigger", &[("window", "7d"), ("trigger", odd)]));
        assert!(has("craft_sync_duration_seconds", &[("window", "24h"), ("quantile", "0.95")]));
        assert!(text.contains("craft_sync_conflict_ratio{window=\"24h\"} 1\n"));
        assert!(text.contains("craft_sync_duration_seconds{window=\"30d\",quantile=\"0.5\"} 1.5\n"), "{text}");
    }
}
