"""Makes Tokenizer/corpus.json, byte-pairs.json, characters.json, pieces.json and references.json.

The texts are written here or drawn from a seeded generator, and all vocabularies are trained on
them by the few lines below, so nothing is anybody else's. The ids are llama.cpp's: give the path of
its program llama-tokenize. Run it where the package gguf is.

Merges and pieces are learned across words, digits, lines and scripts, so that a text cut elsewhere
than llama.cpp cuts it has other ids.
"""

import base64
import collections
import json
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

import gguf

OUT = pathlib.Path(__file__).parent / "Tokenizer"

TEXTS = [
    "", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\r\n\r\n ", "\t\t a", " \n", "\n ", " \n \n a", "a \n b",
    "\u00a0", "\u2003\u2003x", "a\u3000b\u3000\u3000c", "\u0085x\u2028y\u2029z", "\u200b\ufeff", "x\u00a0 y \u00a0z",
    "Hello world", " Hello  world ", "Hello, world! How are   you?",
    "I'm you're he'll they've I'd it's don't I'M YOU'RE HE'LL THEY'VE I'D IT'S DON'T 'Sx x'rE 'lL '",
    "'tis ''s o'clock \u2019s \u017ft '\u017f",
    "camelCase HTTPServer \u00c4\u00d6\u00dcabc ABC\u00e4\u00f6\u00fc ABC\u00c4DEF x\u00c4BC \u00c4BCd iPhone15Pro \u0391\u0392\u0393\u03b1\u03b2 \u0410\u0411\u0412\u0430\u0431 aB ABc",
    "1 12 123 1234 12345 123456 1234567 3.14159 1,234.5 0x1F 1e-10 \u0663\u0664\u0665\u0666 \u0967\u0968 \u00bd \u2167 \u00b2 1st a1b2",
    "def f(x):\n    return x**2 + 1  # square\n\n\nclass A(B):\n\tpass\n",
    "for (int i = 0; i < n; ++i) { a[i] += \"s\\n\"; } // done\r\n\t#define X(y) ((y)<<2)\r\n",
    "a/b//c ///\n/ /\n\n/x <b class=\"x\">&nbsp;</b> $x=`ls|grep '^d'`; ~/foo^bar=1+2<3>4",
    "Gr\u00fc\u00dfe aus K\u00f6ln, cr\u00e8me br\u00fbl\u00e9e, na\u00efve fa\u00e7ade, \u00c5ngstr\u00f6m \u0152\u0178 \u01c5 \u01c8",
    "e\u0301 a\u0308 combining n\u0303o \u0301x\u0301 \u0915\u094d\u0937",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u0393\u03b5\u03b9\u03ac \u03c3\u03bf\u03c5 \u041f\u0440\u0438\u0432\u0435\u0442",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u6211\u6709\u4e09\u4e2a\u82f9\u679c\uff01\u201c\u5f15\u53f7\u201d\u300a\u4e66\u300b\u2026",
    "\u3053\u3093\u306b\u3061\u306f\u3001\u30ab\u30bf\u30ab\u30ca\uff01\u30c6\u30b9\u30c8\uff11\uff12\u3000\u5168\u89d2\uff21\uff22",
    "\ud55c\uad6d\uc5b4 \ud14d\uc2a4\ud2b8 \u3131\u3134", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645\u060c \u0661\u0662 \u05e9\u05dc\u05d5\u05dd",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e\u0964 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u0ba4\u0bae\u0bbf\u0bb4\u0bcd",
    "\u10e5\u10d0\u10e0\u10d7 \u10a0\u2d00 \u0540\u0561\u0575 \u1320\u12ed \u13e3\uab83 \u1c90\u1c80",
    "\U0001f600\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2764\ufe0f x\U0001f680y 1\ufe0f\u20e3",
    "\U0001d400\U0001d7d8 \U00020000 \U00010400\U00010428 \U000e0001 \U0010ffff",
    "\u2211\u222b\u2260\u2264 \u2200x\u2208\u211d: x\u00b2\u22650 \u2192 \u20ac\u00a3\u00a5 \u00a9\u00ae \u00ab\u00bb\u201e\u201a\u2018\u2013\u2014",
    "<s> </s> <unk> x<|user|>\n hi <|end|>\n\n  <|user|>\t<think>a</think> <|end|><|user|> <s>a</s>  b <0x0A>",
    "\u2581 \u2581\u2581 a\u2581b the.  The. T", "a" * 70 + " " * 60 + "!" * 40 + "9" * 40,
    "the " * 12 + "x" + " " * 9 + "y", "\n" * 9 + "\t" * 5, "ab" * 40, "".join(map(chr, range(0x20))) + "\x7f\u0080\u00ad",
    "\u0378 \ue000\uf8ff \ufdd0\uffff", "\u088f\u1c89\ua7cb\U000105c0\U000323b0", "a.b|c(d)e!/:~A-z` :abc ;XYZ~!",
    "return the apples of the dad are in the total; the answer is what we want, and then",
]

# No character is cut off before a space here: see EscapedText.
MALFORMED = [
    b"\x80", b"\xff\xfe", b"abc\xc3", b"\xc3(\xa0\xa1 x", b"\xe2\x28\xa1\xf0\x9f\x98", b"\xc0\x80\xe0\x80\x80overlong",
    b"\xed\xa0\x80\xed\xb0\x80 surrogates", b"\xff\xffa'\xffs5\xff5", b"\xe2ab c", b"\xe2\x96", b"\xff" * 40,
    b"\xf4\x90\x80\x80\xf5\x80\x80\x80", bytes(range(0x21, 0x100)),
]

POOLS = [
    [*range(0x20, 0x7F)], [0x20] * 4 + [9, 10, 13, 0xA0, 0x2003, 0x3000, 0x85, 0x0B, 0x2028],
    [*range(0x30, 0x3A), 0x661, 0x967, 0xBD, 0x2167, 0xFF11], [*range(0xA1, 0x250)],
    [*range(0x300, 0x330), 0x93F, 0x94D, 0x200D, 0xFE0F], [*range(0x370, 0x600)], [*range(0x2010, 0x2060)],
    [*range(0x3000, 0x3100)], [*range(0x4E00, 0x4E80)], [*range(0xAC00, 0xAC80)], [*range(0x1F300, 0x1F650)],
    [ord(c) for c in "'sStTmMdDrReEvVlL"], [ord(c) for c in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"],
    [ord(c) for c in "aAbBzZ\u00e4\u00c4\u00df\u03a9\u03c9"],
]  # fmt: skip


def random_texts(count):
    rng = random.Random(20)
    for _ in range(count):
        pools = [rng.choice(POOLS) for _ in range(rng.randrange(1, 4))]
        yield "".join(chr(rng.choice(rng.choice(pools))) for _ in range(rng.randrange(1, 40)))


def learn(words, count):
    """The most frequent pairs of neighbouring symbols, merged one after the other."""
    merges = []
    for _ in range(count):
        pairs = collections.Counter()
        for word in words:
            pairs.update(zip(word, word[1:]))
        if not pairs:
            break
        (left, right), _ = max(pairs.items(), key=lambda item: (item[1], item[0]))
        merges.append((left, right))
        for word in words:
            i = 0
            while i < len(word) - 1:
                if word[i] == left and word[i + 1] == right:
                    word[i : i + 2] = [left + right]
                i += 1
    return merges


def alphabet():
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    spell = {b: chr(b) for b in visible}
    rest = [b for b in range(256) if b not in spell]
    spell.update({b: chr(0x100 + i) for i, b in enumerate(rest)})
    return spell


NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
# The longest token of a text is taken first, although another begins before it.
CONTROLS = ["<s>", "</s>", "<|user|>", "<|end|>", "<|endoftext|>"]
USER_TOKENS = ["<think>", "</think>", "end|><|user", "  ", "\n\n"]


def byte_pairs(texts):
    spell = alphabet()
    merges = learn([[spell[b] for b in t.encode()] for t in texts], 1100)
    tokens = {s: NORMAL for s in spell.values()}
    tokens.update({left + right: NORMAL for left, right in merges})
    # Tokens that no merge makes: only the pre-tokenizers that prefer whole words find them.
    for word in ["Hello", " world", "square", " return", "123", "12"]:
        tokens.setdefault("".join(spell[b] for b in word.encode()), NORMAL)
    for special in CONTROLS:
        tokens[special] = CONTROL
    for special in USER_TOKENS[:3]:
        tokens[special] = USER_DEFINED
    return {
        "tokens": list(tokens), "kinds": list(tokens.values()),
        "merges": [" ".join(m) for m in merges],
    }  # fmt: skip


def pieces(texts):
    escaped = [t.replace(" ", "\u2581") for t in texts]
    # llama.cpp makes control tokens from plain text if pieces lead to them. Here none does.
    words = [
        list(w) for t in escaped if "<s>" not in t for w in re.findall("\u2581*[^\u2581]*", t) if w
    ]
    merges = learn(words, 700) + [(".\u2581", "T"), (".", "\u2581"), ("\u2581\u2581\u2581", "\u2581")]
    tokens = {"<unk>": UNKNOWN, "<s>": CONTROL, "</s>": CONTROL}
    tokens.update({f"<0x{b:02X}>": BYTE for b in range(256)})
    scores = [0.0] * len(tokens)
    for rank, (left, right) in enumerate(merges):
        if left + right not in tokens:
            tokens[left + right] = NORMAL
            # Many are alike, and some are better than what they are made of.
            scores.append(-float(rank // 3) if rank % 50 else 10.0)
    # Not every character is a piece of its own.
    for character in sorted({c for t in escaped for c in t if ord(c) < 0x1000} | {"\u2581"}):
        # llama.cpp cannot read a token with a null in it.
        if character not in tokens and character != "\0":
            tokens[character] = NORMAL
            scores.append(-1000.0)
    for special in CONTROLS + USER_TOKENS:
        if special not in tokens:
            tokens[special] = CONTROL if special in CONTROLS else USER_DEFINED
            scores.append(0.0)
    return {"tokens": list(tokens), "kinds": list(tokens.values()), "scores": scores}


def characters(texts):
    """Merges over characters, lines apart, as Gemma 4 has them."""
    lines = [line for t in texts for line in t.replace(" ", "\u2581").split("\n") if line]
    merges = learn([list(line) for line in lines], 600)
    tokens = {"<pad>": CONTROL, "<eos>": CONTROL, "<bos>": CONTROL, "<unk>": UNKNOWN}
    tokens.update({f"<0x{b:02X}>": BYTE for b in range(256)})
    # Not every character is a token of its own, and not all that merges make.
    for character in sorted({c for line in lines for c in line if ord(c) < 0x500} | {"\u2581"}):
        if character != "\0":
            tokens[character] = NORMAL
    for rank, (left, right) in enumerate(merges):
        if rank % 40 != 7 and "\0" not in left + right:
            tokens.setdefault(left + right, NORMAL)
    for run in ["\n", "\n\n", "\n\n\n"]:
        tokens[run] = NORMAL
    for special in CONTROLS + USER_TOKENS[:3]:
        tokens.setdefault(special, CONTROL if special in CONTROLS else USER_DEFINED)
    return {
        "model": "gemma4", "bos": 2, "tokens": list(tokens), "kinds": list(tokens.values()),
        "merges": [" ".join(m) for m in merges if "\0" not in "".join(m)],
    }  # fmt: skip


# Every pattern under one of its names, and names whose words may stay whole or not.
PRE_TOKENIZERS = [
    "default", "gpt-2", "llama-bpe", "glm4", "dbrx", "minicpm5", "qwen2", "qwen35", "ufakzeka", "seed-coder",
    "bailingmoe", "tekken", "gpt-4o", "starcoder", "falcon", "deepseek-llm", "deepseek-coder", "deepseek-v3", "bloom",
    "viking",
]  # fmt: skip


def specifications():
    for name in PRE_TOKENIZERS:
        yield {"name": name, "vocabulary": "byte-pairs", "metadata": {"tokenizer.ggml.pre": name}}
    yield {"name": "Gemma 4", "vocabulary": "characters", "metadata": {}}
    yield {"name": "SentencePiece", "vocabulary": "pieces", "metadata": {}}
    yield {
        "name": "SentencePiece without a space before", "vocabulary": "pieces",
        "metadata": {"tokenizer.ggml.add_space_prefix": False},
    }  # fmt: skip
    yield {"name": "Phi-3", "vocabulary": "pieces", "metadata": {"general.name": "Phi-3 mini"}}


def write_model(path, vocabulary, metadata):
    writer = gguf.GGUFWriter(path, "llama")
    usual = "gpt2" if "merges" in vocabulary else "llama"
    writer.add_tokenizer_model(vocabulary.get("model", usual))
    if "bos" in vocabulary:
        writer.add_bos_token_id(vocabulary["bos"])
    writer.add_token_list(vocabulary["tokens"])
    writer.add_token_types(vocabulary["kinds"])
    if "merges" in vocabulary:
        writer.add_token_merges(vocabulary["merges"])
    else:
        writer.add_token_scores(vocabulary["scores"])
    for key, value in metadata.items():
        if isinstance(value, bool):
            writer.add_bool(key, value)
        else:
            writer.add_string(key, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def main(llama_tokenize):
    texts = [t.encode() for t in TEXTS + list(random_texts(36))]
    text_count = len(texts)
    well_formed = [t.decode() for t in texts]
    vocabularies = {
        "byte-pairs": byte_pairs(well_formed), "characters": characters(well_formed),
        "pieces": pieces(well_formed),
    }  # fmt: skip
    texts += MALFORMED
    references = []
    with tempfile.TemporaryDirectory() as folder:
        model, file = f"{folder}/model.gguf", f"{folder}/text"

        def ids(text, *options):
            pathlib.Path(file).write_bytes(text)
            command = [llama_tokenize, "-m", model, "-f", file, "--ids", "--no-bos", "--no-escape", "--log-disable"]
            output = subprocess.run([*command, *options], capture_output=True, check=True).stdout
            return json.loads(output.splitlines()[-1])

        def encode(lists):
            flat = [i for ids in lists for i in [*ids, 0xFFFF]]
            return base64.b64encode(struct.pack(f"<{len(flat)}H", *flat)).decode()

        for specification in specifications():
            print(specification["name"])
            vocabulary = vocabularies[specification["vocabulary"]]
            write_model(model, vocabulary, specification["metadata"])
            # llama.cpp's byte-level BPE reads malformed bytes as U+FFFD, and ids that lose them are
            # not wanted.
            usable = texts if "scores" in vocabulary else texts[:text_count]
            references.append(specification)
            specification["none"] = encode(ids(t, "--no-parse-special") for t in usable)
            if specification["name"] in ("gpt-2", "Gemma 4") or "scores" in vocabulary:
                specification["parse"] = encode(ids(t) for t in usable)

    def write(name, value, **options):
        (OUT / name).write_text(json.dumps(value, ensure_ascii=False, **options) + "\n")

    write("corpus.json", [t.hex() for t in texts], indent=0)
    write("byte-pairs.json", vocabularies["byte-pairs"], separators=(",", ":"))
    write("characters.json", vocabularies["characters"], separators=(",", ":"))
    write("pieces.json", vocabularies["pieces"], separators=(",", ":"))
    write("references.json", references, indent=0)


if __name__ == "__main__":
    main(sys.argv[1])
