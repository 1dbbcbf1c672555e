"""Pre-trains a bundled model on token files written by `ponder curriculum`.

    python train.py --tokens train.bin --output RUN --steps 9000

Writes RUN/checkpoint.pt every few minutes (and resumes from it), RUN/weights-*.pt by token count
and RUN/log.jsonl with one line {"step", "tokens", "loss", "minutes"} a report. The learning rate
follows the share of the --steps (or --minutes) that is over, so a run always ends its decay.
See README.md.
"""

import argparse
import json
import os
import time

import numpy as np
import torch

from model import Shape, Transformer


def read_tokens(path):
    """ids and weights (tenths) of a token file; see README.md for the format."""
    with open(path, "rb") as file:
        if file.read(8) != b"PONDTOK1":
            raise SystemExit(f"{path} is no token file: make it with ponder curriculum")
        count = int(np.frombuffer(file.read(8), np.uint64)[0])
        ids = np.frombuffer(file.read(2 * count), np.uint16)
        weights = np.frombuffer(file.read(count), np.uint8)
    return ids, weights


class Batches:
    """Packs whole documents into rows of 128, 256, 512 or as many tokens as the context. A few
    short documents go into the longest rows too, so that every position is trained."""

    def __init__(self, ids, weights, end, context, batch_tokens, seed):
        self.ids, self.weights, self.end = ids, weights, end
        self.lengths, self.batch_tokens = sorted({128, 256, 512, context}), batch_tokens
        bounds = np.flatnonzero(ids == end)
        self.spans = list(zip(bounds[:-1].tolist(), (bounds[1:] + 1).tolist()))
        self.next_document, self.seed, self.queue = 0, seed, []

    def rows(self, spans, length):
        """A document spans its opening and its closing end-of-text token; in a row the closing
        token of one is the opening one of the next."""
        row_ids, row_weights, used, rows = None, None, 0, []
        for start, stop in spans:
            size = stop - start - 1
            if row_ids is None or used + size > length:
                row_ids = np.full(length + 1, self.end, np.int64)
                row_weights = np.zeros(length + 1, np.float32)
                rows.append((row_ids, row_weights))
                used = 0
            row_ids[used + 1 : used + 1 + size] = self.ids[start + 1 : stop]
            row_weights[used + 1 : used + 1 + size] = self.weights[start + 1 : stop] / 10
            used += size
        return rows

    def refill(self):
        size = 12000
        if self.next_document + size > len(self.spans):
            self.next_document = 0
        chunk = self.spans[self.next_document : self.next_document + size]
        order = np.random.default_rng(self.seed + self.next_document)
        is_long = order.random(len(chunk)) < 0.06
        self.next_document += size
        shorter = 0
        for length in self.lengths:
            spans = [
                s for s, long in zip(chunk, is_long)
                if (shorter < s[1] - s[0] - 1 <= length and not long)
                or (long and length == self.lengths[-1] and s[1] - s[0] - 1 <= length)
            ]
            shorter = length
            rows = self.rows(spans, length)
            order.shuffle(rows)
            count = max(1, self.batch_tokens // length)
            for first in range(0, len(rows) - count + 1, count):
                self.queue.append(rows[first : first + count])
        order.shuffle(self.queue)

    def next(self):
        if not self.queue:
            self.refill()
        rows = self.queue.pop()
        ids = torch.from_numpy(np.stack([r[0] for r in rows]))
        weights = torch.from_numpy(np.stack([r[1] for r in rows]))
        return ids[:, :-1].contiguous(), ids[:, 1:].contiguous(), weights[:, 1:].contiguous()


class Muon:
    """Momentum orthogonalised by Newton-Schulz iterations (Jordan et al., 2024), for matrices.
    The iterations bear bfloat16, which is faster."""

    def __init__(self, parameters, momentum=0.95, decay=0.1):
        self.parameters, self.momentum, self.decay = parameters, momentum, decay
        self.buffers = [torch.zeros_like(p) for p in parameters]

    @staticmethod
    def orthogonalised(matrices):
        """Of [count, rows, columns] with rows <= columns."""
        a, b, c = 3.4445, -4.7750, 2.0315
        x = (matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)).bfloat16()
        for _ in range(5):
            gram = x @ x.mT
            x = a * x + (b * gram + c * (gram @ gram)) @ x
        return x.to(matrices.dtype)

    @torch.no_grad()
    def step(self, rate):
        groups = {}
        for parameter, buffer in zip(self.parameters, self.buffers):
            buffer.mul_(self.momentum).add_(parameter.grad)
            update = parameter.grad + self.momentum * buffer
            rows, columns = parameter.shape[-2:]
            flat = update.view(-1, rows, columns)
            transposed = rows > columns
            flat = flat.mT if transposed else flat
            groups.setdefault(tuple(flat.shape[1:]), []).append((parameter, flat, transposed))
        for members in groups.values():
            result = self.orthogonalised(torch.cat([flat for _, flat, _ in members]))
            for (parameter, flat, transposed), update in zip(
                members, result.split([flat.shape[0] for _, flat, _ in members])
            ):
                update = update.mT if transposed else update
                rows, columns = parameter.shape[-2:]
                parameter.mul_(1 - rate * self.decay)
                scale = max(1.0, rows / columns) ** 0.5
                parameter.add_(update.reshape(parameter.shape), alpha=-rate * scale)


def rate_at(share):
    """Warm-up over 1 %, level until 30 %, then down to nearly nothing."""
    if share < 0.01:
        return max(share, 0.0005) / 0.01
    return 1.0 if share < 0.3 else max(0.0, (1 - share) / 0.7)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--minutes", type=float, default=75)
    parser.add_argument("--steps", type=int, help="end after so many steps instead")
    parser.add_argument("--batch-tokens", type=int, default=4096)
    parser.add_argument("--start", help="a checkpoint to begin from, with a schedule of its own")
    parser.add_argument("--peak", type=float, default=1.0, help="scales the learning rates")
    parser.add_argument("--muon-rate", type=float, default=0.01)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--feed-forward", type=int, default=352)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1, help="on the CPU")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--keep-every", type=float, default=4.0,
                        help="keep the weights at every so many million tokens")
    parser.add_argument("--save-every", type=float, default=3, help="minutes")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    os.makedirs(options.output, exist_ok=True)
    ids, weights = read_tokens(options.tokens)
    # The end of text is the last token of the vocabulary and the first of the file.
    end = int(ids[0])
    shape = Shape(
        end + 1, options.width, options.layers, options.heads, options.feed_forward,
        options.context,
    )
    device = torch.device(options.device)
    model = Transformer(shape).to(device)
    matrices = [p for p in model.blocks.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if not any(p is m for m in matrices)]
    muon = Muon(matrices)
    adam = torch.optim.AdamW(others, lr=3e-3, betas=(0.9, 0.95), weight_decay=0.0)
    batches = Batches(ids, weights, end, options.context, options.batch_tokens, options.seed)
    step = tokens = 0
    before = 0.0

    checkpoint = os.path.join(options.output, "checkpoint.pt")
    resumes = os.path.exists(checkpoint)
    if resumes or options.start:
        saved = torch.load(checkpoint if resumes else options.start, map_location=device)
        model.load_state_dict(saved["model"])
        adam.load_state_dict(saved["adam"])
        muon.buffers = saved["muon"]
        tokens = saved["tokens"]
        if resumes:
            step, before = saved["step"], saved["minutes"]
            batches.next_document = saved["next_document"]
        print(f"resumed at step {step}")
    count = sum(p.numel() for p in model.parameters())
    print(f"{count} parameters, {len(batches.spans)} documents, {len(ids)} tokens", flush=True)

    def save(minutes):
        state = {
            "shape": shape.as_dict(), "model": model.state_dict(), "adam": adam.state_dict(),
            "muon": muon.buffers, "step": step, "tokens": tokens, "minutes": minutes,
            "next_document": max(0, batches.next_document - 12000 * bool(batches.queue)),
        }
        torch.save(state, checkpoint + ".part")
        os.replace(checkpoint + ".part", checkpoint)

    def keep():
        torch.save(
            {"shape": shape.as_dict(), "model": model.state_dict(), "tokens": tokens},
            os.path.join(options.output, f"weights-{tokens // 1000:06d}k.pt"))

    forward = torch.compile(model) if options.compile else model
    started = time.monotonic()
    last_save, losses = before, []
    kept_every = int(options.keep_every * 1e6)
    log = open(os.path.join(options.output, "log.jsonl"), "a")
    while True:
        minutes = before + (time.monotonic() - started) / 60
        share = step / options.steps if options.steps else minutes / options.minutes
        if share >= 1:
            break
        x, y, w = (part.to(device) for part in batches.next())
        with torch.autocast(device.type, torch.bfloat16):
            loss = forward(x, y, w)
        loss.backward()
        rate = options.peak * rate_at(share)
        muon.step(options.muon_rate * rate)
        for group in adam.param_groups:
            group["lr"] = 3e-3 * rate
        adam.step()
        for parameter in model.parameters():
            parameter.grad = None
        step += 1
        tokens += x.numel()
        losses.append(loss.item())
        if step % 50 == 0:
            entry = {
                "step": step, "tokens": tokens, "loss": round(float(np.mean(losses)), 4),
                "minutes": round(minutes, 2),
            }
            losses = []
            print(json.dumps(entry), file=log, flush=True)
            print(json.dumps(entry), flush=True)
        if tokens // kept_every != (tokens - x.numel()) // kept_every:
            keep()
        if minutes - last_save > options.save_every:
            save(minutes)
            last_save = minutes
    save(minutes)
    keep()


if __name__ == "__main__":
    main()
