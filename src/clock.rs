//! Wall-clock time, injected.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

use crate::env::{self, Env};

/// Milliseconds since the Unix epoch. The unit of every time the suite writes to disk as a number.
pub type Millis = u64;

/// A source of wall-clock time.
pub trait Clock {
    /// Now, in milliseconds since the epoch.
    fn now_ms(&self) -> Millis;

    /// How long this machine has been up, where that is known. Nobody can set this clock, and it counts time that
    /// the machine slept, so two readings of one boot tell how much time has really passed.
    fn uptime(&self) -> Option<Uptime> {
        None
    }
}

/// A moment by the clock that began with a boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uptime {
    /// Which boot of which machine: moments of two boots cannot be compared.
    pub boot: String,
    /// Milliseconds since then.
    pub ms: Millis,
}

/// The machine's clock, or the frozen one that a test asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock {
    frozen: Option<Millis>,
}

impl SystemClock {
    /// The clock `env` asks for: the machine's, unless a test froze it.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        Self { frozen: env.str(env::CRAFT_INTERNAL_NOW).and_then(|v| v.parse().ok()) }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this module owns the clock")]
    fn now_ms(&self) -> Millis {
        self.frozen.unwrap_or_else(|| {
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
        })
    }

    /// From `/proc` (proc_uptime(5), which includes sleep); elsewhere it is not known.
    fn uptime(&self) -> Option<Uptime> {
        if self.frozen.is_some() {
            return None;
        }
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        let text = std::fs::read_to_string("/proc/uptime").ok()?;
        let (seconds, rest) = text.split_once('.')?;
        let hundredths = rest.split_whitespace().next()?;
        let ms = seconds.parse::<u64>().ok()?.checked_mul(1000)?;
        Some(Uptime { boot, ms: ms.checked_add(hundredths.parse::<u64>().ok()?.checked_mul(10)?)? })
    }
}

/// A clock that moves only when it is told to. For tests.
#[derive(Debug, Default)]
pub struct ManualClock(Cell<Millis>);

impl ManualClock {
    /// A clock that stands at `ms`.
    #[must_use]
    pub fn at(ms: Millis) -> Self {
        Self(Cell::new(ms))
    }

    /// Moves the clock by `ms`.
    pub fn advance(&self, ms: Millis) {
        self.0.set(self.0.get() + ms);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> Millis {
        self.0.get()
    }
}

/// `ms` as RFC 3339 in UTC with seconds, the form every document of ours uses: `2025-09-01T12:00:00Z`.
#[must_use]
pub fn rfc3339(ms: Millis) -> String {
    i64::try_from(ms)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .map_or_else(|| "1970-01-01T00:00:00Z".to_owned(), |t| t.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The same with milliseconds: `2025-09-01T12:00:00.042Z`. Texts of this form sort as their times do.
#[must_use]
pub fn rfc3339_ms(ms: Millis) -> String {
    i64::try_from(ms)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .map_or_else(|| "1970-01-01T00:00:00.000Z".to_owned(), |t| t.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// For serde: a time that is kept as [`rfc3339_ms`].
pub mod iso {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::{Millis, parse_rfc3339, rfc3339_ms};

    /// Writes it.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(ms: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339_ms(*ms))
    }

    /// Reads it.
    ///
    /// # Errors
    /// Where the text is no such time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Millis, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_rfc3339(&text).ok_or_else(|| D::Error::custom("no time as RFC 3339 has it"))
    }
}

/// `ms` as a compact UTC stamp that may stand in a file or ref name: `20250901T120000Z`.
#[must_use]
pub fn compact(ms: Millis) -> String {
    rfc3339(ms).replace(['-', ':'], "")
}

/// A length of time as people say it, rounded down: `12 s`, `5 min`, `3 h`, `2 days`.
#[must_use]
pub fn span(ms: Millis) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        86_400..172_800 => "1 day".into(),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// The inverse of [`rfc3339`]; `None` for text that is no such time or before the epoch.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Millis> {
    DateTime::parse_from_rfc3339(text).ok().and_then(|t| u64::try_from(t.timestamp_millis()).ok())
}

/// A length of time as people type it: a whole number and one of `s`, `m` (or `min`), `h`, `d`, `w`.
#[must_use]
pub fn parse_span(text: &str) -> Option<Millis> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let unit = match unit.trim_start() {
        "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        _ => return None,
    };
    Some(number.parse::<Millis>().ok()?.saturating_mul(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_forms_are_those_of_the_seed_document() {
        let ms = 1_756_728_000_000;
        assert_eq!(rfc3339(ms), "2025-09-01T12:00:00Z");
        assert_eq!(compact(ms), "20250901T120000Z");
        assert_eq!(parse_rfc3339("2025-09-01T12:00:00Z"), Some(ms));
        assert_eq!(parse_rfc3339("yesterday"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn how_long_the_machine_is_up_goes_on_in_one_boot_and_is_not_known_of_a_frozen_clock() {
        let clock = SystemClock::default();
        let (one, two) = (clock.uptime().unwrap(), clock.uptime().unwrap());
        assert!(one.boot == two.boot && !one.boot.is_empty() && one.ms > 0 && one.ms <= two.ms);
        let env = Env::from_pairs([(env::CRAFT_INTERNAL_NOW, "1")]);
        assert_eq!(SystemClock::from_env(&env).uptime(), None);
    }
}
