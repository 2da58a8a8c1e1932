#!/usr/bin/env bash
# Plays the tests of the bell (tests/bell_emulate.rs) with a stateful stand-in for GitHub that nobody here wrote: npm's
# `emulate`, pinned by tests/emulate/package-lock.json and put into target/emulate, once. It talks to 127.0.0.1 only.
#   scripts/emulate.sh [FILTER…]      all of them, or those whose names contain FILTER
#   CRAFT_E2E=required                what cannot be played is an error; without it, it is named
#   CRAFT_E2E=off                     nothing is played, all is named
set -euo pipefail
cd "$(dirname "$0")/.."

folder=target/emulate
program=node_modules/emulate/dist/index.js
tests=(--locked --all-features --test runner)
why=
new=
trap 'rm -rf ${new:+"$new"}' EXIT

bounded() {
    if command -v timeout >/dev/null; then timeout "$@"; else shift && "$@"; fi
}

# Sets `why` where it cannot be had.
install() {
    local log=target/emulate.log
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        why="node and npm are not installed"
        return
    fi
    [ "$(node --version | sed 's/^v\([0-9]*\).*/\1/')" -ge 20 ] || { why="node 20 is needed, $(node --version) is there" && return; }
    cmp -s tests/emulate/package-lock.json "$folder/package-lock.json" && [ -f "$folder/$program" ] && return
    mkdir -p target
    new=$(mktemp -d "$PWD/target/.emulate-XXXXXX")
    cp tests/emulate/package.json tests/emulate/package-lock.json "$new"
    # What does not have the hash of the lock file is refused.
    if ! (cd "$new" && bounded 180 npm ci --cache "$new/cache" --ignore-scripts --no-audit --no-fund --fetch-retries 1 \
        --fetch-retry-mintimeout 1000 --fetch-retry-maxtimeout 5000 --fetch-timeout 60000) >"$log" 2>&1; then
        why=$(sed -n 's/^npm error code //p' "$log" | head -n 1)
        why="npm cannot install emulate (${why:-no answer}; see $log)"
        return
    fi
    rm -rf "$new/cache" "$folder"
    mv "$new" "$folder"
    new=
}

if [ "${CRAFT_E2E:-}" = off ]; then
    why="CRAFT_E2E is off"
else
    install
fi

names=()
while read -r name; do
    chosen=$([ $# -gt 0 ] || echo yes)
    for filter in "$@"; do [[ $name == *"$filter"* ]] && chosen=yes; done
    [ -z "$chosen" ] || names+=("$name")
done < <(cargo test --quiet "${tests[@]}" -- --list --ignored | sed -n 's/^\(bell_emulate::.*\): test$/\1/p')

if [ ${#names[@]} -eq 0 ]; then
    echo "emulate: no test has such a name" >&2
    exit 2
fi
if [ -n "$why" ]; then
    echo "emulate: SKIPPED ${#names[@]} tests: $why"
    printf '    %s\n' "${names[@]}"
    [ "${CRAFT_E2E:-}" != required ] || { echo "emulate: they had to be played and were not" >&2; exit 1; }
    exit 0
fi
CRAFT_EMULATE=$PWD/$folder/$program
export CRAFT_EMULATE
echo "emulate: ${#names[@]} tests"
# What a test leaves out it says on its standard error, which is shown, and counted at the end.
said=$(mktemp)
trap 'rm -rf ${new:+"$new"} "$said"' EXIT
ended=0
cargo test --quiet "${tests[@]}" -- --ignored --nocapture --test-threads 2 --exact "${names[@]}" 2> >(tee "$said" >&2) ||
    ended=$?
wait
left=$(grep -c '^SKIPPED: ' "$said" || true)
echo "emulate: ${#names[@]} tests, $left times a part was left out, named above"
exit "$ended"
