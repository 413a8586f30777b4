"""Reviewed: reads from the journal what feedback is made of."""

from collections.abc import AsyncIterator, Sequence
from datetime import date

from handrail.policies.decide import Decider
from handrail.policies.decision import Severity
from handrail.proxy.feedback.finding import finding_of
from handrail.proxy.feedback.search import Trial
from handrail.proxy.feedback.weeks import Week, weekly
from handrail.proxy.journal.journal import Entry, Journal
from handrail.proxy.journal.queue import Case, Filter, State
from handrail.proxy.journal.review import Review
from handrail.proxy.recorded import of_record

DONE = Filter(states=frozenset({State.DONE}))


async def reviewed(journal: Journal) -> AsyncIterator[tuple[Case, Sequence[Review]]]:
    """Every exchange whose review is done, with what was said of it and without its words."""
    async for case in journal.cases(DONE):
        yield case, await journal.reviews(case.id)


async def by_week(journal: Journal) -> list[Week]:
    """All weeks that anything is known of."""
    return weekly(await journal.days(), [each async for each in reviewed(journal)])


async def trials_of(
    journal: Journal, decider: Decider, chosen: Filter
) -> tuple[dict[str, Trial], set[date], int]:
    """Exchanges by id with what was read and found, their days, and how many have no whole reading."""
    trials: dict[str, Trial] = {}
    dates: set[date] = set()
    unread = 0
    async for entry in journal.entries(chosen):
        dates.add(entry.record.at.date())
        trial = _trial(entry, decider)
        if trial is None:
            unread += 1
        else:
            trials[entry.record.id] = trial
    return trials, dates, unread


def _trial(entry: Entry, decider: Decider) -> Trial | None:
    recorded = of_record(entry.record)
    if recorded is None or recorded.lacks(decider):
        return None
    finding = finding_of(entry.reviews) if entry.case.state == State.DONE else None
    if finding is None or not finding.agreed:
        return Trial(recorded)
    return Trial(recorded, finding.harms, finding.severity == Severity.CRITICAL)
