"""SessionStore: where sessions are kept between requests, by pseudonym; no words are in them."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from handrail.policies.session import SessionState

# What becomes of a session: from what was kept of it, if anything, to what is kept from now on.
Change = Callable[[SessionState | None], SessionState]

_STATES = TypeAdapter(SessionState)


class SessionStore(Protocol):
    """Keeps sessions for a time. Each method raises SessionError when the store does not answer."""

    async def get(self, key: str) -> SessionState | None:
        """The session of a key; None when there is none, or no longer."""
        ...

    async def update(self, key: str, change: Change) -> SessionState:
        """Change a session as one step, whoever else is changing it; give what is kept now.

        `change` may be called more than once, and must not wait.
        """
        ...

    async def secret(self) -> bytes:
        """The secret of the keys' pseudonyms: the same for all that share the store."""
        ...

    async def close(self) -> None:
        """Let go of what the store holds open."""
        ...


class MemorySessions:
    """Sessions of this process alone: the last `most` of them, each for so many seconds."""

    def __init__(
        self, secret: bytes, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._secret = secret
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, SessionState]] = OrderedDict()

    async def get(self, key: str) -> SessionState | None:
        """The session of a key; None when there is none, or no longer."""
        return self._known(key)

    async def update(self, key: str, change: Change) -> SessionState:
        """Change a session; nothing else runs meanwhile, since nothing is waited for."""
        state = change(self._known(key))
        self._kept[key] = (self._clock() + self._seconds, state)
        self._kept.move_to_end(key)
        # The longest unused are the first to expire, and the first to make room.
        while self._kept and (len(self._kept) > self._most or self._first_expired()):
            self._kept.popitem(last=False)
        return state

    def forget(self, key: str) -> None:
        """Keep a session no longer."""
        self._kept.pop(key, None)

    async def secret(self) -> bytes:
        """The secret it was made with."""
        return self._secret

    async def close(self) -> None:
        """Forget everything."""
        self._kept.clear()

    def _known(self, key: str) -> SessionState | None:
        until, state = self._kept.get(key, (0.0, None))
        return state if until > self._clock() else None

    def _first_expired(self) -> bool:
        until, _ = next(iter(self._kept.values()))
        return until <= self._clock()


def packed(state: SessionState) -> str:
    """A session as JSON."""
    return _STATES.dump_json(state).decode()


def unpacked(text: str | bytes) -> SessionState | None:
    """A session from JSON; None for what another version of handrail wrote and this one can't read."""
    try:
        return _STATES.validate_json(text)
    except ValidationError:
        return None
