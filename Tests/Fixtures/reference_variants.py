"""Architectures that are a llama with something changed: which tensors their GGUF files have, and
the transformers models that their fixtures' logits come from.

Where transformers lacks one, it is put together from transformers' layers: MiniCPM is Granite with
other constants, Deci a llama with layers replaced, Nanbeige a llama run twice."""

import math

import torch
import transformers

# What sets an architecture apart.
#   kind          transformers' name
#   interleaved   GGUF turns neighbouring elements of a head, transformers those half a head apart
#   inputs        names of the norms before blocks: ours and theirs; without them there are none
#   outputs       the same of norms behind blocks
#   heads         norms of queries and keys: "each" or "all"
#   biased        queries, keys and values have biases
#   fused         gate and up are one tensor
FIRST = ("attn_norm", "input_layernorm")
BEFORE = (FIRST, ("ffn_norm", "post_attention_layernorm"))
BEHIND = (
    ("post_attention_norm", "post_attention_layernorm"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
)
FORMS = {
    "mistral3": dict(kind="Ministral3", interleaved=True),
    "smollm3": dict(kind="SmolLM3", interleaved=True),
    "qwen2vl": dict(biased=True),
    "qwen3vl": dict(heads="each"),
    "granite": dict(kind="Granite", interleaved=True),
    "granitemoe": dict(kind="GraniteMoeShared", interleaved=True),
    "minicpm": dict(kind="Granite", interleaved=True),
    "ernie4_5": dict(kind="Ernie4_5"),
    "ernie4_5-moe": dict(kind="Ernie4_5_Moe"),
    "deci": dict(kind="Llama", interleaved=True),
    "nanbeige": dict(kind="Llama", interleaved=True),
    "olmo2": dict(kind="Olmo2", inputs=(), outputs=BEHIND, heads="all"),
    "exaone4": dict(kind="Exaone4", inputs=(), outputs=BEHIND, heads="each"),
    "hunyuan-dense": dict(kind="HunYuanDenseV1", heads="each"),
    "seed_oss": dict(
        kind="SeedOss", biased=True,
        inputs=(FIRST, ("post_attention_norm", "post_attention_layernorm")),
    ),
    "glm4": dict(
        kind="Glm4", biased=True, fused=True,
        outputs=(
            ("post_attention_norm", "post_self_attn_layernorm"),
            ("post_ffw_norm", "post_mlp_layernorm"),
        ),
    ),
    "gpt-oss": dict(
        kind="GptOss", biased=True,
        inputs=(FIRST, ("post_attention_norm", "post_attention_layernorm")),
    ),
    "gemma4": dict(
        kind="Gemma4", heads="each",
        inputs=(FIRST, ("ffn_norm", "pre_feedforward_layernorm")), outputs=BEHIND,
    ),
}


def head_size(s, layer):
    return s["local_head"] if "local_head" in s and s["pattern"][layer] else s["head"]


def by_layer(s, key, layer):
    """A setting that may be a list with one for each layer."""
    return s[key][layer] if isinstance(s[key], list) else s[key]


def interleaved_heads(s, ours):
    """How many heads a tensor has whose rows are to be interleaved; 0 for none."""
    if not FORMS[s["arch"]].get("interleaved") or not ours.startswith("blk."):
        return 0
    layer = int(ours.split(".")[1])
    counts = {"attn_q.": "heads", "attn_k.": "kv"}
    return next((by_layer(s, key, layer) for part, key in counts.items() if part in ours), 0)


def tensors(s, vocabulary):
    """Names in GGUF, names in transformers, shapes. What stands behind a colon in their name says
    which part of a tensor of transformers it is."""
    arch, width = s["arch"], s["width"]
    yield "token_embd.weight", "model.embed_tokens.weight", (vocabulary, width)
    if "per_layer" in s:
        all_layers = s["layers"] * s["per_layer"]
        yield "per_layer_token_embd.weight", "model.embed_tokens_per_layer.weight", (
            vocabulary, all_layers)
        yield "per_layer_model_proj.weight", "model.per_layer_model_projection.weight", (
            all_layers, width)
        yield "per_layer_proj_norm.weight", "model.per_layer_projection_norm.weight", (
            s["per_layer"],)
    for layer in range(s["layers"]):
        yield from attention_tensors(s, layer)
        yield from feed_forward_tensors(s, layer)
        ours, theirs = f"blk.{layer}.", f"model.layers.{layer}."
        if "per_layer" in s:
            yield ours + "inp_gate.weight", theirs + "per_layer_input_gate.weight", (
                s["per_layer"], width)
            yield ours + "proj.weight", theirs + "per_layer_projection.weight", (
                width, s["per_layer"])
            yield ours + "post_norm.weight", theirs + "post_per_layer_input_norm.weight", (width,)
        if arch == "gemma4":
            yield ours + "layer_output_scale.weight", theirs + "layer_scalar", (1,)
    yield "output_norm.weight", "model.norm.weight", (width,)
    if not s.get("tied"):
        yield "output.weight", "lm_head.weight", (vocabulary, width)


def attention_tensors(s, layer):
    form, width = FORMS[s["arch"]], s["width"]
    heads, kv = by_layer(s, "heads", layer), by_layer(s, "kv", layer)
    head = head_size(s, layer)
    ours, theirs = f"blk.{layer}.", f"model.layers.{layer}."
    attention = theirs + "self_attn."
    if heads and form.get("inputs", BEFORE):
        name, their_name = form.get("inputs", BEFORE)[0]
        yield f"{ours}{name}.weight", f"{theirs}{their_name}.weight", (width,)
    if heads and not kv:
        yield ours + "attn_output.weight", attention + "weight", (width, width)
        return
    if not heads:
        return
    shared = layer >= s["layers"] - s.get("shared", 0)
    parts = [("q", heads)] if shared else [("q", heads), ("k", kv), ("v", kv)]
    if s.get("keys_are_values") and not s["pattern"][layer]:
        parts.pop()
    for part, count in parts:
        name = f"{ours}attn_{part}"
        yield name + ".weight", f"{attention}{part}_proj.weight", (count * head, width)
        if form.get("biased"):
            yield name + ".bias", f"{attention}{part}_proj.bias", (count * head,)
    if "heads" in form:
        names = ("query_layernorm", "key_layernorm")
        if s["arch"] != "hunyuan-dense":
            names = ("q_norm", "k_norm")
        for (part, count), name in zip(parts, names):
            size = count * head if form["heads"] == "all" else head
            yield f"{ours}attn_{part}_norm.weight", f"{attention}{name}.weight", (size,)
    yield ours + "attn_output.weight", attention + "o_proj.weight", (width, heads * head)
    if s["arch"] == "gpt-oss":
        yield ours + "attn_output.bias", attention + "o_proj.bias", (width,)
        yield ours + "attn_sinks.weight", attention + "sinks", (heads,)
    if "outputs" in form:
        name, their_name = form["outputs"][0]
        yield f"{ours}{name}.weight", f"{theirs}{their_name}.weight", (width,)


def feed_forward_tensors(s, layer):
    form, width, ff = FORMS[s["arch"]], s["width"], by_layer(s, "ff", layer)
    ours, theirs = f"blk.{layer}.", f"model.layers.{layer}."
    if not ff:
        return
    for place, names in (("inputs", BEFORE), ("outputs", ())):
        if form.get(place, names):
            name, their_name = form.get(place, names)[1]
            yield f"{ours}{name}.weight", f"{theirs}{their_name}.weight", (width,)
    mlp = theirs + "mlp."
    if "experts" in s and s["arch"] == "gemma4":
        yield from beside_tensors(s, ours, theirs)
    if "experts" in s and layer >= s.get("dense", 0) and s["arch"] != "gemma4":
        yield from expert_tensors(s, ours, theirs)
    elif form.get("fused"):
        yield ours + "ffn_up.weight", mlp + "gate_up_proj.weight", (2 * ff, width)
        yield ours + "ffn_down.weight", mlp + "down_proj.weight", (width, ff)
    else:
        yield ours + "ffn_gate.weight", mlp + "gate_proj.weight", (ff, width)
        yield ours + "ffn_up.weight", mlp + "up_proj.weight", (ff, width)
        yield ours + "ffn_down.weight", mlp + "down_proj.weight", (width, ff)


def beside_tensors(s, ours, theirs):
    """Experts beside a plain block, whose tensors are not among these."""
    width, count, ff = s["width"], s["experts"], s["expert_ff"]
    for name, their_name in (
        ("post_ffw_norm_1", "post_feedforward_layernorm_1"),
        ("pre_ffw_norm_2", "pre_feedforward_layernorm_2"),
        ("post_ffw_norm_2", "post_feedforward_layernorm_2"),
    ):
        yield f"{ours}{name}.weight", f"{theirs}{their_name}.weight", (width,)
    yield ours + "ffn_gate_inp.weight", theirs + "router.proj.weight", (count, width)
    yield ours + "ffn_gate_inp.scale", theirs + "router.scale", (width,)
    yield ours + "ffn_gate_up_exps.weight", theirs + "experts.gate_up_proj", (count, 2 * ff, width)
    yield ours + "ffn_down_exps.weight", theirs + "experts.down_proj", (count, width, ff)
    yield ours + "ffn_down_exps.scale", theirs + "router.per_expert_scale", (count,)


def expert_tensors(s, ours, theirs):
    arch, width, count = s["arch"], s["width"], s["experts"]
    ff = s.get("expert_ff", s["ff"])
    mlp, router = theirs + "mlp.", "gate."
    if arch == "granitemoe":
        mlp, router = theirs + "block_sparse_moe.", "router."
    if arch == "gpt-oss":
        router = "router."
    experts = mlp + "experts."
    gate, up, down = "gate_up_proj:gate", "gate_up_proj:up", "down_proj"
    if arch == "gpt-oss":
        gate, up, down = "gate_up_proj:even", "gate_up_proj:odd", "down_proj:turned"
    yield ours + "ffn_gate_inp.weight", mlp + router + "weight", (count, width)
    yield ours + "ffn_gate_exps.weight", experts + gate, (count, ff, width)
    yield ours + "ffn_up_exps.weight", experts + up, (count, ff, width)
    yield ours + "ffn_down_exps.weight", experts + down, (count, width, ff)
    if arch == "gpt-oss":
        yield ours + "ffn_gate_inp.bias", mlp + "router.bias", (count,)
        yield ours + "ffn_gate_exps.bias", experts + "gate_up_proj_bias:even", (count, ff)
        yield ours + "ffn_up_exps.bias", experts + "gate_up_proj_bias:odd", (count, ff)
        yield ours + "ffn_down_exps.bias", experts + "down_proj_bias", (count, width)
    if arch == "ernie4_5-moe":
        yield ours + "exp_probs_b.bias", mlp + "gate.moe_statics.e_score_correction_bias:row", (
            count,)
        for part, shape in (("gate", (ff, width)), ("up", (ff, width)), ("down", (width, ff))):
            yield f"{ours}ffn_{part}_shexp.weight", f"{mlp}shared_experts.{part}_proj.weight", shape
    if arch == "granitemoe":
        shared, ff = theirs + "shared_mlp.", s["shared_ff"]
        yield ours + "ffn_gate_shexp.weight", shared + "input_linear.weight:gate", (ff, width)
        yield ours + "ffn_up_shexp.weight", shared + "input_linear.weight:up", (ff, width)
        yield ours + "ffn_down_shexp.weight", shared + "output_linear.weight", (width, ff)


# Parts of tensors, joined to one.
JOINED = {"gate": "up", "even": "odd"}


def state(s, weights):
    """Weights under transformers' names as transformers holds them."""
    result = {}
    for name, values in weights.items():
        values = torch.tensor(values, dtype=torch.float64)
        name, _, part = name.partition(":")
        if part in JOINED.values():
            continue
        if part in JOINED:
            other = torch.tensor(weights[f"{name}:{JOINED[part]}"], dtype=torch.float64)
            if part == "gate":
                values = torch.cat((values, other), dim=-2)
            elif values.dim() == 3:
                values = torch.stack((values, other), dim=2).flatten(1, 2).transpose(1, 2)
            else:
                values = torch.stack((values, other), dim=2).flatten(1, 2)
        if part == "turned":
            values = values.transpose(1, 2)
        if part == "row":
            values = values[None]
        result[name] = values.contiguous()
    if s.get("tied"):
        result["lm_head.weight"] = result["model.embed_tokens.weight"]
    return result


def rotary(s):
    base = s.get("base", 10000.0)
    rope = {"rope_type": "default", "rope_theta": base}
    if "alpha" in s:
        rope["rope_theta"] = base * s["alpha"] ** (s["head"] / (s["head"] - 2))
    if s.get("rope") == "yarn":
        rope.update(
            rope_type="yarn", factor=4.0, original_max_position_embeddings=s["original"],
            beta_fast=s.get("fast", 8.0), beta_slow=s.get("slow", 0.5),
        )
    if s["arch"] == "gpt-oss":
        rope["truncate"] = s.get("truncate", False)
    if s["arch"] == "mistral3":
        rope.update(llama_4_scaling_beta=s["beta"], mscale=1.0, mscale_all_dim=1.0)
    if "turned" in s and s["arch"] != "gemma4":
        rope["partial_rotary_factor"] = s["turned"] / s["head"]
    if "sections" in s:
        rope["mrope_section"] = s["sections"]
    if s["arch"] == "olmo2" and "window" in s:
        local = {"rope_type": "default", "rope_theta": base}
        return {"full_attention": rope, "sliding_attention": local}
    if s["arch"] == "gemma4":
        return {
            "full_attention": {
                "rope_type": "proportional", "rope_theta": base,
                "partial_rotary_factor": s["turned"] / s["head"],
            },
            "sliding_attention": {"rope_type": "default", "rope_theta": s["local_base"]},
        }
    return rope


def variations(s):
    """What only this architecture's configuration has."""
    result = {}
    if "pattern" in s:
        result["layer_types"] = [
            "sliding_attention" if local else "full_attention" for local in s["pattern"]
        ]
    if "window" in s:
        result["sliding_window"] = s["window"]
    match s["arch"]:
        case "smollm3":
            result["no_rope_layers"] = s.get(
                "no_rope_layers", [int((i + 1) % 4 != 0) for i in range(s["layers"])])
        case "granite" | "granitemoe" | "minicpm":
            scales = dict(
                embedding=12.0, residual=1.4 / math.sqrt(s["layers"]), logits=s["width"] / 256,
                attention=s["head"] ** -0.5)
            scales.update(s.get("scales", {}))
            result.update(
                embedding_multiplier=scales["embedding"], residual_multiplier=scales["residual"],
                logits_scaling=scales["logits"], attention_multiplier=scales["attention"])
            if "experts" in s:
                result.update(
                    num_local_experts=s["experts"], num_experts_per_tok=s["used"],
                    shared_intermediate_size=s["shared_ff"])
        case "ernie4_5-moe":
            result.update(
                moe_num_experts=s["experts"], moe_k=s["used"], moe_num_shared_experts=1,
                moe_intermediate_size=s["expert_ff"], moe_layer_start_index=s["dense"])
        case "seed_oss" | "glm4":
            result["attention_bias"] = True
        case "gpt-oss":
            result.update(
                num_local_experts=s["experts"], num_experts_per_tok=s["used"],
                swiglu_limit=s.get("limit", 7.0))
        case "exaone4" if "window" not in s:
            result.update(sliding_window=None, layer_types=["full_attention"] * s["layers"])
        case "gemma4":
            result.update(
                global_head_dim=s["head"], head_dim=s["local_head"],
                hidden_size_per_layer_input=s.get("per_layer", 0),
                vocab_size_per_layer_input=s["vocabulary"], num_kv_shared_layers=s.get("shared", 0),
                attention_k_eq_v=bool(s.get("keys_are_values")),
                final_logit_softcapping=s.get("logit_cap"),
                use_double_wide_mlp=bool(s.get("double_wide")))
            if "experts" in s:
                result.update(
                    enable_moe_block=True, num_experts=s["experts"], top_k_experts=s["used"],
                    moe_intermediate_size=s["expert_ff"])
            if "keys_are_values" in s:
                kv = dict(zip(s["pattern"], s["kv"]))
                result.update(num_key_value_heads=kv[True], num_global_key_value_heads=kv[False])
            if s.get("double_wide"):
                result["intermediate_size"] = min(s["ff"])
    return result


def common(s, vocabulary):
    return dict(
        vocab_size=vocabulary, hidden_size=s["width"], intermediate_size=s["ff"],
        num_hidden_layers=s["layers"], num_attention_heads=s["heads"],
        num_key_value_heads=s["kv"], head_dim=s["head"], max_position_embeddings=128,
        rms_norm_eps=1e-5, rope_parameters=rotary(s), tie_word_embeddings=bool(s.get("tied")),
        attn_implementation="eager", experts_implementation="eager", pad_token_id=0,
        bos_token_id=0, eos_token_id=1,
    )


class Linear(torch.nn.Module):
    """In the place of attention."""

    def __init__(self, width):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(width, width))

    def forward(self, hidden_states, **_):
        return torch.nn.functional.linear(hidden_states, self.weight), None


class FeedForwardOnly(torch.nn.Module):
    """A llama's layer without attention."""

    def __init__(self, layer):
        super().__init__()
        self.post_attention_layernorm, self.mlp = layer.post_attention_layernorm, layer.mlp

    def forward(self, hidden_states, **_):
        return hidden_states + self.mlp(self.post_attention_layernorm(hidden_states))


class Unchanged(torch.nn.Module):
    def forward(self, hidden_states, **_):
        return hidden_states


def deci(s, vocabulary):
    def config(layer):
        sizes = {key: by_layer(s, key, layer) or 1 for key in ("heads", "kv", "ff")}
        return transformers.LlamaConfig(**common({**s, **sizes}, vocabulary))

    model = transformers.LlamaForCausalLM(config(0))
    for i in range(s["layers"]):
        layer = transformers.models.llama.modeling_llama.LlamaDecoderLayer(config(i), i)
        heads, kv, ff = (by_layer(s, key, i) for key in ("heads", "kv", "ff"))
        if heads and not kv:
            layer.self_attn = Linear(s["width"])
        if not heads:
            layer = FeedForwardOnly(layer) if ff else Unchanged()
        model.model.layers[i] = layer
    return model


def text_model(s, vocabulary):
    """The text of a model of images and text, with a head of its own."""
    t = transformers
    settings = common(s, vocabulary)
    if s["arch"] == "qwen2vl":
        kind = t.models.qwen2_vl.modeling_qwen2_vl.Qwen2VLTextModel
        config = t.Qwen2VLTextConfig(**settings)
    else:
        kind = t.models.qwen3_vl.modeling_qwen3_vl.Qwen3VLTextModel
        config = t.Qwen3VLTextConfig(**settings)
    model = torch.nn.Module()
    model.model = kind(config)
    model.lm_head = torch.nn.Linear(s["width"], vocabulary, bias=False)
    return model


def model(s, vocabulary):
    if s["arch"] == "deci":
        return deci(s, vocabulary)
    if s["arch"] in ("qwen2vl", "qwen3vl"):
        return text_model(s, vocabulary)
    s = {**s, "vocabulary": vocabulary}
    name = FORMS[s["arch"]]["kind"]
    if s["arch"] == "olmo2" and "window" in s:
        name = "Olmo3"
    config = {"Gemma4": "Gemma4Text"}.get(name, name)
    settings = {**common(s, vocabulary), **variations(s)}
    return getattr(transformers, name + "ForCausalLM")(
        getattr(transformers, config + "Config")(**settings))


def logits(s, weights, vocabulary, ids):
    reference = model(s, vocabulary).double().eval()
    reference.load_state_dict(state(s, weights), strict=True)
    tokens = torch.tensor([ids])
    with torch.no_grad():
        if s["arch"] in ("qwen2vl", "qwen3vl"):
            hidden = reference.model(input_ids=tokens).last_hidden_state
        elif s["arch"] == "nanbeige":
            hidden = reference.model.embed_tokens(tokens)
            for _ in range(s["loops"]):
                hidden = reference.model(inputs_embeds=hidden).last_hidden_state
        else:
            return reference(tokens).logits[0].numpy()
        return reference.lm_head(hidden)[0].numpy()
