"""Makes Tests/Fixtures/Training/distributions.json: losses that look at whole distributions, and their
derivatives, by PyTorch's autograd in double precision. TorchDistributionTests compares Ponder's with
them.

    python compare_distributions.py ../ponder-base-0.2m.F16.gguf ../ponder-base-0.4m.F16.gguf

Needs gguf, numpy and torch. The losses are DPO (Rafailov et al. 2023, eq. 7), TDPO1 and TDPO2 (Zeng et
al. 2024) and distillation (Hinton et al. 2015), from the papers' formulas: first on logits that are
drawn at random, differentiated by these; then on the texts of gradients.json, with the first model in
training and the second as its reference or teacher, differentiated by the model's weights.
"""

import argparse
import itertools
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

from compare_gradients import rounded, summary
from compare_model import Llama

FOLDER = pathlib.Path(__file__).parents[3] / "Tests/Fixtures/Training"
torch.set_default_dtype(torch.float64)
random = np.random.default_rng(17)


def preference(kind, logits, reference, tokens, pairs, beta, alpha):
    """The mean loss over pairs, each of the chosen and the rejected answer's targets."""
    now, then = logits.log_softmax(-1), reference.log_softmax(-1)
    ratio = (now - then).gather(1, tokens[:, None])[:, 0]
    divergence = F.kl_div(now, then, reduction="none", log_target=True).sum(-1)
    losses = []
    for chosen, rejected in pairs:
        u = ratio[chosen].sum() - ratio[rejected].sum()
        better, worse = divergence[chosen].sum(), divergence[rejected].sum()
        if kind == "tdpo1":
            u = u - (worse - better)
        if kind == "tdpo2":
            u = u - alpha * (worse - better.detach())
        losses.append(-F.logsigmoid(beta * u))
    return torch.stack(losses).mean()


def distillation(logits, teacher, tokens, alpha, temperature):
    hard = F.cross_entropy(logits, tokens)
    soft = F.kl_div(
        (logits / temperature).log_softmax(-1), (teacher / temperature).softmax(-1),
        reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def single(x):
    """As single precision holds it: what both sides begin with."""
    return torch.as_tensor(x).float().double()


def flat(x, digits=10):
    return [float(f"{float(v):.{digits}g}") for v in x.flatten()]


def on_logits():
    vocabulary, lengths = 7, [3, 2, 4, 1, 1, 5]
    count = sum(lengths)
    reference = single(random.normal(0, 1.5, (count, vocabulary)))
    tokens = torch.tensor(random.integers(0, vocabulary, count))
    bounds = np.cumsum([0] + lengths)
    ranges = [slice(int(a), int(b)) for a, b in zip(bounds, bounds[1:])]
    pairs = list(zip(ranges[::2], ranges[1::2]))
    # Where the models are the same, near each other, and far apart.
    nows = [single(reference + torch.as_tensor(random.normal(0, d, reference.shape)))
            for d in (0, 0.3, 2.0)]
    cases = []

    def add(case, now, loss):
        x = nows[now].clone().requires_grad_()
        value = loss(x)
        value.backward()
        cases.append({**case, "now": now, "loss": flat(value.detach()[None])[0],
                      "gradient": flat(x.grad, 9)})

    for kind, beta, alpha, now in itertools.product(
            ("dpo", "tdpo1", "tdpo2"), (0.1, 1.0), (0.5, 0.2), range(3)):
        add({"kind": kind, "beta": beta, "alpha": alpha}, now,
            lambda x: preference(kind, x, reference, tokens, pairs, beta, alpha))
    for alpha, temperature, now in itertools.product((0.0, 0.5, 1.0), (1.0, 2.0, 4.0), range(3)):
        add({"kind": "distill", "alpha": alpha, "temperature": temperature}, now,
            lambda x: distillation(x, reference, tokens, alpha, temperature))
    return {
        "vocabulary": vocabulary, "lengths": lengths, "tokens": tokens.tolist(),
        "reference": flat(reference, 9), "nows": [flat(x, 9) for x in nows], "cases": cases,
    }


def logits_of(model, groups):
    """Those that each target is chosen from, and the targets of each text."""
    logits, tokens, ranges = [], [], []
    for group in groups:
        for continuation in group["continuations"]:
            prompt = len(group["prompt"])
            text = torch.tensor([group["prompt"] + continuation])
            start = sum(map(len, logits))
            logits.append(model(text)[0, prompt - 1 : -1])
            tokens += continuation
            ranges.append(slice(start, start + len(continuation)))
    return torch.cat(logits), torch.tensor(tokens), ranges


def on_models(student, reference):
    groups = json.loads((FOLDER / "gradients.json").read_text())["groups"]
    with torch.no_grad():
        known = logits_of(Llama(reference, torch.float64), groups)[0].detach()
    # Texts of one question: 8 apples before 5, and the right way to compare before the wrong one.
    numbers = [(1, 0), (2, 3), (4, 5)]
    cases = []
    for kind in ("dpo", "tdpo1", "tdpo2", "distill"):
        model = Llama(student, torch.float64)
        logits, tokens, ranges = logits_of(model, groups)
        pairs = [(ranges[chosen], ranges[rejected]) for chosen, rejected in numbers]
        loss = (distillation(logits, known, tokens, 0.7, 2.0) if kind == "distill"
                else preference(kind, logits, known, tokens, pairs, 0.1, 0.5))
        loss.backward()
        random = np.random.default_rng(12)
        cases.append({
            "kind": kind, "loss": rounded(loss.detach()),
            "gradients": {name: summary(g, random) for name, g in model.gradients().items()},
        })
    return {
        "student": pathlib.Path(student).name, "reference": pathlib.Path(reference).name,
        "pairs": [list(pair) for pair in numbers], "cases": cases,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("student")
    parser.add_argument("reference")
    options = parser.parse_args()
    fixture = {"logits": on_logits(), "models": on_models(options.student, options.reference)}
    path = FOLDER / "distributions.json"
    path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
