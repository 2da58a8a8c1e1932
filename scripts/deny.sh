#!/usr/bin/env bash
# Licences, sources, bans and known weaknesses of what we build with (deny.toml), for the suite and for the
# fuzz targets. The list of weaknesses is fetched; where it cannot be, that part is left out and says so.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh deny
PATH=$PWD/target/tools/bin:$PATH

deny() { cargo deny --log-level error --all-features --locked --manifest-path "$@"; }
for manifest in Cargo.toml fuzz/Cargo.toml; do
    deny "$manifest" check --hide-inclusion-graph bans licenses sources
done
# A proxy that takes the connection and says nothing must not hold up everything.
if fetched=$(GIT_TERMINAL_PROMPT=0 timeout 120 cargo deny --log-level error fetch db 2>&1); then
    for manifest in Cargo.toml fuzz/Cargo.toml; do
        deny "$manifest" check --hide-inclusion-graph advisories
    done
else
    printf 'advisories: SKIPPED, the database cannot be fetched: %s\n' "$(tail -n 1 <<<"$fetched")"
fi
