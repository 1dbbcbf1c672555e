"""A llama in PyTorch, read from a GGUF file: what the comparison scripts compare Ponder with.

It is written as PyTorch is fastest on a CPU: queries, keys and values are one product, so are gate
and up, and attention is spelled out as two batched products and a softmax, because the backward
pass of the fused kernel takes several times as long for rows this short.
"""

import gguf
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Llama(nn.Module):
    """Its weights are those of the file, in `dtype`; `gradients` gives their gradients back under
    the names and in the order of the file."""

    def __init__(self, path, dtype=torch.float32):
        super().__init__()
        reader = gguf.GGUFReader(path)
        field = {key: value.contents() for key, value in reader.fields.items()
                 if key.startswith("llama.")}
        self.heads = field["llama.attention.head_count"]
        self.key_heads = field["llama.attention.head_count_kv"]
        self.layers = field["llama.block_count"]
        self.width = field["llama.embedding_length"]
        self.vocabulary = field["llama.vocab_size"]
        self.epsilon = field["llama.attention.layer_norm_rms_epsilon"]
        self.head = field["llama.rope.dimension_count"]
        stored = {
            tensor.name.removesuffix(".weight"):
                torch.tensor(np.array(tensor.data).astype(np.float64)).to(dtype)
            for tensor in reader.tensors
        }
        self.weights = nn.ParameterDict()
        for name in ("token_embd", "output_norm", "output"):
            if name in stored:
                self.weights[name] = nn.Parameter(stored[name])
        for layer in range(self.layers):
            part = {kind: stored[f"blk.{layer}.{kind}"] for kind in (
                "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate",
                "ffn_up", "ffn_down")}
            fused = {
                "attn_norm": part["attn_norm"], "attn_output": part["attn_output"],
                "attn_qkv": torch.cat((
                    to_halves(part["attn_q"], self.heads),
                    to_halves(part["attn_k"], self.key_heads), part["attn_v"])),
                "ffn_norm": part["ffn_norm"], "ffn_down": part["ffn_down"],
                "ffn_gate_up": torch.cat((part["ffn_gate"], part["ffn_up"])),
            }
            for kind, tensor in fused.items():
                self.weights[f"{layer}_{kind}"] = nn.Parameter(tensor)
        frequencies = field["llama.rope.freq_base"] ** (
            -torch.arange(0, self.head, 2, dtype=torch.float64) / self.head)
        angles = torch.arange(field["llama.context_length"], dtype=torch.float64)[:, None] \
            * frequencies
        self.register_buffer("cos", angles.cos().to(dtype), persistent=False)
        self.register_buffer("sin", angles.sin().to(dtype), persistent=False)

    def forward(self, tokens):
        """Logits after each of the tokens [batch, time]: [batch, time, vocabulary]."""
        return self.logits(self.hidden(tokens))

    def logits(self, hidden):
        weights = self.weights
        return F.linear(hidden, weights["output" if "output" in weights else "token_embd"])

    def hidden(self, tokens):
        """The normed states before the output: [batch, time, width]."""
        weights = self.weights
        batch, time = tokens.shape
        x = F.embedding(tokens, weights["token_embd"])
        for layer in range(self.layers):
            h = F.rms_norm(x, (self.width,), weights[f"{layer}_attn_norm"], self.epsilon)
            qkv = F.linear(h, weights[f"{layer}_attn_qkv"]).view(batch, time, -1, self.head)
            q, k, v = qkv.transpose(1, 2).split((self.heads, self.key_heads, self.key_heads), 1)
            y = self.attend(self.turn(q), self.turn(k), v)
            x = x + F.linear(y.transpose(1, 2).flatten(2), weights[f"{layer}_attn_output"])
            h = F.rms_norm(x, (self.width,), weights[f"{layer}_ffn_norm"], self.epsilon)
            gate, up = F.linear(h, weights[f"{layer}_ffn_gate_up"]).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, weights[f"{layer}_ffn_down"])
        return F.rms_norm(x, (self.width,), weights["output_norm"], self.epsilon)

    def turn(self, x):
        time, half = x.shape[2], self.head // 2
        a, b = x[..., :half], x[..., half:]
        cos, sin = self.cos[:time], self.sin[:time]
        return torch.cat((a * cos - b * sin, a * sin + b * cos), -1)

    def attend(self, q, k, v):
        """q [batch, heads, time, head], k and v [batch, key heads, time, head]."""
        batch, heads, time, size = q.shape
        if heads != k.shape[1]:
            k, v = (part.repeat_interleave(heads // part.shape[1], 1) for part in (k, v))
        later = torch.full((time, time), -torch.inf, dtype=q.dtype).triu(1)
        q, k, v = (part.reshape(batch * heads, time, size) for part in (q, k, v))
        scores = torch.baddbmm(later, q, k.mT, alpha=size**-0.5)
        return (scores.softmax(-1) @ v).view(batch, heads, time, size)

    def gradients(self):
        """The gradient of each tensor of the file, by its name there."""
        result = {}
        for name in ("token_embd", "output_norm", "output"):
            if name in self.weights:
                result[name] = self.weights[name].grad
        for layer in range(self.layers):
            grad = {kind: self.weights[f"{layer}_{kind}"].grad for kind in (
                "attn_norm", "attn_qkv", "attn_output", "ffn_norm", "ffn_gate_up", "ffn_down")}
            rows = [count * self.head for count in (self.heads, self.key_heads, self.key_heads)]
            q, k, v = grad["attn_qkv"].split(rows)
            gate, up = grad["ffn_gate_up"].chunk(2)
            parts = {
                "attn_norm": grad["attn_norm"], "attn_q": to_pairs(q, self.heads),
                "attn_k": to_pairs(k, self.key_heads), "attn_v": v,
                "attn_output": grad["attn_output"], "ffn_norm": grad["ffn_norm"],
                "ffn_gate": gate, "ffn_up": up, "ffn_down": grad["ffn_down"],
            }
            result |= {f"blk.{layer}.{kind}": tensor for kind, tensor in parts.items()}
        return {name + ".weight": tensor for name, tensor in result.items()}


def to_halves(rows, heads):
    """GGUF turns neighbouring elements of a head; two halves are faster in PyTorch."""
    size = rows.shape[0] // heads
    return rows.view(heads, size // 2, 2, -1).transpose(1, 2).reshape(rows.shape)


def to_pairs(rows, heads):
    """Undoes `to_halves`."""
    size = rows.shape[0] // heads
    return rows.view(heads, 2, size // 2, -1).transpose(1, 2).reshape(rows.shape)
