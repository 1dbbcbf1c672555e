#!/bin/sh
# Measures what README.md's tables say of a model: measure.sh PONDER MODEL FOLDER [SPLIT]
#
# PONDER is the built program, MODEL a GGUF file or a short name, FOLDER gets one JSON file for each
# command. All figures are of held-out problems unless SPLIT says otherwise. About ten minutes
# for the 2M model on two cores.
set -eu

ponder=${1:?"usage: measure.sh PONDER MODEL FOLDER [SPLIT]"}
model=${2:?"which model?"}
folder=${3:?"which folder?"}
split=${4:-heldout}
mkdir -p "$folder"

# measure NAME OPTIONS...
measure() {
  name=$1
  shift
  [ -f "$folder/$name.json" ] && return
  echo "$name" >&2
  "$ponder" eval --model "$model" --split "$split" --seed 1 --parallel 64 --format json "$@" \
    >"$folder/$name.json.part"
  mv "$folder/$name.json.part" "$folder/$name.json"
}

# Prompting and CoT-decoding; 1500 problems a figure.
measure prompting --strategy greedy,cot,few-shot-cot,cot-decoding --family all --count 125
measure delta --metric delta --strategy cot-decoding --family all --count 50
# Voting; 504 problems a figure. The rows of self-consistency carry any-of-40 ("oracle").
measure path --strategy sample --prompting think --temperature 0.7 --family all --count 125
measure vote --strategy self-consistency --family all --count 42
measure path-hard --strategy sample --prompting think --temperature 0.7 --family all --count 125 \
  --levels hard
measure vote-hard --strategy self-consistency --family all --count 42 --levels hard
# Verifiers; best-of-16 beside the majority of the same samples.
measure auc --metric auc --verifier prm,prm-restated,genrm --samples 4 --rationales 4 --family all \
  --count 42
measure best --strategy best-of-n --verifier genrm,prm-restated --aggregate min --samples 16 \
  --rationales 8 --family all --count 42
# The same, with each candidate's vote weighted by its score; the families with room above a majority.
measure weighted --strategy best-of-n --verifier genrm,prm-restated --vote weighted --samples 16 \
  --rationales 4 --family expr,count,decimals,versions,price,countdown --count 42
# Depth, and what "Wait," does behind a wrong step.
measure depth --strategy greedy,cot --family coin,permutation,circuit --levels each --count 100
measure levels --strategy greedy,cot --family all --levels each --count 40
measure slips --metric slips --family all --count 50
# The practice families, most of which no model was trained on.
measure practice --strategy greedy,cot --count 50 \
  --family circuit,addition,multiplication,calendar,latin,square,puzzle2025
