"""The transformers models that the fixtures' logits come from, and where each of their weights goes
in a GGUF file."""

import torch
import transformers

# What each architecture has beside llama's tensors.
BIASED = ("qwen2", "qwen2moe")
HEAD_NORMS = ("qwen3", "qwen3moe", "gemma3")
OUTPUT_NORMS = ("gemma2", "gemma3")


def tensors(s, vocabulary):
    """Names in GGUF, names in transformers, shapes. Experts' gate and up, which transformers holds
    in one tensor, have its name with an ending of their own."""
    arch, width, ff = s["arch"], s["width"], s["ff"]
    heads, kv, head = s["heads"], s["kv"], s["head"]
    yield "token_embd.weight", "model.embed_tokens.weight", (vocabulary, width)
    for i in range(s["layers"]):
        ours, theirs = f"blk.{i}.", f"model.layers.{i}."
        attention, mlp = theirs + "self_attn.", theirs + "mlp."
        yield ours + "attn_norm.weight", theirs + "input_layernorm.weight", (width,)
        if arch == "phi3":
            yield ours + "attn_qkv.weight", attention + "qkv_proj.weight", (
                (heads + 2 * kv) * head, width)
        else:
            for part, count in (("q", heads), ("k", kv), ("v", kv)):
                name = f"{ours}attn_{part}"
                yield name + ".weight", f"{attention}{part}_proj.weight", (count * head, width)
                if arch in BIASED:
                    yield name + ".bias", f"{attention}{part}_proj.bias", (count * head,)
        if arch in HEAD_NORMS:
            yield ours + "attn_q_norm.weight", attention + "q_norm.weight", (head,)
            yield ours + "attn_k_norm.weight", attention + "k_norm.weight", (head,)
        yield ours + "attn_output.weight", attention + "o_proj.weight", (width, heads * head)
        after = theirs + "post_attention_layernorm.weight"
        if arch in OUTPUT_NORMS:
            yield ours + "post_attention_norm.weight", after, (width,)
            after = theirs + "pre_feedforward_layernorm.weight"
            yield ours + "post_ffw_norm.weight", theirs + "post_feedforward_layernorm.weight", (
                width,)
        yield ours + "ffn_norm.weight", after, (width,)
        if "experts" in s:
            yield from expert_tensors(s, ours, mlp)
        elif arch == "phi3":
            yield ours + "ffn_up.weight", mlp + "gate_up_proj.weight", (2 * ff, width)
            yield ours + "ffn_down.weight", mlp + "down_proj.weight", (width, ff)
        else:
            yield ours + "ffn_gate.weight", mlp + "gate_proj.weight", (ff, width)
            yield ours + "ffn_up.weight", mlp + "up_proj.weight", (ff, width)
            yield ours + "ffn_down.weight", mlp + "down_proj.weight", (width, ff)
    yield "output_norm.weight", "model.norm.weight", (width,)
    if not s.get("tied"):
        yield "output.weight", "lm_head.weight", (vocabulary, width)


def expert_tensors(s, ours, mlp):
    width, count = s["width"], s["experts"]
    ff = s.get("expert_ff", s["ff"])
    yield ours + "ffn_gate_inp.weight", mlp + "gate.weight", (count, width)
    yield ours + "ffn_gate_exps.weight", mlp + "experts.gate_up_proj:gate", (count, ff, width)
    yield ours + "ffn_up_exps.weight", mlp + "experts.gate_up_proj:up", (count, ff, width)
    yield ours + "ffn_down_exps.weight", mlp + "experts.down_proj", (count, width, ff)
    if "shared_ff" in s:
        shared = s["shared_ff"]
        for part, shape in (
            ("gate", (shared, width)), ("up", (shared, width)), ("down", (width, shared))
        ):
            yield f"{ours}ffn_{part}_shexp.weight", f"{mlp}shared_expert.{part}_proj.weight", shape
        yield ours + "ffn_gate_inp_shexp.weight", mlp + "shared_expert_gate.weight", (width,)


def rotary(s):
    rope = {"rope_type": "default", "rope_theta": s.get("base", 10000.0)}
    if s.get("rope") == "llama3":
        rope.update(
            rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=32,
        )
    if s.get("rope") == "linear":
        rope.update(rope_type="linear", factor=2.5)
    if s.get("rope") == "yarn":
        rope.update(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)
    if s.get("rope") == "longrope":
        rope.update(
            rope_type="longrope", original_max_position_embeddings=32,
            long_factor=s["long"], short_factor=s["short"],
        )
    if "turned" in s:
        rope["partial_rotary_factor"] = s["turned"] / s["head"]
    if s["arch"] == "gemma3":
        return {
            "full_attention": rope,
            "sliding_attention": {"rope_type": "default", "rope_theta": s["local_base"]},
        }
    return rope


def model(s, vocabulary):
    common = dict(
        vocab_size=vocabulary, hidden_size=s["width"], intermediate_size=s["ff"],
        num_hidden_layers=s["layers"], num_attention_heads=s["heads"],
        num_key_value_heads=s["kv"], head_dim=s["head"], max_position_embeddings=128,
        rms_norm_eps=1e-5, rope_parameters=rotary(s), tie_word_embeddings=bool(s.get("tied")),
        attn_implementation="eager", experts_implementation="eager", pad_token_id=0,
        bos_token_id=0, eos_token_id=1,
    )
    experts = dict(
        num_experts=s.get("experts"), num_experts_per_tok=s.get("used"),
        moe_intermediate_size=s.get("expert_ff"),
    )
    gemma = dict(query_pre_attn_scalar=s["head"], sliding_window=s.get("window"))
    t = transformers
    match s["arch"]:
        case "llama" if "experts" in s:
            kind, config = t.MixtralForCausalLM, t.MixtralConfig(
                num_local_experts=s["experts"], num_experts_per_tok=s["used"], **common)
        case "llama":
            kind, config = t.LlamaForCausalLM, t.LlamaConfig(**common)
        case "qwen2":
            kind, config = t.Qwen2ForCausalLM, t.Qwen2Config(**common)
        case "qwen3":
            kind, config = t.Qwen3ForCausalLM, t.Qwen3Config(**common)
        case "qwen2moe":
            kind, config = t.Qwen2MoeForCausalLM, t.Qwen2MoeConfig(
                shared_expert_intermediate_size=s["shared_ff"], norm_topk_prob=False, **experts,
                **common)
        case "qwen3moe":
            kind, config = t.Qwen3MoeForCausalLM, t.Qwen3MoeConfig(
                norm_topk_prob=True, **experts, **common)
        case "gemma2":
            kind, config = t.Gemma2ForCausalLM, t.Gemma2Config(
                attn_logit_softcapping=s["cap"], final_logit_softcapping=s["logit_cap"], **gemma,
                **common)
        case "gemma3":
            kind, config = t.Gemma3ForCausalLM, t.Gemma3TextConfig(**gemma, **common)
        case "phi3":
            kind, config = t.Phi3ForCausalLM, t.Phi3Config(
                original_max_position_embeddings=32 if "long" in s else 128,
                sliding_window=s.get("window"), **common)
    return kind(config).double().eval()


def state(s, weights):
    """Weights under transformers' names as transformers holds them."""
    gemma = s["arch"].startswith("gemma")
    result = {}
    for name, values in weights.items():
        values = torch.tensor(values, dtype=torch.float64)
        if gemma and name.endswith("norm.weight"):
            values -= 1  # its norms add 1
        if name.endswith("shared_expert_gate.weight"):
            values = values[None]
        if name.endswith(":gate"):
            continue
        if name.endswith(":up"):
            name = name.removesuffix(":up")
            gate = torch.tensor(weights[name + ":gate"], dtype=torch.float64)
            values = torch.cat((gate, values), dim=1)
        result[name] = values
    if s.get("tied"):
        result["lm_head.weight"] = result["model.embed_tokens.weight"]
    return result


def logits(s, weights, vocabulary, ids):
    reference = model(s, vocabulary)
    reference.load_state_dict(state(s, weights), strict=True)
    with torch.no_grad():
        return reference(torch.tensor([ids])).logits[0].numpy()
