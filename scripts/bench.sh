#!/usr/bin/env bash
# Measures and writes docs/benchmarks.md. Ratios of one run; see that file.
#   scripts/bench.sh            all of it (about 20 minutes)
#   scripts/bench.sh --quick    a smoke run that prints and writes nothing
#   scripts/bench.sh --help     the rest
set -euo pipefail
cd "$(dirname "$0")/.."

command -v python3 >/dev/null || { echo "bench: python3 is needed" >&2; exit 1; }
if ! command -v jq >/dev/null && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    apt-get install -y -qq jq >/dev/null 2>&1 || echo "bench: no jq, so no comparison with bash + jq" >&2
fi
case " $* " in
*" --help "* | *" --no-build "*) ;;
*) scripts/build.sh ;;
esac
exec python3 scripts/bench/bench.py "$@"
