"""A drift report as text or JSON."""

import json
from collections.abc import Sequence
from typing import Any

from handrail.proxy.feedback.drift import Drift
from handrail.proxy.feedback.weeks import Week

_SHOWN = 3
_HEAD = (
    f"{'week':9} {'replies':>9} {'flagged':>9} {'per 1000':>9} {'reviewed':>9} {'confirmed':>9} {'kappa':>6}"
    "  scores that moved (population stability index)"
)


def as_text(found: Sequence[Drift], baseline: Week) -> str:
    """A line a week, then the rates of the last week beside those of the baseline."""
    lines = [_HEAD, *map(_line, found), f"Scores are compared with {baseline.name}."]
    last, first = found[-1], next((d for d in found if d.week is baseline), None)
    if first is not None and last is not first:
        lines += ["", f"{'per 1000 screened replies':45} {baseline.name:>9} {last.week.name:>9}"]
        lines += [
            f"{name:45} {_number(first.rates.get(name)):>9} {_number(value):>9}"
            for name, value in last.rates.items()
        ]
    return "\n".join(lines) + "\n"


def as_json(found: Sequence[Drift], baseline: Week) -> str:
    """All weeks with all rates and shifts."""
    values = {"baseline": baseline.name, "weeks": [_values(drift) for drift in found]}
    return json.dumps(values, indent=2) + "\n"


def _line(drift: Drift) -> str:
    week = drift.week
    moved = [s for s in drift.shifts if s.words != "none"]
    said = ", ".join(f"{s.label} {s.psi:.2f} ({s.words})" for s in moved[:_SHOWN])
    more = f", {len(moved) - _SHOWN} more" if len(moved) > _SHOWN else ""
    return (
        f"{week.name:9} {drift.replies:9} {week.counts['flagged']:9} {_number(drift.rates['flagged']):>9} "
        f"{week.reviewed:9} {_share(week.precision):>9} {_number(week.kappa):>6}  {said or 'none'}{more}"
    )


def _values(drift: Drift) -> dict[str, Any]:
    week = drift.week
    return {
        "week": week.name,
        "replies": drift.replies,
        "flagged": week.counts["flagged"],
        "per_1000_replies": {n: None if v is None else round(v, 3) for n, v in drift.rates.items()},
        "reviewed": week.reviewed,
        "disputed": week.disputed,
        "confirmed": week.precision,
        "read_twice": len(week.pairs),
        "kappa": week.kappa,
        "scores": [
            {"label": s.label, "psi": round(s.psi, 4), "chance": round(s.chance, 4), "shift": s.words}
            for s in drift.shifts
        ],
    }


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.0%}"
