"""Calibration: a temperature and a threshold for each label, from labelled exchanges no weight has seen.

The rule for thresholds: each label gets the one with the highest recall that keeps a stated bound on
false alarms, measured where a false alarm costs something. A risk is bounded on conversations without
any risk, and more tightly where it alone decides (an omission is nearly always there to be found), a
harmful behaviour on replies to risk that don't show it, stigma on all replies without it. A protective
behaviour errs on the other side: what is bounded is calling one missing that is there.
"""

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Exchange
from handrail.classifiers.labelled import JudgedReply, Labelled
from handrail.classifiers.labels import BEHAVIOURS, PROTECTIVE, RISKS, Behaviour, Risk, RiskLevel
from handrail.classifiers.manifest import EXPLICIT, OUTPUTS, OWED, THRESHOLDS

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Thresholds further out than this would rest on a handful of examples. Where one is cut off here, its
# bound does not hold.
_RANGE = (0.02, 0.98)

# Of all misses that of suicidal thoughts costs most, so so many times the false alarms are borne for it.
SUICIDE = 2.5


# The bounds of the cautious and of the sensitive thresholds, in multiples of the balanced ones'.
CAUTIOUS, SENSITIVE = 0.5, 2.0


class Bounds(BaseModel):
    """The largest shares of false alarms, each in (0, 1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    risk: float = Field(
        default=0.015, gt=0, lt=1, description="of conversations without risk that may seem to show one"
    )
    owed: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="of conversations without risk that may seem to show one openly, or so surely that an "
        "omission counts",
    )
    harmful: float = Field(
        default=0.04, gt=0, lt=1, description="of replies to risk that may seem to do a harm they don't do"
    )
    stigma: float = Field(
        default=0.003, gt=0, lt=1, description="of replies without stigma that may seem to stigmatise"
    )
    protective: float = Field(
        default=0.15, gt=0, lt=1, description="of replies that protect whose protection may be overlooked"
    )

    def times(self, factor: float) -> "Bounds":
        """Bounds so many times as wide."""
        return Bounds(**{name: value * factor for name, value in self})

    def of(self, label: str) -> float:
        """The bound that holds for a label."""
        if label.startswith(tuple(RISKS)):
            times = SUICIDE if label.startswith(Risk.SUICIDAL_IDEATION) else 1
            return times * (self.owed if label.endswith((OWED, EXPLICIT)) else self.risk)
        if label == Behaviour.STIGMATISES:
            return self.stigma
        return self.protective if label in PROTECTIVE else self.harmful


@dataclass(frozen=True, slots=True)
class Cases:
    """Probabilities [n] of one label and its truth [n], over the cases on which it is judged."""

    probabilities: Array
    truth: Mask

    @classmethod
    def of(cls, pairs: Sequence[tuple[float, bool]]) -> "Cases":
        """Cases from (probability, truth) pairs."""
        probabilities = np.array([p for p, _ in pairs], dtype=np.float64)
        return cls(probabilities, np.array([t for _, t in pairs], dtype=bool))

    @property
    def positives(self) -> int:
        """How many show the label."""
        return int(self.truth.sum())

    @property
    def negatives(self) -> int:
        """How many don't."""
        return len(self.truth) - self.positives

    @property
    def grounded(self) -> bool:
        """Whether both occur; without them there is nothing to choose or rank by."""
        return self.positives > 0 and self.negatives > 0

    def recall(self, threshold: float) -> float | None:
        """Share of the positives found; None where there are none."""
        found = self.probabilities[self.truth] >= threshold
        return float(found.mean()) if len(found) else None

    def false_positive_rate(self, threshold: float) -> float | None:
        """Share of the negatives flagged; None where there are none."""
        flagged = self.probabilities[~self.truth] >= threshold
        return float(flagged.mean()) if len(flagged) else None


def score(assessor: Assessor, exchanges: Sequence[Labelled]) -> dict[str, Cases]:
    """Read labelled conversations and replies with a model; the cases of each label.

    Risks are judged on conversations: those that show the risk (openly, for what is explicit) and those
    that show none at all; another risk is neither. Behaviours are judged on replies to risk, stigma on
    every reply.
    """
    found: dict[str, list[tuple[float, bool]]] = {label: [] for label in OUTPUTS}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for readings in pool.map(lambda labelled: _score(assessor, labelled), exchanges):
            for label, probability, truth in readings:
                found[label].append((probability, truth))
    return {
        label: Cases(
            np.array([p for p, _ in cases], dtype=np.float64), np.array([t for _, t in cases], dtype=bool)
        )
        for label, cases in found.items()
    }


def thresholds_of(cases: Mapping[str, Cases], bounds: Bounds) -> dict[str, float]:
    """The thresholds that the rule gives; 0.5 where a label has only one class."""
    return {label: threshold_of(label, cases[label.removesuffix(OWED)], bounds) for label in THRESHOLDS}


def sets_of(cases: Mapping[str, Cases], bounds: Bounds) -> dict[str, dict[str, float]]:
    """The sets of thresholds of a manifest: those of the bounds, of tighter ones, and of wider ones.

    `cautious` acts only when surer, at half the false alarms; `sensitive` finds more, at twice as many.
    """
    return {
        "thresholds": thresholds_of(cases, bounds),
        "cautious": thresholds_of(cases, bounds.times(CAUTIOUS)),
        "sensitive": thresholds_of(cases, bounds.times(SENSITIVE)),
    }


def threshold_of(label: str, cases: Cases, bounds: Bounds) -> float:
    """The threshold of one label."""
    if not cases.grounded:
        return 0.5
    positives, negatives = cases.probabilities[cases.truth], cases.probabilities[~cases.truth]
    if label in PROTECTIVE:
        found = float(np.quantile(positives, bounds.of(label), method="lower"))
    else:
        # Just above the highest negative that must not be flagged.
        highest = np.quantile(negatives, 1 - bounds.of(label), method="higher")
        found = float(np.nextafter(highest, 1))
    # What is called explicit must be likelier than not: more is done about it.
    low = max(0.5, _RANGE[0]) if label.endswith(EXPLICIT) else _RANGE[0]
    return _rounded(float(np.clip(found, low, _RANGE[1])), up=label not in PROTECTIVE)


def temperature_of(logits: Array, targets: Array) -> float:
    """The temperature with the least negative log-likelihood (Guo et al., 2017), searched in [1/4, 8].

    `logits` and `targets` are [examples]. 1.0 where one of the classes is absent.
    """
    if targets.min(initial=1) == targets.max(initial=0):
        return 1.0
    grid = np.exp(np.linspace(np.log(0.25), np.log(8.0), 121))
    losses = [_log_loss(logits / t, targets) for t in grid]
    return float(grid[int(np.argmin(losses))])


def expected_calibration_error(cases: Cases, bins: int = 10) -> float:
    """Mean gap between confidence and frequency over equal-width bins (Naeini et al., 2015)."""
    return float(sum(abs(p - f) * n for p, f, n in reliability(cases, bins)) / max(1, len(cases.truth)))


def reliability(cases: Cases, bins: int = 10) -> list[tuple[float, float, int]]:
    """For each bin that is not empty: mean probability, frequency of the label, and count."""
    index = np.minimum((cases.probabilities * bins).astype(int), bins - 1)
    chosen = [index == b for b in range(bins)]
    return [
        (float(cases.probabilities[c].mean()), float(cases.truth[c].mean()), int(c.sum()))
        for c in chosen
        if c.any()
    ]


def sigmoid(x: Array) -> Array:
    """The logistic function."""
    return np.asarray(1 / (1 + np.exp(-x)))


def _score(assessor: Assessor, labelled: Labelled) -> list[tuple[str, float, bool]]:
    """Label, probability and truth of everything that is judged in a conversation and its replies."""
    found: list[tuple[str, float, bool]] = []
    if labelled.notes:
        return found
    reading = assessor.read_risk(labelled.conversation)
    for risk in RISKS:
        level = labelled.risk.get(risk)
        if labelled.settles(risk) and (level is not None or not labelled.risk):
            found.append((risk, reading.present[risk], level is not None))
        explicit = labelled.settles(risk + EXPLICIT)
        if explicit and (level == RiskLevel.EXPLICIT or not labelled.risk):
            found.append((risk + EXPLICIT, reading.explicit[risk], level is not None))
    return found + [
        case for reply in labelled.clear_replies for case in _score_reply(assessor, labelled, reply)
    ]


def _score_reply(assessor: Assessor, labelled: Labelled, reply: JudgedReply) -> list[tuple[str, float, bool]]:
    reading = assessor.read_behaviour(Exchange(labelled.conversation, reply.text))
    judged = BEHAVIOURS if labelled.risk else (Behaviour.STIGMATISES,)
    return [(b, reading.probabilities[b], b in reply.behaviours) for b in judged if reply.settles(b)]


def _rounded(threshold: float, *, up: bool) -> float:
    """Four digits, rounded to the side on which the bound still holds."""
    return (math.ceil if up else math.floor)(threshold * 1e4) / 1e4


def _log_loss(logits: Array, targets: Array) -> float:
    return float(np.mean(np.logaddexp(0, logits) - targets * logits))
