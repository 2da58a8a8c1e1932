//! How often a job runs, as people write it: `15m`, `2h`, `1d`.

use crate::clock::{self, Millis};

/// One minute, in milliseconds.
pub const MINUTE: Millis = 60_000;
/// One hour, in milliseconds.
pub const HOUR: Millis = 60 * MINUTE;
/// One day, in milliseconds.
pub const DAY: Millis = 24 * HOUR;

/// No job runs more often.
pub const SHORTEST: Millis = MINUTE;
/// No job runs less often: what lies further ahead than this is the work of a clock that was wrong.
pub const LONGEST: Millis = 7 * DAY;

/// What an interval may look like.
pub const FORMS: &str = "`15m`, `2h` or `1d`, from `1m` to `7d`";

/// Reads an interval. The error says what is wrong, for people.
///
/// # Errors
/// Where it is none, or out of bounds.
pub fn parse(text: &str) -> Result<Millis, String> {
    let wrong = || format!("`{}` is no interval; it looks like {FORMS}", crate::plain::line(text));
    let text = text.trim();
    let ms = clock::parse_span(text).ok_or_else(wrong)?;
    if (SHORTEST..=LONGEST).contains(&ms) {
        Ok(ms)
    } else {
        Err(format!("`{text}` is too {}; it looks like {FORMS}", if ms < SHORTEST { "short" } else { "long" }))
    }
}

/// An interval in words: `15 min`, `90 min`, `2 h`, `1 day`.
#[must_use]
pub fn words(ms: Millis) -> String {
    match ms {
        ms if ms == DAY => "1 day".into(),
        ms if ms >= DAY && ms % DAY == 0 => format!("{} days", ms / DAY),
        ms if ms >= HOUR && ms % HOUR == 0 => format!("{} h", ms / HOUR),
        ms if ms % MINUTE == 0 => format!("{} min", ms / MINUTE),
        ms => format!("{} s", ms / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_number_and_a_unit_within_bounds_and_all_else_shows_the_forms() {
        for (text, ms, said) in [
            ("15m", 15 * MINUTE, "15 min"),
            ("15 min", 15 * MINUTE, "15 min"),
            ("90m", 90 * MINUTE, "90 min"),
            ("2h", 2 * HOUR, "2 h"),
            ("1d", DAY, "1 day"),
            (" 7d ", 7 * DAY, "7 days"),
            ("1m", MINUTE, "1 min"),
        ] {
            assert_eq!(parse(text), Ok(ms), "{text}");
            assert_eq!(words(ms), said);
        }
        for text in ["", "m", "15", "-15m", "1.5h", "15m5", "h2", "１m", "\u{1b}[31m", "99999999999999999999d"] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(FORMS) && said.contains("is no interval"), "{said}");
            assert!(!said.contains('\u{1b}'));
        }
        for text in ["0m", "59s"] {
            assert!(parse(text).unwrap_err().contains("is too short"), "{text}");
        }
        for text in ["8d", "18446744073709551615d"] {
            assert!(parse(text).unwrap_err().contains("is too long"), "{text}");
        }
    }
}
