"""Shared: a Redis that is asked briefly, and done without when it is away. Needs the redis extra.

A reply waits for none of what is kept there: whoever asks gets None when Redis does not answer at once, and
goes on as a proxy that is alone would.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis

from handrail.classifiers.errors import StoreError
from handrail.proxy.logs import logger
from handrail.proxy.redis_link import connect, translated

Result = TypeVar("Result")

_log = logger("shared")
_PATIENCE = 0.25
# Seconds for which a Redis that did not answer is not asked again.
_PAUSE = 2.0


class Shared:
    """What replicas have in common besides the journal. Close it when done."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is sent yet. Raises SettingsError for a wrong URL."""
        self._redis = connect(url)
        self._clock = clock
        self._until = 0.0

    async def ask(self, work: Callable[[Redis], Awaitable[Result]]) -> Result | None:
        """What `work` gives, or None while Redis is out of reach."""
        if self._clock() < self._until:
            return None
        try:
            with translated(StoreError):
                return await asyncio.wait_for(work(self._redis), _PATIENCE)
        except StoreError as error:
            self._until = self._clock() + _PAUSE
            _log.warning("shared_state_out_of_reach", error=str(error))
            return None

    async def recall(self, name: str) -> str | None:
        """The text kept under a name."""
        found = await self.ask(lambda redis: redis.get(name))
        return None if found is None else str(found)

    async def keep(self, name: str, text: str, seconds: float) -> None:
        """Keep a text under a name for some seconds."""
        await self.ask(lambda redis: redis.set(name, text, px=max(int(seconds * 1000), 1)))

    async def run(self, script: str, name: str, *values: str) -> str | None:
        """What a Lua script gives for a name and values."""
        found = await self.ask(lambda redis: redis.eval(script, 1, name, *values))
        return None if found is None else str(found)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._redis.aclose()
