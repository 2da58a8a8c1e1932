#!/usr/bin/env bash
# Measures how long a query takes in a large journal, and how much memory. Prints a table for docs/benchmarks.md.
#   scripts/bench/journal.sh [LINES]      (1,000,000)
set -euo pipefail
cd "$(dirname "$0")/../.."
lines=${1:-1000000}
runs=${RUNS:-7}
# Without optimisation across crates, which takes minutes and changes little here.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
cargo build --release --locked --quiet --bin craft --example journal
target=${CARGO_TARGET_DIR:-target}/release
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cc -O2 -o "$folder/peak" scripts/bench/peak.c
now=$(date +%s%3N)
echo "| journal | size | command | median | slowest | peak memory |"
echo "|---|---|---|---|---|---|"
for form in days one; do
  home=$folder/$form
  mkdir -p "$home/home"
  "$target/examples/journal" "$home" "$lines" "$now" "$form" >&2
  size=$(du -sm "$home/craft/log" | cut -f1)
  measure() {
    local times=() peak
    for _ in $(seq "$runs"); do
      local begun ended
      begun=$(date +%s%N)
      env -i HOME="$home/home" CLAUDE_CONFIG_DIR="$home" CRAFT_INTERNAL__NOW_MS="$now" "$target/craft" "$@" >"$folder/out"
      ended=$(date +%s%N)
      times+=($(((ended - begun) / 1000000)))
    done
    peak=$(env -i HOME="$home/home" CLAUDE_CONFIG_DIR="$home" CRAFT_INTERNAL__NOW_MS="$now" \
      "$folder/peak" "$target/craft" "$@" | tail -n 1)
    mapfile -t times < <(printf '%s\n' "${times[@]}" | sort -n)
    echo "| $form | $size MiB | \`craft $*\` | ${times[$((runs / 2))]} ms | ${times[$((runs - 1))]} ms | $((peak / 1024)) MiB |"
  }
  measure logs --since 24h --platform git --json
  measure logs --since 24h --platform git --limit 1000000 --json
  measure logs --since 30d --platform ado --json
  measure metrics --json
  measure logs verify
done
