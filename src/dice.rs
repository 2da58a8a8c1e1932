//! Randomness, injected: the prompt's coin flip, jitter, unique names.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::env::{self, Env};

/// A seedable source of random numbers.
#[derive(Debug)]
pub struct Dice(StdRng);

impl Dice {
    /// Dice seeded by the operating system, or with the seed a test gives in `env`.
    #[must_use]
    pub fn from_env(env: &Env) -> Self {
        match env.str(env::CRAFT_INTERNAL_SEED).and_then(|v| v.parse().ok()) {
            Some(seed) => Self::seeded(seed),
            None => Self(rand::make_rng()),
        }
    }

    /// Dice that always fall the same way.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// A number in `0..sides`, each equally likely. `sides` of 0 counts as 1.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.0.random_range(0..sides.max(1))
    }

    /// A number that names a file.
    pub fn token(&mut self) -> u32 {
        self.0.random()
    }
}
