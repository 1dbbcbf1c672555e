"""Makes Tests/Fixtures/Training/judgements.json: losses of judges and their derivatives, by PyTorch's
autograd in double precision, which JudgementTests compares Ponder's with.

    python compare_judgements.py

Needs numpy and torch. A judge says + or - in several places; the score of a place is the softmax of
the two log probabilities and an offset. Cross-entropy is torch's own, and the targets of temporal
differences are detached values of later places, as the semi-gradient has it.
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

FIXTURE = pathlib.Path(__file__).parents[3] / "Tests/Fixtures/Training/judgements.json"
random = np.random.default_rng(14)

PLACES = 12


def single(x):
    """As single precision holds it: what both sides begin with."""
    return torch.as_tensor(x).float().double()


def numbers(x):
    return [float(f"{float(v):.10g}") for v in x]


def case(loss, logs, offsets, targets, weights, kind):
    for leaf in (logs, offsets):
        leaf.grad = None
    loss.backward()
    return {
        "kind": kind,
        "logs": [float(f"{float(v):.9g}") for v in logs.detach().flatten()],
        "offsets": numbers(offsets.detach()),
        "targets": numbers(targets),
        "weights": numbers(weights),
        "loss": float(f"{float(loss.detach()):.10g}"),
        "slopes": numbers(logs.grad.flatten()),
        "offsetSlopes": numbers(offsets.grad),
    }


def main():
    logs = single(-random.exponential(3, (PLACES, 2))).requires_grad_()
    weights = torch.as_tensor([1, 2, 0, 1, 3, 1, 0.5, 1, 1, 4, 1, 1]).double()
    hard = torch.as_tensor([1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1]).double()
    soft = torch.as_tensor(random.uniform(0, 1, PLACES))
    cases = []
    for shift in (0, 0.7):
        offsets = torch.full((PLACES,), shift).double().requires_grad_()
        for labels in (hard, soft):
            logits = logs[:, 0] - logs[:, 1] + offsets
            loss = F.binary_cross_entropy_with_logits(logits, labels, weights, reduction="sum")
            cases.append(
                case(loss / weights.sum(), logs, offsets, labels, weights, "cross-entropy"))
        # Each place learns from the next, the last one from its reward.
        values = torch.sigmoid(logs[:, 0] - logs[:, 1] + offsets)
        targets = torch.cat([values[1:], torch.ones(1).double()]).detach()
        loss = (weights * (values - targets) ** 2).sum() / weights.sum()
        cases.append(case(loss, logs, offsets, targets, weights, "temporal difference"))
    FIXTURE.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
    print(FIXTURE, FIXTURE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
