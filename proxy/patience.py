"""Patience: how long text of a stream may still be held, and bytes waited for no longer than that."""

import asyncio
import time
from collections.abc import Callable

import aiohttp


class Patience:
    """Measures how long text has been held. Nothing is released by it; it only says when time is up."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since: float | None = None
        self._released = 0

    def left(self, waiting: bool, released: int) -> float | None:
        """Seconds until the held text must be dealt with; None while none waits.

        `released` is how much has been let go so far: whenever it grows the wait begins anew.
        """
        if not waiting:
            self._since = None
            return None
        if self._since is None or released != self._released:
            self._since, self._released = self._clock(), released
        return max(0.0, self._since + self._seconds - self._clock())


class Inlet:
    """The bytes of a body as they come. Close it when done."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content
        self._reading: asyncio.Task[bytes] | None = None

    async def next(self, seconds: float | None) -> bytes | None:
        """The next bytes, none at the end; None when nothing came in time. What comes late is not lost."""
        if self._reading is None and seconds is None:
            return await self._content.readany()
        self._reading = self._reading or asyncio.create_task(self._content.readany())
        done, _ = await asyncio.wait({self._reading}, timeout=seconds)
        if not done:
            return None
        reading, self._reading = self._reading, None
        return reading.result()

    async def close(self) -> None:
        """Stop waiting for bytes."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
