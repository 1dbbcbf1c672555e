"""Makes Models/*.gguf, tiny llama models with random weights, and Models/*.json, their logits.

Run it in an environment with the packages torch, transformers, gguf and numpy. The logits come
from transformers' LlamaForCausalLM in double precision on the dequantised weights, so they share
no code with the engine. Shapes are odd on purpose: head sizes 20 and 48, a vocabulary that is no
multiple of 16, head size times heads unequal to the width, one key–value head for three.
"""

import json
import math
import pathlib

import gguf
import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

OUT = pathlib.Path(__file__).parent / "Models"
VOCABULARY = 133
TOKENS = 40
POSITIONS = [0, 1, 7, 15, 16, 17, 31, 32, 33, 39]
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
}


def shapes(s):
    width, heads, kv, head, ff = (s[k] for k in ("width", "heads", "kv", "head", "ff"))
    yield "token_embd.weight", "model.embed_tokens.weight", (VOCABULARY, width)
    for i in range(s["layers"]):
        ours, theirs = f"blk.{i}.", f"model.layers.{i}."
        yield ours + "attn_norm.weight", theirs + "input_layernorm.weight", (width,)
        yield ours + "attn_q.weight", theirs + "self_attn.q_proj.weight", (heads * head, width)
        yield ours + "attn_k.weight", theirs + "self_attn.k_proj.weight", (kv * head, width)
        yield ours + "attn_v.weight", theirs + "self_attn.v_proj.weight", (kv * head, width)
        yield ours + "attn_output.weight", theirs + "self_attn.o_proj.weight", (width, heads * head)
        yield ours + "ffn_norm.weight", theirs + "post_attention_layernorm.weight", (width,)
        yield ours + "ffn_gate.weight", theirs + "mlp.gate_proj.weight", (ff, width)
        yield ours + "ffn_up.weight", theirs + "mlp.up_proj.weight", (ff, width)
        yield ours + "ffn_down.weight", theirs + "mlp.down_proj.weight", (width, ff)
    yield "output_norm.weight", "model.norm.weight", (width,)
    if not s.get("tied"):
        yield "output.weight", "lm_head.weight", (VOCABULARY, width)


def random_weights(shape, rng):
    if len(shape) == 1:
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    # Large enough that attention is peaked and every position matters.
    return (rng.standard_normal(shape) * 1.6 / math.sqrt(shape[1])).astype(np.float32)


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


def reference(s, weights, ids):
    rope = {"rope_type": "default", "rope_theta": s.get("base", 10000.0)}
    if s.get("rope") == "llama3":
        rope.update(
            rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=32,
        )
    if s.get("rope") == "linear":
        rope.update(rope_type="linear", factor=2.5)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=s["width"], intermediate_size=s["ff"],
        num_hidden_layers=s["layers"], num_attention_heads=s["heads"],
        num_key_value_heads=s["kv"], head_dim=s["head"], max_position_embeddings=128,
        rms_norm_eps=1e-5, rope_parameters=rope, tie_word_embeddings=bool(s.get("tied")),
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config).double().eval()
    state = {k: torch.tensor(v, dtype=torch.float64) for k, v in weights.items()}
    if s.get("tied"):
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state, strict=True)
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].numpy()


def vocabulary():
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    tokens = ["<|start|>", "<|end|>", chr(0x120), chr(0x10A)] + [chr(c) for c in visible]
    merges = [chr(0x120) + " " + letter for letter in "abc"]
    tokens = tokens[: VOCABULARY - len(merges)] + [m.replace(" ", "") for m in merges]
    return tokens, merges


def write(name, s, stored, factors):
    w = gguf.GGUFWriter(OUT / f"{name}.gguf", "llama")
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
    w.add_rope_dimension_count(s["head"])
    w.add_rope_freq_base(s.get("base", 10000.0))
    if s.get("rope") == "linear":
        w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        w.add_rope_scaling_factor(2.5)
    w.add_vocab_size(VOCABULARY)
    tokens, merges = vocabulary()
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens)
    w.add_token_types([3, 3] + [1] * (VOCABULARY - 2))
    w.add_token_merges(merges)
    w.add_bos_token_id(0)
    w.add_eos_token_id(1)
    if factors is not None:
        w.add_tensor("rope_freqs.weight", factors)
    for tensor, (data, quantisation) in stored.items():
        w.add_tensor(tensor, data, raw_dtype=quantisation)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def make(name, s, seed):
    rng = np.random.default_rng(seed)
    stored, weights = {}, {}
    for ours, theirs, shape in shapes(s):
        quantisation = s["format"] if len(shape) == 2 else F32
        data = gguf.quants.quantize(random_weights(shape, rng), quantisation)
        weights[theirs] = gguf.quants.dequantize(data, quantisation)
        for part, heads in (("attn_q", s["heads"]), ("attn_k", s["kv"])):
            if part in ours:
                data = interleaved(data, heads)
        stored[ours] = (data, quantisation)
    factors = llama3_factors(s["base"], s["head"]) if s.get("rope") == "llama3" else None
    write(name, s, stored, factors)
    ids = [int(i) for i in rng.integers(0, VOCABULARY, TOKENS)]
    logits = reference(s, weights, ids)
    rows = ",\n  ".join(
        "[" + ",".join(f"{float(x):.7g}" for x in logits[p]) + "]" for p in POSITIONS
    )
    (OUT / f"{name}.json").write_text(
        f'{{"ids":{json.dumps(ids)},\n "positions":{json.dumps(POSITIONS)},\n'
        f' "logits":[\n  {rows}]}}\n'
    )


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for seed, (name, settings) in enumerate(FIXTURES.items()):
        make(name, settings, seed)
