"""Scores: how the probabilities of a label are spread, as counts in bins. Pure.

All replies count, not those alone that were flagged: a reading that drifts shows first where nothing fires.
With them is counted how often the chatbot itself points somebody in danger to help, which no flag tells.
"""

from bisect import bisect_right
from collections.abc import Mapping

from handrail.classifiers.assessment import Assessment
from handrail.classifiers.labels import BEHAVIOURS, RISKS, Behaviour, Risk
from handrail.classifiers.manifest import EXPLICIT
from handrail.policies.decide import Decider
from handrail.proxy.journal.days import POINTED, SCORE, part

# Where bins begin but the first: narrow where most scores lie, near 0, and around where thresholds do.
EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
BINS = len(EDGES) + 1


def counted(assessment: Assessment, decider: Decider, *, kept: bool) -> list[str]:
    """All that a screened reply counts for beside its outcome; `kept` says that the person saw it."""
    pointed = kept and _points_to_help(assessment, decider)
    return [*(f"{SCORE}.{name}" for name in _binned(assessment)), *([POINTED] if pointed else [])]


def _binned(assessment: Assessment) -> list[str]:
    """A name for each label that was read, with the bin that its probability falls into."""
    read = assessment.behaviour.probabilities if assessment.behaviour.read else {}
    scores = [*assessment.risk.present.items(), *read.items()]
    return [f"{label!s}.{bisect_right(EDGES, score)}" for label, score in scores]


def spread(counts: Mapping[str, int]) -> dict[str, list[int]]:
    """From counts by name, those of each label that was scored, by bin."""
    scores = part(counts, SCORE)
    rows = {label: [scores[f"{label}.{at}"] for at in range(BINS)] for label in (*RISKS, *BEHAVIOURS)}
    return {str(label): row for label, row in rows.items() if any(row)}


def _points_to_help(assessment: Assessment, decider: Decider) -> bool:
    """Whether a reply to signs of suicidal thoughts points to help by itself, as read."""
    risk = Risk.SUICIDAL_IDEATION
    shows = assessment.risk.present[risk] >= decider.threshold(risk) or assessment.risk.explicit[
        risk
    ] >= decider.threshold(risk + EXPLICIT)
    helps = assessment.behaviour.probabilities[Behaviour.REFERS_TO_HELP]
    return shows and helps >= decider.threshold(Behaviour.REFERS_TO_HELP)
