//! The mark of a place in a document that waits for words of the model or of a user.

use crate::book::markdown::{Place, lines};

/// How a mark begins; it ends with `_` on the same line.
pub const MARK: &str = "_To be written:";

/// A mark that says what belongs in its place.
#[must_use]
pub fn mark(what: &str) -> String {
    format!("{MARK} {what}_")
}

/// A place that waits.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Unfilled {
    /// Its line, from 1.
    pub line: usize,
    /// What belongs there.
    pub what: String,
}

/// The places of `text` that wait, outside of code.
#[must_use]
pub fn unfilled(text: &str) -> Vec<Unfilled> {
    let numbered = lines(text).enumerate().filter(|(_, line)| line.place == Place::Outside);
    numbered
        .flat_map(|(at, line)| {
            line.text.split(MARK).skip(1).map(move |rest| {
                let what = rest.split_once('_').map_or(rest, |(what, _)| what);
                Unfilled { line: at + 1, what: what.trim().to_owned() }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_where_they_stand_and_not_in_code() {
        let text = format!("# X\n{}\n```\n{}\n```\n- a: {} b\n", mark("the why"), mark("code"), mark("what"));
        let found: Vec<_> = unfilled(&text).into_iter().map(|u| (u.line, u.what)).collect();
        assert_eq!(found, [(2, "the why".to_owned()), (6, "what".to_owned())]);
        assert_eq!(unfilled("_To be written: cut off").len(), 1);
    }
}
