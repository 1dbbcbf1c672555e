"""What Layers shows beside transformers with hooks, on the same file.

    python compare_layers.py PONDER MODEL.gguf ["prompt"]

The model is a llama in F16 or F32 (such as SmolLM2), which transformers reads from the same GGUF.
Compared are, at the last token of the prompt: the residual stream and the logit lens behind every
layer and between its blocks, the attention of every head, what silencing each head at that token
alone does to the likeliest next token, and the logits with a head, a layer's attention, a
feed-forward block and a token silenced for the whole text. Ponder keeps keys and values in F32 for
this. Needs gguf, numpy, torch and transformers; no test does.
"""

import json
import subprocess
import sys

import torch
import transformers

PONDER, PATH = sys.argv[1], sys.argv[2]
PROMPT = sys.argv[3] if len(sys.argv) > 3 else (
    "Anna has 3 apples and her father has 2 more apples than she has. In total they have")


def ponder(ids, *more):
    command = [
        PONDER, "layers", "--model", PATH, "--kv", "f32", "--ids", ",".join(map(str, ids)),
        "--attention", "--format", "json", *more]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def token_ids():
    command = [PONDER, "layers", "--model", PATH, "--prompt", PROMPT, "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["tokens"]


ids = token_ids()
model = transformers.AutoModelForCausalLM.from_pretrained(
    PATH.rpartition("/")[0] or ".", gguf_file=PATH.rpartition("/")[2], dtype=torch.float32,
    attn_implementation="eager").eval()
layers, heads = model.config.num_hidden_layers, model.config.num_attention_heads
size = model.config.hidden_size // heads


class Silenced:
    """Silences parts of the model by hooks while it is entered."""

    def __init__(self, head=None, attention=None, feed_forward=None, token=None, last_only=False):
        self.hooks = []
        self.token = token
        blocks = model.model.layers
        if head is not None:
            layer, number = head
            def zero(_, inputs):
                x = inputs[0].clone()
                part = slice(number * size, (number + 1) * size)
                x[:, -1 if last_only else slice(None), part] = 0
                return (x,)
            self.hooks.append(blocks[layer].self_attn.o_proj.register_forward_pre_hook(zero))
        if attention is not None:
            self.hooks.append(blocks[attention].self_attn.o_proj.register_forward_hook(
                lambda _, inputs, out: torch.zeros_like(out)))
        if feed_forward is not None:
            self.hooks.append(blocks[feed_forward].mlp.register_forward_hook(
                lambda _, inputs, out: torch.zeros_like(out)))

    def mask(self, length):
        seen = torch.tril(torch.ones(length, length, dtype=torch.bool))
        if self.token is not None:
            seen[self.token + 1:, self.token] = False
        return torch.where(seen, 0.0, torch.finfo(torch.float32).min)[None, None]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for hook in self.hooks:
            hook.remove()


def run(silenced, **more):
    with torch.no_grad(), silenced:
        return model(
            torch.tensor([ids]), attention_mask=silenced.mask(len(ids)), use_cache=False, **more)


def log_softmax(state):
    with torch.no_grad():
        return model.lm_head(model.model.norm(state)).double().log_softmax(-1)


residuals, middles = [], []
hooks = []
for number, block in enumerate(model.model.layers):
    if number == 0:
        hooks.append(block.register_forward_pre_hook(
            lambda _, inputs, kwargs: residuals.append(
                (inputs[0] if inputs else kwargs["hidden_states"])[0, -1]), with_kwargs=True))
    hooks.append(block.post_attention_layernorm.register_forward_pre_hook(
        lambda _, inputs: middles.append(inputs[0][0, -1])))
    hooks.append(block.register_forward_hook(
        lambda _, inputs, out: residuals.append((out[0] if isinstance(out, tuple) else out)[0, -1])))
whole = run(Silenced(), output_attentions=True)
for hook in hooks:
    hook.remove()

mine = ponder(ids)
chosen = mine["token"]
log = whole.logits[0, -1].double().log_softmax(-1)
assert int(log.argmax()) == chosen, "another likeliest token"

worst = {}


def compare(what, ours, theirs):
    worst[what] = max(worst.get(what, 0.0), abs(ours - theirs))


for row, reading in enumerate(mine["layers"]):
    state = residuals[row]
    ours = torch.tensor(reading["residual"])
    worst["residual, relative"] = max(
        worst.get("residual, relative", 0.0), float((ours - state).abs().max() / state.abs().max()))
    lens = log_softmax(state)
    compare("lens: log p of the likeliest", reading["log_probability"], float(lens[chosen]))
    compare("lens: entropy in bits", reading["entropy"],
            float(-(lens.exp() * lens).sum() / torch.log(torch.tensor(2.0))))
    top = lens.topk(len(reading["top"]))
    for ours, theirs in zip(reading["top_log_probabilities"], top.values.tolist()):
        compare("lens: log p of the top tokens", ours, theirs)
    if row == 0:
        continue
    compare("lens between the blocks: log p", reading["log_probability_after_attention"],
            float(log_softmax(middles[row - 1])[chosen]))
    for head in range(heads):
        ours = torch.tensor(reading["attention"][head])
        theirs = whole.attentions[row - 1][0, head, -1]
        worst["attention"] = max(
            worst.get("attention", 0.0), float((ours - theirs).abs().max()))
        with_hook = run(Silenced(head=(row - 1, head), last_only=True))
        theirs = with_hook.logits[0, -1].double().log_softmax(-1)[chosen]
        compare("a head silenced at this token: log p", reading["without_head"][head],
                float(theirs))

def tell(title):
    print(title, flush=True)
    for what, value in worst.items():
        print(f"  {value:9.2e}  {what}", flush=True)
    worst.clear()


print(f"{layers} layers, {heads} heads, {len(ids)} tokens; the largest differences")
tell("at the last token:")
place = len(ids) // 2
for layer in range(0, layers, max(1, layers // 6)):
    parts = [
        (f"head:{layer + 1}.{layer % heads + 1}", {"head": (layer, layer % heads)}),
        (f"attention:{layer + 1}", {"attention": layer}),
        (f"feed-forward:{layer + 1}", {"feed_forward": layer}),
    ]
    if layer == 0:
        parts.append((f"token:{place + 1}", {"token": place}))
    for name, silenced in parts:
        answer = ponder(ids, "--without", name, "--no-heads")
        theirs = run(Silenced(**silenced)).logits[0, -1].double().log_softmax(-1)
        kind = name.partition(":")[0]
        compare(f"{kind} silenced in the whole text: log p",
                answer["log_probability_without"], float(theirs[chosen]))
        divergence = float((log.exp() * (log - theirs)).sum())
        compare(f"{kind} silenced in the whole text: KL", answer["divergence"], divergence)

tell("with parts silenced in the whole text:")
