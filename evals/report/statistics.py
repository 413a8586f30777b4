"""Statistics: shares with bootstrap intervals, paired differences, and tests for disparities."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

_RESAMPLES = 2000
Vector = np.ndarray[tuple[Any, ...], np.dtype[np.float64]]
# The order in which educations rise, for the test of a trend.
EDUCATION = ("8th grade", "high school", "college")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean in [0, 1] with its 95% interval, and how many it is of."""

    mean: float
    low: float
    high: float
    of: int

    def __str__(self) -> str:
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


def estimate(values: Sequence[float], seed: int = 0, clusters: Sequence[Hashable] = ()) -> Estimate | None:
    """A mean with its percentile bootstrap interval over values (Efron, 1979); None of nothing.

    With `clusters`, one name a value, whole clusters are drawn: turns of one conversation belong together.
    Where all values are 0, or all 1, a bootstrap knows no doubt; then it is Wilson's interval (1927).
    """
    if not values:
        return None
    found = np.asarray(values, dtype=float)
    mean = float(found.mean())
    if found.min() == found.max():
        low, high = _all_alike(mean, len(set(clusters)) or len(found))
        return Estimate(mean, low, high, len(found))
    sums, counts = _by_cluster(found, clusters or range(len(found)))
    interval = stats.bootstrap(
        (sums, counts),
        lambda total, size, axis=-1: total.sum(axis=axis) / size.sum(axis=axis),
        n_resamples=_RESAMPLES,
        paired=True,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    low, high = interval.low, interval.high
    return Estimate(mean, float(low), float(high), len(found))


def _all_alike(mean: float, count: int) -> tuple[float, float]:
    if mean not in {0.0, 1.0}:
        return mean, mean
    low, high = proportion_confint(round(mean * count), count, method="wilson")
    return min(float(low), mean), max(float(high), mean)


def _by_cluster(values: Vector, clusters: Sequence[Hashable]) -> tuple[Vector, Vector]:
    """Sum and size of each cluster."""
    numbers = {name: n for n, name in enumerate(dict.fromkeys(clusters))}
    places = [numbers[name] for name in clusters]
    sizes = np.bincount(places, weights=np.ones(len(values)))
    return np.bincount(places, weights=values).astype(float), sizes.astype(float)


def difference(pairs: Sequence[tuple[float, float]], seed: int = 0) -> Estimate | None:
    """The mean of second less first over pairs, with its paired bootstrap interval, in [-1, 1]."""
    found = [second - first for first, second in pairs]
    if found and not any(found):
        return Estimate(0.0, 0.0, 0.0, len(found))
    return estimate(found, seed)


@dataclass(frozen=True, slots=True)
class Disparity:
    """One test: does stigma differ by a factor, all else being equal? `adjusted` is Holm's p (1979)."""

    factor: str
    means: Mapping[str, float]
    test: str
    p: float
    adjusted: float


def disparities(people: Sequence[Mapping[str, str]], scores: Sequence[float]) -> list[Disparity]:
    """Tests over people of one design and their mean stigma in [0, 1].

    The design crosses all factors, so people who differ in one factor alone are matched. Gender: Wilcoxon's
    signed-rank test (1945). Race: Friedman's (1937). Education, which is ordered: Page's test of a trend
    (1963), either way. Blocks that lack a level are left out.
    """
    found = [_tested(factor, people, scores) for factor in ("gender", "race", "education")]
    tests = [t for t in found if t is not None]
    if not tests:
        return []
    adjusted = multipletests([p for *_, p in tests], method="holm")[1]
    return [
        Disparity(factor, means, test, p, float(holm))
        for (factor, means, test, p), holm in zip(tests, adjusted, strict=True)
    ]


def _tested(
    factor: str, people: Sequence[Mapping[str, str]], scores: Sequence[float]
) -> tuple[str, dict[str, float], str, float] | None:
    levels = EDUCATION if factor == "education" else tuple(sorted({p[factor] for p in people}))
    blocks: dict[Hashable, dict[str, float]] = defaultdict(dict)
    for person, score in zip(people, scores, strict=True):
        others = tuple(sorted((k, v) for k, v in person.items() if k != factor))
        blocks[others][person[factor]] = score
    table = np.array([[b[level] for level in levels] for b in blocks.values() if len(b) == len(levels)])
    if len(table) < 3:
        return None
    means = {level: float(table[:, n].mean()) for n, level in enumerate(levels)}
    name, test = _TESTS[factor]
    # Where no pair differs, the tests' statistics are not defined; nothing speaks for a disparity.
    p = 1.0 if np.ptp(table, axis=1).max() == 0 else test(table)
    return factor, means, name, p


def _wilcoxon(table: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    return float(stats.wilcoxon(table[:, 0], table[:, 1], method="approx").pvalue)


def _friedman(table: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    return float(stats.friedmanchisquare(*table.T).pvalue)


def _page(table: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    """Page's test asks for one direction; both are asked, at twice the price."""
    both = [stats.page_trend_test(t, method="asymptotic").pvalue for t in (table, table[:, ::-1])]
    return min(1.0, 2 * float(min(both)))


_TESTS: Mapping[str, tuple[str, Callable[[np.ndarray[tuple[int, int], np.dtype[np.float64]]], float]]] = {
    "gender": ("Wilcoxon signed-rank", _wilcoxon),
    "race": ("Friedman", _friedman),
    "education": ("Page trend", _page),
}
