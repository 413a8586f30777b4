"""Two proxies and one Redis, each a process of its own: what one knows, the other knows."""

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from .policies.ten_turns import TEN_TURNS
from .processes import Proxy
from .proxy.conftest import HARMFUL_MESSAGE, HARMFUL_REPLY, Script, asking, completion, post
from .redis_server import RedisServer

CASE = TEN_TURNS[0]
Start = Callable[..., tuple[Proxy, Proxy]]


@pytest.fixture
def script() -> Script:
    """What the chatbot says; tests fill it in."""
    return Script()


@pytest.fixture
async def upstream(serve: Callable[[web.Application], Awaitable[str]], script: Script) -> str:
    """The chatbot, started; its URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.answer)
    return await serve(app)


@pytest.fixture
def start(redis_server: RedisServer, tmp_path: Path) -> Iterator[Start]:
    """Start two proxies that share a Redis."""
    started: list[Proxy] = []

    def begin(url: str, **more: object) -> tuple[Proxy, Proxy]:
        settings = {"upstream_url": url, "redis_url": redis_server.url, **more}
        pair = Proxy(tmp_path / "a", settings), Proxy(tmp_path / "b", settings)
        for proxy in pair:
            started.append(proxy)
            proxy.start()
        return pair

    yield begin
    for proxy in started:
        proxy.kill()


async def _shown(proxy: Proxy, script: Script, said: str, reply: str, session: str) -> str:
    """What the person is shown of a reply to one message, sent without any history."""
    script.chunks = [completion(reply)]
    status, answer = await post(proxy.url, asking(said), headers={"X-Session": session})
    assert status == 200
    return str(json.loads(answer)["choices"][0]["message"]["content"])


async def test_a_session_begun_on_one_continues_on_the_other(
    start: Start, upstream: str, script: Script
) -> None:
    """What somebody told one proxy, another knows: even after the first was killed."""
    first, second = start(upstream, session_key="X-Session")
    assert await _shown(first, script, CASE.disclosure, CASE.answer, "anna") == CASE.answer
    first.kill()
    assert CASE.reply not in await _shown(second, script, CASE.question, CASE.reply, "anna")
    assert await _shown(second, script, CASE.question, CASE.reply, "berta") == CASE.reply


async def test_queue_cache_and_limits_are_shared(
    start: Start,
    upstream: str,
    script: Script,
    redis_server: RedisServer,
) -> None:
    """Both write one queue; what one has read the other need not; one client has one limit at both."""
    proxies = start(upstream, rate_limit=4)
    body = {"messages": [{"role": "user", "content": HARMFUL_MESSAGE}], "reply": HARMFUL_REPLY}
    for proxy in proxies:
        status, _ = await post(proxy.url, body, path="/v1/screen")
        assert status == 200
    with redis_server.client() as client:
        assert client.zcard("{handrail}:by:due") == 2
    async with aiohttp.ClientSession() as session:
        text = await (await session.get(f"{proxies[1].url}/metrics")).text()
        assert 'handrail_verdict_cache_total{outcome="hit"} 1.0' in text
        statuses = []
        for n in range(4):
            async with session.post(f"{proxies[n % 2].url}/v1/screen", json=body) as answer:
                statuses.append(answer.status)
    assert statuses == [200, 200, 429, 429]
