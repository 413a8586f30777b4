"""A compliance report as CSV or JSON."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import date

from handrail.proxy.feedback.compliance import MEASURES, Period


def as_csv(periods: Sequence[Period], least: int) -> str:
    """One line a period and measure: `from,to,measure,count`; one held back reads "<" and the bound."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("from", "to", "measure", "count"))
    for period in periods:
        for name, count in period.counts.items():
            writer.writerow((period.first, period.last, name, _held_back(least) if count is None else count))
    return out.getvalue()


def as_json(periods: Sequence[Period], least: int, counted_since: date | None) -> str:
    """All periods with what each measure means; a count held back is null."""
    values = {
        "suppressed_below": least or None,
        "counted_since": None if counted_since is None else counted_since.isoformat(),
        "measures": dict(MEASURES),
        "periods": [
            {"from": p.first.isoformat(), "to": p.last.isoformat(), "counts": dict(p.counts)} for p in periods
        ],
    }
    return json.dumps(values, indent=2) + "\n"


def _held_back(least: int) -> str:
    return f"suppressed (below {least}, or would give one away)"
