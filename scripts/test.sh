#!/usr/bin/env bash
# Everything that must hold before a change is done. CI runs exactly this.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

scripts/setup.sh

step "scripts"
for script in scripts/*.sh scripts/*/*.sh fuzz/*.sh .ci/run; do
    [ -e "$script" ] || continue
    bash -n "$script"
done
if command -v shellcheck >/dev/null; then
    find scripts fuzz .ci -type f \( -name '*.sh' -o -path '.ci/run' \) -exec shellcheck -x {} +
elif [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    # setup.sh has tried to install it, so something is wrong that should be seen.
    echo "shellcheck could not be installed" >&2
    exit 1
else
    echo "shellcheck: SKIPPED, it is not installed and cannot be without asking"
fi

step "format"
cargo fmt --check
cargo fmt --check --manifest-path fuzz/Cargo.toml

step "licences, sources and known weaknesses of what we build with"
scripts/deny.sh

step "clippy"
cargo clippy --locked --all-features --all-targets --quiet -- -D warnings

step "hooks without the heavy features"
cargo clippy --locked --no-default-features --bins --lib --quiet -- -D warnings
cargo build --locked --no-default-features --bins --quiet

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --all-features --no-deps --quiet
cargo test --locked --all-features --doc --quiet

step "tests"
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --all-features "$@"
else
    cargo test --locked --all-features --lib --bins --tests "$@"
fi

step "a minute of fuzzing"
scripts/fuzz.sh

step "the bell at a stateful GitHub"
scripts/emulate.sh

step "sessions of the real client"
scripts/e2e.sh
