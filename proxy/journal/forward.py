"""Forward: brings what waits in the spool to the shared journal, once it can be reached again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from handrail.classifiers.errors import JournalError
from handrail.proxy.journal.spool import Spool
from handrail.proxy.logs import logger

_log = logger("forward")

# Seconds between two tries, and rows taken at once.
_PAUSE = 0.5
_BATCH = 100


class Forwarder:
    """A task that forwards rows in the order they came, each exactly once.

    A row leaves the spool only after it has arrived; what has arrived twice, since a kill came in between,
    is known by its id and changes nothing.
    """

    def __init__(
        self,
        spool: Spool,
        ready: Callable[[], Awaitable[None]],
        deliver: Callable[[dict[str, Any]], Awaitable[None]],
        arrived: Callable[[], None],
    ) -> None:
        """`ready` raises JournalError while the store is out of reach; `deliver` makes a row durable there.

        `arrived` is called for each row that was.
        """
        self._spool = spool
        self._ready = ready
        self._deliver = deliver
        self._arrived = arrived
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to forward."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop after the row at hand; what still waits is forwarded by the next who opens the spool."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._ready()
                await self._empty()
            except JournalError as error:
                _log.debug("not_forwarded", error=str(error))
            except Exception as error:
                # Whatever a row does, those after it must still be tried.
                _log.error("forwarding_failed", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _PAUSE)

    async def _empty(self) -> None:
        while rows := await self._spool.first(_BATCH):
            for row in rows:
                if self._stopping.is_set():
                    return
                await self._deliver(row)
                await self._spool.drop(row["id"])
                self._arrived()
