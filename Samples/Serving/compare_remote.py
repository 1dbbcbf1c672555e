"""Compares strategies on a model that another program serves with the same strategies on Ponder's own engine.

    python Samples/Serving/compare_remote.py .build/release/ponder MODEL [SERVER ...]

SERVER is a command that serves the same file, with {model} and {port} in it, such as

    "llama-server -m {model} --port {port} -np 4 -c 8192"

Without one, `ponder serve` is the other program. Greedy tokens must be equal, and log-probabilities within
the tolerance: another program rounds its activations otherwise, and keeps its keys and values as it likes.
Sampled paths are drawn from both with the same seeds: as long as two distributions agree, so do the tokens;
how many paths are equal is told, and no matter of right or wrong. Exits with 1 where something differs that
must not.
"""

import json
import socket
import subprocess
import sys
import time
import urllib.request

PROBLEMS = ["apples", "story/3/0", "expr/2/1"]
TOLERANCE = 0.05
STRATEGIES = {
    # Name: options, and whether every path must be the same.
    "greedy": ([], True),
    "cot-decoding": (["--branches", "4"], True),
    "beam": (["--branches", "3"], True),
    "self-consistency": (["--samples", "6"], False),
    "best-of-n": (["--samples", "4"], False),
    "budget-forcing": ([], True),
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, server):
    for _ in range(600):
        if server.poll() is not None:
            sys.exit(f"the server ended with {server.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("the server did not start")


def run(ponder, model, strategy, options, problem):
    """The run's paths: for each its tokens and their log-probabilities; the answer; seconds."""
    began = time.monotonic()
    done = subprocess.run(
        [ponder, "run", "--model", model, "--strategy", strategy, "--problem", problem, "--max-tokens", "64",
         "--format", "jsonl", *options],
        capture_output=True, text=True)
    seconds = time.monotonic() - began
    if done.returncode:
        return None, done.stderr.strip().splitlines()[-1], seconds
    paths, answer = {}, None
    for line in done.stdout.splitlines():
        event = json.loads(line)
        if event["event"] == "node":
            paths.setdefault(event["path"], []).append((event["id"], event.get("logprob")))
        if event["event"] == "finished":
            answer = event.get("answer")
    return paths, answer, seconds


def compare(ponder, model, address):
    failures = 0
    for strategy, (options, is_exact) in STRATEGIES.items():
        for problem in PROBLEMS:
            own, own_answer, own_seconds = run(ponder, model, strategy, options, problem)
            other, other_answer, seconds = run(ponder, address, strategy, options, problem)
            if own is None or other is None:
                print(f"{strategy:18} {problem:14} FAILED: {own_answer if own is None else other_answer}")
                failures += 1
                continue
            same = [p for p in own if [n for n, _ in own[p]] == [n for n, _ in other.get(p, [])]]
            gaps = [
                abs(a - b)
                for p in own for (n, a), (m, b) in zip(own[p], other.get(p, []))
                if n == m and a is not None and b is not None
            ]
            worst = max(gaps, default=0)
            is_equal = own.keys() == other.keys() and len(same) == len(own)
            is_wrong = (is_exact and not is_equal) or worst > TOLERANCE
            failures += is_wrong
            print(
                f"{strategy:18} {problem:14} {'WRONG' if is_wrong else 'ok':5} "
                f"{len(same)} of {len(own)} paths equal, log p within {worst:.4f}, "
                f"answers {own_answer} and {other_answer}, {own_seconds:.1f} s and {seconds:.1f} s")
    return failures


def main():
    ponder, model, *command = sys.argv[1:]
    port = free_port()
    command = " ".join(command) or f"{ponder} serve --model {{model}} --port {{port}}"
    server = subprocess.Popen(
        command.format(model=model, port=port).split(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        address = f"http://127.0.0.1:{port}/v1"
        print(subprocess.run([ponder, "info", address], capture_output=True, text=True).stdout)
        sys.exit(1 if compare(ponder, model, address) else 0)
    finally:
        server.terminate()
        server.wait()


main()
