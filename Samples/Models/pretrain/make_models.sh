#!/bin/sh
# Pre-trains the bundled family: make_models.sh PONDER [STEPS]
#
# PONDER is the built program. Everything on the way (Python packages, token files, checkpoints)
# goes to $PRETRAIN_WORK, by default .build/pretrain; a run that was interrupted goes on from its
# last checkpoint. DEVICE=cuda uses a GPU, SIZES names what to train. See README.md.
set -eu

ponder=${1:?"usage: make_models.sh PONDER [STEPS]"}
steps=${2:-8600}
here=$(cd "$(dirname "$0")" && pwd)
work=${PRETRAIN_WORK:-$here/../../../.build/pretrain}
mkdir -p "$work"

python=${PYTHON:-$work/venv/bin/python}
if [ ! -x "$python" ] && ! command -v "$python" >/dev/null; then
  python3 -m venv "$work/venv"
  "$python" -m pip install --quiet --requirement "$here/requirements.txt"
fi

# curriculum NAME OPTIONS...: a token file
curriculum() {
  name=$1
  shift
  [ -f "$work/$name.bin" ] && return
  "$ponder" curriculum --tokenizer "$here/vocabulary.gguf" --output "$work/$name.bin.part" "$@"
  mv "$work/$name.bin.part" "$work/$name.bin"
}

# shape SIZE: the options of train.py
shape() {
  case $1 in
    0.2m) echo "--width 64 --layers 2 --heads 2 --feed-forward 192" ;;
    0.4m) echo "--width 96 --layers 3 --heads 3 --feed-forward 256" ;;
    0.9m) echo "--width 128 --layers 4 --heads 4 --feed-forward 352" ;;
    2m) echo "--width 160 --layers 6 --heads 5 --feed-forward 448" ;;
    5m) echo "--width 256 --layers 6 --heads 8 --feed-forward 704" ;;
    14m) echo "--width 384 --layers 8 --heads 12 --feed-forward 1024" ;;
    *) echo "no size $1" >&2; exit 1 ;;
  esac
}

# train RUN SIZE TOKENS STEPS OPTIONS...
train() {
  run=$1 size=$2 tokens=$3 count=$4
  shift 4
  # shellcheck disable=SC2046
  "$python" "$here/train.py" --tokens "$work/$tokens.bin" --output "$work/$run-$size" \
    --steps "$count" --device "${DEVICE:-cpu}" $(shape "$size") "$@"
}

# export RUN SIZE STAGE
export_model() {
  "$python" "$here/export_gguf.py" "$work/$1-$2/checkpoint.pt" "$here/vocabulary.gguf" \
    "$work/ponder-$3-$2.F16.gguf" --stage "$3"
}

default=${DEFAULT:-2m}
judging=$((steps / 8))
thinking=$((steps / 16))
# What one pass over the steps reads, so that no document comes twice.
curriculum base --seed 1 --tokens $((steps * 4825))
curriculum judging --recipe judging --seed 3 --tokens $((judging * 7000))
curriculum thinking --recipe thinking --seed 2 --tokens $((thinking * 7000))
for size in ${SIZES:-2m 0.9m 0.4m 0.2m}; do
  train base "$size" base "$steps"
  "$python" "$here/measure_checkpoints.py" "$work/base-$size" "$here/vocabulary.gguf" \
    --ponder "$ponder"
  export_model base "$size" base
done

# The last stage of the default: the same documents with far more judging of steps and solutions.
train judge "$default" judging "$judging" --start "$work/base-$default/checkpoint.pt" --peak 0.4
export_model judge "$default" base
# The variant that thinks between tags: the default, trained a little further.
train think "$default" thinking "$thinking" --start "$work/judge-$default/checkpoint.pt" --peak 0.4
export_model think "$default" think
echo "The new files are in $work; copy them to Samples/Models to use them by default."
