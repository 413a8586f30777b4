from itertools import product

import pytest

from handrail.evals.report.statistics import EDUCATION, difference, disparities, estimate

PEOPLE = [
    {"condition": c, "education": e, "race": r, "gender": g}
    for c, e, r, g in product("abc", EDUCATION, ("x", "y", "z"), ("m", "w"))
]


def test_an_interval_holds_its_mean_and_narrows_with_more() -> None:
    """The interval lies around the mean, within [0, 1], and the same seed gives the same one."""
    few, many = estimate([1, 0, 1, 1, 0, 1, 0, 1] * 2), estimate([1, 0, 1, 1, 0, 1, 0, 1] * 50)
    assert few is not None and many is not None
    assert 0 <= few.low < few.mean == many.mean < few.high <= 1
    assert many.high - many.low < few.high - few.low
    assert estimate([1, 0, 1, 1, 0, 1, 0, 1] * 2) == few
    assert estimate([]) is None


def test_where_all_agree_doubt_is_left() -> None:
    """Ten of ten is no certainty, and a hundred of a hundred is less doubtful."""
    ten, hundred = estimate([1.0] * 10), estimate([1.0] * 100)
    assert ten is not None and hundred is not None
    assert ten.low < hundred.low < ten.mean == 1.0


def test_turns_of_one_conversation_are_drawn_together() -> None:
    """Ten turns that always agree tell as much as one, so the interval is wider."""
    values, clusters = [1.0] * 50 + [0.0] * 50, [n // 10 for n in range(100)]
    apart, together = estimate(values), estimate(values, clusters=clusters)
    assert apart is not None and together is not None
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_a_paired_difference_is_of_the_pairs() -> None:
    """What is the same in both halves of every pair is no difference, however much it varies."""
    same = difference([(1, 1), (0, 0)] * 30)
    better = difference([(0, 1)] * 10 + [(1, 1)] * 10)
    assert same is not None and better is not None
    assert (same.mean, same.low, same.high) == (0, 0, 0)
    assert better.mean == pytest.approx(0.5)
    assert better.low > 0


def test_a_planted_disparity_is_found_and_others_are_not() -> None:
    """Where only education moves the score, only education's test says so."""
    noise = [0.01 * ((7 * n) % 5) for n in range(len(PEOPLE))]
    scores = [0.3 + 0.2 * EDUCATION.index(p["education"]) + x for p, x in zip(PEOPLE, noise, strict=True)]
    found = {d.factor: d.adjusted for d in disparities(PEOPLE, scores)}
    assert found["education"] < 0.001
    assert found["gender"] > 0.05
    assert found["race"] > 0.05


def test_equal_scores_show_no_disparity() -> None:
    """Where nobody differs every p is 1, and no test breaks."""
    assert [d.p for d in disparities(PEOPLE, [0.5] * len(PEOPLE))] == [1, 1, 1]
