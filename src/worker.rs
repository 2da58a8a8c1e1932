//! To come.

use crate::env::Env;

/// To come.
pub fn run(env: Env, again: bool) {
    drop((env, again));
}
