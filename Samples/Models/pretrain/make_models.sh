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
    0.1m) echo "--width 64 --layers 2 --heads 2 --feed-forward 192" ;;
    0.4m) echo "--width 96 --layers 3 --heads 3 --feed-forward 256" ;;
    0.9m) echo "--width 128 --layers 4 --heads 4 --feed-forward 352" ;;
    2m) echo "--width 160 --layers 6 --heads 5 --feed-forward 448" ;;
    5m) echo "--width 256 --layers 6 --heads 8 --feed-forward 704" ;;
    14m) echo "--width 384 --layers 8 --heads 12 --feed-forward 1024" ;;
    *) echo "no size $1" >&2; exit 1 ;;
  esac
}

default=${DEFAULT:-2m}
# What one pass over the steps reads, so that no document comes twice.
curriculum base --seed 1 --tokens $((steps * 4825))
for size in ${SIZES:-2m 0.9m 0.4m 0.1m}; do
  # shellcheck disable=SC2046
  "$python" "$here/train.py" --tokens "$work/base.bin" --output "$work/base-$size" \
    --steps "$steps" --device "${DEVICE:-cpu}" $(shape "$size")
  "$python" "$here/measure_checkpoints.py" "$work/base-$size" "$here/vocabulary.gguf" \
    --ponder "$ponder"
  "$python" "$here/export_gguf.py" "$work/base-$size/checkpoint.pt" "$here/vocabulary.gguf" \
    "$work/ponder-base-$size.F16.gguf" --stage base
done

# The variant that thinks between tags: the default, trained a little further.
thinking=$((steps / 16))
curriculum thinking --recipe thinking --seed 2 --tokens $((thinking * 4096))
# shellcheck disable=SC2046
"$python" "$here/train.py" --tokens "$work/thinking.bin" --output "$work/think-$default" \
  --start "$work/base-$default/checkpoint.pt" --steps "$thinking" --peak 0.4 \
  --device "${DEVICE:-cpu}" $(shape "$default")
"$python" "$here/export_gguf.py" "$work/think-$default/checkpoint.pt" "$here/vocabulary.gguf" \
  "$work/ponder-think-$default.F16.gguf" --stage think
echo "The new files are in $work; copy them to Samples/Models to use them by default."
