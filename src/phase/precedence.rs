//! Which of two records of one phase says how it stands.

use std::cmp::Ordering;

use serde_json::Value;

use crate::book::fields::Status;
use crate::clock;

/// How two records compare by when the phase was rolled back last (`rolled_back.time`); never is before any time.
///
/// Whoever rolls a phase back means it, however far it has come elsewhere.
pub(super) fn by_rollback(one: &Value, other: &Value) -> Ordering {
    let rank = |phase: &Value| {
        let text = phase["rolled_back"]["time"].as_str().unwrap_or_default().to_owned();
        (clock::parse_rfc3339(&text), text)
    };
    rank(one).cmp(&rank(other))
}

/// How two records compare: the greater one says how the phase stands. It is the one that was rolled back later, else
/// the one that is further along.
pub(super) fn compare(one: &Value, other: &Value) -> Ordering {
    let status = |phase: &Value| serde_json::from_value::<Status>(phase["status"].clone()).ok();
    by_rollback(one, other).then_with(|| status(one).cmp(&status(other)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rollback_counts_more_than_being_further_along_and_a_later_one_more_than_an_earlier() {
        let phase = |status: &str, back: Option<&str>| match back {
            Some(time) => json!({"phase": 1, "status": status, "rolled_back": {"time": time}}),
            None => json!({"phase": 1, "status": status}),
        };
        let (early, late) = (Some("2025-12-20T12:00:00+02:00"), Some("2025-12-20T11:00:00Z"));
        let rising = [
            phase("pending", None),
            phase("in_progress", None),
            phase("completed", None),
            phase("pending", Some("at some time")),
            phase("completed", early),
            phase("pending", late),
            phase("in_progress", late),
        ];
        for (at, one) in rising.iter().enumerate() {
            for (behind, other) in rising.iter().enumerate() {
                assert_eq!(compare(one, other), at.cmp(&behind), "{one} and {other}");
            }
        }
    }
}
