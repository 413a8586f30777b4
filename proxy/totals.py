"""Totals: brings the counts of replies and scores from the metrics to the journal, to outlive a restart.

Every reply is counted in memory at once, and written with the others a few seconds later: a write for each
would make every reply wait for a disk. So a kill costs the counts of those seconds, and no more.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime

from handrail.classifiers.errors import JournalError
from handrail.proxy.journal.days import REPLIES
from handrail.proxy.journal.journal import Journal
from handrail.proxy.logs import logger
from handrail.proxy.metrics import Metrics

_log = logger("totals")
_PAUSE = 5.0


class Totals:
    """A task that writes what was counted since it last did, and once more when it stops."""

    def __init__(self, metrics: Metrics, journal: Journal) -> None:
        self._metrics = metrics
        self._journal = journal
        self._written: Counter[str] = Counter()

    async def run(self, stopping: asyncio.Event) -> None:
        """Write until told to stop; what can't be written now is written later."""
        while not stopping.is_set():
            await self._write()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _PAUSE)
        await self._write()

    async def _write(self) -> None:
        counted = self._counted()
        new = counted - self._written
        if not new:
            return
        try:
            await self._journal.tally(datetime.now(UTC).date(), new)
        except JournalError as error:
            _log.error("replies_not_counted", error=str(error))
        else:
            self._written = counted

    def _counted(self) -> Counter[str]:
        replies = {f"{REPLIES}.{name}": n for name, n in self._metrics.replies_by_outcome().items()}
        return Counter({**replies, **self._metrics.daily})
