"""Makes the models with recurrent layers among Models/*.gguf, and Models/*.json, their logits.

Run it in an environment with the packages torch, transformers, gguf and numpy; names after the
command make only these fixtures. Weights are drawn at random under transformers' names and brought
into GGUF's form as llama.cpp's converter does; the logits come from transformers on the same
weights, in double precision but for what it computes in single precision itself. It computes delta
nets in chunks of 64 tokens, the engine token by token.
"""

import json
import math
import sys

import gguf
import numpy as np
import torch
import transformers

from make_model_fixtures import F16, F32, FILE_TYPES, OUT, VOCABULARY, vocabulary

TOKENS = 80
# On both sides of the positions at which states are kept, and of the end of a chunk.
POSITIONS = [0, 1, 2, 3, 7, 30, 31, 32, 33, 62, 63, 64, 65, 79]

FIXTURES = {
    "lfm2": dict(
        arch="lfm2", format=F32, width=40, heads=2, kv=1, head=20, ff=52, taps=3,
        layers=["conv", "full_attention", "conv"],
    ),
    "lfm2moe": dict(
        arch="lfm2moe", format=F16, width=36, heads=3, kv=1, head=12, ff=44, taps=4, experts=5,
        used=2, expert_ff=14, dense=1,
        layers=["conv", "full_attention", "conv", "full_attention"],
    ),
    "qwen35": dict(
        arch="qwen35", format=F32, width=28, heads=3, kv=1, head=20, turned=8, ff=44, taps=4,
        key_heads=2, value_heads=6, key=12, value=18,
        layers=["linear_attention", "linear_attention", "full_attention", "linear_attention"],
    ),
    "qwen35moe": dict(
        arch="qwen35moe", format=F16, width=24, heads=2, kv=1, head=16, turned=4, ff=12, taps=3,
        key_heads=3, value_heads=3, key=10, value=14, experts=6, used=2, expert_ff=12,
        shared_ff=20, interval=2, layers=["linear_attention", "full_attention"] * 2,
    ),
    "qwen3next": dict(
        arch="qwen3next", format=F16, width=24, heads=4, kv=2, head=12, turned=6, ff=10, taps=4,
        key_heads=2, value_heads=4, key=8, value=12, experts=5, used=3, expert_ff=10,
        shared_ff=14, interval=2, layers=["linear_attention", "full_attention"],
    ),
}


def model(s):
    t = transformers
    common = dict(
        vocab_size=VOCABULARY, hidden_size=s["width"], intermediate_size=s["ff"],
        num_hidden_layers=len(s["layers"]), layer_types=s["layers"],
        num_attention_heads=s["heads"], num_key_value_heads=s["kv"], head_dim=s["head"],
        max_position_embeddings=128, attn_implementation="eager", experts_implementation="eager",
        pad_token_id=0, bos_token_id=0, eos_token_id=1,
    )
    experts = dict(
        num_experts=s.get("experts"), num_experts_per_tok=s.get("used"),
        moe_intermediate_size=s.get("expert_ff"),
        shared_expert_intermediate_size=s.get("shared_ff"), norm_topk_prob=True,
    )
    short = dict(
        conv_L_cache=s["taps"], norm_eps=1e-5, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
    )
    delta = dict(
        linear_conv_kernel_dim=s["taps"], linear_key_head_dim=s.get("key"),
        linear_value_head_dim=s.get("value"), linear_num_key_heads=s.get("key_heads"),
        linear_num_value_heads=s.get("value_heads"), rms_norm_eps=1e-6,
        tie_word_embeddings=s["arch"] == "qwen35",
        rope_parameters={
            "rope_type": "default", "rope_theta": 1e6,
            "partial_rotary_factor": s.get("turned", 0) / s["head"],
        },
    )
    match s["arch"]:
        case "lfm2":
            kind, config = t.Lfm2ForCausalLM, t.Lfm2Config(
                block_auto_adjust_ff_dim=False, **short, **common)
        case "lfm2moe":
            kind, config = t.Lfm2MoeForCausalLM, t.Lfm2MoeConfig(
                num_dense_layers=s["dense"], **short, **experts, **common)
        case "qwen35":
            kind, config = t.Qwen3_5ForCausalLM, t.Qwen3_5TextConfig(**delta, **common)
        case "qwen35moe":
            kind, config = t.Qwen3_5MoeForCausalLM, t.Qwen3_5MoeTextConfig(
                **delta, **experts, **common)
        case "qwen3next":
            kind, config = t.Qwen3NextForCausalLM, t.Qwen3NextConfig(**delta, **experts, **common)
    return kind(config).double().eval()


def random_weights(name, shape, rng):
    if name.endswith("A_log"):
        # Heads that forget fast and heads that remember for long.
        return rng.uniform(-4, 0.5, shape)
    if name.endswith(("dt_bias", "expert_bias")):
        return rng.standard_normal(shape) * 0.3
    if "norm" in name:
        return rng.uniform(0.5, 1.5, shape)
    if ".conv" in name:
        return rng.standard_normal(shape) * 0.7
    return rng.standard_normal(shape) * 1.6 / math.sqrt(shape[-1])


NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.embedding_norm.weight": "token_embd_norm.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
PARTS = {
    "operator_norm.weight": "attn_norm.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "post_attention_norm.weight",
    "ffn_norm.weight": "ffn_norm.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.out_proj.weight": "attn_output.weight",
    "self_attn.o_proj.weight": "attn_output.weight",
    "self_attn.q_layernorm.weight": "attn_q_norm.weight",
    "self_attn.k_layernorm.weight": "attn_k_norm.weight",
    "self_attn.q_norm.weight": "attn_q_norm.weight",
    "self_attn.k_norm.weight": "attn_k_norm.weight",
    "conv.in_proj.weight": "shortconv.in_proj.weight",
    "conv.conv.weight": "shortconv.conv.weight",
    "conv.out_proj.weight": "shortconv.out_proj.weight",
    "linear_attn.in_proj_qkv.weight": "attn_qkv.weight",
    "linear_attn.in_proj_z.weight": "attn_gate.weight",
    "linear_attn.in_proj_b.weight": "ssm_beta.weight",
    "linear_attn.in_proj_a.weight": "ssm_alpha.weight",
    "linear_attn.in_proj_ba.weight": "ssm_ba.weight",
    "linear_attn.conv1d.weight": "ssm_conv1d.weight",
    "linear_attn.dt_bias": "ssm_dt.bias",
    "linear_attn.A_log": "ssm_a",
    "linear_attn.norm.weight": "ssm_norm.weight",
    "linear_attn.out_proj.weight": "ssm_out.weight",
    "feed_forward.w1.weight": "ffn_gate.weight",
    "feed_forward.w3.weight": "ffn_up.weight",
    "feed_forward.w2.weight": "ffn_down.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
    "gate.weight": "ffn_gate_inp.weight",
    "expert_bias": "exp_probs_b.bias",
    "experts.down_proj": "ffn_down_exps.weight",
    "shared_expert.gate_proj.weight": "ffn_gate_shexp.weight",
    "shared_expert.up_proj.weight": "ffn_up_shexp.weight",
    "shared_expert.down_proj.weight": "ffn_down_shexp.weight",
    "shared_expert_gate.weight": "ffn_gate_inp_shexp.weight",
}


def tiled(x, s, axis, width):
    """Value heads of one key head lie together in transformers, apart in GGUF."""
    heads, share = s["key_heads"], s["value_heads"] // s["key_heads"]
    x = np.moveaxis(x, axis, 0)
    parts = x.reshape(heads, share, width, *x.shape[1:]).swapaxes(0, 1)
    return np.moveaxis(parts.reshape(x.shape), 0, axis)


def reordered(part, x, s):
    keys = 2 * s["key_heads"] * s["key"]
    if part in ("attn_qkv.weight", "ssm_conv1d.weight"):
        return np.concatenate([x[:keys], tiled(x[keys:], s, 0, s["value"])])
    if part == "attn_gate.weight":
        return tiled(x, s, 0, s["value"])
    if part in ("ssm_beta.weight", "ssm_alpha.weight", "ssm_a", "ssm_dt.bias"):
        return tiled(x, s, 0, 1)
    if part == "ssm_out.weight":
        return tiled(x, s, 1, s["value"])
    return x


def separated(x, s):
    """Queries, keys, values and gates come key head by key head in Qwen3-Next."""
    share = s["value_heads"] // s["key_heads"] * s["value"]
    x = x.reshape(s["key_heads"], -1, s["width"])
    ends = np.cumsum([s["key"], s["key"], share])
    parts = [p.reshape(-1, s["width"]) for p in np.split(x, ends, axis=1)]
    return np.concatenate(parts[:3]), parts[3]


def stored(name, x, s):
    """The tensors of GGUF that one of transformers' becomes."""
    if name in NAMES:
        part, prefix = NAMES[name], ""
    else:
        _, _, layer, part = name.split(".", 3)
        prefix = f"blk.{layer}."
        if part.startswith(("feed_forward.", "mlp.")) and part not in PARTS:
            part = part.split(".", 1)[1]
        if part == "experts.gate_up_proj":
            gate, up = np.split(x, 2, axis=1)
            return [(prefix + "ffn_gate_exps.weight", gate), (prefix + "ffn_up_exps.weight", up)]
        if part == "linear_attn.in_proj_qkvz.weight":
            qkv, z = separated(x, s)
            return [(prefix + "attn_qkv.weight", qkv), (prefix + "attn_gate.weight", z)]
        part = PARTS[part]
    if part in ("shortconv.conv.weight", "ssm_conv1d.weight"):
        x = x[:, 0]
    if part == "ffn_gate_inp_shexp.weight":
        x = x[0]
    if part == "ssm_a":
        x = -np.exp(x)
    if s["arch"].startswith("qwen") and part.endswith("norm.weight") and part != "ssm_norm.weight":
        x = x + 1
    if s["arch"].startswith("qwen35") and prefix:
        x = reordered(part, x, s)
    return [(prefix + part, x)]


def write(name, s, tensors):
    w = gguf.GGUFWriter(OUT / f"{name}.gguf", s["arch"])
    w.add_name(name)
    w.add_file_type(FILE_TYPES[s["format"]])
    w.add_block_count(len(s["layers"]))
    w.add_context_length(128)
    w.add_embedding_length(s["width"])
    w.add_head_count(s["heads"])
    w.add_rope_freq_base(1e6)
    if s["arch"].startswith("lfm2"):
        w.add_feed_forward_length(s["ff"])
        w.add_head_count_kv([s["kv"] if kind == "full_attention" else 0 for kind in s["layers"]])
        w.add_layer_norm_rms_eps(1e-5)
        w.add_shortconv_l_cache(s["taps"])
    else:
        w.add_head_count_kv(s["kv"])
        w.add_key_length(s["head"])
        w.add_value_length(s["head"])
        w.add_layer_norm_rms_eps(1e-6)
        w.add_rope_dimension_count(s["turned"])
        w.add_ssm_conv_kernel(s["taps"])
        w.add_ssm_state_size(s["key"])
        w.add_ssm_group_count(s["key_heads"])
        w.add_ssm_time_step_rank(s["value_heads"])
        w.add_ssm_inner_size(s["value_heads"] * s["value"])
        if s["arch"] == "qwen35":
            w.add_feed_forward_length(s["ff"])
            w.add_array(
                "qwen35.attention.recurrent_layers",
                [kind == "linear_attention" for kind in s["layers"]])
        if "interval" in s:
            w.add_full_attention_interval(s["interval"])
        if s["arch"] != "qwen3next":
            w.add_rope_dimension_sections([11, 11, 10, 0])
    if "experts" in s:
        w.add_expert_count(s["experts"])
        w.add_expert_used_count(s["used"])
        w.add_expert_feed_forward_length(s["expert_ff"])
    if "shared_ff" in s:
        w.add_expert_shared_feed_forward_length(s["shared_ff"])
    if "dense" in s:
        w.add_leading_dense_block_count(s["dense"])
        w.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
    w.add_vocab_size(VOCABULARY)
    tokens, merges = vocabulary()
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens)
    w.add_token_types([3, 3] + [1] * (VOCABULARY - 2))
    w.add_token_merges(merges)
    w.add_bos_token_id(0)
    w.add_eos_token_id(1)
    for tensor, data, quantisation in tensors:
        data = gguf.quants.quantize(np.ascontiguousarray(data, dtype=np.float32), quantisation)
        w.add_tensor(tensor, data, raw_dtype=quantisation)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def make(name, s, seed):
    rng = np.random.default_rng(seed)
    reference = model(s)
    weights, tensors = {}, []
    for theirs, old in sorted(reference.state_dict().items()):
        if theirs == "lm_head.weight" and reference.config.tie_word_embeddings:
            continue
        x = random_weights(theirs, tuple(old.shape), rng).astype(np.float32)
        if s["arch"].startswith("qwen") and "norm" in theirs and "linear_attn" not in theirs:
            x -= 1  # its norms add 1
        plain = (
            x.ndim == 1 or "conv" in theirs and x.shape[1] == 1 or ".gate." in theirs
            or "shared_expert_gate" in theirs)
        quantisation = F32 if plain else s["format"]
        if quantisation == F16:
            x = x.astype(np.float16).astype(np.float32)
        weights[theirs] = torch.tensor(x, dtype=torch.float64)
        tensors += [(ours, data, quantisation) for ours, data in stored(theirs, x, s)]
    if reference.config.tie_word_embeddings:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    write(name, s, tensors)
    reference.load_state_dict(weights, strict=True)
    ids = [int(i) for i in rng.integers(0, VOCABULARY, TOKENS)]
    with torch.no_grad():
        logits = reference(torch.tensor([ids])).logits[0].numpy()
    rows = ",\n  ".join(
        "[" + ",".join(f"{float(x):.7g}" for x in logits[p]) + "]" for p in POSITIONS
    )
    (OUT / f"{name}.json").write_text(
        f'{{"ids":{json.dumps(ids)},\n "positions":{json.dumps(POSITIONS)},\n'
        f' "logits":[\n  {rows}]}}\n'
    )


if __name__ == "__main__":
    for number, (fixture, settings) in enumerate(FIXTURES.items()):
        if len(sys.argv) == 1 or fixture in sys.argv[1:]:
            make(fixture, settings, 100 + number)
