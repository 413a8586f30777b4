"""What was answered is kept: proxies and stores are killed under load and filled up, and it is counted."""

import asyncio
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from .processes import Proxy
from .proxy.conftest import DEPTH, HARMFUL_MESSAGE, HARMFUL_REPLY, completion, until
from .redis_server import RedisServer

Serve = Callable[[web.Application], Awaitable[str]]


@pytest.fixture
async def upstream(serve: Serve) -> str:
    """A chatbot that always gives the same harmful reply."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=completion(HARMFUL_REPLY), content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    return await serve(app)


@dataclass
class Load:
    """Clients that go on asking proxies, whatever happens to them, and note the exchanges of the answers."""

    proxies: list[Proxy]
    answered: list[str] = field(default_factory=list)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, clients: int = 4) -> None:
        """Ask until told to stop."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
            await asyncio.gather(*(self._ask(session, n) for n in range(clients)))

    def stop(self) -> None:
        """Let the clients end."""
        self._stop.set()

    async def reach(self, more: int) -> None:
        """Wait until so many more requests have been answered."""
        goal = len(self.answered) + more
        while len(self.answered) < goal:  # noqa: ASYNC110  (several clients count)
            await asyncio.sleep(0.01)

    async def _ask(self, session: aiohttp.ClientSession, client: int) -> None:
        turn = client
        while not self._stop.is_set():
            turn += 1
            proxy = self.proxies[turn % len(self.proxies)]
            message = {"role": "user", "content": f"{HARMFUL_MESSAGE} {client}.{turn}"}
            try:
                url = f"{proxy.url}/v1/chat/completions"
                async with session.post(url, json={"model": "m", "messages": [message]}) as answer:
                    text = await answer.text()
            except aiohttp.ClientError:
                await asyncio.sleep(0.01)
                continue
            assert DEPTH not in text
            self.answered.append(json.loads(text)["handrail"]["exchange"])


async def _restart(proxy: Proxy) -> None:
    await asyncio.to_thread(proxy.kill)
    await asyncio.to_thread(proxy.start)


async def _spools_empty(proxies: list[Proxy]) -> bool:
    async with aiohttp.ClientSession() as session:
        for proxy in proxies:
            async with session.get(f"{proxy.url}/readyz") as answer:
                journal = (await answer.json())["journal"]
                if not journal["reachable"] or journal["spooled"]:
                    return False
    return True


async def test_nothing_answered_is_lost_when_all_are_killed(
    upstream: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Redis and proxies are killed under load, again and again: every answer's exchange is there, once."""
    settings = {"upstream_url": upstream, "redis_url": redis_server.url}
    with Proxy(tmp_path / "a", settings) as first, Proxy(tmp_path / "b", settings) as second:
        load = Load([first, second])
        clients = asyncio.create_task(load.run())
        for proxy in (first, second):
            await load.reach(8)
            redis_server.kill()
            await load.reach(8)
            await _restart(proxy)
            await load.reach(8)
            redis_server.start()
            await load.reach(8)
            await _restart(proxy)
        load.stop()
        await clients
        await until(lambda: _spools_empty([first, second]))
    kept, told = _in_redis(redis_server)
    assert len(load.answered) >= 64
    assert {f"{name}.0" for name in load.answered} <= kept
    assert set(told.values()) == {1}
    assert set(told) == kept


def _in_redis(server: RedisServer) -> tuple[set[str], Counter[str]]:
    """The exchanges that Redis has, and how often each was told as new."""
    with server.client() as client:
        found = client.zrange("{handrail}:by:at", 0, -1)
        hashes = {name for name in found if client.exists(f"{{handrail}}:exchange:{name}")}
        assert len(hashes) == len(found)
        events = client.xrange("{handrail}:events")
        return hashes, Counter(fields["exchange"] for _, fields in events if fields["kind"] == "new")


async def test_nothing_answered_is_lost_with_a_file(upstream: str, tmp_path: Path) -> None:
    """A proxy with a file of its own is killed under load: every answer's exchange is in the file."""
    with Proxy(tmp_path / "a", {"upstream_url": upstream}) as proxy:
        load = Load([proxy])
        clients = asyncio.create_task(load.run())
        for _ in range(3):
            await load.reach(8)
            await _restart(proxy)
        load.stop()
        await clients
    with sqlite3.connect(tmp_path / "a" / "handrail.db") as journal:
        kept = {name for (name,) in journal.execute("SELECT id FROM exchanges")}
    journal.close()
    assert len(load.answered) >= 24
    assert {f"{name}.0" for name in load.answered} <= kept


@pytest.mark.parametrize("store", ["file", "spool"])
async def test_where_nothing_more_can_be_kept_the_person_is_still_safe(
    upstream: str, redis_server: RedisServer, tmp_path: Path, store: str
) -> None:
    """With files that can't grow, replies are still repaired; the losses are counted, and probes say so."""
    settings = {"upstream_url": upstream}
    if store == "spool":
        settings["redis_url"] = redis_server.url
        redis_server.kill()
    limit = [shutil.which("prlimit") or "prlimit", "--fsize=400000"]
    with Proxy(tmp_path / "a", settings, limit) as proxy:
        load = Load([proxy])
        clients = asyncio.create_task(load.run())
        async with aiohttp.ClientSession() as session:
            while (await (await session.get(f"{proxy.url}/readyz")).json())["status"] == "ready":
                await load.reach(4)
            await load.reach(4)
            load.stop()
            await clients
            text = await (await session.get(f"{proxy.url}/metrics")).text()
            assert (await session.get(f"{proxy.url}/readyz")).status == 503
    assert "handrail_journal_errors_total 0.0" not in text
