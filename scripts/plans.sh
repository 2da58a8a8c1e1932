#!/usr/bin/env bash
# Random sequences of `craft plan` commands and of what people do by hand (tests/plan_sequences.rs).
#
#   scripts/plans.sh [--runs N] [--seed N]
#
# Each sequence has the next seed. What fails prints its seed and what was typed.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=2000 seed=1000
while [ $# -gt 0 ]; do
    case "$1 ${2:-}" in
        '--runs '?*) runs=$2 ;;
        '--seed '?*) seed=$2 ;;
        *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift 2
done
CRAFT_PLANS_RUNS=$runs CRAFT_PLANS_SEED=$seed \
    exec cargo test --locked --all-features --test runner -- \
    --exact plan_sequences::many_orders_of_commands_lose_nothing --ignored --nocapture
