"""Compares the speed of training with PyTorch's: forward, backward and AdamW, in single precision.

    python compare_speed.py --ponder PONDER ../ponder-base-0.4m.F16.gguf ../ponder-base-2m.F16.gguf

Needs gguf, numpy and torch. PONDER is a release build, whose `bench --training` is measured in turn
with PyTorch, round by round, on batches of 4096 tokens in rows of 128, so that whatever else the
machine does falls on both. Prints a JSON line for every round and one for every model, with the
median of both rates and the median and range of their ratio.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

import torch
import torch.nn.functional as F

from compare_model import Llama

ROWS, LENGTH = 32, 128


class Trainer:
    """A model with its optimizer; `seconds` long, it takes steps and tells tokens a second."""

    def __init__(self, path):
        self.model = Llama(path)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.01, fused=True)
        random = torch.Generator().manual_seed(1)
        self.tokens = torch.randint(
            self.model.vocabulary, (ROWS, LENGTH + 1), generator=random)
        for _ in range(2):
            self.step()

    def step(self):
        logits = self.model(self.tokens[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), self.tokens[:, 1:].flatten())
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def rate(self, seconds):
        steps, start = 0, time.perf_counter()
        while (passed := time.perf_counter() - start) < seconds:
            self.step()
            steps += 1
        return steps * ROWS * LENGTH / passed


def ponder_rate(ponder, path, threads):
    shown = subprocess.run(
        [ponder, "bench", "--training", "--model", path, "--threads", str(threads), "--format",
         "json"], check=True, capture_output=True, text=True).stdout
    return json.loads(shown.splitlines()[-1])["tokens_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--ponder", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of each of PyTorch's rounds")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for path in options.models:
        name, trainer = pathlib.Path(path).name, Trainer(path)
        ours, theirs = [], []
        for round_ in range(options.rounds):
            theirs.append(trainer.rate(options.seconds))
            ours.append(ponder_rate(options.ponder, path, options.threads))
            print(json.dumps({
                "model": name, "round": round_, "ponder": round(ours[-1]),
                "pytorch": round(theirs[-1]), "ratio": round(ours[-1] / theirs[-1], 3)}),
                flush=True)
        ratios = [a / b for a, b in zip(ours, theirs)]
        print(json.dumps({
            "model": name, "threads": options.threads, "rounds": options.rounds,
            "ponder": round(statistics.median(ours)), "pytorch": round(statistics.median(theirs)),
            "ratio": round(statistics.median(ratios), 3),
            "range": [round(min(ratios), 3), round(max(ratios), 3)]}), flush=True)


if __name__ == "__main__":
    main()
