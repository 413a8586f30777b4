"""Breaker: stops asking an upstream that keeps failing, and tries it again after a rest.

Closed, everything passes. After so many failures in a row it opens: requests are refused at once, so that
nobody waits for a server that is down, and it is left in peace to come back. After a rest it is half open:
one request is let through, and what becomes of it decides. (M. Nygard, Release It!, 2nd ed., 2018.)
"""

import time
from collections.abc import Callable
from enum import IntEnum


class State(IntEnum):
    """What a breaker does with requests; the number is the one in the metrics."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """The state of one upstream. Pure but for the clock."""

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Open after so many failures in a row, for so many seconds; 0 failures never opens."""
        self._most = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._opened: float | None = None
        self._trying = False

    @property
    def state(self) -> State:
        """What it does now."""
        if self._opened is None:
            return State.CLOSED
        return State.OPEN if self._clock() < self._opened + self._seconds else State.HALF_OPEN

    @property
    def calm(self) -> bool:
        """Whether nothing has failed since the last success."""
        return self._failures == 0 and self._opened is None

    def admit(self) -> float | None:
        """None when a request may pass, which must then be told of; else seconds after which to ask again."""
        if self._opened is None:
            return None
        left = self._opened + self._seconds - self._clock()
        if left > 0 or self._trying:
            return max(left, 1.0)
        self._trying = True
        return None

    def succeeded(self) -> None:
        """A request was answered."""
        self._failures, self._opened, self._trying = 0, None, False

    def failed(self) -> None:
        """A request was not answered, or by a server that says it can't."""
        self._failures += 1
        was_trial, self._trying = self._trying, False
        # Requests that were under way when it opened don't make the rest longer.
        if was_trial or (self._opened is None and 0 < self._most <= self._failures):
            self._opened = self._clock()

    def abandoned(self) -> None:
        """A request ended without telling anything, as when its client left."""
        self._trying = False
