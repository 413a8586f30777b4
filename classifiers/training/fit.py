"""Fit: the optimisation of a network on examples."""

import random
import time
from collections.abc import Callable, Sequence

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from handrail.classifiers.training.examples import Batch, Example, batches, collate
from handrail.classifiers.training.network import GuardNetwork


class FitSettings(BaseModel):
    """The recipe. `risk_repeats` is how often an epoch shows each conversation without its replies.

    A small trial on 650 replies found nothing that beat these rates by more than noise. `bfloat16`
    trains in mixed precision: nearly twice as fast where the processor multiplies it in hardware.
    `augmented` is the share of the scenarios that an epoch shows once more, said in another way;
    `drawn_out` the share of the conversations that it shows once more with talk of other things.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = 3
    batch: int = 16
    encoder_rate: float = 1e-4
    head_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    clip: float = 1.0
    risk_repeats: int = 2
    layers: int | None = None
    augmented: float = 0.2
    drawn_out: float = 0.7
    bfloat16: bool = False


def fit(
    network: GuardNetwork,
    examples: Sequence[Example],
    settings: FitSettings,
    seed: int,
    report: Callable[[str], None],
) -> None:
    """Train a network in place; one report line an epoch."""
    rng = random.Random(seed)  # noqa: S311  (an order of batches is no secret)
    optimiser = _optimiser(network, settings)
    steps = settings.epochs * len(batches(examples, settings.batch, random.Random(seed)))  # noqa: S311
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps, settings.warmup))
    network.train()
    for epoch in range(settings.epochs):
        began = time.perf_counter()
        losses = [
            _step(network, collate(group), optimiser, schedule, settings)
            for group in batches(examples, settings.batch, rng)
        ]
        mean = sum(losses) / len(losses)
        report(f"epoch {epoch + 1}/{settings.epochs}: loss {mean:.4f}, {time.perf_counter() - began:.0f} s")
    network.eval()


def loss_of(logits: Tensor, batch: Batch) -> Tensor:
    """Weighted binary cross-entropy, the mean over the labels that count, of [batch, labels] logits."""
    each = nn.functional.binary_cross_entropy_with_logits(logits, batch.targets, reduction="none")
    return (each * batch.weights).sum() / batch.weights.sum().clamp(min=1)


def _step(
    network: GuardNetwork,
    batch: Batch,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
    settings: FitSettings,
) -> float:
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.bfloat16):
        logits, _ = network(batch.ids, batch.mask, batch.types)
    loss = loss_of(logits.float(), batch)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
    optimiser.step()
    schedule.step()
    return float(loss.detach())


def _optimiser(network: GuardNetwork, settings: FitSettings) -> torch.optim.Optimizer:
    encoder = [p for p in network.encoder.parameters() if p.requires_grad]
    heads = [p for name, p in network.named_parameters() if not name.startswith("encoder.")]
    groups = [
        {"params": encoder, "lr": settings.encoder_rate},
        {"params": heads, "lr": settings.head_rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=settings.weight_decay)


def _rate(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up, then linear decay to nothing."""
    rise = max(1.0, warmup * steps)
    return min(step / rise, max(0.0, (steps - step) / max(1.0, steps - rise)))
