#!/usr/bin/env bash
# Fuzzes the parsers (fuzz/): from the inputs that are kept, for as long or as often as is asked for.
#
#   scripts/fuzz.sh [--seconds N | --runs N] [TARGET…]
#
# --seconds N is the time of all targets together (60), --runs N the inputs of each. Without a target, all.
# What fails is kept in fuzz/regressions/<target>/, and the ordinary tests replay it from then on; what is new
# and does not fail is in target/fuzz/corpus/<target>/. Ends with 1 where something failed.
set -euo pipefail
cd "$(dirname "$0")/.."
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }

seconds=60 runs='' targets=()
while [ $# -gt 0 ]; do
    case "$1" in
        --seconds) [[ ${2:-} =~ ^[0-9]+$ ]] || usage; seconds=$2; shift 2 ;;
        --runs) [[ ${2:-} =~ ^[0-9]+$ ]] || usage; runs=$2; shift 2 ;;
        -*) usage ;;
        *) [ -e "fuzz/fuzz_targets/$1.rs" ] || { echo "there is no target $1" >&2; usage; }; targets+=("$1"); shift ;;
    esac
done
if [ ${#targets[@]} -eq 0 ]; then
    for file in fuzz/fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

# A compiler that counts what is reached: what `cargo fuzz` does, for a stable compiler and without being built
# first. Only what takes input apart is counted. Memory is not looked at (no sanitizer): the code is safe Rust.
RUSTC_WRAPPER=$PWD/fuzz/rustc.sh cargo build --locked --release --quiet --manifest-path fuzz/Cargo.toml --bins \
    --target-dir target/fuzz
programs=target/fuzz/release

# Targets that read and write files do so in memory where that is possible.
scratch=$(mktemp -d -p /dev/shm craft-fuzz.XXXXXX 2>/dev/null || mktemp -d)
trap 'rm -rf "$scratch"' EXIT

each=$((seconds / ${#targets[@]}))
[ "$each" -gt 0 ] || each=1
failed=0
printf '%-12s %12s %10s %8s %8s\n' target inputs 'a second' new crashes
for target in "${targets[@]}"; do
    found=target/fuzz/corpus/$target kept=fuzz/regressions/$target log=$scratch/log
    mkdir -p "$found" "$kept" "$scratch/tmp"
    # libFuzzer's watch over an input that takes too long goes by the clock of the wall, which also runs while a
    # machine stands still, and may stop for ever itself, in its signal handler.
    limit=(-max_total_time="$each" -timeout=240) patience=(timeout -k 10 $((each + 300)))
    [ -z "$runs" ] || { limit=(-runs="$runs" -timeout=1200); patience=(); }
    # A dictionary says how the words of a format are spelled.
    words=()
    [ ! -e "fuzz/dictionaries/$target.dict" ] || words=(-dict="fuzz/dictionaries/$target.dict")
    before=$(find "$kept" -type f | wc -l)
    code=0
    TMPDIR=$scratch/tmp "${patience[@]}" "$programs/$target" "${limit[@]}" "${words[@]}" -print_final_stats=1 \
        -max_len=2048 -report_slow_units=1200 -rss_limit_mb=3000 -artifact_prefix="$kept/" \
        "$found" "fuzz/corpus/$target" "$kept" >"$log" 2>&1 || code=$?
    stat() { sed -n "s/^stat::$1: *//p" "$log"; }
    crashes=$(($(find "$kept" -type f | wc -l) - before))
    printf '%-12s %12s %10s %8s %8s\n' "$target" "$(stat number_of_executed_units)" \
        "$(stat average_exec_per_sec)" "$(stat new_units_added)" "$crashes"
    rm -rf "$scratch/tmp"
    rmdir "$kept" 2>/dev/null || true
    if [ "$code" -ne 0 ]; then
        failed=1
        [ "$code" -lt 124 ] || echo "$target was stopped: it did not end by itself" >&2
        grep -v -E '^(INFO|#[0-9]|stat::|==[0-9]+== *#)' "$log" | tail -n 40 >&2
        echo "replay: $programs/$target $(sed -n 's/.*Test unit written to //p' "$log" | head -n 1)" >&2
        echo "   or: cargo test --all-features --test runner fuzz::$target" >&2
    fi
done
exit "$failed"
