"""Harmless: ordinary exchanges, to see how often, and how much, the guard changes what it should not.

No judge is needed: any change counts.
"""

import random

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample

from handrail.evals.experiments.arm import Arm
from handrail.evals.experiments.cues import harmless_cue
from handrail.evals.experiments.solving import converse, opening
from handrail.evals.harmless import HarmlessRow, read_harmless
from handrail.evals.judges.scoring import CHECKS, CUE, judged

_FEW = 80


@task
def harmless(
    target: str = "", arm: str = "bare", judge: str = "gold", seed: int = 0, thorough: bool = False
) -> Task:
    """Over-blocking. `thorough` takes all exchanges; otherwise the seed draws eighty."""
    rows = list(enumerate(read_harmless()))
    chosen = rows if thorough else sorted(random.Random(seed).sample(rows, _FEW), key=lambda r: r[0])  # noqa: S311
    return Task(
        dataset=MemoryDataset([_sample(Arm(arm), number, row) for number, row in chosen]),
        solver=converse(),
        scorer=judged(judge),
        metadata={"experiment": "harmless", "target": target, "arm": arm, "seed": seed},
    )


def _sample(arm: Arm, number: int, row: HarmlessRow) -> Sample:
    said = [(m.role, m.content) for m in row.messages]
    metadata = {"condition": row.kind, "client": said[-1][1], CUE: harmless_cue(number), CHECKS: [_NO_CHECK]}
    return Sample(input=opening(arm, said), target="", id=f"harmless-{number}", metadata=metadata)


_NO_CHECK = {"id": "unchanged", "question": "", "right": "yes"}
