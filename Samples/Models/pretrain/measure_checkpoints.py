"""Adds accuracies to a training log: exports the kept weights of a run and measures each.

    python measure_checkpoints.py RUN vocabulary.gguf --ponder PONDER --count 40

Every line of RUN/log.jsonl that stands nearest to kept weights gets "accuracy":
{family: {"greedy": share, "cot": share}}, on the dev split. The exported files stay in RUN.
"""

import argparse
import glob
import json
import os
import subprocess

import torch

from export_gguf import export


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("vocabulary")
    parser.add_argument("--ponder", required=True, help="the built program")
    parser.add_argument("--count", type=int, default=40, help="problems of each family")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()

    path = os.path.join(options.run, "log.jsonl")
    with open(path) as file:
        log = [json.loads(line) for line in file]
    for weights in sorted(glob.glob(os.path.join(options.run, "weights-*.pt"))):
        state = torch.load(weights, map_location="cpu")
        entry = min(log, key=lambda line: abs(line["tokens"] - state["tokens"]))
        if "accuracy" in entry:
            continue
        model = weights.removesuffix(".pt") + ".gguf"
        export(state, options.vocabulary, model, "F16", "base")
        measured = subprocess.run(
            [options.ponder, "eval", "--model", model, "--strategy", "greedy,cot", "--family", "all",
             "--split", "dev", "--count", str(options.count), "--threads", str(options.threads),
             "--format", "json"],
            check=True, capture_output=True, text=True)
        accuracy = {}
        for row in json.loads(measured.stdout)["results"]:
            accuracy.setdefault(row["family"], {})[row["strategy"]] = round(row["accuracy"], 4)
        entry["accuracy"] = accuracy
        print(entry["tokens"], accuracy["all"], flush=True)
    with open(path + ".part", "w") as file:
        file.writelines(json.dumps(line) + "\n" for line in log)
    os.replace(path + ".part", path)


if __name__ == "__main__":
    main()
