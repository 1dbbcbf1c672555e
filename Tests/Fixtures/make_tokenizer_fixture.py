"""Makes Tokenizer/bpe.gguf (a vocabulary-only GGUF) and Tokenizer/bpe.json (texts and their ids).

Run it in an environment with the packages tokenizers, regex and gguf. The ids come from the tokenizers
package; for malformed UTF-8, which it cannot take, from a plain implementation below
that is first checked against it on all well-formed texts.
"""

import json
import pathlib
import random

import gguf
import regex
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

OUT = pathlib.Path(__file__).parent / "Tokenizer"
PATTERN = regex.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)

WELL_FORMED = [
    "",
    " ",
    "a",
    "Hello world",
    "Q: I have 3 apples, my dad has 2 more apples than me. How many apples do we have in total?",
    "A: My dad has 3 + 2 = 5 apples. 3 + 5 = 8. The answer is 8.",
    "I've we're they'll he'd it's I'm don't 'tis '' 'S I'VE x'sx",
    "  two  spaces   three    four\n\n\nlines\t\ttabs \n mixed \r\n end  ",
    "   ",
    "\n",
    " \n a",
    "a \u00a0b\u2003\u2003c\u3000d\u1680e\u0085f\u2028g\u200bh\ufeffi",
    "12345 67 8,901.23 \u0661\u0662\u0663 \u2167 \u00bd\u00b2 3rd x2y",
    "def f(x):\n    return x**2 + 1  # square\n\nclass A(B):\n\tpass",
    "for (int i = 0; i < n; ++i) { a[i] += \"s\\n\"; }",
    "Gr\u00fc\u00dfe aus K\u00f6ln, cr\u00e8me br\u00fbl\u00e9e, na\u00efve fa\u00e7ade, \u00c5ngstr\u00f6m",
    "e\u0301 a\u0308 combining n\u0303o",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u0393\u03b5\u03b9\u03ac \u03c3\u03bf\u03c5 \u039a\u03cc\u03c3\u03bc\u03b5",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u6211\u6709\u4e09\u4e2a\u82f9\u679c\u3002\u3053\u3093\u306b\u3061\u306f\u3001\u30ab\u30bf\u30ab\u30ca\uff01\ud55c\uad6d\uc5b4 \ud14d\uc2a4\ud2b8",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 \u05e9\u05dc\u05d5\u05dd \u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\U0001f600\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f1e9\U0001f1ea \u2764\ufe0f x\U0001f680y",
    "\U0001d400\U0001d7d8 \U00020000\U0001f1e6 \U000e0001 \U0010ffff",
    "<|end|> <think>3 + 5</think> <|begin|>x<|end|><|end|> <thin <think",
    "the the the the " * 12,
    "a" * 100 + " " * 70 + "!" * 80 + "9" * 50,
    "".join(chr(c) for c in range(0x20)) + "\x7f\u0080\u009f\u00ad",
]

MALFORMED = [
    b"\x80",
    b"\xff\xfe",
    b"abc\xc3",
    b"\xc3(\xa0\xa1 x",
    b"\xe2\x82 \xe2\x28\xa1 \xf0\x9f\x98",
    b"\xf0\x9f\x98\x80\xf0\x9f\x98 tail",
    b"\xc0\x80\xe0\x80\x80 overlong",
    b"\xed\xa0\x80\xed\xb0\x80 surrogates",
    b"\xf4\x90\x80\x80\xf5\x80\x80\x80 too large",
    b" \xff \xffa'\xffs 5\xff5",
    bytes(range(256)),
    bytes(reversed(range(256))),
]


def train():
    corpus = [t for t in WELL_FORMED if t] * 3 + [
        "the answer is what we want, and then the apples of the dad are in the total",
        "return the square of the integer value; print the result of the function",
        "one two three four five six seven eight nine ten eleven twelve",
    ]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=640,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|end|>", "<|begin|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def plain_bpe(text, ids, ranks, spell):
    """Ids of bytes, by the definition of byte-pair encoding, without any special token."""
    result = []
    for word in PATTERN.findall(text.decode("utf-8", "surrogateescape")):
        parts = [spell[b] for b in word.encode("utf-8", "surrogateescape")]
        while len(parts) > 1:
            rank, i = min(
                (ranks.get((a, b), 1 << 30), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))
            )
            if rank == 1 << 30:
                break
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        result += [ids[p] for p in parts]
    return result


def alphabet():
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    spell = {b: chr(b) for b in visible}
    rest = [b for b in range(256) if b not in spell]
    spell.update({b: chr(0x100 + i) for i, b in enumerate(rest)})
    return spell


def main():
    OUT.mkdir(exist_ok=True)
    trained = train()
    model = json.loads(trained.to_str())["model"]
    ids, merges = model["vocab"], [tuple(m) for m in model["merges"]]
    ranks = {m: i for i, m in enumerate(merges)}
    spell = alphabet()
    tokens = sorted(ids, key=ids.get)
    user_defined = ["<think>", "</think>"]
    normal, user, control = 1, 4, 3
    kinds = [control if t in ("<|end|>", "<|begin|>") else normal for t in tokens]
    kinds += [user] * len(user_defined)

    # Three tokenizers: control tokens read as text (with and without the start token added is
    # the same ids), and control tokens parsed. User-defined tokens are recognised by all.
    def fresh(parse):
        tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges))
        tokenizer.pre_tokenizer = trained.pre_tokenizer
        tokenizer.add_tokens([AddedToken(t, normalized=False) for t in user_defined])
        if parse:
            tokenizer.add_special_tokens(["<|end|>", "<|begin|>"])
        return tokenizer

    plain, parsing = fresh(False), fresh(True)
    start = ids["<|begin|>"]
    cases = []
    for text in WELL_FORMED:
        none = plain.encode(text, add_special_tokens=False).ids
        if not any(t in text for t in user_defined):
            assert none == plain_bpe(text.encode(), ids, ranks, spell), text
        parse = [start] + parsing.encode(text, add_special_tokens=False).ids
        cases.append({"hex": text.encode().hex(), "none": none, "parse": parse})
    rng = random.Random(7)
    noise = [bytes(rng.randrange(256) for _ in range(rng.randrange(1, 60))) for _ in range(20)]
    for data in MALFORMED + noise:
        none = plain_bpe(data, ids, ranks, spell)
        cases.append({"hex": data.hex(), "none": none, "parse": [start] + none})
    (OUT / "bpe.json").write_text(
        "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"
    )

    writer = gguf.GGUFWriter(OUT / "bpe.gguf", "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens + user_defined)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(m) for m in merges])
    writer.add_bos_token_id(start)
    writer.add_eos_token_id(ids["<|end|>"])
    writer.add_add_bos_token(True)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


if __name__ == "__main__":
    main()
