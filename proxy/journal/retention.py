"""Retention: deletes what has been kept for as long as the settings say."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from handrail.proxy.journal.audit import Act
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.queue import OPEN, Filter, State
from handrail.proxy.logs import logger
from handrail.proxy.settings import Settings

_log = logger("retention")
_PAUSE = 3600.0


def expired(open_days: float | None, done_days: float | None, now: datetime) -> list[Filter]:
    """What is to be deleted: open cases and finished ones each have a time of their own; None keeps them."""
    limits = ((OPEN, open_days), (frozenset({State.DONE}), done_days))
    return [
        Filter(states=states, until=now - timedelta(days=days)) for states, days in limits if days is not None
    ]


async def prune(journal: Journal, chosen: list[Filter], who: str) -> int:
    """Delete what the filters choose, on the trail; give how many exchanges that were."""
    total = 0
    for each in chosen:
        deleted = await journal.prune(each)
        states = ", ".join(sorted(each.states))
        if deleted:
            detail = f"{deleted} exchanges ({states}) from before {each.until}"
            await journal.audit(Act(who, "pruned", detail=detail))
        total += deleted
    return total


class Retention:
    """A task that prunes once an hour."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._days = (settings.retention_open_days, settings.retention_done_days)
        self._journal = journal

    async def run(self, stopping: asyncio.Event) -> None:
        """Prune until told to stop; what can't be deleted now is tried again in an hour."""
        while not stopping.is_set():
            try:
                await prune(self._journal, expired(*self._days, datetime.now(UTC)), "system")
            except Exception as error:
                _log.error("not_pruned", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _PAUSE)
