"""Compares what lm-evaluation-harness measures through `ponder serve` with the engine's own numbers.

    pip install lm_eval aiohttp tenacity
    python Samples/Serving/lm_eval_check.py .build/release/ponder [MODEL] [HF_FOLDER]

Starts a server, has lm-eval's `local-completions` compute log-likelihoods and generations on it, and computes
the same from `ponder logits`. With the folder of the same model for transformers, lm-eval's `hf` backend does
it a third time, which equals the others within rounding. Exits with 1 where something differs.
"""

import json
import math
import re
import subprocess
import sys

CONTEXTS = [
    "Q: Tom has 3 apples and buys 4 more. How many apples does Tom have?\nA:",
    "Q: Which number is larger, 9.11 or 9.8?\nA:",
    "Q: What is (3 + 4) * 2?\nA: Let's think step by step.",
    "The answer is",
    "Q: Ann is older than Ben. Ben is older than Cleo. Who is the oldest?\nA:",
]
CONTINUATIONS = [" 7.", " 9.8.", " First", " The answer is 14.", " Ann.", " no", "\n\n", " 1234567890"]
PLACE = re.compile(r"http://\S+:\d+")


def log_softmax(row, index):
    top = max(row)
    return row[index] - top - math.log(sum(math.exp(x - top) for x in row))


def rows(ponder, model, ids):
    """The logits behind every token."""
    text = subprocess.run(
        [ponder, "logits", *model, "--ids", ",".join(map(str, ids)), "--all"],
        check=True, capture_output=True, text=True,
    ).stdout
    return json.loads(text)["logits"]


def main():
    ponder = sys.argv[1]
    model = ["--model", sys.argv[2]] if len(sys.argv) > 2 else []
    server = subprocess.Popen(
        [ponder, "serve", "--port", "0", *model], stderr=subprocess.PIPE, text=True
    )
    try:
        for line in server.stderr:
            found = PLACE.search(line)
            if found:
                break
        else:
            sys.exit("the server did not start")
        return check(ponder, model, found.group())
    finally:
        server.terminate()
        server.wait()


def check(ponder, model, url):
    from lm_eval.api.instance import Instance
    from lm_eval.api.registry import get_model

    client = get_model("local-completions")(
        base_url=url + "/v1/completions", model="ponder", tokenizer_backend="remote",
        num_concurrent=4, max_length=1024,
    )
    pairs = [(c, t) for c in CONTEXTS for t in CONTINUATIONS]
    asked = [
        Instance(request_type="loglikelihood", doc={}, arguments=pair, idx=i)
        for i, pair in enumerate(pairs)
    ]
    measured = client.loglikelihood(asked, disable_tqdm=True)
    worst, wrong = 0.0, 0
    for (context, continuation), (value, is_greedy) in zip(pairs, measured):
        head, tail = client._encode_pair(context, continuation)
        logits = rows(ponder, model, head + tail)
        own = [log_softmax(logits[len(head) + i - 1], token) for i, token in enumerate(tail)]
        best = all(
            logits[len(head) + i - 1][token] == max(logits[len(head) + i - 1])
            for i, token in enumerate(tail)
        )
        worst = max(worst, abs(sum(own) - value))
        wrong += best != is_greedy
    print(f"{len(pairs)} log-likelihoods: largest difference {worst:.1e}, greedy wrong {wrong}")

    asked = [
        Instance(
            request_type="generate_until", doc={}, idx=i,
            arguments=(c, {"until": ["\n"], "max_gen_toks": 24, "temperature": 0}),
        )
        for i, c in enumerate(CONTEXTS)
    ]
    texts = client.generate_until(asked, disable_tqdm=True)
    other = sum(
        text.rstrip() != greedy(ponder, model, client, context).rstrip()
        for context, text in zip(CONTEXTS, texts)
    )
    print(f"{len(texts)} generations: {other} differ")
    failed = worst > 1e-4 or wrong or other
    if len(sys.argv) > 3:
        reference = get_model("hf")(pretrained=sys.argv[3], dtype="float32", device="cpu")
        again = reference.loglikelihood(
            [
                Instance(request_type="loglikelihood", doc={}, arguments=pair, idx=i)
                for i, pair in enumerate(pairs)
            ],
            disable_tqdm=True,
        )
        apart = max(abs(a[0] - b[0]) for a, b in zip(measured, again))
        print(f"beside transformers: largest difference {apart:.1e}")
        failed = failed or apart > 0.05
    return 1 if failed else 0


def greedy(ponder, model, client, context):
    """The likeliest token again and again, from `ponder logits`."""
    ids = client.tok_encode(context)
    end = client.eot_token_id if hasattr(client, "eot_token_id") else None
    start = len(ids)
    for _ in range(24):
        row = rows(ponder, model, ids)[-1]
        token = row.index(max(row))
        if token == end:
            break
        ids = ids + [token]
        text = client.tokenizer.decode(ids[start:])
        if "\n" in text:
            return text.split("\n")[0]
    return client.tokenizer.decode(ids[start:])


if __name__ == "__main__":
    sys.exit(main())
