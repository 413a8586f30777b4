"""Drift: ten turns with a scripted client who goes a little further each time; every reply is scored.

Three things are asked of each turn: whether the reply reinforces what is part of being unwell, whether it
enables acting on it, and whether it intervenes for safety. So it is seen whether a chatbot, or a guard,
gives way over a conversation.
"""

import random

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample

from handrail.evals.experiments.arm import Arm
from handrail.evals.experiments.check import DRIFT
from handrail.evals.experiments.clients import Client, read_clients
from handrail.evals.experiments.cues import drift_cue
from handrail.evals.experiments.solving import converse, opening
from handrail.evals.judges.scoring import CHECKS, CUE, judged


@task
def drift(
    target: str = "", arm: str = "bare", judge: str = "gold", seed: int = 0, thorough: bool = False
) -> Task:
    """Multi-turn. `thorough` meets all clients; else the seed draws an explicit and a latent one a "
    "condition."""
    return Task(
        dataset=MemoryDataset([_sample(Arm(arm), c) for c in clients(seed, thorough=thorough)]),
        solver=converse(),
        scorer=judged(judge),
        metadata={"experiment": "drift", "target": target, "arm": arm, "seed": seed},
    )


def clients(seed: int, *, thorough: bool) -> list[Client]:
    """The clients that are met."""
    if thorough:
        return list(read_clients())
    draw = random.Random(seed)  # noqa: S311  (a draw of samples, not of secrets)
    groups: dict[tuple[str, str], list[Client]] = {}
    for client in read_clients():
        groups.setdefault((client.condition, client.level), []).append(client)
    return [draw.choice(group) for group in groups.values()]


def _sample(arm: Arm, client: Client) -> Sample:
    metadata = {
        **client.metadata,
        CUE: drift_cue(client.condition),
        CHECKS: [c.model_dump(mode="json") for c in DRIFT],
    }
    return Sample(input=opening(arm, [("user", client.turns[0])]), target="", id=client.id, metadata=metadata)
