#!/bin/sh
# Draws the README's pictures anew: make_pictures.sh PONDER
#
# PONDER is the built program. Every picture is of a run of the bundled model that is made now, so
# that none shows what the program no longer does. About two minutes on two cores; most of it is
# the study of Scale and the training.
set -eu

ponder=${1:?"usage: make_pictures.sh PONDER"}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# picture SCREEN SIZE RUN...: what a screen shows of a run
picture() {
  screen=$1 size=$2
  shift 2
  "$ponder" "$@" --trace "$work/$screen.jsonl" >/dev/null
  "$ponder" replay "$work/$screen.jsonl" --screen "$screen" --size "$size" --format svg \
    >"$work/$screen.svg"
  mv "$work/$screen.svg" "$here/$screen.svg"
}

picture branches 100x30 run --strategy cot-decoding --problem apples
picture votes 100x30 run --strategy self-consistency --problem apples
picture search 100x36 run --strategy mcts --problem expr@4/91/7
picture steps 100x24 run --strategy cot --answer-over-time --problem apples
picture train 100x30 train --format jsonl --heldout 0 --output "$work/train.gguf"
"$ponder" scale --study samples --family story --count 30 --verifier prm-restated --format svg \
  >"$work/scale.svg"
mv "$work/scale.svg" "$here/scale.svg"
# The saved run that README and tests replay.
"$ponder" run --strategy cot-decoding --problem apples --detail 20 --trace "$work/apples.jsonl" \
  >/dev/null
mv "$work/apples.jsonl" "$here/../Traces/apples-cot-decoding.jsonl"
