"""Drift: how far scores, rates and agreement of each week are from those of a week to compare with. Pure.

Scores are compared by the population stability index, sum over bins of (p - q) ln(p / q): Siddiqi (2006),
"Credit Risk Scorecards", who calls less than 0.1 no change, and from 0.25 a marked one. On few replies
chance alone makes it large: without any drift it is, times 1 / (1/n + 1/m), about chi-squared with one
degree less than bins (Yurdakul and Naranjo, 2020, "Statistical properties of the population stability
index"). So a change is only called one where it is beyond what chance gives in 1 of 100 comparisons.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from handrail.proxy.feedback.weeks import Week, rate
from handrail.proxy.journal.days import ESCALATED, FLAGGED, HARM, REPLIES, RULE, part
from handrail.proxy.scores import spread

SOME, MARKED = 0.1, 0.25
# The 0.99 quantile of chi-squared with BINS - 1 = 9 degrees of freedom.
_CHANCE = 21.666
# Added to each bin, so that an empty one is not infinitely far from any other.
_SMOOTHING = 0.5


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the scores of a label have moved: the index, and what chance alone may give."""

    label: str
    psi: float
    chance: float

    @property
    def words(self) -> str:
        """What the index says."""
        if self.psi < max(SOME, self.chance):
            return "none"
        return "marked" if self.psi >= MARKED else "some"


@dataclass(frozen=True, slots=True)
class Drift:
    """One week beside the one it is compared with.

    `rates` are exchanges in a thousand screened replies, by "flagged", "escalated", harm and rule; `shifts`
    are sorted from the largest.
    """

    week: Week
    replies: int
    rates: dict[str, float | None]
    shifts: tuple[Shift, ...]


def drifts(weeks: Sequence[Week], baseline: Week) -> list[Drift]:
    """Every week compared with the baseline."""
    return [_drift(week, baseline) for week in weeks]


def psi(now: Sequence[int], before: Sequence[int]) -> float:
    """Population stability index of two rows of counts, bin by bin."""
    totals = [sum(row) + _SMOOTHING * len(row) for row in (now, before)]
    shares = [[(n + _SMOOTHING) / of for n in row] for row, of in zip((now, before), totals, strict=True)]
    return float(sum((p - q) * math.log(p / q) for p, q in zip(*shares, strict=True)))


def screened(week: Week) -> int:
    """Replies of a week that were judged."""
    return part(part(week.counts, REPLIES), "screened").total()


def _drift(week: Week, baseline: Week) -> Drift:
    names = [FLAGGED, ESCALATED]
    for kind in (HARM, RULE):
        known = {*part(week.counts, kind), *part(baseline.counts, kind)}
        names += [f"{kind}.{name}" for name in sorted(known)]
    replies = screened(week)
    rates = {name: rate(week.counts, name, replies) for name in names}
    return Drift(week, replies, rates, () if week is baseline else _shifts(week, baseline))


def _shifts(week: Week, baseline: Week) -> tuple[Shift, ...]:
    now, before = spread(week.counts), spread(baseline.counts)
    found = [
        Shift(label, psi(now[label], before[label]), _by_chance(now[label], before[label]))
        for label in before
        if label in now
    ]
    return tuple(sorted(found, key=lambda shift: -shift.psi))


def _by_chance(now: Sequence[int], before: Sequence[int]) -> float:
    return _CHANCE * (1 / sum(now) + 1 / sum(before))
