"""Proposal: thresholds that the rule of calibration.py gives on anybody's labelled exchanges.

What each would find and wrongly flag is measured by cross-fitting: chosen on four fifths of the
conversations, measured on the fifth that had no say in it, for each fifth in turn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.calibration import Bounds, Cases, score, threshold_of
from handrail.classifiers.labelled import Labelled, Turn
from handrail.classifiers.manifest import OWED, THRESHOLDS

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Rates:
    """Recall and false-positive rate, None where a class is absent."""

    recall: float | None
    false_positives: float | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """For one label: the counts, the threshold now and the one proposed, and the rates of both."""

    label: str
    positives: int
    negatives: int
    now: float
    proposed: float
    rates_now: Rates
    rates_proposed: Rates

    @property
    def grounded(self) -> bool:
        """Whether both classes occurred; without them there is nothing to choose by."""
        return self.positives > 0 and self.negatives > 0


def propose(
    assessor: Assessor, exchanges: Sequence[Labelled], bounds: Bounds, now: Mapping[str, float]
) -> list[Proposal]:
    """A proposal for each label, in the model's order; a label without both classes keeps its threshold."""
    whole = conversations(exchanges)
    folds = [score(assessor, whole[at::FOLDS]) for at in range(FOLDS)]
    return [
        _propose(label, [fold[label.removesuffix(OWED)] for fold in folds], bounds, now[label])
        for label in THRESHOLDS
    ]


def conversations(exchanges: Sequence[Labelled]) -> list[Labelled]:
    """The rows of each conversation put together, so that none is in two folds or counts twice."""
    found: dict[tuple[Turn, ...], Labelled] = {}
    for row in exchanges:
        known = found.get(row.messages)
        found[row.messages] = known.joined(row) if known else row
    return list(found.values())


def _propose(label: str, folds: Sequence[Cases], bounds: Bounds, now: float) -> Proposal:
    cases = _joined(folds)
    proposed = threshold_of(label, cases, bounds) if cases.grounded else now
    crossed = _crossed(label, folds, bounds) if cases.grounded else Rates(None, None)
    rates = Rates(cases.recall(now), cases.false_positive_rate(now))
    return Proposal(label, cases.positives, cases.negatives, now, proposed, rates, crossed)


def _crossed(label: str, folds: Sequence[Cases], bounds: Bounds) -> Rates:
    flagged: list[np.ndarray[tuple[int], np.dtype[np.bool_]]] = []
    for at, fold in enumerate(folds):
        others = _joined([*folds[:at], *folds[at + 1 :]])
        flagged.append(fold.probabilities >= threshold_of(label, others, bounds))
    calls = Cases(np.concatenate(flagged).astype(np.float64), _joined(folds).truth)
    return Rates(calls.recall(0.5), calls.false_positive_rate(0.5))


def _joined(folds: Sequence[Cases]) -> Cases:
    return Cases(np.concatenate([f.probabilities for f in folds]), np.concatenate([f.truth for f in folds]))
