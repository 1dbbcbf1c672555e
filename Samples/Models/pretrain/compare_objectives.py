"""Makes Tests/Fixtures/Training/objectives.json: losses of all objectives and their derivatives by
log p, by PyTorch's autograd in double precision, which TorchObjectiveTests compares Ponder's with.

    python compare_objectives.py

Needs numpy, torch and trl (1.16). Everything is computed from the formulas of the papers. What TRL
has of it, TRL computes again, and both must agree before anything is written: GRPO and its variants
by `GRPOTrainer._compute_loss` itself, on a trainer that has log probabilities in place of a model;
advantages by TRL's `nanstd`. TRL has PPO no more, so that PPO is from its paper alone (Schulman et
al. 2017), with the value loss and the whitening that TRL had.
"""

import itertools
import json
import pathlib
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from trl import GRPOTrainer
from trl.trainer.utils import nanstd

FIXTURE = pathlib.Path(__file__).parents[3] / "Tests/Fixtures/Training/objectives.json"
torch.set_default_dtype(torch.float64)
random = np.random.default_rng(7)

# Two groups of four completions of so many tokens, one of them cut off before its first.
LENGTHS = [3, 1, 4, 2, 2, 5, 0, 3]
GROUP = 4
REWARDS = [1, 0, 0, 0.5, 0, 0, 1, 0.25]
LONGEST = 8


def rounded(x, digits=10):
    return [float(f"{float(v):.{digits}g}") for v in x]


def exactly(x):
    """Numbers of single precision, with as many digits as it takes."""
    return rounded(x, 9)


def single(x):
    """As single precision holds it: what both sides begin with."""
    return torch.as_tensor(x).float().double()


def normal(deviation, *shape):
    return torch.as_tensor(random.normal(0, deviation, shape))


def padded(flat, lengths):
    return torch.nn.utils.rnn.pad_sequence(torch.split(flat, lengths), batch_first=True)


def unpadded(rows, lengths):
    return torch.cat([row[:length] for row, length in zip(rows, lengths)])


# MARK: GRPO


def advantages(rewards, scaled):
    """(r − mean) / (s + 1e-4) within each group, s with Bessel's correction."""
    groups = torch.tensor(rewards, dtype=torch.float64).view(-1, GROUP)
    centred = groups - groups.mean(1, keepdim=True)
    deviation = (centred.square().sum(1, keepdim=True) / (GROUP - 1)).sqrt()
    assert torch.allclose(deviation[:, 0], nanstd(groups, dim=1))
    return (centred / (deviation + 1e-4) if scaled else centred).flatten()


def grpo_by_paper(kind, now, old, reference, advantage, lengths, beta, low, high, batch):
    """DeepSeekMath eq. 3 (grpo), Dr. GRPO, the token mean of a pass (bnpo), DAPO eq. 8 (dapo)."""
    rho = (now - old).exp()
    gain = torch.minimum(rho * advantage, rho.clip(1 - low, 1 + high) * advantage)
    u = (reference - now).exp()
    term = -gain + beta * (u - u.log() - 1)
    parts = torch.split(term, lengths)
    share = len(lengths) / batch["completions"]
    if kind == "grpo":
        return sum(part.mean() for part in parts if len(part)) / batch["completions"]
    if kind == "dr_grpo":
        return term.sum() / (batch["completions"] * LONGEST)
    if kind == "bnpo":
        return share * term.mean()
    return term.sum() / batch["tokens"]


def grpo_by_trl(kind, now, old, reference, advantage, lengths, beta, low, high, batch):
    trainer = object.__new__(GRPOTrainer)
    trainer.loss_type, trainer.beta = kind, beta
    trainer.epsilon_low, trainer.epsilon_high = low, high
    trainer.max_completion_length = LONGEST
    trainer.importance_sampling_level, trainer.top_entropy_quantile = "token", 1.0
    trainer.off_policy_mask_threshold, trainer.use_vllm = None, False
    trainer.aux_loss_enabled = trainer._entropy_bonus_enabled = False
    trainer.current_gradient_accumulation_steps = batch["passes"]
    trainer.args = SimpleNamespace(
        delta=None, use_bias_correction_kl=False, steps_per_generation=batch["passes"])
    trainer.model = SimpleNamespace(training=True)
    trainer.accelerator = SimpleNamespace(
        num_processes=1, gather=lambda x: x, reduce=lambda x, reduction: x)
    trainer._metrics = {"train": {}}
    trainer._metrics["train"] = {name: [] for name in (
        "kl", "entropy", "clip_ratio/low_mean", "clip_ratio/high_mean", "clip_ratio/region_mean",
        "clip_ratio/low_min", "clip_ratio/high_max")}
    rows = padded(now, lengths)
    trainer._get_per_token_logps_and_entropies = lambda *_, **__: (
        rows, torch.zeros_like(rows), None)
    mask = padded(torch.ones_like(now), lengths)
    prompts = torch.zeros(len(lengths), 1, dtype=torch.long)
    loss = trainer._compute_loss(None, {
        "prompt_ids": prompts, "prompt_mask": torch.ones_like(prompts),
        "completion_ids": torch.zeros_like(mask, dtype=torch.long), "completion_mask": mask,
        "advantages": padded(advantage, lengths), "old_per_token_logps": padded(old, lengths),
        "ref_per_token_logps": padded(reference, lengths),
        "num_items_in_batch": torch.tensor(float(batch["tokens"])),
    })
    return loss, {name: values[0] for name, values in trainer._metrics["train"].items() if values}


def slices(passes):
    """The completions of each pass, and their tokens."""
    size, token = len(LENGTHS) // passes, 0
    for first in range(0, len(LENGTHS), size):
        lengths = LENGTHS[first : first + size]
        yield slice(first, first + size), slice(token, token + sum(lengths)), lengths
        token += sum(lengths)


def grpo():
    """Three updates on one batch: the first finds the weights that sampled it."""
    count = sum(LENGTHS)
    old = single(-random.exponential(1.0, count))
    reference = single(old + normal(0.3, count))
    drifts = [normal(deviation, count) for deviation in (0.15, 0.4)]
    for drift in drifts:
        # Below, within and above either range, with an advantage above 0 and with one below.
        drift[:8] = torch.tensor([1.25, 0.75, 1.4, 0.75, 1.25, 1.4, 0.9, 1.1]).log()
    updates = [old] + [single(old + drift) for drift in drifts]
    cases = []
    grid = itertools.product(
        ("grpo", "dr_grpo", "bnpo", "dapo"), (0.0, 0.04), (0.2, 0.28), (True, False), (1, 2),
        range(len(updates)))
    for kind, beta, high, scaled, passes, update in grid:
        batch = {"passes": passes, "completions": len(LENGTHS), "tokens": count}
        of_completion = advantages(REWARDS, scaled)
        of_token = of_completion.repeat_interleave(torch.tensor(LENGTHS))
        losses, slopes, metrics = [], [], []
        for _, tokens, lengths in slices(passes):
            values = []
            for function in (grpo_by_paper, grpo_by_trl):
                now = updates[update][tokens].clone().requires_grad_()
                value = function(
                    kind, now, old[tokens], reference[tokens], of_token[tokens], lengths, beta,
                    0.2, high, batch)
                loss, told = value if isinstance(value, tuple) else (value, None)
                loss.backward()
                values.append((loss.detach(), now.grad))
            assert torch.allclose(values[0][0], values[1][0], rtol=1e-12, atol=1e-14)
            assert torch.allclose(values[0][1], values[1][1], rtol=1e-12, atol=1e-14)
            losses.append(values[1][0])
            slopes.append(values[1][1])
            told.pop("entropy")
            metrics.append({name: rounded([x], 7)[0] for name, x in told.items()})
        cases.append({
            "aggregation": kind, "beta": beta, "epsilonHigh": high, "scaled": scaled,
            "update": update, "losses": rounded(losses), "slopes": rounded(torch.cat(slopes), 7),
            "metrics": metrics,
        })
    return {
        "lengths": LENGTHS, "groupSize": GROUP, "longest": LONGEST, "rewards": REWARDS,
        "sampled": exactly(old), "reference": exactly(reference),
        "updates": [exactly(now) for now in updates],
        "advantages": {
            "scaled": rounded(advantages(REWARDS, True)),
            "centred": rounded(advantages(REWARDS, False)),
        },
        "cases": cases,
    }


# MARK: PPO


def ppo():
    """Rewards as ReFT gives them, advantages as their definition has them, and the two losses."""
    count, discount, trace, weight = sum(LENGTHS), 0.97, 0.9, 0.05
    old = single(-random.exponential(1.0, count))
    reference = single(old + normal(0.3, count))
    values = single(0.3 + normal(0.3, count))
    terminal = [1, 0.1, 0, 0.1, 1, 0, 0, 1]
    rewards, gained = [], []
    for row, length in enumerate(LENGTHS):
        start = sum(LENGTHS[:row])
        place = slice(start, start + length)
        reward = -weight * (old[place] - reference[place])
        if length:
            reward[-1] += terminal[row]
        rewards.append(reward)
        after = torch.cat((values[place][1:], torch.zeros(min(1, length))))
        surprise = reward + discount * after - values[place]
        steps = torch.arange(length)
        powers = (discount * trace) ** (steps[None] - steps[:, None]).clamp(min=0)
        gained.append((powers.triu() * surprise).sum(1))
    rewards, gained = torch.cat(rewards), torch.cat(gained)
    returns = gained + values
    white = (gained - gained.mean()) / (gained.var(correction=1) + 1e-8).sqrt()
    cases = []
    grid = itertools.product((0.1, 0.2), (0.2, 0.5), (0.1, 1.0), (0.0, 0.1, 0.4))
    for clip, value_clip, share, drift in grid:
        moved, value_moved = normal(drift, count), normal(drift, count)
        if drift > 0:
            # Between the two ranges of either, on both sides.
            moved[:8] = torch.tensor([1.15, 0.85] * 4).log()
            value_moved[:8] = torch.tensor([0.3, 0.3, -0.3, -0.3] * 2)
        now = single(old + moved).requires_grad_()
        told = single(values + value_moved).requires_grad_()
        rho = (now - old).exp()
        plain, clipped = -white * rho, -white * rho.clip(1 - clip, 1 + clip)
        policy = torch.maximum(plain, clipped).mean()
        near = values + (told - values).clip(-value_clip, value_clip)
        far, close = (told - returns).square(), (near - returns).square()
        value = 0.5 * torch.maximum(far, close).mean()
        loss = policy + share * value
        loss.backward()
        cases.append({
            "clip": clip, "valueClip": value_clip, "valueWeight": share,
            "now": exactly(now.detach()), "values": exactly(told.detach()),
            "loss": rounded([loss.detach()])[0],
            "slopes": rounded(now.grad, 7), "valueSlopes": rounded(told.grad, 7),
            "metrics": {name: rounded([x.detach()], 7)[0] for name, x in {
                "policy/approxkl_avg": 0.5 * (now - old).square().mean(),
                "policy/clipfrac_avg": (clipped > plain).double().mean(),
                "loss/policy_avg": policy, "loss/value_avg": value,
                "val/clipfrac_avg": (close > far).double().mean(), "val/ratio": rho.mean(),
            }.items()},
        })
    return {
        "lengths": LENGTHS, "terminal": terminal, "discount": discount, "trace": trace,
        "klWeight": weight, "sampled": exactly(old), "reference": exactly(reference),
        "sampledValues": exactly(values), "rewards": rounded(rewards),
        "advantages": rounded(gained), "whitened": rounded(white), "returns": rounded(returns),
        "cases": cases,
    }


# MARK: From logits


def from_logits():
    """What PyTorch computes from logits [tokens, vocabulary], differentiated by them."""
    logits = single(normal(1.5, 9, 6))
    tokens = torch.tensor(random.integers(0, 6, 9))
    weights = single(random.choice([0, 0.25, 1], 9))
    gains = single(normal(1, 9))
    lengths = [4, 2, 3]

    def case(loss_of):
        x = logits.clone().requires_grad_()
        loss = loss_of(x)
        loss.backward()
        gradient = [rounded(row, 7) for row in x.grad]
        return {"loss": rounded([loss.detach()])[0], "gradient": gradient}

    masked = torch.where(weights > 0, tokens, -100)
    return {
        "logits": [exactly(row) for row in logits], "tokens": tokens.tolist(),
        "weights": exactly(weights), "advantages": exactly(gains), "lengths": lengths,
        "masked": case(lambda x: F.cross_entropy(x, masked)),
        "weighted": case(
            lambda x: (F.cross_entropy(x, tokens, reduction="none") * weights).sum()
            / weights.sum()),
        "policyGradient": case(
            lambda x: -(torch.distributions.Categorical(logits=x).log_prob(tokens) * gains).sum()
            / len(lengths)),
    }


def main():
    fixture = {"grpo": grpo(), "ppo": ppo(), "fromLogits": from_logits()}
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
    print(FIXTURE, FIXTURE.stat().st_size, "bytes,", len(fixture["grpo"]["cases"]), "GRPO cases")


if __name__ == "__main__":
    main()
