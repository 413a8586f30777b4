"""Reviewed: reads from the journal what feedback is made of."""

from collections.abc import AsyncIterator, Sequence

from handrail.proxy.feedback.weeks import Week, weekly
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.queue import Case, Filter, State
from handrail.proxy.journal.review import Review

DONE = Filter(states=frozenset({State.DONE}))


async def reviewed(journal: Journal) -> AsyncIterator[tuple[Case, Sequence[Review]]]:
    """Every exchange whose review is done, with what was said of it and without its words."""
    async for case in journal.cases(DONE):
        yield case, await journal.reviews(case.id)


async def by_week(journal: Journal) -> list[Week]:
    """All weeks that anything is known of."""
    return weekly(await journal.days(), [each async for each in reviewed(journal)])
