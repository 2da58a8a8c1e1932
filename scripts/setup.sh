#!/usr/bin/env bash
# Installs what the tests need (with `build`: what building needs) and the machine lacks, where that is
# possible without asking: as root with apt-get. Otherwise it says what is missing. Never fails for
# something the tests can do without. With `deny`: cargo-deny, built into target/tools/, where it stays.
set -euo pipefail
cd "$(dirname "$0")/.."

DENY=0.20.2
if [ "${1:-}" = deny ]; then
    if [ "$(target/tools/bin/cargo-deny --version 2>/dev/null)" != "cargo-deny $DENY" ]; then
        echo "setup: building cargo-deny $DENY into target/tools"
        # Without its own optimisation: it runs for a second, and takes half as long to build.
        CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off cargo install --quiet --locked \
            --no-default-features --force --version "$DENY" --root target/tools cargo-deny
    fi
    exit 0
fi

needed=()
wants() { command -v "$1" >/dev/null || needed+=("${2:-$1}"); }
wants git
wants cc build-essential
[ "${1:-}" = build ] || { wants shellcheck && wants tmux; }

[ ${#needed[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "setup: installing ${needed[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # The lists of a fresh image are empty or old.
    apt-get install -y -qq "${needed[@]}" >/dev/null 2>&1 ||
        { apt-get update -qq && apt-get install -y -qq "${needed[@]}" >/dev/null; } ||
        echo "setup: apt-get could not install ${needed[*]}" >&2
else
    echo "setup: missing: ${needed[*]} (Debian or Ubuntu: apt-get install ${needed[*]})" >&2
fi
for program in git cc; do
    command -v "$program" >/dev/null || { echo "setup: cannot go on without $program" >&2; exit 1; }
done
