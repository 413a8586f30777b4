"""Rate limit: how often a client may ask, counted alone or with all replicas.

The generic cell rate algorithm (ITU-T I.371): of each client only the time is kept at which it would be at
rest again. A client at rest may ask a minute's worth at once, then as often as the limit says.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.proxy.dialects.dialect import Fault

if TYPE_CHECKING:
    from handrail.proxy.shared import Shared

_MINUTE = 60.0
_CLIENTS = 100_000
# Time of rest of a client: refuse and give the seconds to wait, or take the request and give 0.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local step = 60 / ARGV[1]
local rest = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + step
if rest - now > 60 + 1e-6 then return tostring(rest - now - 60) end
redis.call('SET', KEYS[1], string.format('%.6f', rest), 'EX', 61)
return '0'
"""


class RateLimiter:
    """Counts the requests of clients; with `shared` those that other replicas got too."""

    def __init__(self, shared: "Shared | None", clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._clock = clock
        self._rests: OrderedDict[str, float] = OrderedDict()

    async def take(self, client: str, limit: int) -> float:
        """Count a request of a client with so many a minute; the seconds to wait when it is refused, or 0.

        While Redis is out of reach each replica counts by itself.
        """
        if self._shared is not None:
            answer = await self._shared.run(_TAKE, f"{{handrail}}:rate:{client}", str(limit))
            if answer is not None:
                return float(answer)
        return self.take_alone(client, limit)

    def take_alone(self, client: str, limit: int) -> float:
        """The same, counted in this process alone."""
        now = self._clock()
        rest = max(self._rests.get(client, 0.0), now) + _MINUTE / limit
        if rest - now > _MINUTE + 1e-6:
            return rest - now - _MINUTE
        self._rests[client] = rest
        self._rests.move_to_end(client)
        if len(self._rests) > _CLIENTS:
            self._rests.popitem(last=False)
        return 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute by client and by address; 0 is any number. `hide` makes a name a pseudonym."""

    limiter: RateLimiter
    by_client: int
    by_address: int
    hide: Callable[[str], str | None]

    async def wait(self, headers: Mapping[str, str], address: str) -> float:
        """Count a request; the seconds to wait when it is refused, or 0."""
        key = client_key(headers)
        counted = [(f"key {key}" if key else f"address {address}", self.by_client)]
        counted.append((f"any key of {address}", self.by_address))
        for client, limit in counted:
            if limit and (seconds := await self._take(client, limit)):
                return seconds
        return 0.0

    async def _take(self, client: str, limit: int) -> float:
        name = self.hide(client)
        # Without the secret for pseudonyms nothing is shared: no key leaves this process.
        return await self.limiter.take(name, limit) if name else self.limiter.take_alone(client, limit)


def client_key(headers: Mapping[str, str]) -> str | None:
    """The key a client shows, in whichever of the usual headers."""
    found = (headers.get(name) for name in ("Authorization", "x-api-key", "api-key"))
    return next((value for value in found if value), None)


def too_many(seconds: float) -> Fault:
    """The error for a request that is refused."""
    message = f"There were too many requests. Try again in {whole(seconds)} seconds."
    return Fault(429, message, "rate_limit_error", "rate_limit_exceeded")


def whole(seconds: float) -> int:
    """Seconds as a Retry-After says them, never too few."""
    return max(1, math.ceil(seconds))
