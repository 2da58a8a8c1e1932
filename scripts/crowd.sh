#!/usr/bin/env bash
# 64 hook processes at once on one repository, beside one after the other: prints ratios, and fails where a
# request was lost. tests/faults/crowd.rs shows the same of the worker.
#
#   scripts/crowd.sh [--no-build] [--processes N] [--waves N]
set -euo pipefail
cd "$(dirname "$0")/.."
command -v python3 >/dev/null || { echo "crowd: python3 is needed" >&2; exit 1; }
case " $* " in
*" --help "* | *" --no-build "*) ;;
*) scripts/build.sh ;;
esac
exec python3 scripts/bench/crowd.py "$@"
