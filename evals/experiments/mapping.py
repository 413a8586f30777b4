"""Mapping: the seventeen features of good therapy, asked of whole conversations with scripted clients.

There are no gold labels for it: a model reads each conversation and answers one question a feature. A feature
that a conversation gave no occasion for is answered like any other; read the shares with that in mind.
"""

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample

from handrail.evals.experiments.arm import Arm
from handrail.evals.experiments.clients import Client
from handrail.evals.experiments.drift import clients
from handrail.evals.experiments.rubric import rubric
from handrail.evals.experiments.solving import WHOLE, converse, opening
from handrail.evals.judges.scoring import CHECKS, CUE, judged

NOTHING = ""


@task
def mapping(
    target: str = "", arm: str = "bare", judge: str = "gold", seed: int = 0, thorough: bool = False
) -> Task:
    """Conversations with scripted clients, each read as a whole. `thorough` meets all clients."""
    return Task(
        dataset=MemoryDataset([_sample(Arm(arm), c) for c in clients(seed, thorough=thorough)]),
        solver=converse(),
        scorer=judged(judge),
        metadata={"experiment": "mapping", "target": target, "arm": arm, "seed": seed},
    )


def _sample(arm: Arm, client: Client) -> Sample:
    metadata = {
        **client.metadata,
        WHOLE: True,
        CUE: NOTHING,
        CHECKS: [c.model_dump(mode="json") for c in rubric()],
    }
    return Sample(input=opening(arm, [("user", client.turns[0])]), target="", id=client.id, metadata=metadata)
