"""RedisSessions: sessions that all replicas share. Needs the redis extra."""

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import WatchError

from handrail.classifiers.errors import SessionError
from handrail.policies.session import SessionState
from handrail.proxy.redis_link import connect, name, translated
from handrail.proxy.session_store import Change, packed, unpacked

# How often a change is tried again when somebody else was faster.
_TRIES = 20


class RedisSessions:
    """Sessions in Redis, each for so many seconds after its last change."""

    def __init__(self, url: str, secret: bytes, seconds: float) -> None:
        """`secret` is used unless another replica has left one there. Raises SettingsError for the URL."""
        self._redis: Redis = connect(url)
        self._secret = secret
        self._seconds = max(1, round(seconds))

    async def get(self, key: str) -> SessionState | None:
        """The session of a key; None when there is none, or no longer."""
        with translated(SessionError):
            return _state(await self._redis.get(name("session", key)))

    async def update(self, key: str, change: Change) -> SessionState:
        """Change a session as one step: again from the start when it was changed meanwhile."""
        with translated(SessionError):
            async with self._redis.pipeline(transaction=True) as pipe:
                for _ in range(_TRIES):
                    try:
                        return await self._step(pipe, name("session", key), change)
                    except WatchError:
                        continue
        raise SessionError("redis: too many changes of one session at once")

    async def secret(self) -> bytes:
        """The secret that the first replica left there."""
        with translated(SessionError):
            at = name("session-secret")
            await self._redis.set(at, self._secret.hex(), nx=True)
            return bytes.fromhex(str(await self._redis.get(at)))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _step(self, pipe: Pipeline, at: str, change: Change) -> SessionState:
        await pipe.watch(at)
        state = change(_state(await pipe.get(at)))
        pipe.multi()  # type: ignore[no-untyped-call]  # the client leaves it untyped
        pipe.set(at, packed(state), ex=self._seconds)
        await pipe.execute()
        return state


def _state(text: str | bytes | None) -> SessionState | None:
    return unpacked(text) if text is not None else None
