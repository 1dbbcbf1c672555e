#!/bin/sh
# Measures what Samples/Guide/training.md tells of the recipes: measure_training.sh PONDER FOLDER [RECIPES]
#
# PONDER is the built program. FOLDER gets the lines of each training, one file for each recipe, model
# and seed; what is there already is not measured again. About half an hour on two cores.
set -eu

ponder=${1:?"usage: measure_training.sh PONDER FOLDER [RECIPES]"}
folder=${2:?"which folder?"}
recipes=${3:-"grpo sft rft star reinforce reft continue hacking preferences distill"}
mkdir -p "$folder"

# measure NAME OPTIONS...
measure() {
  name=$1
  shift
  [ -f "$folder/$name.jsonl" ] && return
  echo "$name" >&2
  "$ponder" train --anew --output "$folder/$name.gguf" "$@" >"$folder/$name.part"
  mv "$folder/$name.part" "$folder/$name.jsonl"
}

for seed in 1 2 3; do
  for recipe in $recipes; do
    case $recipe in
    hacking)
      # The reward is had by naming the right answer anywhere; beside it the exact reward.
      for reward in planted exact; do
        measure "hacking-$reward-$seed" --recipe grpo --model 0.9m --seed $seed --steps 40 \
          --batch 16 --rate 3e-4 --reward $reward --evaluate-every 8 --votes 0 --heldout 0
      done
      ;;
    continue)
      # With documents of all kinds mixed in, and without any.
      for replay in 0.5 0; do
        measure "continue-$replay-2m-$seed" --recipe continue --model 2m --seed $seed \
          --family price --replay $replay --evaluate-problems 60 --evaluate-every 5 --heldout 40
      done
      ;;
    rft)
      # Whether lucky guesses stay depends on what the loss is the mean of.
      for mean in tokens texts; do
        for model in 0.9m 2m; do
          measure "rft-$mean-$model-$seed" --recipe rft --model $model --seed $seed \
            --mean-over $mean --evaluate-problems 30 --heldout 40
        done
      done
      ;;
    preferences)
      # At the usual rate all three learn; at three times of it the divergence decides.
      for rate in 1e-4 3e-4; do
        measure "dpo-$rate-$seed" --recipe dpo --model 0.9m --seed $seed --steps 16 --rate $rate \
          --votes 0 --heldout 0
        for variant in tdpo1 tdpo2; do
          measure "$variant-$rate-$seed" --recipe tdpo --variant $variant --model 0.9m --seed $seed \
            --steps 16 --rate $rate --votes 0 --heldout 0
        done
      done
      ;;
    distill)
      # From one student: by rewards, by a teacher's texts, and by its distributions.
      measure teacher --recipe grpo --model 2m --seed 1 --votes 0 --heldout 0
      measure "student-grpo-$seed" --recipe grpo --model 0.4m --seed $seed --steps 16 \
        --rate 3e-4 --votes 0 --heldout 40
      for from in traces logits; do
        measure "student-$from-$seed" --recipe distill --from $from --teacher "$folder/teacher.gguf" \
          --model 0.4m --seed $seed --steps 16 --votes 0 --heldout 40
      done
      ;;
    *) measure "$recipe-2m-$seed" --recipe "$recipe" --model 2m --seed $seed --heldout 40 ;;
    esac
  done
done
