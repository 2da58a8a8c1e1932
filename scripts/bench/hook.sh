#!/usr/bin/env bash
# The prompt hook as one would write it with bash and jq, for the benchmark only: the same questions in
# the same order, up to the draw.
set -euo pipefail

input=$(cat)
[ "${CRAFT_DISABLE:-}" = 1 ] && exit 0
IFS=$'\t' read -r cwd agent prompt < <(jq -r '[.cwd // "", .agent_id // "-", (.prompt // "")[0:6]] | @tsv' <<<"$input")
[ "$agent" = - ] || exit 0
[ "$prompt" = /craft ] && exit 0

top=$cwd
while [ ! -e "$top/.git" ]; do
    [ "$top" = / ] && exit 0
    top=$(dirname "$top")
done

root=${CLAUDE_CONFIG_DIR:-$HOME/.claude}
read -r enabled probability debounce < <(jq -r --arg top "$top" '
    if any(.repositories[]?; .path == $top) then
      .autoSync.triggers.userPrompt as $p
      | "\($p.enabled // true) \($p.probability // 27) \($p.debounceMs // 5000)"
    else "false 0 0" end' "$root/craft/config.json" 2>/dev/null || echo "false 0 0")
[ "$enabled" = true ] || exit 0

tick=$root/craft/bench.tick
now=$(date +%s%3N)
last=$(cat "$tick" 2>/dev/null || echo 0)
[ $((now - last)) -lt "$debounce" ] && exit 0
printf '%s' "$now" >"$tick"
draw=$((RANDOM * 32768 + RANDOM))
[ $((draw % probability)) -eq 0 ] || exit 0
exit 0
