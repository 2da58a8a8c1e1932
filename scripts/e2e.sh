#!/usr/bin/env bash
# Plays sessions of the real Claude Code client with the suite installed (tests/e2e.rs). The client comes
# from npm into target/e2e, once; it talks to a stand-in on 127.0.0.1 only.
#   scripts/e2e.sh [FILTER…]          all scenarios, or those whose names contain FILTER
#   CRAFT_E2E_CLIENT=2.1.300          another release in place of the current one
#   CRAFT_E2E=required                what cannot be played is an error; without it, it is named
#   CRAFT_E2E=off                     nothing is played, all is named
set -euo pipefail
cd "$(dirname "$0")/.."

# The releases the scenarios are played with, and nowhere else.
current=${CRAFT_E2E_CLIENT:-2.1.329}
oldest=2.1.50
# The first release with hooks modules and the tools for them, and the first that loads plugins out of the
# folder `skills`: what some scenarios need.
modules_since=2.1.286
skills_since=2.1.157
package=@anthropic-ai/claude-code

# Why the scenarios of a release cannot be played; empty where they can.
why_current=
why_oldest=
fault=
# Where a client is being put together.
new=
trap 'rm -rf ${new:+"$new"}' EXIT

for release in "$current" "$oldest"; do
    [[ $release =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || { echo "e2e: $release is no release, like 2.1.329" >&2; exit 2; }
done

# at_least A B: whether version A is B or later.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

bounded() {
    if command -v timeout >/dev/null; then timeout "$@"; else shift && "$@"; fi
}

# The name of the package that holds the program for this machine, without the scope.
native_package() {
    local os machine libc=
    case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) os=unknown ;;
    esac
    case $(uname -m) in
    x86_64 | amd64) machine=x64 ;;
    aarch64 | arm64) machine=arm64 ;;
    *) machine=unknown ;;
    esac
    if [ $os = linux ] && ls /lib/ld-musl-* >/dev/null 2>&1 && ! ls /lib*/ld-linux-* >/dev/null 2>&1; then libc=-musl; fi
    echo "claude-code-$os-$machine$libc"
}

# install VERSION: the client at target/e2e/VERSION/bin/claude. Sets `fault` where that cannot be had.
install() {
    local folder=target/e2e/$1 log program script node wanted try
    fault=
    [ -x "$folder/bin/claude" ] && return
    command -v npm >/dev/null || { fault="npm is not installed" && return; }
    mkdir -p target/e2e
    rm -rf ${new:+"$new"}
    new=$(mktemp -d "$PWD/target/e2e/.new-XXXXXX")
    log=target/e2e/npm-$1.log
    # Its configuration is the user's, since it names the registry; what it downloads stays here. Whether
    # there is a registry is found out first, since a download needs far more patience. npm itself would wait
    # for minutes between two tries of a connection that is refused.
    for try in 1 2; do
        bounded 30 npm view --cache "$new/cache" --fetch-retries 0 "$package@$1" version >"$log" 2>&1 &&
            bounded 180 npm install --prefix "$new" --cache "$new/cache" --no-audit --no-fund --ignore-scripts \
                --fetch-retries 1 --fetch-retry-mintimeout 1000 --fetch-retry-maxtimeout 5000 --fetch-timeout 60000 \
                "$package@$1" >"$log" 2>&1 && try=succeeded && break
        sleep "$try"
    done
    if [ "$try" != succeeded ]; then
        fault=$(sed -n 's/^npm error code //p' "$log" | head -n 1)
        fault="npm cannot reach $package@$1 (${fault:-no answer}; see $log)"
        return
    fi
    rm -rf "$new/cache"
    program=node_modules/@anthropic-ai/$(native_package)/claude
    script=node_modules/$package/cli.js
    mkdir "$new/bin"
    if [ -f "$new/$program" ]; then
        chmod 755 "$new/$program"
        ln -s "../$program" "$new/bin/claude"
    elif [ -f "$new/$script" ]; then
        wanted=$(sed -n 's/.*"node": *">=\([0-9.]*\)".*/\1/p' "$new/node_modules/$package/package.json")
        node=$(command -v node || true)
        if [ -z "$node" ] || ! at_least "$("$node" --version | tr -d v)" "${wanted:-18.0.0}"; then
            fault="$package@$1 needs node ${wanted:-18.0.0}, and ${node:+$("$node" --version) }is all there is"
            [ -n "$node" ] || fault="$package@$1 needs node ${wanted:-18.0.0}, and there is none"
            return
        fi
        # An absolute path: the tests clear the environment.
        printf '#!/bin/sh\nexec %q %q "$@"\n' "$node" "$PWD/$folder/$script" >"$new/bin/claude"
        chmod 755 "$new/bin/claude"
    else
        fault="npm brought no program of $package@$1 for this machine ($(native_package))"
        return
    fi
    rm -rf "$folder"
    mv "$new" "$folder"
    new=
    if ! HOME=$PWD/$folder/home bounded 60 "$folder/bin/claude" --version >"$log" 2>&1 || ! grep -qF "$1" "$log"; then
        fault="$package@$1 does not start: $(head -n 1 "$log")"
        rm -rf "$folder"
    fi
}

if [ "${CRAFT_E2E:-}" = off ]; then
    why_current="CRAFT_E2E is off"
    why_oldest=$why_current
else
    scripts/setup.sh
    if ! command -v tmux >/dev/null; then
        why_current="tmux is not installed"
        why_oldest=$why_current
    else
        install "$current"
        why_current=$fault
        install "$oldest"
        why_oldest=$fault
    fi
fi

# The executables, the test binary, and the names of all scenarios in it.
tests=(--locked --all-features --test e2e)
cargo build --quiet --locked --all-features --bins
all=$(cargo test --quiet "${tests[@]}" -- --list --ignored | sed -n 's/: test$//p')

play=()
skipped=()
reasons=()
while read -r name; do
    case $name in
    oldest::*) why=$why_oldest ;;
    native::* | plugin::*)
        why=$why_current
        at_least "$current" "$modules_since" || why="this needs release $modules_since or later"
        ;;
    installs::a_folder_among_the_skills_*)
        why=$why_current
        at_least "$current" "$skills_since" || why="this needs release $skills_since or later"
        ;;
    *) why=$why_current ;;
    esac
    if [ $# -gt 0 ]; then
        chosen=
        for filter in "$@"; do [[ $name == *"$filter"* ]] && chosen=yes; done
        [ -n "$chosen" ] || continue
    fi
    if [ -z "$why" ]; then
        play+=("$name")
    else
        skipped+=("$name")
        reasons+=("$why")
    fi
done <<<"$all"

if [ ${#skipped[@]} -gt 0 ]; then
    printf '%s\n' "${reasons[@]}" | sort -u | while read -r why; do
        names=()
        for i in "${!skipped[@]}"; do [ "${reasons[$i]}" = "$why" ] && names+=("${skipped[$i]}"); done
        echo "e2e: SKIPPED ${#names[@]} scenarios: $why"
        printf '    %s\n' "${names[@]}"
    done
fi

if [ ${#play[@]} -gt 0 ]; then
    export CRAFT_E2E_CURRENT=$PWD/target/e2e/$current CRAFT_E2E_OLDEST=$PWD/target/e2e/$oldest
    echo "e2e: ${#play[@]} scenarios with Claude Code $current and $oldest"
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run "${tests[@]}" --run-ignored only --no-fail-fast -- --exact "${play[@]}"
    else
        cargo test "${tests[@]}" -- --ignored --test-threads 2 --exact "${play[@]}"
    fi
fi
[ "${CRAFT_E2E:-}" != required ] || [ ${#skipped[@]} -eq 0 ] ||
    { echo "e2e: ${#skipped[@]} scenarios had to be played and were not" >&2; exit 1; }
