from math import log

import numpy as np
import pytest

from handrail.proxy.feedback.drift import drifts, psi
from handrail.proxy.feedback.weeks import Week

LABEL = "score.mania"


def _week(name: str, bins: list[int], **counts: int) -> Week:
    week = Week(name)
    week.counts.update({f"{LABEL}.{at}": n for at, n in enumerate(bins)})
    week.counts.update({name.replace("__", "."): n for name, n in counts.items()})
    return week


def test_the_index_is_the_published_formula() -> None:
    """Of two bins with shares 0.8 and 0.2 against 0.5 and 0.5; and nothing of two that are alike."""
    expected = (0.8 - 0.5) * log(0.8 / 0.5) + (0.2 - 0.5) * log(0.2 / 0.5)
    assert psi([800000, 200000], [500000, 500000]) == pytest.approx(expected, abs=1e-4)
    assert psi([5, 5, 0], [50, 50, 10**-9]) == pytest.approx(psi([50, 50, 10**-9], [5, 5, 0]))
    assert psi([7, 3], [7, 3]) == 0


def test_a_week_that_moved_is_told_from_one_that_did_not() -> None:
    """Many replies whose scores moved are a marked shift; the same move on few replies is none."""
    before = _week("2026-W01", [900, 50, 50, 0, 0, 0, 0, 0, 0, 0])
    moved = _week("2026-W02", [500, 50, 50, 100, 100, 100, 50, 50, 0, 0])
    few = _week("2026-W03", [3, 0, 0, 1, 1, 0, 0, 0, 0, 0])
    found = drifts([before, moved, few], before)
    assert [[(s.label, s.words) for s in drift.shifts] for drift in found] == [
        [],
        [("mania", "marked")],
        [("mania", "none")],
    ]


def test_chance_alone_is_seldom_called_a_shift() -> None:
    """Of 400 weeks drawn from one and the same spread, about one in a hundred is called a shift."""
    draw = np.random.default_rng(7)
    shares = [0.6, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01, 0.01]
    called = 0
    for _ in range(400):
        one, two = (_week("w", [int(n) for n in draw.multinomial(150, shares)]) for _ in range(2))
        (shift,) = drifts([one], two)[0].shifts
        called += shift.words != "none"
    assert called <= 16


def test_rates_are_of_all_screened_replies() -> None:
    """Flags count in a thousand screened replies, by harm and rule too; without replies there is no rate."""
    week = _week(
        "w", [], replies__screened__deliver=990, replies__screened__append=10, flagged=10, harm__stigma=4
    )
    (drift,) = drifts([week], week)
    assert (drift.replies, drift.rates["flagged"], drift.rates["harm.stigma"]) == (1000, 10, 4)
    assert drifts([Week("x")], Week("x"))[0].rates["flagged"] is None
