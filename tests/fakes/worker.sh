#!/bin/sh
# Stands in for the worker: writes its arguments, process, folder and descriptors down below $RECORD,
# answers the waiting requests with $RECORD/answer if there is one, and stays while $RECORD/stay is there.
# The descriptors are listed by a subshell, so that this shell itself opens nothing.
if [ "$2" = --again ] && [ -e "$RECORD/fork" ]; then
    STARTER=$$ "$0" worker &
    exit 0
fi
parent() { cut -d' ' -f4 "/proc/$$/stat" > "$RECORD/$$.parent"; }
parent
while [ -n "$STARTER" ] && grep -qx "$STARTER" "$RECORD/$$.parent"; do parent; done
cat "/proc/$$/stat" > "$RECORD/$$.stat"
(ls -l "/proc/$$/fd" > "$RECORD/$$.fd")
readlink "/proc/$$/cwd" > "$RECORD/$$.cwd"
tr '\0' ' ' < "/proc/$$/cmdline" > "$RECORD/$$.argv"
touch "$RECORD/$$.done"
if [ -e "$RECORD/answer" ]; then
    mkdir -p "$CLAUDE_CONFIG_DIR/craft/answers"
    for request in "$CLAUDE_CONFIG_DIR"/craft/queue/*.json; do
        answer="$CLAUDE_CONFIG_DIR/craft/answers/${request##*/}"
        cp "$RECORD/answer" "$answer.new"
        mv "$answer.new" "$answer"
    done
fi
while [ -e "$RECORD/stay" ]; do sleep 0.01; done
