#!/usr/bin/env bash
# Random sequences of `craft plan` commands and of what people do by hand (tests/plan_sequences.rs).
#
#   scripts/plans.sh [--runs N] [--seed N]
#
# Each sequence has the next seed. What fails prints its seed and what was typed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/options.sh
runs=2000 seed=1000
options 'runs seed' "$@"
CRAFT_PLANS_RUNS=$runs CRAFT_PLANS_SEED=$seed \
    exec cargo test --locked --all-features --test runner -- \
    --exact plan_sequences::many_orders_of_commands_lose_nothing --ignored --nocapture
