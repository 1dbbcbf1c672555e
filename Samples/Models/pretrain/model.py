"""A llama-type transformer: RMSNorm, rotary positions, SwiGLU, tied embeddings."""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Shape:
    vocabulary: int
    width: int = 128
    layers: int = 4
    heads: int = 4
    feed_forward: int = 352
    context: int = 512
    rope_base: float = 10000.0
    epsilon: float = 1e-5

    as_dict = asdict


def rotate(x, cos, sin):
    """Rotates the pairs (i, i + half) of each head, as Hugging Face's llama does; the export
    reorders rows for GGUF, which pairs neighbours."""
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, a * sin + b * cos), -1)


def attend(q, k, v):
    """Causal attention. Spelled out on the CPU, where the fused kernel's backward pass takes
    several times as long for rows this short."""
    if q.device.type != "cpu" or not torch.is_grad_enabled():
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    time = q.shape[2]
    later = torch.full((time, time), -1e4, dtype=q.dtype).triu(1)
    batch, heads, _, size = q.shape
    q, k, v = (part.reshape(batch * heads, time, size) for part in (q, k, v))
    scores = torch.baddbmm(later, q, k.mT, alpha=size**-0.5)
    return (scores.softmax(-1, dtype=q.dtype) @ v).view(batch, heads, time, size)


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        d, f = shape.width, shape.feed_forward
        self.heads, self.epsilon = shape.heads, shape.epsilon
        self.attention_norm = nn.Parameter(torch.ones(d))
        self.feed_forward_norm = nn.Parameter(torch.ones(d))
        self.query_key_value = nn.Parameter(torch.empty(3, d, d))
        self.output = nn.Parameter(torch.empty(d, d))
        self.gate_up = nn.Parameter(torch.empty(2, f, d))
        self.down = nn.Parameter(torch.empty(d, f))
        for weight in (self.query_key_value, self.gate_up):
            nn.init.normal_(weight, std=d**-0.5)
        nn.init.zeros_(self.output)
        nn.init.zeros_(self.down)

    def forward(self, x, cos, sin):
        batch, time, d = x.shape
        h = F.rms_norm(x, (d,), self.attention_norm, self.epsilon)
        qkv = F.linear(h, self.query_key_value.flatten(0, 1))
        qkv = qkv.view(batch, time, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        q, k = rotate(qkv[0], cos, sin).to(qkv.dtype), rotate(qkv[1], cos, sin).to(qkv.dtype)
        y = attend(q, k, qkv[2])
        x = x + F.linear(y.transpose(1, 2).reshape(batch, time, d), self.output)
        h = F.rms_norm(x, (d,), self.feed_forward_norm, self.epsilon)
        gate, up = F.linear(h, self.gate_up.flatten(0, 1)).chunk(2, -1)
        return x + F.linear(F.silu(gate) * up, self.down)


class Transformer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Parameter(torch.randn(shape.vocabulary, shape.width) * 0.02)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.width))
        half = shape.width // shape.heads // 2
        frequencies = shape.rope_base ** (-torch.arange(half) / half)
        angles = torch.arange(4 * shape.context)[:, None] * frequencies
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def hidden(self, tokens):
        """The normed hidden states of tokens [batch, time]."""
        x = F.embedding(tokens, self.embedding)
        time = tokens.shape[1]
        for block in self.blocks:
            x = block(x, self.cos[:time], self.sin[:time])
        return F.rms_norm(x, (self.shape.width,), self.norm, self.shape.epsilon)

    def forward(self, tokens, targets, weights):
        """The weighted mean loss in nats; positions of no weight cost no logits."""
        hidden = self.hidden(tokens).flatten(0, 1)
        chosen = weights.flatten().nonzero().squeeze(1)
        # A round number of rows: matrix kernels are made anew for every other shape.
        spare = (weights == 0).flatten().nonzero().squeeze(1)
        chosen = torch.cat((chosen, spare[: -len(chosen) % 512]))
        logits = F.linear(hidden[chosen], self.embedding).float()
        losses = F.cross_entropy(logits, targets.flatten()[chosen], reduction="none")
        w = weights.flatten()[chosen]
        return (losses * w).sum() / w.sum()
