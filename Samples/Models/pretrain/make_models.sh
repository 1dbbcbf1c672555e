#!/bin/sh
# Pre-trains the bundled family: make_models.sh PONDER [STEPS]
#
# PONDER is the built program. Everything on the way (token files, checkpoints, logs) goes to
# $PRETRAIN_WORK, by default .build/pretrain; a run that was interrupted goes on from its last
# checkpoint. SIZES names what to train, DEFAULT the size that also gets the last two stages. See
# README.md.
set -eu

ponder=${1:?"usage: make_models.sh PONDER [STEPS]"}
steps=${2:-8600}
here=$(cd "$(dirname "$0")" && pwd)
work=${PRETRAIN_WORK:-$here/../../../.build/pretrain}
mkdir -p "$work"

# curriculum NAME OPTIONS...: a token file
curriculum() {
  name=$1
  shift
  [ -f "$work/$name.bin" ] && return
  "$ponder" curriculum --tokenizer "$here/vocabulary.gguf" --output "$work/$name.bin.part" "$@"
  mv "$work/$name.bin.part" "$work/$name.bin"
}

# train RUN SIZE TOKENS STEPS OPTIONS...
train() {
  run=$1 size=$2 tokens=$3 count=$4
  shift 4
  "$ponder" pretrain --tokens "$work/$tokens.bin" --vocabulary "$here/vocabulary.gguf" \
    --shape "$size" --steps "$count" --output "$work/$run-$size" "$@"
}

default=${DEFAULT:-2m}
judging=$((steps / 8))
thinking=$((steps / 16))
# What one pass over the steps reads, so that no document comes twice. All sizes read the same.
curriculum base --seed 1 --tokens $((steps * 4825))
sizes=${SIZES:-5m 2m 0.9m 0.4m 0.2m}
# Two more stages go on from the default.
case " $sizes " in *" $default "*) ;; *) sizes="$default $sizes" ;; esac
for size in $sizes; do
  train base "$size" base "$steps"
done

# Without the default size there is nothing to go on with.
case " ${SIZES:-$default} " in
*" $default "*) ;;
*)
  echo "The new models are $work/*/ponder-*.gguf; copy them to Samples/Models to use them by default."
  exit 0
  ;;
esac

# The last stage of the default: the same documents with far more judging of steps and solutions.
# Half of what is judged is what the model itself has said to problems of training.
families=compare,story,expr,letters,coin,count,decimals,versions,price,permutation,lookup,countdown
samples=$work/samples-$default.jsonl
[ -f "$samples" ] || "$ponder" sample --model "$work/base-$default/ponder-base-$default.F16.gguf" \
  --family "$families,circuit,addition" --count "${CANDIDATES:-260}" --samples 16 --seed 4 \
  --output "$samples"
curriculum "judging-$default" --recipe judging --candidates "$samples" --seed 3 \
  --tokens $((judging * 7000))
curriculum thinking --recipe thinking --seed 2 --tokens $((thinking * 7000))
train judge "$default" "judging-$default" "$judging" --start "$work/base-$default/checkpoint.gguf" --peak 0.4
"$ponder" pretrain --output "$work/judge-$default" --export "$work/ponder-base-$default.Q8_0.gguf" \
  --vocabulary "$here/vocabulary.gguf" --type Q8_0
# The variant that thinks between tags: the default, trained a little further.
train think "$default" thinking "$thinking" --start "$work/judge-$default/checkpoint.gguf" \
  --peak 0.4 --stage think
# A judge of the default's solutions, which teaches a vote more than counting.
judge=$work/judge-problems.jsonl
[ -f "$judge" ] || "$here/judge_problems.sh" "$ponder" "$judge"
"$ponder" train --recipe implicit --problems "$judge" --steps 1200 --epochs 1 \
  --model "$work/judge-$default/ponder-base-$default.F16.gguf" --output "$work/judge-$default.gguf" \
  --format jsonl >"$work/judge-$default.jsonl"
echo "The new models are $work/*/ponder-*.gguf; copy them to Samples/Models to use them by default."
