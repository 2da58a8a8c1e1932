#!/usr/bin/env bash
# Builds the release executables into bin/: craft, and the hooks and ps-sync, static and small.
# Works from any folder. A hook that is running keeps its old file.
set -euo pipefail
cd "$(dirname "$0")/.."

hooks=(craft-session-start craft-session-end craft-prompt-sync craft-stop)
small=("${hooks[@]}" ps-sync)

missing() {
    echo "build: $1 is missing. $2" >&2
    exit 1
}

command -v cargo >/dev/null || missing cargo "Install Rust 1.88 or later: https://rustup.rs"
command -v cc >/dev/null || missing "a C compiler" \
    "On Debian or Ubuntu: apt-get install build-essential; on macOS: xcode-select --install"

host=$(rustc -vV | sed -n 's/^host: //p')
machine=${host%%-*}
flags=${RUSTFLAGS:-}
case $host in
*-linux-*)
    target=$machine-unknown-linux-musl
    if ! { command -v rustup && rustup target list --installed | grep -qx "$target"; } >/dev/null 2>&1; then
        # No musl here: glibc linked statically. The explicit target keeps the flag away from
        # procedural macros, which cannot be static.
        target=$host
        flags="$flags -C target-feature=+crt-static"
    fi
    ;;
*) target=$host ;; # macOS has no static executables
esac

# Where cargo puts its output, whatever the environment or a configuration file says.
output=$(cargo metadata --locked --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')

wanted=()
for name in "${small[@]}"; do wanted+=(--bin "$name"); done
echo "build: hooks and ps-sync ($target)"
RUSTFLAGS=$flags cargo build --quiet --locked --release --no-default-features --target "$target" "${wanted[@]}"
echo "build: craft ($host)"
cargo build --quiet --locked --release --bin craft --target "$host"

# A new file and a rename: whoever runs the old one is not disturbed, and nobody sees half a file.
install_executable() {
    local new="bin/.$2.$$"
    trap 'rm -f "$new"' EXIT
    cp "$1" "$new"
    chmod 755 "$new"
    mv -f "$new" "bin/$2"
    trap - EXIT
}
mkdir -p bin
for name in "${small[@]}"; do install_executable "$output/$target/release/$name" "$name"; done
install_executable "$output/$host/release/craft" craft
echo "build: bin/craft, bin/ps-sync and ${#hooks[@]} hooks are ready"
