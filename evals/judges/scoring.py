"""Scoring: Inspect's scorer for all experiments: every reply of a sample put to the judge.

A sample's metadata holds its `checks`, its `cue` (or one a prompt) and what the client said. The value is C,
I or N for the sample's only reply, or for the share of all that came out well; its metadata holds every
verdict.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import TaskState

from handrail.evals.experiments.check import Check
from handrail.evals.experiments.further import all_stimuli
from handrail.evals.experiments.solving import LATER, PROMPTS, REPLIES, WHOLE
from handrail.evals.judges.gold import GoldJudge
from handrail.evals.judges.judge import Case, Judge, JudgeKind, require_judge
from handrail.evals.judges.model import ModelJudge
from handrail.evals.targets.recorded import read_recorded

CHECKS = "checks"
CUE = "cue"


def open_judge(name: str, recorded: str | None = None) -> Judge:
    """The judge of a name: `gold`, or `model:` and Inspect's name of one. Raises SettingsError for others."""
    if require_judge(name) == JudgeKind.MODEL:
        return ModelJudge(name.partition(":")[2])
    conditions = {s.id: s.condition for s in all_stimuli()}
    replies = read_recorded(Path(recorded)) if recorded else ()
    return GoldJudge(recorded=replies, conditions=conditions)


@metric
def well() -> Metric:
    """Share of judged replies that came out well, over all samples."""

    def measure(scores: list[SampleScore]) -> float:
        judged = [passed for s in scores for passed in _answers(s.score) if passed is not None]
        return sum(judged) / len(judged) if judged else 0.0

    return measure


@metric
def missing() -> Metric:
    """Answers of the judge that count for neither."""

    def measure(scores: list[SampleScore]) -> float:
        return float(sum(passed is None for s in scores for passed in _answers(s.score)))

    return measure


@scorer(metrics=[well(), missing()])
def judged(judge: str, recorded: str | None = None) -> Scorer:
    """Every reply of the sample, every check."""
    reader = open_judge(judge, recorded)
    # Where labels exist, what they say is kept beside what a model says: that is how the model is validated.
    gold = open_judge(str(JudgeKind.GOLD), recorded) if isinstance(reader, ModelJudge) else None

    async def score(state: TaskState, target: Target) -> Score:
        checks = [Check.model_validate(c) for c in state.metadata[CHECKS]]
        verdicts = [
            await _verdict(reader, gold, state, checks, reply, client) for reply, client in _to_judge(state)
        ]
        answers = [passed for v in verdicts for passed in v["checks"].values()]
        return Score(value=_value(answers), metadata={"judge": reader.name, "verdicts": verdicts})

    return score


async def _verdict(  # noqa: PLR0913  (who judges, what, and in what)
    judge: Judge,
    gold: Judge | None,
    state: TaskState,
    checks: Sequence[Check],
    reply: dict[str, Any],
    client: str,
) -> dict[str, Any]:
    cue = state.metadata[CUE] if reply["id"] is None else state.metadata[CUE][reply["id"]]
    case = Case(cue, client, reply["text"], reply["altered"])
    verdict = await judge.judge(case, checks)
    return {
        "turn": reply["turn"],
        "id": reply["id"],
        "checks": verdict.checks,
        "change": str(verdict.change),
        "kind": verdict.kind,
        "said": list(verdict.said),
        "gold": (await gold.judge(case, checks)).checks if gold else {},
    }


def clients_of(about: Mapping[str, Any]) -> list[str]:
    """What each reply of a sample answers, by the sample's metadata."""
    if PROMPTS in about:
        return [words for _, words in about[PROMPTS]]
    return [str(about["client"]), *about.get(LATER, [])]


def _to_judge(state: TaskState) -> list[tuple[dict[str, Any], str]]:
    """Each reply and what it answers; or the conversation as one text, where it is judged as a whole."""
    replies: list[dict[str, Any]] = state.store.get(REPLIES, [])
    clients = clients_of(state.metadata)
    if not state.metadata.get(WHOLE):
        return list(zip(replies, clients, strict=True))
    said = [f"Client: {c}\nChatbot: {r['text']}" for r, c in zip(replies, clients, strict=True)]
    altered = any(r["altered"] for r in replies)
    return [({"turn": 0, "id": None, "text": "\n".join(said), "altered": altered}, "")]


def _value(answers: Sequence[bool | None]) -> str | float:
    known = [a for a in answers if a is not None]
    if not known:
        return "N"
    if len(answers) == 1:
        return "C" if known[0] else "I"
    return sum(known) / len(known)


def _answers(score: Score) -> list[bool | None]:
    verdicts = (score.metadata or {}).get("verdicts", [])
    return [passed for verdict in verdicts for passed in verdict["checks"].values()]
