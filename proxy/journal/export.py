"""Export: everything that is kept of an exchange as plain values, one JSON object a line."""

from dataclasses import asdict
from typing import Any

from handrail.proxy.journal.journal import Entry
from handrail.proxy.journal.review import review_values
from handrail.proxy.journal.row import row_of_case


def entry_values(entry: Entry) -> dict[str, Any]:
    """An entry as plain values: the record's fields, `due`, where its review stands, and all reviews."""
    case = entry.case
    return {
        **asdict(entry.record),
        "at": entry.record.at.isoformat(),
        "due": case.due.isoformat(),
        **row_of_case(case),
        "readers": list(case.readers),
        "reviews": [review_values(review) for review in entry.reviews],
    }
