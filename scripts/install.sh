#!/usr/bin/env bash
# Builds, then makes the hooks known to Claude Code. Takes the options of `craft install`:
#   scripts/install.sh --dry-run          only says what would be touched
#   scripts/install.sh --as settings      another way; `craft install --help` lists them
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
"$here/scripts/setup.sh" build
"$here/scripts/build.sh"
exec "$here/bin/craft" install "$@"
