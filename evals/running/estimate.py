"""Estimate: the requests, tokens and money that a plan would take, before anything is asked.

Tokens are taken as a quarter of the characters, and every reply as long as the limit: an upper bound for
English text.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage
from inspect_ai.model import get_model_info as model_info

from handrail.evals.experiments.features import safety_prompt
from handrail.evals.experiments.solving import LATER, PROMPTS, WHOLE
from handrail.evals.judges.judge import JudgeKind
from handrail.evals.judges.scoring import CHECKS
from handrail.evals.running.plan import Job, Plan
from handrail.evals.running.run import made
from handrail.evals.targets.canned import LIMIT

_CHARACTERS = 4
_LETTER = 10
# What a judge is told around the client's message and the reply.
_AROUND = 700

Prices = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Need:
    """What one name is asked: requests, and tokens in and out; dollars where a price is known."""

    name: str
    requests: int
    tokens_in: int
    tokens_out: int
    dollars: float | None


def estimate_of(plan: Plan, prices: Prices) -> list[Need]:
    """The needs of each target, and of a model that judges. What a guarded arm asks again is cached."""
    totals: dict[str, list[int]] = {}
    for job in plan.tasks:
        task = made(plan, job)
        if not job.arm.guarded or job.arm.unguarded not in plan.arms:
            _add(totals, job.target.name, _asked(task, job))
        if plan.judge.startswith(JudgeKind.MODEL) and job.experiment != "stigma":
            _add(totals, plan.judge, _judged(task))
    return [Need(name, r, i, o, _dollars(name, i, o, prices)) for name, (r, i, o) in totals.items()]


def _add(totals: dict[str, list[int]], name: str, more: tuple[int, int, int]) -> None:
    totals[name] = [a + b for a, b in zip(totals.get(name, [0, 0, 0]), more, strict=True)]


def _asked(task: Task, job: Job) -> tuple[int, int, int]:
    requests = taken = given = 0
    prompt = len(safety_prompt()) if job.arm.prompted else 0
    for sample in task.dataset:
        for characters in _prompts(sample, prompt):
            requests += 1
            taken += characters // _CHARACTERS
            given += _LETTER if job.experiment == "stigma" else LIMIT // _CHARACTERS
    return requests, taken, given


def _prompts(sample: Sample, prompt: int) -> list[int]:
    """The length of each request of a sample, in characters."""
    metadata = sample.metadata or {}
    if PROMPTS in metadata:
        return [prompt + len(words) for _, words in metadata[PROMPTS]]
    said = sample.input if isinstance(sample.input, list) else []
    lengths = [sum(map(_length, said))]
    for turn in metadata.get(LATER, []):
        lengths.append(lengths[-1] + LIMIT + len(turn))
    return lengths


def _length(message: ChatMessage) -> int:
    return len(message.text)


def _judged(task: Task) -> tuple[int, int, int]:
    asked = 0
    for sample in task.dataset:
        metadata = sample.metadata or {}
        checks = [c for c in metadata.get(CHECKS, []) if c["question"]]
        asked += (
            len(checks)
            if metadata.get(WHOLE)
            else len(checks) * len(metadata.get(PROMPTS, [None, *metadata.get(LATER, [])]))
        )
    return asked, asked * (LIMIT + _AROUND) // _CHARACTERS, asked * _LETTER


def _dollars(name: str, taken: int, given: int, prices: Prices) -> float | None:
    price = prices.get(name) or listed_price(name)
    return None if price is None else (taken * price[0] + given * price[1]) / 1e6


def listed_price(name: str) -> tuple[float, float] | None:
    """Dollars for a million tokens in and out by Inspect's own list, where it has the model."""
    info = model_info(name.removeprefix(f"{JudgeKind.MODEL}:"))
    return (info.cost.input, info.cost.output) if info and info.cost else None
