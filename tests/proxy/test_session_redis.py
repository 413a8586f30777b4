"""What only sessions in Redis promise."""

import pytest

from handrail.classifiers.errors import SessionError, SettingsError
from handrail.policies.session import SessionState
from handrail.proxy.session_redis import RedisSessions

from ..redis_server import RedisServer


async def test_redis_forgets_by_itself(redis_server: RedisServer) -> None:
    """Each session has its time to live in Redis, anew with every change."""
    store = RedisSessions(redis_server.url, b"s", 90)
    await store.update("a", lambda _: SessionState())
    with redis_server.client() as client:
        assert 0 < client.ttl("{handrail}:session:a") <= 90
    await store.close()


async def test_a_redis_that_is_gone_is_an_error_of_ours(redis_server: RedisServer) -> None:
    """Every method says so by one kind of error, which quotes nothing."""
    store = RedisSessions(redis_server.url, b"s", 90)
    redis_server.kill()
    for asking in (store.get("a"), store.update("a", lambda _: SessionState()), store.secret()):
        with pytest.raises(SessionError, match=r"^redis: ConnectionError$"):
            await asking
    await store.close()


def test_a_wrong_url_stops_the_start() -> None:
    """A URL that is none of Redis's is a wrong setting, and is not shown."""
    with pytest.raises(SettingsError, match="redis_url") as caught:
        RedisSessions("http://user:pass@host", b"s", 90)
    assert "pass" not in str(caught.value)
