#!/usr/bin/env bash
# Measures `craft plan status` in a repository with a plan of three phases, and counts the git processes it starts.
# Prints a table for docs/benchmarks.md.
#   scripts/bench/plan.sh [FILES]      (10,000)
# shellcheck disable=SC2016  # backquotes are Markdown here
set -euo pipefail
cd "$(dirname "$0")/../.."
files=${1:-10000}
runs=${RUNS:-101}
# Without optimisation across crates, which takes minutes and changes little here.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
cargo build --release --locked --quiet --bin craft
craft=$(realpath "${CARGO_TARGET_DIR:-target}/release/craft")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/home"
export HOME=$folder/home GIT_CONFIG_GLOBAL=$folder/home/.gitconfig GIT_CONFIG_SYSTEM=/dev/null
git config --global user.name Ann
git config --global user.email ann@example.org
git config --global init.defaultBranch main
# It would go on in the background, and pack the repository while that is measured.
git config --global gc.auto 0
git config --global maintenance.auto false
git=$(command -v git)
printf '#!/bin/sh\necho "$*" >>"%s"\nexec "%s" "$@"\n' "$folder/calls" "$git" >"$folder/counting"
chmod +x "$folder/counting"

git init -q "$folder/app"
cd "$folder/app"
for part in $(seq 0 99); do
  mkdir -p "src/$part"
  for n in $(seq $((part * files / 100)) $(((part + 1) * files / 100 - 1))); do echo "$n" >"src/$part/$n.txt"; done
done
seq 50 >src/1/shared.txt
task=2025-12-18-benchmark
mkdir -p context/plans
echo "# Master Plan: Benchmark" >"context/plans/$task.md"
for n in 1 2 3; do
  printf '\n### Phase %s: Part %s\n' "$n" "$n" >>"context/plans/$task.md"
  printf '# Phase %s: Part %s\n\n## Implementation Steps\n\n1. One\n2. Two\n' "$n" "$n" >"context/plans/$task-phase-$n.md"
done
book() {
  local list='' n=0
  for status in "$@"; do
    n=$((n + 1))
    list+="${list:+, }{\"phase\": $n, \"plan\": \"context/plans/$task-phase-$n.md\", \"status\": \"$status\"}"
  done
  printf '# Current Work Summary\n\n---\n\n```json\n{"active_context": ["context/plans/%s.md"], "completed_summaries": [], "phased_execution": {"master_plan": "context/plans/%s.md", "phases": [%s], "current_phase": null}}\n```\n' \
    "$task" "$task" "$list" >context/context.md
}
book pending pending pending
git add -A
git commit -qm first
for n in 1 2; do
  git switch -qc "para/benchmark-phase-$n"
  for step in 1 2 3; do
    echo "$step" >"src/$n/phase-$step.txt"
    echo "$step" >>"src/$n/shared.txt"
    git add -A
    git commit -qm "feat: $n $step"
  done
  git switch -q main
done

# In turns with `git status`, so that a machine with something else to do slows down both.
measure() {
  local times=() others=() gits
  for _ in $(seq "$runs"); do
    times+=("$(took "${@:2}")")
    others+=("$(took git status --porcelain)")
  done
  : >"$folder/calls"
  CRAFT_GIT=$folder/counting "${@:2}" >/dev/null
  gits=$(wc -l <"$folder/calls")
  mapfile -t times < <(printf '%s\n' "${times[@]}" | sort -n)
  mapfile -t others < <(printf '%s\n' "${others[@]}" | sort -n)
  printf '| %s | %s | %d.%02d ms | %d.%02d ms | %d %% | %s |\n' "$files" "$1" \
    $((times[0] / 1000)) $((times[0] % 1000 / 10)) \
    $((times[runs / 2] / 1000)) $((times[runs / 2] % 1000 / 10)) \
    $((times[runs / 2] * 100 / others[runs / 2])) "$gits"
}
took() {
  local begun ended
  begun=$(date +%s%N)
  "$@" >/dev/null
  ended=$(date +%s%N)
  echo $(((ended - begun) / 1000))
}
echo '| files | what | fastest | median | of `git status` | git processes |'
echo "|---|---|---|---|---|---|"
measure '`true`, started by the shell' /bin/true
measure '`git rev-parse HEAD`' git rev-parse HEAD
measure '`git status`' git status --porcelain
measure 'nothing begun' "$craft" plan status
book completed in_progress pending
measure 'phase 1 not merged, phase 2 under way' "$craft" plan status
git merge -q --no-ff -m merge para/benchmark-phase-1
measure 'phase 1 merged, phase 2 under way' "$craft" plan status
git reset -q --hard HEAD~1
book completed in_progress pending
git merge -q --squash para/benchmark-phase-1 >/dev/null
git commit -qm squash -- src
measure 'phase 1 merged by squash, phase 2 under way' "$craft" plan status
# The main branch changed a file of the phase before: now patches have to be made and compared, not only objects.
git reset -q --hard HEAD~1
book completed in_progress pending
sed -i '1s/.*/one/' src/1/shared.txt
git commit -qm 'the same file' -- src
git merge -q --squash para/benchmark-phase-1 >/dev/null 2>&1
git commit -qm squash -- src
measure 'the same, a file of it changed before' "$craft" plan status
