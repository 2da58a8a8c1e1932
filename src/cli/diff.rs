//! A change of a file, shown line by line.

use similar::{ChangeTag, TextDiff};

use super::ui::Look;
use crate::plain;

/// A unified diff; empty where there is no difference.
pub(super) fn unified(name: &str, before: &str, after: &str, look: &Look) -> String {
    if before == after {
        return String::new();
    }
    let new = if after.is_empty() { "(removed)".to_owned() } else { format!("{name} (changed)") };
    let mut lines = vec![look.strong(&format!("--- {name}")), look.strong(&format!("+++ {new}"))];
    let diff = TextDiff::from_lines(before, after);
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        lines.push(look.faint(&hunk.header().to_string()));
        for part in hunk.iter_changes() {
            let line = shown(part.value());
            lines.push(match part.tag() {
                ChangeTag::Delete => look.taken(&format!("-{line}")),
                ChangeTag::Insert => look.added(&format!("+{line}")),
                ChangeTag::Equal => format!(" {line}"),
            });
            if part.missing_newline() {
                lines.push("\\ No newline at end of file".into());
            }
        }
    }
    lines.join("\n")
}

/// A line of a file without what a terminal would obey.
fn shown(line: &str) -> String {
    plain::lines(line.trim_end_matches(['\r', '\n']))
}
