//! Until when a tracker wants to be left alone: `pauses.json` in our folder. A limit is of a user and not of a working
//! tree, so all of them keep it together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::file::Versioned;
use crate::clock::Millis;

/// A bound that lies further ahead was made by a clock that was wrong.
const FARTHEST: Millis = 25 * 3_600_000;
/// Who is limited again and again without being told until when waits no longer than this.
const LONGEST: Millis = 3_600_000;
/// Interfaces that are kept; nobody talks to as many.
const MOST: usize = 32;

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Pauses {
    /// Format version; 1.
    pub version: u32,
    /// By the address of the interface.
    pub apis: BTreeMap<String, Pause>,
}

/// What is known of one interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Pause {
    /// Nothing is asked there before this.
    pub not_before: Millis,
    /// Limits that came one after the other without an end that was named.
    pub strikes: u32,
    /// Whether the last of them came upon a change: looking in between is no sign that one may change again.
    pub writing: bool,
}

impl Versioned for Pauses {
    const VERSION: u32 = 1;
}

impl Pauses {
    /// Until when nothing may be asked at `api`; `None` where it may.
    #[must_use]
    pub fn until(&self, api: &str, now: Millis) -> Option<Millis> {
        let until = self.apis.get(api)?.not_before;
        (now < until && until - now <= FARTHEST).then_some(until)
    }

    /// Nothing shall be asked at `api` before `until`. Where nobody `named` that time, it grows from limit to limit.
    pub fn limit(&mut self, api: &str, now: Millis, until: Millis, named: bool, writing: bool) {
        let strikes = self.apis.get(api).map_or(0, |p| p.strikes);
        let next = if named {
            Pause { not_before: until, strikes: 0, writing }
        } else {
            let longer = until.saturating_sub(now).saturating_mul(1 << strikes.min(6));
            let not_before = now.saturating_add(longer.min(LONGEST));
            Pause { not_before, strikes: strikes.saturating_add(1), writing }
        };
        self.apis.insert(api.to_owned(), next);
        self.tidy(api, now);
    }

    /// `api` did what it was asked for, so limits are not in a row any more. Whether that changes anything.
    pub fn answered(&mut self, api: &str, writing: bool) -> bool {
        let pause = self.apis.get_mut(api).filter(|pause| pause.strikes > 0 && (writing || !pause.writing));
        pause.map(|pause| pause.strikes = 0).is_some()
    }

    /// Takes out what is over for long, and of too many those that end first.
    fn tidy(&mut self, api: &str, now: Millis) {
        self.apis.retain(|name, pause| name == api || now.abs_diff(pause.not_before) <= FARTHEST);
        while self.apis.len() > MOST {
            let others = self.apis.iter().filter(|(name, _)| *name != api);
            let Some(first) = others.min_by_key(|(_, pause)| pause.not_before).map(|(name, _)| name.clone()) else {
                return;
            };
            self.apis.remove(&first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_of_one_interface_and_grows_while_nobody_names_its_end() {
        let mut pauses = Pauses::default();
        let mut now = 1_756_728_000_000;
        for seconds in [60, 120, 240, 480, 960, 1920, 3600, 3600] {
            pauses.limit("a", now, now + 60_000, false, true);
            assert!(!pauses.answered("a", false), "that it may be looked says nothing of changes");
            assert_eq!(pauses.until("a", now), Some(now + seconds * 1000));
            now += seconds * 1000;
            assert_eq!(pauses.until("a", now), None);
        }
        assert_eq!(pauses.until("b", now - 1), None);
        assert!(pauses.answered("a", true) && !pauses.answered("a", true) && !pauses.answered("b", true));
        pauses.limit("a", now, now + 60_000, false, false);
        assert_eq!(pauses.until("a", now), Some(now + 60_000));
        assert!(pauses.clone().answered("a", false) && pauses.clone().answered("a", true));
        pauses.limit("a", now, now + 90_000, true, false);
        assert_eq!((pauses.until("a", now), pauses.apis["a"].strikes), (Some(now + 90_000), 0));
        assert_eq!(pauses.until("a", now - 400 * 86_400_000), None, "the clock was far ahead when it was made");
    }

    #[test]
    fn there_are_never_many() {
        let mut pauses = Pauses::default();
        for n in 0..1000_u64 {
            pauses.limit(&format!("api {n}"), 1_000_000 + n, 1_060_000 + n, true, false);
        }
        assert_eq!(pauses.apis.len(), MOST);
        assert!(pauses.apis.contains_key("api 999") && !pauses.apis.contains_key("api 0"));
        pauses.limit("last", 1 << 40, 1 << 40, true, false);
        assert_eq!(pauses.apis.len(), 1, "what is over for long goes");
    }
}
