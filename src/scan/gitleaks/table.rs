//! TOML as gitleaks reads it: keys in upper or lower case, one value where a list is meant, numbers in quotes.

use toml::{Table, Value};

use super::super::rule::{Problem, spot};

/// The most that a file of rules may hold, in bytes.
const MOST: usize = 4 << 20;

/// A table of the file.
pub(super) struct Section(Table);

impl Section {
    /// Reads a file. `place` names it in the problem.
    pub(super) fn parse(text: &str, place: &str) -> Result<Self, Problem> {
        if text.len() > MOST {
            return Err(Problem::new(place, format!("it has more than {MOST} bytes and is not used")));
        }
        // The parser's own message may quote the file.
        text.trim_start_matches('\u{feff}').parse::<Table>().map(|t| Self(lower(t))).map_err(|e| {
            let at = e.span().map_or(String::new(), |span| format!(", {}", spot(text, span.start)));
            Problem::new(format!("{place}{at}"), "this is no valid TOML; the file is not used")
        })
    }

    pub(super) fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// A list of texts. One text is taken apart at its commas.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        match self.0.get(key) {
            Some(Value::String(text)) => text.split(',').map(str::to_owned).collect(),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<f64> {
        let number = match self.0.get(key)? {
            #[expect(clippy::cast_precision_loss, reason = "thresholds are small")]
            Value::Integer(n) => *n as f64,
            Value::Float(n) => *n,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    pub(super) fn count(&self, key: &str) -> Option<usize> {
        let number = match self.0.get(key)? {
            Value::Integer(n) => *n,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        usize::try_from(number).ok()
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        match self.0.get(key) {
            Some(Value::Boolean(flag)) => *flag,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true") || text == "1",
            Some(Value::Integer(n)) => *n != 0,
            _ => false,
        }
    }

    /// The tables under `key`, be it one or a list.
    pub(super) fn sections(&self, key: &str) -> Vec<Self> {
        match self.0.get(key) {
            Some(Value::Table(table)) => vec![Self(table.clone())],
            Some(Value::Array(list)) => {
                list.iter().filter_map(Value::as_table).map(|table| Self(table.clone())).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn lower(table: Table) -> Table {
    table.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), inner(value))).collect()
}

fn inner(value: Value) -> Value {
    match value {
        Value::Table(table) => Value::Table(lower(table)),
        Value::Array(list) => Value::Array(list.into_iter().map(inner).collect()),
        other => other,
    }
}
