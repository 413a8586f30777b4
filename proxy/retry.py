"""Retry: whether to ask an upstream once more, and how long to wait before that. Pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Answers by which a server says that another try may fare better.
TEMPORARY = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retries:
    """At most `most` further tries. The wait doubles from `first` seconds and is never over `longest`.

    The wait is drawn evenly from nothing to that bound, so that clients that failed together don't come
    back together ("full jitter": M. Brooker, AWS Architecture Blog, 2015).
    """

    most: int
    first: float
    longest: float
    chance: Callable[[], float] = random.random

    def wait(self, tried: int, wished: float | None = None) -> float | None:
        """Seconds to wait after `tried` failures; None when it is time to give up.

        `wished` is what the upstream asked for: it is kept to, or, if that is too long, not tried again.
        """
        if tried > self.most or (wished is not None and wished > self.longest):
            return None
        bound = min(self.longest, self.first * 2.0 ** (tried - 1))
        return max(self.chance() * bound, wished or 0.0)


def wished_wait(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds of a Retry-After header, given in seconds or as a date; None when it says nothing readable."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - (now or datetime.now(UTC))).total_seconds())
