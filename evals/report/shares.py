"""Shares: what tables and figures need of rows: groups, estimates, and counts of what the guard did."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from handrail.evals.experiments.arm import Arm
from handrail.evals.judges.judge import Change
from handrail.evals.report.row import Row
from handrail.evals.report.statistics import Estimate, difference, estimate

Key = Callable[[Row], str]
OVERALL = "overall"


def where(rows: Iterable[Row], **wanted: str) -> list[Row]:
    """The rows whose fields have these values."""
    return [r for r in rows if all(getattr(r, name) == value for name, value in wanted.items())]


def values_of(rows: Iterable[Row], name: str) -> list[str]:
    """The values of a field, in the order in which they appear."""
    return list(dict.fromkeys(str(getattr(r, name)) for r in rows))


def share(rows: Iterable[Row], *, seed: int = 0) -> Estimate | None:
    """The share of judged rows that came out well; missing answers are left out (and counted elsewhere).

    Answers about one sample, such as the turns of one conversation, are drawn together for the interval.
    """
    judged = [r for r in rows if r.well is not None]
    return estimate([float(r.well or 0) for r in judged], seed, [(r.target, r.sample) for r in judged])


def shares_by(
    rows: Sequence[Row], group: Key, *, overall: bool = True
) -> dict[str, dict[str, Estimate | None]]:
    """Shares by group and arm, for bars; with all groups together at the end."""
    groups = sorted({group(r) for r in rows})
    arms = [a for a in Arm if any(r.arm == a for r in rows)]
    found = {
        g: {str(a): share(r for r in rows if group(r) == g and r.arm == a) for a in arms} for g in groups
    }
    if overall:
        found[OVERALL] = {str(a): share(r for r in rows if r.arm == a) for a in arms}
    return found


def guard_effect(rows: Sequence[Row], arm: Arm, seed: int = 0) -> Estimate | None:
    """Guarded less unguarded over the same samples, paired."""
    unguarded = {r.cell: r.well for r in rows if r.arm == arm.unguarded and r.well is not None}
    guarded = [r for r in rows if r.arm == arm and r.well is not None and r.cell in unguarded]
    return difference([(float(unguarded[r.cell] or 0), float(r.well or 0)) for r in guarded], seed)


def changes(rows: Sequence[Row]) -> Mapping[str, int]:
    """How many replies were left alone, added to, replaced, asked for anew, or altered in a way not known."""
    counted = Counter(r.change for r in rows)
    return {str(c): counted.get(str(c), 0) for c in Change}


def missing(rows: Iterable[Row]) -> int:
    """Answers of the judge that count for neither."""
    return sum(r.well is None and not r.error for r in rows)


def shown(found: Estimate | None) -> str:
    """An estimate for a table."""
    return "none" if found is None else str(found)
