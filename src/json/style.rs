//! How a JSON text is laid out, so that what is added looks like what is there.

use serde_json::Value;

use super::document::Node;

/// The layout of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// What ends a line.
    pub newline: &'static str,
    /// What one level is indented by.
    pub unit: String,
    /// No blank after a colon and a comma.
    pub compact: bool,
    /// More than one line, or nothing yet.
    pub multiline: bool,
}

impl Style {
    /// The layout of `text`, whose root value is `root`.
    #[must_use]
    pub fn of(text: &str, root: &Node) -> Self {
        let newline = match text.find(['\n', '\r']) {
            Some(at) if text[at..].starts_with("\r\n") => "\r\n",
            Some(at) if text[at..].starts_with('\r') => "\r",
            _ => "\n",
        };
        let compact = root.members().first().is_some_and(|m| {
            let after_colon = text[m.start..m.value.start].rsplit(':').next().unwrap_or_default();
            after_colon.is_empty()
        });
        Self {
            newline,
            unit: unit(text, root).unwrap_or_else(|| "  ".into()),
            compact,
            multiline: root.children().next().is_none() || text[root.start..root.end].contains(['\n', '\r']),
        }
    }

    /// `value` as text. Lines after the first are indented by `indent` and more; `None` puts all on one.
    #[must_use]
    pub fn print(&self, value: &Value, indent: Option<&str>) -> String {
        let mut out = String::new();
        self.write(value, indent, &mut out);
        out
    }

    /// `"key": value`.
    #[must_use]
    pub fn member(&self, key: &str, value: &Value, indent: Option<&str>) -> String {
        format!("{}:{}{}", Value::from(key), self.gap(), self.print(value, indent))
    }

    /// What follows a colon, and a comma on the same line.
    #[must_use]
    pub fn gap(&self) -> &'static str {
        if self.compact { "" } else { " " }
    }

    fn write(&self, value: &Value, indent: Option<&str>, out: &mut String) {
        let inner = indent.map(|i| format!("{i}{}", self.unit));
        let parts: Vec<String> = match value {
            Value::Object(map) => map.iter().map(|(k, v)| self.member(k, v, inner.as_deref())).collect(),
            Value::Array(items) => items.iter().map(|v| self.print(v, inner.as_deref())).collect(),
            scalar => return out.push_str(&scalar.to_string()),
        };
        let (open, close) = if value.is_object() { ('{', '}') } else { ('[', ']') };
        out.push(open);
        match (indent, inner) {
            (Some(indent), Some(inner)) if !parts.is_empty() => {
                for (at, part) in parts.iter().enumerate() {
                    out.extend([if at > 0 { "," } else { "" }, self.newline, inner.as_str(), part]);
                }
                out.extend([self.newline, indent]);
            }
            _ => out.push_str(&parts.join(&format!(",{}", self.gap()))),
        }
        out.push(close);
    }
}

/// The blanks and tabs in front of the line that `at` is in.
#[must_use]
pub fn line_indent(text: &str, at: usize) -> &str {
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |n| n + 1);
    let line = &text[start..at];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// How much further the first child that begins a line is indented than the line its parent begins in.
fn unit(text: &str, node: &Node) -> Option<String> {
    let mut open = node.start + 1;
    for (start, end, child) in node.children() {
        if text[open..start].contains(['\n', '\r']) {
            let more = line_indent(text, start).strip_prefix(line_indent(text, node.start))?;
            if !more.is_empty() {
                return Some(more.to_owned());
            }
        }
        if let Some(found) = unit(text, child) {
            return Some(found);
        }
        open = end;
    }
    None
}
