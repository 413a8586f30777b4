import asyncio
import json

import aiohttp
import pytest

from handrail.proxy.rate_limit import RateLimiter, client_key, whole
from handrail.proxy.shared import Shared

from ..redis_server import RedisServer
from .conftest import HARMLESS_MESSAGE, HARMLESS_REPLY, Guarded, Script, asking, completion

CHATS = [
    ("/v1/chat/completions", {}, "error.code", "rate_limit_exceeded"),
    ("/v1/messages", {"max_tokens": 9}, "error.type", "rate_limit_error"),
    ("/api/chat", {}, "error", "There were too many requests. Try again in 60 seconds."),
    ("/v1/models", {}, "error.type", "rate_limit_error"),
]


def _at(values: object, path: str) -> object:
    for part in path.split("."):
        assert isinstance(values, dict)
        values = values[part]
    return values


@pytest.mark.parametrize(("path", "more", "field", "said"), CHATS)
async def test_too_many_requests_are_refused_in_the_clients_dialect(
    guarded: Guarded, upstream: str, script: Script, path: str, more: dict[str, object], field: str, said: str
) -> None:
    """A client over its limit gets 429 with Retry-After in its own dialect; others and probes do not."""
    script.chunks = [completion(HARMLESS_REPLY)]
    url = await guarded(upstream, rate_limit=1)
    async with aiohttp.ClientSession() as client:
        for key, status in (("a", 0), ("a", 429), ("b", 0)):
            headers = {"Authorization": f"Bearer {key}"}
            body = asking(HARMLESS_MESSAGE, **more)
            async with client.post(f"{url}{path}", json=body, headers=headers) as answer:
                assert (answer.status == 429) == bool(status)
                if status:
                    assert answer.headers["Retry-After"] == "60"
                    assert _at(json.loads(await answer.read()), field) == said
        for _ in range(3):
            assert (await client.get(f"{url}/healthz")).status == 200
        text = await (await client.get(f"{url}/metrics")).text()
    assert "handrail_rate_limited_total 1.0" in text


async def test_a_made_up_key_a_request_does_not_help(guarded: Guarded, upstream: str) -> None:
    """With a limit by address, another key for each request makes no difference."""
    url = await guarded(upstream, rate_limit=100, rate_limit_address=2)
    async with aiohttp.ClientSession() as client:
        statuses = [
            (await client.get(f"{url}/v1/models", headers={"x-api-key": str(n)})).status for n in range(4)
        ]
    assert [status == 429 for status in statuses] == [False, False, True, True]


async def test_an_address_behind_a_trusted_proxy(guarded: Guarded, upstream: str) -> None:
    """Of a trusted proxy's requests each client is counted; what a client claims of itself counts nothing."""
    url = await guarded(upstream, rate_limit=1, trusted_proxies=["127.0.0.1"])

    async def ask(told: str) -> int:
        async with (
            aiohttp.ClientSession(headers={"X-Forwarded-For": told}) as client,
            client.get(f"{url}/v1/models") as answer,
        ):
            return answer.status

    assert [await ask(told) == 429 for told in ("1.1.1.1", "2.2.2.2", "1.1.1.1")] == [False, False, True]
    assert await ask("9.9.9.9, 2.2.2.2") == 429


async def test_a_minutes_worth_at_once_then_one_by_one() -> None:
    """At rest a client has its whole minute; after that one request each share of it comes back."""
    now = [1000.0]
    limiter = RateLimiter(None, lambda: now[0])
    assert [await limiter.take("a", 3) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert await limiter.take("a", 3) == pytest.approx(20)
    assert await limiter.take("b", 3) == 0.0
    now[0] += 20
    assert await limiter.take("a", 3) == 0.0
    assert await limiter.take("a", 3) == pytest.approx(20)


async def test_replicas_count_together(redis_server: RedisServer) -> None:
    """Requests of one client to two proxies count as one sum, however they arrive."""
    replicas = [Shared(redis_server.url), Shared(redis_server.url)]
    limiters = [RateLimiter(shared) for shared in replicas]
    waits = await asyncio.gather(*(limiters[n % 2].take("a", 10) for n in range(16)))
    assert waits.count(0.0) == 10
    assert all(0 < wait <= 60 for wait in waits if wait)
    for shared in replicas:
        await shared.close()


async def test_without_redis_each_counts_alone(redis_server: RedisServer) -> None:
    """While Redis is away a limit still holds, for each proxy by itself."""
    shared = Shared(redis_server.url)
    limiter = RateLimiter(shared)
    redis_server.kill()
    assert [bool(await limiter.take("a", 2)) for _ in range(3)] == [False, False, True]
    await shared.close()


def test_keys_and_seconds() -> None:
    """A key is found in the usual headers; a wait is told in whole seconds, never none."""
    assert client_key({"x-api-key": "k"}) == "k"
    assert client_key({}) is None
    assert [whole(0.01), whole(1.2)] == [1, 2]
