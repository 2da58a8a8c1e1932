//! A time as people type it.

use chrono::{NaiveDate, NaiveDateTime};

use crate::clock::{self, Millis, parse_span};

/// The forms, for messages.
pub const FORMS: &str =
    "30m, 2h, 7d or 2w (ago), 2026-11-20, 2026-11-20T14:30 or 2026-11-20T14:30:00Z (UTC where no zone is named)";

const DAY: Millis = 86_400_000;

/// Which end of a range a time is: a day is in it as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Its beginning.
    Since,
    /// Its end, which is part of it.
    Until,
}

/// Reads a time; `None` where it has none of the [`FORMS`].
#[must_use]
pub fn parse(text: &str, side: Side, now: Millis) -> Option<Millis> {
    let text = text.trim();
    if let Some(ago) = parse_span(text) {
        return Some(now.saturating_sub(ago));
    }
    // What is left out of a time is the first or the last moment that fits.
    let (whole, last) = if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        (date.and_hms_opt(0, 0, 0)?, DAY - 1)
    } else if let Some(time) = naive(text, "%H:%M") {
        (time, 59_999)
    } else if let Some(time) = naive(text, "%H:%M:%S") {
        (time, 999)
    } else {
        return clock::parse_rfc3339(text);
    };
    let ms = Millis::try_from(whole.and_utc().timestamp_millis()).ok()?;
    Some(if side == Side::Until { ms + last } else { ms })
}

fn naive(text: &str, time: &str) -> Option<NaiveDateTime> {
    ['T', ' '].iter().find_map(|between| NaiveDateTime::parse_from_str(text, &format!("%Y-%m-%d{between}{time}")).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_756_728_000_000;

    #[test]
    fn every_form_is_read_and_an_end_takes_all_of_what_it_names() {
        let at = |text: &str, side| parse(text, side, NOW).map(clock::rfc3339_ms);
        let table = [
            ("90s", "2025-09-01T11:58:30.000Z", "2025-09-01T11:58:30.000Z"),
            ("30m", "2025-09-01T11:30:00.000Z", "2025-09-01T11:30:00.000Z"),
            ("2h", "2025-09-01T10:00:00.000Z", "2025-09-01T10:00:00.000Z"),
            ("7d", "2025-08-25T12:00:00.000Z", "2025-08-25T12:00:00.000Z"),
            ("2w", "2025-08-18T12:00:00.000Z", "2025-08-18T12:00:00.000Z"),
            ("2025-08-20", "2025-08-20T00:00:00.000Z", "2025-08-20T23:59:59.999Z"),
            ("2025-08-20T14:30", "2025-08-20T14:30:00.000Z", "2025-08-20T14:30:59.999Z"),
            ("2025-08-20 14:30:05", "2025-08-20T14:30:05.000Z", "2025-08-20T14:30:05.999Z"),
            ("2025-08-20T14:30:05+02:00", "2025-08-20T12:30:05.000Z", "2025-08-20T12:30:05.000Z"),
            ("2025-08-20T14:30:05.5Z", "2025-08-20T14:30:05.500Z", "2025-08-20T14:30:05.500Z"),
            ("99999d", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"),
        ];
        for (text, since, until) in table {
            assert_eq!(at(text, Side::Since).as_deref(), Some(since), "{text}");
            assert_eq!(at(text, Side::Until).as_deref(), Some(until), "{text}");
        }
        for bad in ["", "h", "-2h", "+2h", "2x", "yesterday", "2025-02-30", "2025-8-1x", "99999999999999999999d", "2é"]
        {
            assert_eq!(at(bad, Side::Since), None, "{bad}");
        }
    }
}
