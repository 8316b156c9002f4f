#!/bin/sh
# Runs on the folder SRC into the folder OUT, both from the environment; on made-up pictures when neither is given.
# The argument is the folder of the virtual environment's programs.
set -eu
command=$1/imgsieve

if [ -z "${SRC:-}" ] && [ -z "${OUT:-}" ]; then
    SRC=build/demo/images
    OUT=build/demo/run
    [ -e build/demo/truth.csv ] || "$command" demo build/demo
elif [ -z "${SRC:-}" ]; then
    echo 'make run: OUT is given without SRC; name the folder of pictures as well: make run SRC="$HOME/Pictures" OUT=found' >&2
    exit 2
elif [ -z "${OUT:-}" ]; then
    OUT=build/run
fi

exec "$command" run --out "$OUT" -- "$SRC"
