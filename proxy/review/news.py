"""News: what happens in the journal, read once here and told to every open page, without words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from handrail.classifiers.errors import JournalError
from handrail.proxy.journal.journal import Event, Journal
from handrail.proxy.logs import logger

Told = dict[str, object]
Listener = asyncio.Queue[Told | None]

_log = logger("review")
_PAUSE = 2.0
# What a page that reads too slowly misses: it is told to look for itself.
_MOST = 100


class News:
    """Tells listeners of events. One reader of the journal serves any number of pages."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop, and let all listeners go."""
        self.hang_up()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def hang_up(self) -> None:
        """Let all listeners go."""
        for listener in self._listeners:
            _tell(listener, None)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Listener]:
        """What happens while this is open; None at the end."""
        listener: Listener = asyncio.Queue(_MOST)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _run(self) -> None:
        position: str | None = None
        while True:
            try:
                async for event in self._journal.events(position):
                    position = event.position
                    await self._spread(event)
            except JournalError as error:
                _log.warning("news_out_of_reach", error=str(error))
                await asyncio.sleep(_PAUSE)

    async def _spread(self, event: Event) -> None:
        if not self._listeners:
            return
        told: Told = {"kind": event.kind, "exchange": event.exchange}
        if event.kind == "new" and (case := await self._journal.case(event.exchange)):
            told |= {"escalate": case.escalate, "severity": case.severity}
        for listener in self._listeners:
            _tell(listener, told)


def _tell(listener: Listener, told: Told | None) -> None:
    if listener.full():
        listener.get_nowait()
    listener.put_nowait(told)
