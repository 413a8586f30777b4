from datetime import date, timedelta

import pytest

from handrail.proxy.feedback.reviewed import by_week
from handrail.proxy.feedback.weeks import week_of
from handrail.proxy.journal.journal import Journal

from ..journal.conftest import NEW_YEAR, record
from .conftest import CRISIS, judge


async def test_weeks_say_what_reviewers_confirmed(journal: Journal) -> None:
    """Flags fall into the week of the exchange; those readers disagree on are neither right nor wrong."""
    await judge(journal, "right", CRISIS)
    await judge(journal, "wrong", ())
    await judge(journal, "disputed", CRISIS, ())
    await judge(journal, "twice", CRISIS, CRISIS)
    await judge(journal, "later", (), at=NEW_YEAR + timedelta(days=10))
    await journal.write(record("unread"))
    first, second = await by_week(journal)
    assert (first.name, first.counts["flagged"], first.reviewed) == ("2026-W01", 5, 4)
    assert (first.confirmed, first.disputed, first.precision) == (2, 1, pytest.approx(2 / 3))
    assert (len(first.pairs), first.kappa) == (2, 0.0)
    assert first.waited == [6.0] * 4
    assert (second.name, second.precision, second.kappa) == ("2026-W02", 0.0, None)


def test_weeks_are_iso_weeks() -> None:
    """The last days of December may belong to the first week of the next year."""
    assert [week_of(date(2025, 12, day)) for day in (28, 29)] == ["2025-W52", "2026-W01"]
