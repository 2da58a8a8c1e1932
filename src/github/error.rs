//! How a call of GitHub's interface ends otherwise than well.

use serde::Deserialize;

use crate::clock::{Clock, Millis};
use crate::http::{Answer, Method};
use crate::plain;
use crate::scan::redact::hush;

/// After a limit whose end nobody names (docs.github.com, "Best practices for using the REST API").
const UNNAMED: Millis = 60_000;
/// No limit of theirs lasts longer; a header that says more is not believed.
const LONGEST: Millis = 24 * 3_600_000;

/// Why a call did not give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GithubError {
    /// It is as it was (304).
    #[error("nothing has changed")]
    NotModified,
    /// Too many requests (403 or 429): nothing may be asked before `until`.
    #[error("GitHub asks to wait: {why}")]
    Limited {
        /// When it may be asked again.
        until: Millis,
        /// Whether an answer said so; otherwise whoever is limited again and again waits longer each time.
        named: bool,
        /// What it said.
        why: String,
    },
    /// Nobody's token, or one that has ended (401).
    #[error("GitHub does not take the token: {0}")]
    Unauthorized(String),
    /// It may not be done with this token (403).
    #[error("GitHub does not allow it: {0}")]
    Forbidden(String),
    /// It was deleted (410).
    #[error("it was deleted")]
    Gone,
    /// It is at another place now, and the call was not repeated there.
    #[error("it is at {0} now")]
    Moved(String),
    /// There is none, or it may not be seen with this token (404).
    #[error("there is none that this token may see")]
    NotFound,
    /// It is locked, and may not be changed.
    #[error("it is locked")]
    Locked,
    /// GitHub does not take what it was sent (400, 412, 422).
    #[error("GitHub does not take it: {}", errors.join("; "))]
    Invalid {
        /// What it says is wrong.
        errors: Vec<String>,
    },
    /// GitHub is not well (5xx, or an answer that cannot be read) and nothing was to be changed.
    #[error("GitHub is not well: {0}")]
    Unwell(String),
    /// It may have been done: the connection broke off, or the answer cannot be read.
    #[error("nobody knows whether it was done: {0}")]
    Unknown(String),
    /// It was surely not done: GitHub was not reached.
    #[error("GitHub cannot be reached: {0}")]
    NotSent(String),
    /// It was not tried: an address that may not be asked.
    #[error("{0}")]
    Refused(String),
}

/// What GitHub says of an error.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    message: String,
    errors: Vec<serde_json::Value>,
}

impl GithubError {
    /// What an answer means that is neither a success nor leads elsewhere.
    pub(super) fn from_answer(answer: &Answer, method: Method, clock: &dyn Clock) -> Self {
        let said: Said = serde_json::from_slice(&answer.body).unwrap_or_default();
        let message = shown(if said.message.is_empty() { "without a reason" } else { &said.message });
        let lower = said.message.to_ascii_lowercase();
        match answer.status {
            304 => Self::NotModified,
            401 => Self::Unauthorized(message),
            429 => limited(answer, clock, message),
            403 if is_limit(answer, &lower) => limited(answer, clock, message),
            423 => Self::Locked,
            403 if lower.contains("locked") => Self::Locked,
            403 | 451 => Self::Forbidden(message),
            404 => Self::NotFound,
            410 => Self::Gone,
            400 | 412 | 422 => {
                let detail = said.errors.iter().take(5).map(|e| {
                    let word = |key: &str| e.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
                    let words = [word("field"), word("code"), word("message"), e.as_str().unwrap_or_default()];
                    shown(&words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" "))
                });
                Self::Invalid { errors: std::iter::once(message).chain(detail).collect() }
            }
            status if method == Method::Get => Self::Unwell(format!("status {status}, {message}")),
            status if status >= 500 => Self::Unknown(format!("status {status}, {message}")),
            status => Self::Invalid { errors: vec![format!("status {status}, {message}")] },
        }
    }
}

/// Whether a 403 is a limit and no prohibition. Both have the same status; headers and words tell them apart.
fn is_limit(answer: &Answer, message: &str) -> bool {
    answer.header("retry-after").is_some()
        || answer.header("x-ratelimit-remaining") == Some("0")
        || message.contains("rate limit")
        || message.contains("abuse detection")
}

fn limited(answer: &Answer, clock: &dyn Clock, why: String) -> GithubError {
    let until = named_end(answer, clock.now_ms());
    GithubError::Limited { until: until.unwrap_or(clock.now_ms() + UNNAMED), named: until.is_some(), why }
}

/// When a limit ends, where an answer says so.
fn named_end(answer: &Answer, now: Millis) -> Option<Millis> {
    let after = answer.header("retry-after").and_then(|text| {
        let seconds = text.trim().parse::<u64>().ok().map(|s| now.saturating_add(s.saturating_mul(1000)));
        let date = || chrono::DateTime::parse_from_rfc2822(text.trim()).ok();
        seconds.or_else(|| date().and_then(|t| u64::try_from(t.timestamp_millis()).ok()))
    });
    let until = after.or_else(|| exhausted_until(answer))?;
    Some(until.clamp(now.saturating_add(1000), now.saturating_add(LONGEST)))
}

/// When there are requests left again, where this answer used the last one up.
pub(super) fn exhausted_until(answer: &Answer) -> Option<Millis> {
    let none_left = answer.header("x-ratelimit-remaining") == Some("0");
    let reset = answer.header("x-ratelimit-reset").filter(|_| none_left)?.trim().parse::<u64>().ok()?;
    Some(reset.saturating_mul(1000))
}

/// A text of theirs, as it may be shown.
pub(super) fn shown(text: &str) -> String {
    plain::cut(&hush(&plain::line(text)), 200)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn error(status: u16, headers: &[(&str, &str)], body: &str, method: Method) -> GithubError {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        GithubError::from_answer(&Answer { status, headers, body: body.into() }, method, &ManualClock::at(1_000_000))
    }

    fn until(status: u16, headers: &[(&str, &str)], body: &str) -> Option<(Millis, bool)> {
        match error(status, headers, body, Method::Get) {
            GithubError::Limited { until, named, .. } => Some((until, named)),
            _ => None,
        }
    }

    #[test]
    fn a_403_is_told_apart_into_limit_lock_and_prohibition() {
        assert_eq!(until(403, &[("retry-after", "30")], "{}"), Some((1_030_000, true)));
        let spent = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1200")];
        assert_eq!(until(403, &spent, "{}"), Some((1_200_000, true)));
        let secondary = "{\"message\":\"You have exceeded a secondary rate limit. Please wait.\"}";
        assert_eq!(until(403, &[("x-ratelimit-remaining", "4999")], secondary), Some((1_060_000, false)));
        assert_eq!(until(429, &[], ""), Some((1_060_000, false)));
        assert_eq!(until(429, &[("retry-after", "99999999")], ""), Some((1_000_000 + LONGEST, true)));
        assert_eq!(until(429, &[("retry-after", "Thu, 01 Jan 1970 00:17:20 GMT")], ""), Some((1_040_000, true)));
        assert_eq!(until(429, &[("retry-after", "-1")], ""), Some((1_060_000, false)));
        let forbidden = "{\"message\":\"Resource not accessible by integration\"}";
        assert!(matches!(error(403, &[], forbidden, Method::Patch), GithubError::Forbidden(_)));
        let locked = "{\"message\":\"Unable to edit: the issue is Locked\"}";
        assert_eq!(error(403, &[], locked, Method::Patch), GithubError::Locked);
    }

    #[test]
    fn a_write_that_may_have_been_done_is_not_taken_for_one_that_was_not() {
        for status in [500, 502, 503, 504] {
            assert!(matches!(error(status, &[], "<html>", Method::Post), GithubError::Unknown(_)), "{status}");
            assert!(matches!(error(status, &[], "<html>", Method::Get), GithubError::Unwell(_)), "{status}");
        }
        let body = r#"{"message":"Validation Failed","errors":[{"field":"title","code":"missing_field"},"x"]}"#;
        assert_eq!(
            error(422, &[], body, Method::Post).to_string(),
            "GitHub does not take it: Validation Failed; title missing_field; x"
        );
        assert_eq!(error(410, &[], "", Method::Get), GithubError::Gone);
    }

    #[test]
    fn what_github_says_is_shown_as_data() {
        let body = "{\"message\":\"\\u001b[2Jgo to https://u:ghp_abc@evil.example \\u202e\"}";
        let GithubError::Forbidden(text) = error(403, &[], body, Method::Get) else { panic!() };
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains("ghp_abc"), "{text}");
    }
}
