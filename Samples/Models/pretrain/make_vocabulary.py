"""Makes the vocabulary of the bundled models from curriculum text: byte-level BPE of the gpt2 type.

    python make_vocabulary.py documents.jsonl vocabulary.gguf [--tokens 1024]

Every merge joins a piece that begins with a space to one more character. So a word of the
curriculum is one token where it stands in a sentence, a word in quotation marks is always spelled
letter by letter, and digits never join each other (" 5" is one token, "5" is one, " 12" is two).
All 256 bytes are tokens, so any text has tokens; the last tokens are <think>, </think> and the end
of text.
"""

import argparse
import json
import re
from collections import Counter

import gguf

WORD = re.compile(r" [A-Za-z]+")


def byte_characters():
    """The printable stand-in of each byte in GPT-2's vocabulary files."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    extra = iter(range(256, 512))
    return [chr(b) if b in plain else chr(next(extra)) for b in range(256)]


def merges_of(words, budget, space):
    """Grows prefixes of " word" by the most frequent next character."""
    single = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-*=<>(|\""
    merges = [(space, c) for c in single]
    known = {space + c for c in single}
    depth = {word: 2 for word in words}
    pairs = Counter()
    for word, count in words.items():
        if len(word) > 2:
            pairs[word[:2], word[2]] += count
    while len(merges) < budget and pairs:
        (left, right), _ = max(pairs.items(), key=lambda item: (item[1], item[0]))
        del pairs[left, right]
        merges.append((space + left[1:], right))
        joined = left + right
        known.add(joined)
        for word, count in words.items():
            if word.startswith(joined):
                depth[word] = len(joined)
                if len(word) > len(joined):
                    pairs[joined, word[len(joined)]] += count
    return merges


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents")
    parser.add_argument("output")
    parser.add_argument("--tokens", type=int, default=1024)
    options = parser.parse_args()

    words = Counter()
    with open(options.documents) as file:
        for line in file:
            for segment in json.loads(line)["segments"]:
                words.update(WORD.findall(segment["text"]))
    characters = byte_characters()
    control = ["<think>", "</think>", "<|endoftext|>"]
    merges = merges_of(words, options.tokens - 256 - len(control), characters[32])
    tokens = characters + [left + right for left, right in merges] + control
    assert len(set(tokens)) == len(tokens)
    end = len(tokens) - 1

    writer = gguf.GGUFWriter(options.output, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    # The tags of thinking are text that a user sees; the end of text is not.
    kinds = [gguf.TokenType.USER_DEFINED] * 2 + [gguf.TokenType.CONTROL]
    writer.add_token_types([gguf.TokenType.NORMAL] * (len(tokens) - len(kinds)) + kinds)
    writer.add_token_merges([f"{left} {right}" for left, right in merges])
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{len(tokens)} tokens, {len(merges)} merges")


if __name__ == "__main__":
    main()
