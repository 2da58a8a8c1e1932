#!/usr/bin/env bash
# Makes docs/terminal.svg, the picture in the README, of a session of the real client.
set -euo pipefail
cd "$(dirname "$0")/../.."
screen=$PWD/target/e2e/screen.ansi
rm -f "$screen"
CRAFT_E2E=required CRAFT_E2E_PICTURE=$screen scripts/e2e.sh native::a_session_as_the_readme_pictures_it
python3 scripts/picture/ansi2svg.py <"$screen" >docs/terminal.svg.new
mv docs/terminal.svg.new docs/terminal.svg
echo "picture: docs/terminal.svg is made anew"
