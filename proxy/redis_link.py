"""RedisLink: the one way to Redis, for everything that replicas share. Needs the redis extra.

Whatever shares a Redis names its keys with `name`, so that all stand in one slot of a cluster and apart from
those of other programs.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, WatchError

from handrail.classifiers.errors import HandrailError, SettingsError

_CONNECT_SECONDS = 2
# Longer than any wait that is asked of Redis; a flagged reply waits no longer before it is spooled.
_ANSWER_SECONDS = 5


def connect(url: str) -> Redis:
    """A pool of connections to the Redis of a URL; nothing is sent yet. Raises SettingsError."""
    try:
        return Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            # What becomes of a failed command is for its sender to say: not all may be sent twice.
            retry=Retry(NoBackoff(), 0),
        )
    except (ValueError, TypeError) as error:
        # The URL may hold a password and is not shown.
        raise SettingsError(
            "redis_url: must be redis://, rediss:// or unix://, such as redis://127.0.0.1:6379/0"
        ) from error


def name(*parts: str) -> str:
    """The name of a key."""
    return ":".join(("{handrail}", *parts))


@contextmanager
def translated(kind: type[HandrailError]) -> Iterator[None]:
    """Give whatever goes wrong with Redis as one of our errors, by type alone: texts may quote values."""
    try:
        yield
    except WatchError:
        # Somebody was faster: for the sender to try again.
        raise
    except (RedisError, OSError, TimeoutError, UnicodeError) as error:
        raise kind(f"redis: {type(error).__name__}") from error
