#!/usr/bin/env bash
# Reads a script's options; sourced by those that have some.
#   options 'NAME…' "$@"     each `--NAME VALUE` goes into the variable of that name
# Anything else ends the script with 2 and the text at its head.
set -euo pipefail
options() {
    local known=" $1 " name
    shift
    while [ $# -gt 0 ]; do
        name=${1#--}
        if [[ $1 != --* || $known != *" $name "* || -z ${2:-} ]]; then
            sed -n '2,/^[^#]/s/^# \{0,1\}//p' "scripts/${0##*/}" >&2
            exit 2
        fi
        printf -v "$name" %s "$2"
        shift 2
    done
}
