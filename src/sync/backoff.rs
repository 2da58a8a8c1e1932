//! Waiting between tries: exponential backoff with full jitter.

use crate::config::model::Retry;
use crate::dice::Dice;

/// Largest wait between two tries within one sync, in milliseconds.
const WITHIN_CAP: u64 = 5_000;
/// First bound of the wait between two automatic syncs, in milliseconds.
const BETWEEN_BASE: u64 = 30_000;

/// How long to wait, in milliseconds, before try number `attempt` (from 1) within one sync.
pub fn within(retry: &Retry, attempt: u32, dice: &mut Dice) -> u64 {
    jitter(retry.base_ms, WITHIN_CAP.min(retry.cap_ms), attempt, dice)
}

/// How long to wait, in milliseconds, after `failures` failed syncs in a row before the next one.
pub fn between(retry: &Retry, failures: u32, dice: &mut Dice) -> u64 {
    jitter(BETWEEN_BASE.min(retry.cap_ms), retry.cap_ms, failures, dice)
}

/// A random time up to `base * 2^(n-1)`, at most `cap`. Full jitter: machines that failed together
/// do not come back together.
fn jitter(base: u64, cap: u64, n: u32, dice: &mut Dice) -> u64 {
    let bound = base.saturating_mul(1u64.checked_shl(n.saturating_sub(1)).unwrap_or(u64::MAX)).min(cap);
    dice.below(bound.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_cap_and_use_the_whole_range() {
        let retry = Retry { base_ms: 100, cap_ms: 1_000, ..Retry::default() };
        let mut dice = Dice::seeded(7);
        let mut most = |n| (0..2_000).map(|_| within(&retry, n, &mut dice)).max().unwrap();
        assert!((90..=100).contains(&most(1)) && (180..=200).contains(&most(2)) && (950..=1_000).contains(&most(64)));
        let least = (0..2_000).map(|_| between(&retry, 3, &mut Dice::seeded(7))).min().unwrap();
        assert!(least <= 1_000);
    }
}
