#!/usr/bin/env bash
# Random worlds of clones, faults and kills (tests/chaos.rs), for as many steps as are asked for.
#
#   scripts/chaos.sh [--steps N] [--seed N] [--keep N,N,…]
#
# A world has at most 200 steps; the next one has the next seed. --keep plays only these steps of the first
# world: what a failure prints as "shrunk".
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/options.sh
steps=1000 seed=1 keep=
options 'steps seed keep' "$@"
CRAFT_CHAOS_STEPS=$steps CRAFT_CHAOS_SEED=$seed CRAFT_CHAOS_KEEP=$keep \
    exec cargo test --locked --all-features --test runner -- \
    --exact chaos::nothing_is_lost_in_many_worlds --ignored --nocapture
