"""Makes Models/*.gguf, tiny models with random weights, and Models/*.json, their logits.

Run it in an environment with the packages torch, transformers, gguf and numpy; names after the
command make only these fixtures. The logits come from transformers in double precision on the
dequantised weights (reference_models.py), so they share no code with the engine. Shapes are odd on
purpose: head sizes 20 and 48, a vocabulary that is no multiple of 16, head size times heads unequal
to the width, one key–value head for three, windows shorter than the text.
"""

import json
import math
import pathlib
import sys

import gguf
import numpy as np
import reference_models
import reference_variants

OUT = pathlib.Path(__file__).parent / "Models"
VOCABULARY = 133
TOKENS = 40
POSITIONS = [0, 1, 7, 15, 16, 17, 31, 32, 33, 39]
# With a window: long enough that whole blocks of 32 positions lie before it.
WINDOW_TOKENS = 80
WINDOW_POSITIONS = [0, 8, 10, 11, 31, 32, 41, 63, 73, 79]
F32, F16, Q8_0 = (gguf.GGMLQuantizationType[name] for name in ("F32", "F16", "Q8_0"))
FILE_TYPES = {
    F32: gguf.LlamaFileType.ALL_F32,
    F16: gguf.LlamaFileType.MOSTLY_F16,
    Q8_0: gguf.LlamaFileType.MOSTLY_Q8_0,
}

FIXTURES = {
    "f32-mha-tied": dict(format=F32, width=32, heads=2, kv=2, head=20, ff=40, layers=2, tied=True),
    "f32-gqa-untied": dict(format=F32, width=24, heads=3, kv=1, head=48, ff=40, layers=2),
    "f32-rope-factors": dict(
        format=F32, width=32, heads=4, kv=2, head=16, ff=48, layers=2, tied=True, base=500000.0,
        rope="llama3",
    ),
    "f32-rope-linear": dict(
        format=F32, width=32, heads=4, kv=4, head=8, ff=40, layers=2, rope="linear"
    ),
    "f16-gqa-tied": dict(format=F16, width=40, heads=4, kv=2, head=20, ff=56, layers=3, tied=True),
    "f16-mha-untied": dict(format=F16, width=36, heads=3, kv=3, head=12, ff=50, layers=2),
    "q8_0-gqa-tied": dict(
        format=Q8_0, width=64, heads=4, kv=2, head=48, ff=96, layers=2, tied=True
    ),
    "q8_0-mha-untied": dict(format=Q8_0, width=96, heads=6, kv=6, head=16, ff=160, layers=1),
    "llama-yarn": dict(
        format=F32, width=24, heads=2, kv=1, head=20, ff=28, layers=2, tied=True, rope="yarn"
    ),
    "llama-experts": dict(
        format=F16, width=24, heads=2, kv=2, head=12, ff=20, layers=2, tied=True, experts=4,
        used=2,
    ),
    "qwen2": dict(
        arch="qwen2", format=F32, width=24, heads=2, kv=1, head=12, ff=28, layers=2, tied=True,
        base=1e6,
    ),
    "qwen2moe": dict(
        arch="qwen2moe", format=F16, width=24, heads=2, kv=1, head=12, ff=64, layers=2, experts=5,
        used=2, expert_ff=12, shared_ff=20,
    ),
    "qwen3": dict(
        arch="qwen3", format=F32, width=20, heads=3, kv=1, head=18, ff=28, layers=2, tied=True,
        base=1e6,
    ),
    "qwen3moe": dict(
        arch="qwen3moe", format=F16, width=24, heads=4, kv=2, head=10, ff=64, layers=2, experts=7,
        used=3, expert_ff=12,
    ),
    "gemma2": dict(
        arch="gemma2", format=F32, width=20, heads=4, kv=2, head=10, ff=20, layers=3, tied=True,
        window=9, cap=3.0, logit_cap=4.0,
    ),
    "gemma3": dict(
        arch="gemma3", format=F16, width=18, heads=3, kv=1, head=14, ff=22, layers=6, tied=True,
        window=9, base=1e6, local_base=5000.0, rope="linear",
    ),
    "phi3-long": dict(
        arch="phi3", format=F32, width=40, heads=2, kv=1, head=20, ff=24, layers=1, tied=True,
        turned=12, rope="longrope", long=[1.0, 1.5, 2.0, 3.0, 5.0, 8.0],
        short=[1.0, 1.0, 1.1, 1.2, 1.3, 1.4],
    ),
    "phi3-window": dict(
        arch="phi3", format=F16, width=36, heads=3, kv=3, head=12, ff=28, layers=2, window=11
    ),
}
PATTERN = [True, True, False, True]
FIXTURES |= {
    "mistral3": dict(
        arch="mistral3", width=20, heads=3, kv=1, head=14, ff=22, layers=2, rope="yarn",
        original=16, beta=0.7, tied=True,
    ),
    "smollm3": dict(arch="smollm3", width=18, heads=2, kv=1, head=10, ff=20, layers=5, tied=True),
    "qwen2vl": dict(
        arch="qwen2vl", width=24, heads=2, kv=1, head=12, ff=22, layers=2, base=1e6,
        sections=[2, 2, 2], tied=True,
    ),
    "qwen3vl": dict(
        arch="qwen3vl", width=20, heads=3, kv=1, head=18, ff=20, layers=2, base=1e6,
        sections=[5, 2, 2], tied=True,
    ),
    "granite": dict(
        arch="granite", width=20, heads=3, kv=1, head=14, ff=22, layers=2, tied=True,
        scales=dict(embedding=1.7, residual=0.6, logits=1.9, attention=0.2),
    ),
    "granitemoe": dict(
        arch="granitemoe", width=18, heads=2, kv=1, head=10, ff=14, layers=2, tied=True,
        experts=4, used=2, shared_ff=12,
        scales=dict(embedding=1.7, residual=0.6, logits=1.9, attention=0.2),
    ),
    "minicpm": dict(arch="minicpm", width=22, heads=2, kv=2, head=12, ff=20, layers=3, tied=True),
    "ernie4_5": dict(
        arch="ernie4_5", width=20, heads=3, kv=1, head=14, ff=22, layers=2, tied=True
    ),
    "ernie4_5-moe": dict(
        arch="ernie4_5-moe", width=18, heads=2, kv=1, head=10, ff=20, layers=3, tied=True,
        experts=5, used=2, expert_ff=10, dense=1,
    ),
    "deci": dict(
        arch="deci", width=24, heads=[4, 4, 0, 4, 0], kv=[1, 0, 0, 2, 0], head=10,
        ff=[20, 12, 14, 26, 0], layers=5, tied=True,
    ),
    "nanbeige": dict(
        arch="nanbeige", width=21, heads=3, kv=1, head=14, ff=22, layers=2, loops=2, tied=True
    ),
    "olmo2": dict(arch="olmo2", width=24, heads=3, kv=3, head=8, ff=22, layers=2, tied=True),
    "olmo3": dict(
        arch="olmo2", width=24, heads=3, kv=1, head=8, ff=14, layers=4, window=9, rope="yarn",
        original=32, pattern=PATTERN, tied=True,
    ),
    "exaone4": dict(arch="exaone4", width=24, heads=2, kv=1, head=12, ff=20, layers=2, tied=True),
    "exaone4-window": dict(
        arch="exaone4", width=24, heads=2, kv=1, head=12, ff=14, layers=4, window=9, tied=True,
        pattern=PATTERN,
    ),
    "hunyuan-dense": dict(
        arch="hunyuan-dense", width=20, heads=3, kv=1, head=14, ff=22, layers=2, tied=True,
        alpha=8.0,
    ),
    "seed_oss": dict(arch="seed_oss", width=20, heads=3, kv=1, head=14, ff=22, layers=2),
    "glm4": dict(
        arch="glm4", width=20, heads=3, kv=1, head=12, ff=22, layers=2, turned=6, tied=True
    ),
    "gpt-oss": dict(
        arch="gpt-oss", width=18, heads=4, kv=2, head=10, ff=12, layers=2, window=9, experts=4,
        used=2, expert_ff=12, wild=2.5, fast=1.0, slow=0.05, pattern=[True, False], rope="yarn", original=16,
    ),
    "gemma4": dict(
        arch="gemma4", width=14, heads=2, kv=1, head=16, local_head=10,
        ff=[9, 9, 9, 9, 18, 18], layers=6, window=9, tied=True, base=1e6, local_base=5000.0,
        turned=4, per_layer=6, shared=2, logit_cap=5.0, double_wide=True,
        pattern=[True, True, False, True, True, False],
    ),
    "gemma4-values": dict(
        arch="gemma4", width=18, heads=4, kv=[2, 1], head=16, local_head=10, ff=20, layers=2,
        window=9, tied=True, base=1e6, local_base=5000.0, turned=4, keys_are_values=True,
        pattern=[True, False],
    ),
    "gemma4-experts": dict(
        arch="gemma4", width=18, heads=2, kv=1, head=12, local_head=8, ff=14, layers=2, window=9,
        tied=True, base=1e6, local_base=5000.0, turned=4, experts=4, used=2, expert_ff=10,
        pattern=[True, False],
    ),
}
for settings in FIXTURES.values():
    settings.setdefault("arch", "llama")
    settings.setdefault("format", F32)

# Changes of settings that must change logits: the fixture would not show whether they are computed.
PLANTED = {
    "mistral3": [dict(beta=0.0), dict(original=64)],
    "smollm3": [dict(no_rope_layers=[1] * 5)],
    "qwen2vl": [dict(base=1e4)],
    "qwen3vl": [dict(base=1e4)],
    "granite": [
        dict(scales=dict(FIXTURES["granite"]["scales"], **{name: 1.0}))
        for name in ("embedding", "residual", "logits", "attention")
    ],
    "olmo3": [dict(window=60), dict(original=1024), dict(rope="none"), dict(pattern=[True] * 4)],
    "exaone4-window": [dict(window=60), dict(pattern=[True] * 4)],
    "hunyuan-dense": [dict(alpha=1.0)],
    "glm4": [dict(turned=12)],
    "gpt-oss": [
        dict(window=60), dict(pattern=[True, True]), dict(original=32),
        dict(limit=100.0), dict(truncate=True), dict(sinks=-30.0),
    ],
    "gemma4": [dict(window=60), dict(turned=8), dict(local_base=1e4), dict(logit_cap=50.0)],
    "nanbeige": [dict(loops=1)],
    "gemma4-experts": [dict(used=1)],
}


def module(s):
    """Where an architecture's reference is."""
    return reference_variants if s["arch"] in reference_variants.FORMS else reference_models


def random_weights(name, shape, rng):
    if name.endswith("attn_sinks.weight"):
        return rng.uniform(3, 8, shape).astype(np.float32)
    if name.endswith(".scale"):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    if name.endswith("layer_output_scale.weight"):
        return rng.uniform(0.4, 1.1, shape).astype(np.float32)
    if name.endswith("norm.weight"):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    if name.endswith(".bias"):
        return (rng.standard_normal(shape) * 0.5).astype(np.float32)
    # Large enough that attention is peaked and every position matters.
    return (rng.standard_normal(shape) * 1.6 / math.sqrt(shape[-1])).astype(np.float32)


def interleaved(rows, heads):
    """GGUF turns neighbouring elements of a head, transformers those half a head apart."""
    size = rows.shape[0] // heads
    halves = rows.reshape(heads, 2, size // 2, *rows.shape[1:])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def llama3_factors(base, head):
    """Frequency factors of Llama 3.1 for a model first trained on 32 positions."""
    factors = []
    for i in range(0, head, 2):
        wavelength = 2 * math.pi * base ** (i / head)
        if wavelength < 32 / 4:
            factors.append(1.0)
        elif wavelength > 32 / 1:
            factors.append(8.0)
        else:
            smooth = (32 / wavelength - 1) / (4 - 1)
            factors.append(1 / ((1 - smooth) / 8 + smooth))
    return np.array(factors, dtype=np.float32)


def vocabulary():
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    tokens = ["<|start|>", "<|end|>", chr(0x120), chr(0x10A)] + [chr(c) for c in visible]
    merges = [chr(0x120) + " " + letter for letter in "abc"]
    tokens = tokens[: VOCABULARY - len(merges)] + [m.replace(" ", "") for m in merges]
    return tokens, merges


def add_rotary(w, s):
    w.add_rope_dimension_count(s["head"] if s["arch"] == "gemma4" else s.get("turned", s["head"]))
    w.add_rope_freq_base(s.get("base", 10000.0))
    if s.get("rope") == "linear":
        w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        w.add_rope_scaling_factor(2.5)
    if s.get("rope") == "yarn":
        w.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        w.add_rope_scaling_factor(4.0)
        w.add_rope_scaling_orig_ctx_len(s.get("original", 32))
        if "original" in s:
            w.add_rope_scaling_yarn_beta_fast(s.get("fast", 8.0))
            w.add_rope_scaling_yarn_beta_slow(s.get("slow", 0.5))
    if "beta" in s:
        w.add_rope_scaling_yarn_log_mul(1.0)
        w.add_attn_temperature_scale(s["beta"])
    if "alpha" in s:
        w.add_float32(f"{s['arch']}.rope.scaling.alpha", s["alpha"])
    if "sections" in s:
        w.add_rope_dimension_sections(s["sections"] + [0])
    if s["arch"] == "gemma4":
        turned = s["turned"] // 2
        factors = [1.0] * turned + [1e30] * (s["head"] // 2 - turned)
        w.add_tensor("rope_freqs.weight", np.array(factors, dtype=np.float32))
    if s.get("rope") == "longrope":
        w.add_rope_scaling_orig_ctx_len(32)
        w.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(128 / 32) / math.log(32)))
        w.add_tensor("rope_factors_long.weight", np.array(s["long"], dtype=np.float32))
        w.add_tensor("rope_factors_short.weight", np.array(s["short"], dtype=np.float32))
    if s.get("rope") == "llama3":
        w.add_tensor("rope_freqs.weight", llama3_factors(s["base"], s["head"]))
    if "local_base" in s:
        w.add_float32(f"{s['arch']}.rope.freq_base_swa", s["local_base"])


def add_variations(w, s):
    if "window" in s:
        w.add_sliding_window(s["window"])
    if "pattern" in s:
        w.add_sliding_window_pattern(s["pattern"])
    if "local_head" in s:
        w.add_key_length_swa(s["local_head"])
        w.add_value_length_swa(s["local_head"])
        w.add_rope_dimension_count_swa(s["local_head"])
        w.add_shared_kv_layers(s.get("shared", 0))
        w.add_embedding_length_per_layer_input(s.get("per_layer", 0))
        if "logit_cap" in s:
            w.add_final_logit_softcapping(s["logit_cap"])
    if "scales" in s:
        w.add_embedding_scale(s["scales"]["embedding"])
        w.add_residual_scale(s["scales"]["residual"])
        w.add_logit_scale(s["scales"]["logits"])
        w.add_attention_scale(s["scales"]["attention"])
    if "loops" in s:
        w.add_uint32(f"{s['arch']}.num_loops", s["loops"])
    if "dense" in s:
        w.add_leading_dense_block_count(s["dense"])
        w.add_interleave_moe_layer_step(1)
        w.add_expert_shared_feed_forward_length(s["expert_ff"])
    if "cap" in s:
        w.add_attn_logit_softcapping(s["cap"])
        w.add_final_logit_softcapping(s["logit_cap"])
    if "experts" in s:
        w.add_expert_count(s["experts"])
        w.add_expert_used_count(s["used"])
    if "expert_ff" in s:
        w.add_expert_feed_forward_length(s["expert_ff"])
    if "shared_ff" in s:
        w.add_expert_shared_feed_forward_length(s["shared_ff"])


def write(name, s, stored):
    w = gguf.GGUFWriter(OUT / f"{name}.gguf", s["arch"])
    w.add_name(name)
    w.add_file_type(FILE_TYPES[s["format"]])
    w.add_block_count(s["layers"])
    w.add_context_length(128)
    w.add_embedding_length(s["width"])
    w.add_feed_forward_length(s["ff"])
    w.add_head_count(s["heads"])
    w.add_head_count_kv(s["kv"])
    w.add_key_length(s["head"])
    w.add_value_length(s["head"])
    w.add_layer_norm_rms_eps(1e-5)
    add_rotary(w, s)
    add_variations(w, s)
    w.add_vocab_size(VOCABULARY)
    tokens, merges = vocabulary()
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens)
    w.add_token_types([3, 3] + [1] * (VOCABULARY - 2))
    w.add_token_merges(merges)
    w.add_bos_token_id(0)
    w.add_eos_token_id(1)
    for tensor, (data, quantisation) in stored.items():
        w.add_tensor(tensor, data, raw_dtype=quantisation)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def make(name, s, seed):
    rng = np.random.default_rng(seed)
    stored, weights = {}, {}
    reference = module(s)
    for ours, theirs, shape in reference.tensors(s, VOCABULARY):
        plain = len(shape) == 1 or "ffn_gate_inp" in ours
        quantisation = F32 if plain else s["format"]
        values = random_weights(ours, shape, rng) * (s.get("wild", 1) if "_exps" in ours else 1)
        data = gguf.quants.quantize(values, quantisation)
        weights[theirs] = gguf.quants.dequantize(data, quantisation)
        for part, heads in (("attn_q", s["heads"]), ("attn_k", s["kv"])):
            if part in ours and s["arch"] == "llama":
                data = interleaved(data, heads)
        if reference is reference_variants and (
            heads := reference_variants.interleaved_heads(s, ours)
        ):
            data = interleaved(data, heads)
        stored[ours] = (data, quantisation)
    write(name, s, stored)
    tokens, positions = TOKENS, POSITIONS
    if "window" in s:
        tokens, positions = WINDOW_TOKENS, WINDOW_POSITIONS
    ids = [int(i) for i in rng.integers(0, VOCABULARY, tokens)]
    logits = reference.logits(s, weights, VOCABULARY, ids)
    for change in PLANTED.get(name, []):
        other = {
            theirs: values * 0 + change["sinks"]
            for theirs, values in weights.items() if theirs.endswith("sinks") and "sinks" in change
        }
        changed = reference.logits({**s, **change}, {**weights, **other}, VOCABULARY, ids)
        moved = abs(changed - logits)[positions].max() / abs(logits).max()
        print(f"{name}: {change} moves logits by {moved:.2g} of the largest")
        assert moved > 1e-2
    rows = ",\n  ".join(
        "[" + ",".join(f"{float(x):.7g}" for x in logits[p]) + "]" for p in positions
    )
    (OUT / f"{name}.json").write_text(
        f'{{"ids":{json.dumps(ids)},\n "positions":{json.dumps(positions)},\n'
        f' "logits":[\n  {rows}]}}\n'
    )


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for seed, (name, settings) in enumerate(FIXTURES.items()):
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            make(name, settings, seed)
