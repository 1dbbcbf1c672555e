"""Makes Tests/Fixtures/Training/gradients.json: gradients of bundled models by PyTorch's autograd,
in double precision, which TorchGradientTests compares Ponder's with.

    python compare_gradients.py --ponder PONDER \\
        ../ponder-base-0.2m.F16.gguf ../ponder-base-2m.F16.gguf

Needs gguf, numpy and torch. PONDER is the built program, which makes tokens of the texts below. The
loss is Σ slope · log p + Σ entropy slope · entropy over all tokens that follow a prompt, the end of
text included. What is kept of a tensor's gradient is its norm, some of its entries, and its inner
products with eight vectors of random signs, whose differences tell the norm of the difference.
"""

import argparse
import json
import pathlib
import subprocess

import gguf
import numpy as np
import torch

from compare_model import Llama

FIXTURE = pathlib.Path(__file__).parents[3] / "Tests/Fixtures/Training/gradients.json"
PROBES, SAMPLES = 8, 16

# A prompt and what several texts have after it: right, wrong, short, long, and nothing but the end.
TEXTS = [
    ("Q: I have 3 apples, my dad has 2 more apples than me. How many apples do we have in total?\n"
     "A:", [
        " 5",
        " My dad has 3 + 2 = 5 apples. In total we have 3 + 5 = 8 apples. The answer is 8.",
        " My dad has 3 + 2 = 6 apples. Wait, 3 + 2 = 5. In total we have 3 + 5 = 8 apples.\n"
        "The answer is 8.",
        "",
    ]),
    ("Q: Which is larger, 9.11 or 9.9?\nA: Let's think step by step.", [
        " The whole parts are equal. The tenths are 1 and 9, and 9 is larger. The answer is 9.9.",
        " 11 is larger than 9. The answer is 9.11.",
    ]),
    ("Q:", [
        " What is (7 + 5) * 2 - 4?\n"
        "A: 7 + 5 = 12, 12 * 2 = 24, 24 - 4 = 20. The answer is 20.",
    ]),
]


def tokens(ponder, model, text):
    shown = subprocess.run(
        [ponder, "tokenize", "--model", model, text], check=True, capture_output=True, text=True)
    return json.loads(shown.stdout)["ids"] if text else []


def probes(count):
    """Vectors of random signs [PROBES, count]: bits 16 and up of a hash of the place, 1 for +."""
    place = np.arange(1, count + 1, dtype=np.uint32)
    with np.errstate(over="ignore"):
        bits = place * np.uint32(0x9E3779B1)
        bits ^= bits >> np.uint32(15)
        bits *= np.uint32(0x85EBCA77)
        bits ^= bits >> np.uint32(13)
    return np.stack([((bits >> np.uint32(16 + k)) & 1) * 2.0 - 1 for k in range(PROBES)])


def summary(gradient, random):
    flat = gradient.flatten().numpy()
    places = np.sort(random.choice(len(flat), min(SAMPLES, len(flat)), replace=False))
    return {
        "count": len(flat),
        "norm": rounded(np.linalg.norm(flat)),
        "projections": [rounded(x) for x in probes(len(flat)) @ flat],
        "places": places.tolist(),
        "entries": [rounded(flat[place]) for place in places],
    }


def rounded(x):
    return float(f"{x:.9g}")


def measure(path, groups, slopes, entropy_slopes):
    model = Llama(path, torch.float64)
    logs, entropies = [], []
    for group in groups:
        for continuation in group["continuations"]:
            prompt = len(group["prompt"])
            text = torch.tensor([group["prompt"] + continuation])
            told = model(text)[0, prompt - 1 : -1].log_softmax(-1)
            logs.append(told.gather(1, text[0, prompt:, None])[:, 0])
            entropies.append(-(told.exp() * told).sum(-1))
    logs, entropies = torch.cat(logs), torch.cat(entropies)
    loss = torch.dot(torch.tensor(slopes, dtype=torch.float64), logs)
    loss = loss + torch.dot(torch.tensor(entropy_slopes, dtype=torch.float64), entropies)
    loss.backward()
    random = np.random.default_rng(12)
    return {
        "name": pathlib.Path(path).name,
        "logProbabilities": [rounded(x) for x in logs.detach()],
        "entropies": [rounded(x) for x in entropies.detach()],
        "gradients": {name: summary(g, random) for name, g in model.gradients().items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--ponder", required=True)
    options = parser.parse_args()
    model = options.models[0]
    end = gguf.GGUFReader(model).fields["tokenizer.ggml.eos_token_id"].contents()
    groups = [
        {
            "prompt": [end] + tokens(options.ponder, model, prompt),
            "continuations": [tokens(options.ponder, model, text) + [end] for text in texts],
        }
        for prompt, texts in TEXTS
    ]
    count = sum(len(ids) for group in groups for ids in group["continuations"])
    random = np.random.default_rng(11)
    # In eighths and sixteenths, which single precision holds exactly.
    slopes = [int(x) / 8 for x in random.integers(-16, 17, count)]
    entropy_slopes = [int(x) / 16 for x in random.integers(-8, 9, count)]
    fixture = {
        "groups": groups, "slopes": slopes, "entropySlopes": entropy_slopes,
        "models": [measure(path, groups, slopes, entropy_slopes) for path in options.models],
    }
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
    print(FIXTURE, FIXTURE.stat().st_size, "bytes,", count, "targets")


if __name__ == "__main__":
    main()
