"""Deadlines: calls that may take only so long, all watched by one timer instead of one each."""

import asyncio


class Deadlines:
    """Calls that end after the same number of seconds, give or take a twentieth, at most a second."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._step = min(1.0, seconds / 20)
        # In the order in which they end, as all of them have the same time.
        self._open: dict[asyncio.Timeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, call: asyncio.Timeout) -> None:
        """Let the time of a call run from now; when it is up, the call's `asyncio.timeout` ends it."""
        loop = asyncio.get_running_loop()
        self._open[call] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._step, self._look)

    def forget(self, call: asyncio.Timeout) -> bool:
        """Watch a call no more; whether there was time left."""
        return self._open.pop(call, None) is not None

    def close(self) -> None:
        """Watch nothing any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for call in [call for call, until in self._open.items() if until <= now]:
            del self._open[call]
            if not call.expired():
                call.reschedule(now)
        self._timer = loop.call_later(self._step, self._look) if self._open else None
