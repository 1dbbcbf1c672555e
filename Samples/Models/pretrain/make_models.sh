#!/bin/sh
# Pre-trains the bundled model: make_models.sh PONDER [MINUTES]
#
# PONDER is the built program. Everything on the way (Python packages, token files, checkpoints)
# goes to $PRETRAIN_WORK, by default .build/pretrain; a run that was interrupted goes on from its
# last checkpoint. See README.md.
set -eu

ponder=${1:?"usage: make_models.sh PONDER [MINUTES]"}
minutes=${2:-56}
here=$(cd "$(dirname "$0")" && pwd)
work=${PRETRAIN_WORK:-$here/../../../.build/pretrain}
mkdir -p "$work"

python=${PYTHON:-$work/venv/bin/python}
if [ ! -x "$python" ] && ! command -v "$python" >/dev/null; then
  python3 -m venv "$work/venv"
  "$python" -m pip install --quiet --requirement "$here/requirements.txt"
fi

if [ ! -f "$work/train.bin" ]; then
  "$ponder" curriculum --tokenizer "$here/vocabulary.gguf" --seed 1 --documents 560000 \
    --output "$work/train.bin.part"
  mv "$work/train.bin.part" "$work/train.bin"
fi

"$python" "$here/train.py" --tokens "$work/train.bin" --vocabulary "$here/vocabulary.gguf" \
  --output "$work/base-0.9m" --minutes "$minutes"
for type in F16 Q8_0; do
  "$python" "$here/export_gguf.py" "$work/base-0.9m/checkpoint.pt" "$here/vocabulary.gguf" \
    "$work/ponder-base-0.9m.$type.gguf" --type "$type" --name "Ponder base 0.9M"
done
echo "The new files are in $work; copy them to Samples/Models to use them by default."
