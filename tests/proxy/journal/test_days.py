"""The daily counts of every journal, each the real thing."""

from datetime import date, timedelta

from handrail.proxy.journal.custody import Custody
from handrail.proxy.journal.days import HARM, counted, part, total
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.queue import ANY

from .conftest import NEW_YEAR, Open, record

FIRST = date(2026, 1, 1)


async def test_an_exchange_counts_once(opened: Open, custody: Custody) -> None:
    """What is written twice, as after a kill, counts once; days stand apart, whoever wrote."""
    journal, other = await opened(custody), await opened(custody)
    for name, at in (("a", NEW_YEAR), ("b", NEW_YEAR), ("c", NEW_YEAR + timedelta(days=1))):
        await journal.write(record(name, at=at))
        await other.write(record(name, at=at))
    days = await journal.days()
    assert [(day.date, day.counts["flagged"]) for day in days] == [(FIRST, 2), (date(2026, 1, 2), 1)]
    assert total(days)["done.append"] == 3
    assert part(total(days), HARM) == {"crisis_mishandling": 3}


async def test_counts_outlive_exchanges(journal: Journal) -> None:
    """Deleting a user or what is old takes the words, and no count."""
    await journal.write(record("a", user="u_1", escalate=True, referred=True))
    before = await journal.days()
    assert await journal.delete_user("u_1") == 1
    assert await journal.prune(ANY) == 0
    assert await journal.days() == before
    assert {"escalated", "referred", "referred.crisis_mishandling"} <= set(before[0].counts)


async def test_replies_are_added_up(journal: Journal) -> None:
    """Counts of replies add to what is there of the day."""
    await journal.tally(FIRST, {"replies.screened.deliver": 3})
    await journal.tally(FIRST, {"replies.screened.deliver": 4, "replies.failed.classifier": 1})
    (day,) = await journal.days()
    assert day.counts == {"replies.screened.deliver": 7, "replies.failed.classifier": 1}


def test_what_was_only_watched_was_not_done() -> None:
    """In shadow mode nothing was done, and nobody was referred; a reply that failed counts as no flag."""
    watched = record("a")
    watched = record("a", decision={**(watched.decision or {}), "enforced": False})
    assert "watched.append" in counted(watched)
    assert not [name for name in counted(watched) if name.startswith(("done", "referred"))]
    assert counted(record("a", status="failed", decision=None, assessment=None, referred=True)) == [
        "referred"
    ]
