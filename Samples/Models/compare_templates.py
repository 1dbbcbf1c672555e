"""Compares Ponder's chat templates with Python's jinja2.

    pip install jinja2
    python3 compare_templates.py FOLDER [--ponder .build/release/ponder] [--vocabularies FOLDER] [-v]

FOLDER holds chat templates, such as llama.cpp's models/templates. Each is rendered for one question,
a system message and a question, and a question, an answer and another question: with thinking as the
template has it, and where it has a switch also on and off. jinja2 is set up as Hugging Face's
transformers sets it up. Where jinja2 fails, Ponder must fail, too.

With --vocabularies, a folder of llama.cpp's ggml-vocab-*.gguf files, the ids of templates whose
vocabulary is there are compared, too: the prompt's, with the text of the messages free of control
tokens, must be those of the whole text with special tokens recognised.
"""

import argparse
import functools
import json
import pathlib
import subprocess
import sys
from datetime import datetime

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

DAY = datetime(2026, 11, 5, 12, 0, 0)
BOS, EOS = "<s>", "</s>"

QUESTION = "  What is 2 + 3?<|im_end|>\n"
CASES = {
    "question": [("user", QUESTION)],
    "system": [("system", " Be \"brief\". "), ("user", QUESTION)],
    "turns": [("user", QUESTION), ("assistant", "It's 5."), ("user", "And 4 & 5?")],
    "thought": [
        ("user", "2?"), ("assistant", "<think>\nhm\n</think>\n\nIt's 5."), ("user", "And 4?")
    ],
}
PLAIN = {
    name: [(role, text.replace("<|im_end|>", "").strip()) for role, text in messages]
    for name, messages in CASES.items() if name != "thought"
}

# The variables that switch thinking: on, off; None leaves one out.
SWITCHES = {
    "enable_thinking": (True, False), "thinking": (True, False), "reasoning": (True, False),
    "thinking_mode": ("enabled", "disabled"), "thinking_option": ("on", "off"),
    "thinking_budget": (None, 0),
}
LEAST_EFFORTS = ["none", "no_think", "minimal"]

# Which of llama.cpp's vocabularies a template goes with.
VOCABULARIES = {
    "Qwen": "qwen2", "Qwen3.5": "qwen35", "meta-llama": "llama-bpe", "Phi-3.5": "phi-3",
    "CohereForAI": "command-r", "DeepSeek-R1-Distill-Llama": "llama-bpe", "Hermes": "llama-bpe",
    "DeepSeek-R1-Distill-Qwen": "qwen2", "gemma-4": "gemma-4",
}


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(
            self.call_method("_said"), [], [], body
        ).set_lineno(line)

    def _said(self, caller):
        return caller()


@functools.cache
def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(
            x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
        )

    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = DAY.strftime
    return made


@functools.cache
def compiled(source):
    return environment().from_string(source)


def switches(source, on):
    read = {name for name in list(SWITCHES) + ["reasoning_effort"] if name in source}
    chosen = {
        name: values[0 if on else 1] for name, values in SWITCHES.items()
        if name in read and values[0 if on else 1] is not None
    }
    least = next((e for e in LEAST_EFFORTS if f"'{e}'" in source or f'"{e}"' in source), None)
    if "reasoning_effort" in read and least is not None:
        chosen["reasoning_effort"] = "high" if on else least
    return chosen


def expected(source, messages, variables, bos=BOS, eos=EOS):
    """The text, or None where jinja2 fails."""
    try:
        return compiled(source).render(
            messages=[{"role": role, "content": text} for role, text in messages],
            add_generation_prompt=True, bos_token=bos, eos_token=eos, **variables
        )
    except Exception:
        return None


def ponder(program, path, messages, thinking, model=None):
    command = [program, "template", str(path), "--date", DAY.strftime("%Y-%m-%d"), "--format", "json"]
    command += [] if model is None else ["--model", str(model)]
    for role, text in messages:
        command += ["--message", f"{role}={text}"]
    command += [] if thinking == "own" else ["--thinking", thinking]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        return None, result.stderr.strip(), result.returncode
    return json.loads(result.stdout), "", 0


def vocabulary(name, folder):
    if folder is None:
        return None
    fitting = [key for key in VOCABULARIES if key in name]
    if not fitting:
        return None
    path = pathlib.Path(folder) / f"ggml-vocab-{VOCABULARIES[max(fitting, key=len)]}.gguf"
    return path if path.exists() else None


def whole_ids(program, model, text):
    """The ids of a text with its special tokens, as `ponder tokenize` has them."""
    result = subprocess.run(
        [program, "tokenize", "--model", str(model), "--special", "parse", text],
        capture_output=True, text=True)
    return json.loads(result.stdout)["ids"] if result.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--ponder", default=".build/release/ponder")
    parser.add_argument("--vocabularies")
    parser.add_argument("-v", action="store_true", help="show what differs")
    options = parser.parse_args()
    totals = {"equal": 0, "both fail": 0, "DIFFERENT": 0}
    worst = 0
    print(f"{'template':52} {'equal':>5} {'fail':>5} {'differ':>6}  ids    switch")
    for path in sorted(pathlib.Path(options.folder).glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        counts = {"equal": 0, "both fail": 0, "DIFFERENT": 0}
        switch = "-"
        for name, messages in CASES.items():
            texts = {"own": expected(source, messages, {})}
            for choice in ["on", "off"]:
                texts[choice] = expected(source, messages, switches(source, choice == "on"))
            for choice, text in texts.items():
                got, error, status = ponder(options.ponder, path, messages, choice)
                if choice != "own" and status == 64:
                    # Ponder says that there is no switch: then both must be the same.
                    verdict = "equal" if texts["on"] == texts["off"] else "DIFFERENT"
                elif text is None or got is None:
                    verdict = "both fail" if text is None and got is None else "DIFFERENT"
                else:
                    verdict = "equal" if got["text"] == text else "DIFFERENT"
                    if got["thinking"] != "no switch for thinking":
                        switch = got["thinking"]
                    inputs = [part["text"] for part in got["parts"] if part["is_input"]]
                    said = [text for _, text in messages]
                    if not all(any(part in text for text in said) for part in inputs):
                        verdict = "DIFFERENT"
                counts[verdict] += 1
                if options.v and verdict == "DIFFERENT":
                    print(f"  {name}, {choice}: jinja2 {text!r}\n    Ponder {got and got['text']!r} {error}")
        ids = "-"
        model = vocabulary(path.name, options.vocabularies)
        if model is not None:
            ids = "equal"
            for name, messages in PLAIN.items():
                got, error, status = ponder(options.ponder, path, messages, "own", model)
                if got is None:
                    continue
                wanted = whole_ids(options.ponder, model, got["text"])
                # What the vocabulary itself puts in front may stand in the template as well.
                if wanted and len(wanted) > 1 and wanted[0] == wanted[1]:
                    wanted = wanted[1:]
                if got["ids"] != wanted:
                    ids = "DIFFER"
                    worst = 1
                    if options.v:
                        print(f"  {name}: {got['text']!r}\n    {got['ids']}\n    {wanted}")
        print(
            f"{path.stem:52} {counts['equal']:5} {counts['both fail']:5} {counts['DIFFERENT']:6}  "
            f"{ids:6} {switch}"
        )
        for verdict, count in counts.items():
            totals[verdict] += count
    print(", ".join(f"{verdict}: {count}" for verdict, count in totals.items()))
    sys.exit(1 if totals["DIFFERENT"] else worst)


main()
