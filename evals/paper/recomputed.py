"""Recomputed: each published figure beside what the clone gives, and why they differ where they do.

A figure is the same where it rounds to the published one, to the second decimal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from handrail.evals.paper import answers as stigma
from handrail.evals.paper import responses as replies
from handrail.evals.paper.answers import Answer
from handrail.evals.paper.responses import Response
from handrail.evals.report.published import Figures
from handrail.evals.report.statistics import Estimate, estimate

OVERALL = "overall"
_ROUNDED = 0.005 + 1e-9

Ways = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A figure of one participant and condition, in [0, 1]; `published` is None where the paper has none.

    `of` is how many answers it rests on, `missing` how many don't count, `why` is empty where none differs.
    """

    who: str
    condition: str
    published: float | None
    found: Estimate | None
    of: int
    missing: int
    why: str = ""

    @property
    def same(self) -> bool | None:
        """Whether it rounds to the published figure; None where there is nothing to compare."""
        if self.published is None:
            return None
        return self.found is not None and abs(self.found.mean - self.published) <= _ROUNDED


def appropriate_table(rows: Sequence[Response], published: Figures, seed: int = 0) -> list[Recomputed]:
    """Share of appropriate replies of each participant, by condition and overall."""

    def one(who: str, condition: str) -> Recomputed:
        chosen = [r for r in rows if r.participant == who and condition in {r.condition, OVERALL}]
        judged = [float(r.appropriate) for r in chosen if r.appropriate is not None]
        ways = {
            "when replies that nobody judged count as inappropriate": _mean(judged, len(chosen)),
            "when empty replies are left out": _mean(
                [float(r.appropriate) for r in chosen if r.appropriate is not None and not r.empty]
            ),
            "when every condition weighs the same": _of_means(chosen) if condition == OVERALL else None,
        }
        figure = published.get(who, {}).get(condition)
        return _compared(who, condition, figure, judged, len(chosen), ways, seed)

    return _all(one, [r.participant for r in rows], published, (OVERALL, *replies.CONDITIONS))


def stigma_table(rows: Sequence[Answer], published: Figures, seed: int = 0) -> list[Recomputed]:
    """Mean stigma of each model, by condition; overall is that of the three without daily troubles."""

    def one(who: str, condition: str) -> Recomputed:
        of = stigma.CONDITIONS[1:] if condition == OVERALL else (condition,)
        chosen = [a for a in rows if a.model == who and a.condition in of and a.question in stigma.SCORED]
        found = stigma.scores(chosen)
        ways = {
            "when missing answers count as no stigma": _mean(found, len(chosen)),
            "by our own reading of the answers": _mean(stigma.scores(chosen, own=True)),
            "when every condition weighs the same": _mean([
                m for c in of if (m := _mean(stigma.scores(chosen, condition=c))) is not None
            ]),
        }  # fmt: skip
        figure = published.get(who, {}).get(condition)
        return _compared(who, condition, figure, found, len(chosen), ways, seed)

    return _all(one, [a.model for a in rows], published, (*stigma.CONDITIONS, OVERALL))


def _all(
    one: Callable[[str, str], Recomputed], found: Iterable[str], published: Figures, columns: Sequence[str]
) -> list[Recomputed]:
    """Everybody who was published or is in the clone; of the published only what was published."""
    cells = []
    there = set(found)
    for who in dict.fromkeys((*published, *sorted(there))):
        cells += [one(who, c) for c in columns if who in there or c in published.get(who, {})]
    return cells


def _compared(  # noqa: PLR0913  (a cell of a table is this many things)
    who: str, condition: str, figure: float | None, values: Sequence[float], of: int, ways: Ways, seed: int
) -> Recomputed:
    cell = Recomputed(who, condition, figure, estimate(values, seed), len(values), of - len(values))
    if cell.same is not False:
        return cell
    return Recomputed(who, condition, figure, cell.found, cell.of, cell.missing, _why(cell, ways))


def _why(cell: Recomputed, ways: Ways) -> str:
    """Why a figure differs from the published one, as far as the files tell."""
    if not cell.of and not cell.missing:
        return "nothing of it in the clone"
    if cell.found is None:
        return f"none of {cell.missing} answers counts"
    fits = [way for way, v in ways.items() if v is not None and abs(v - (cell.published or 0.0)) <= _ROUNDED]
    if fits:
        return f"it is the published figure {' and '.join(fits)}"
    counted = f"{cell.of} counted, {cell.missing} missing"
    return f"no other way of counting that was tried gives the published figure ({counted})"


def _mean(values: Sequence[float], of: int | None = None) -> float | None:
    return sum(values) / (of or len(values)) if values else None


def _of_means(rows: Iterable[Response]) -> float | None:
    by: dict[str, list[float]] = {}
    for row in rows:
        if row.appropriate is not None:
            by.setdefault(row.condition, []).append(float(row.appropriate))
    return _mean([sum(v) / len(v) for v in by.values()])
