#!/bin/sh
# Writes the problems that the bundled judge learned from: judge_problems.sh PONDER FILE
#
# Levels at which the default's own samples are sometimes right and sometimes wrong, all of the train
# split; what a majority always gets right teaches a judge nothing. In an order that mixes families.
set -eu

ponder=${1:?"usage: judge_problems.sh PONDER FILE"}
file=${2:?"which file?"}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# add FAMILY FIRST-LEVEL LAST-LEVEL COUNT: so many problems of each level
add() {
  for level in $(seq "$2" "$3"); do
    "$ponder" problems --family "$1" --level "$level" --count "$4" --split train --seed 31
  done >>"$work/all"
}
add expr 3 5 700
add story 5 10 250
add letters 6 9 300
add versions 4 8 300
add decimals 1 2 500
add price 2 4 300
add countdown 1 3 700
add permutation 6 8 200
# Each once, by a digest of its line: an order that is the same everywhere and tells nothing.
sort -u "$work/all" | while IFS= read -r line; do
  printf '%s %s\n' "$(printf '%s' "$line" | cksum | cut -d' ' -f1)" "$line"
done | sort -n | cut -d' ' -f2- >"$file"
