"""What every store of sessions promises: the one in memory and the one in a real Redis."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from handrail.policies.session import SessionState, intervened
from handrail.proxy.session_redis import RedisSessions
from handrail.proxy.session_store import MemorySessions, SessionStore, packed, unpacked

from ..redis_server import RedisServer

STATE = replace(SessionState(), turns=1)


def one_more(state: SessionState | None) -> SessionState:
    """A change that shows whether it was lost."""
    return replace(state, turns=state.turns + 1) if state else STATE


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[SessionStore]:
    made: SessionStore = MemorySessions(b"secret", 100, 60)
    if request.param == "redis":
        made = RedisSessions(request.getfixturevalue("redis_server").url, b"secret", 60)
    yield made
    await made.close()


async def test_what_is_kept_is_there(store: SessionStore) -> None:
    """A session is found under its key, as it was kept, and under no other."""
    kept = await store.update("a", lambda _: intervened(STATE))
    assert await store.get("a") == kept == intervened(STATE)
    assert await store.get("b") is None
    assert await store.secret() == b"secret"


async def test_no_change_is_lost(store: SessionStore) -> None:
    """Changes of one session at the same time all count."""
    await asyncio.gather(*(store.update("a", one_more) for _ in range(12)))
    found = await store.get("a")
    assert found is not None
    assert found.turns == 12


async def test_memory_forgets_in_time() -> None:
    """A session in memory is gone once its time is over, unless it went on meanwhile."""
    now = [0.0]
    store = MemorySessions(b"s", 100, 10, lambda: now[0])
    await store.update("a", one_more)
    now[0] = 9
    await store.update("b", one_more)
    assert await store.get("a") is not None
    now[0] = 11
    assert await store.get("a") is None
    assert await store.get("b") is not None


async def test_memory_is_bounded() -> None:
    """Of more sessions than are kept the longest unused make room."""
    store = MemorySessions(b"s", 2, 10)
    for key in ("a", "b", "a", "c"):
        await store.update(key, one_more)
    assert await store.get("b") is None
    assert await store.get("a") is not None


async def test_replicas_share_one_secret(redis_server: RedisServer) -> None:
    """Two processes at one Redis come to the same pseudonyms, whichever secret each was started with."""
    first, second = RedisSessions(redis_server.url, b"one", 60), RedisSessions(redis_server.url, b"two", 60)
    assert await first.secret() == await second.secret() == b"one"
    await first.close()
    await second.close()


def test_a_session_of_another_version_is_none() -> None:
    """What can't be read as a session is as if it were not there."""
    assert unpacked(packed(STATE)) == STATE
    assert unpacked('{"turns": "many"}') is None
    assert unpacked("[") is None
