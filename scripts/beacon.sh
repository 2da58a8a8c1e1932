#!/usr/bin/env bash
# Eight writers at once against one remote, with many messages each, left alone and killed at random moments
# (tests/beacon_race.rs).
#
#   scripts/beacon.sh [--each N] [--seed N]
#
# `--each` is how many messages a writer sends (50), `--seed` says at which moments it is killed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/options.sh
each=50 seed=1
options 'each seed' "$@"
CRAFT_BEACON_EACH=$each CRAFT_BEACON_SEED=$seed \
    exec cargo test --locked --all-features --test runner -- \
    beacon_race::eight_writers_with_fifty --ignored --nocapture --test-threads=1
