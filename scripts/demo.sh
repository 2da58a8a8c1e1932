#!/usr/bin/env bash
# Builds, then plays two machines' sessions in a temporary folder: see `craft demo --help`.
set -euo pipefail
"$(dirname "$0")/build.sh"
exec "$(dirname "$0")/../bin/craft" demo "$@"
