import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from handrail.classifiers.errors import SettingsError
from handrail.proxy.alerts import AlertSender, Webhook, backoff, webhook_of
from handrail.proxy.journal.custody import Custody
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.sqlite import SqliteJournal
from handrail.proxy.metrics import Metrics

from .conftest import HARMFUL_MESSAGE, HARMFUL_REPLY, Guarded, Script, asking, completion, post, until
from .journal.conftest import record

Serve = Callable[[web.Application], Awaitable[str]]


@dataclass
class Receiver:
    """A receiver of webhooks: answers with these statuses in turn, then with 204, and keeps what it got."""

    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        """The receiver as an application."""
        app = web.Application()
        app.router.add_post("/hook", self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        self.taken.set()
        return web.Response(status=204)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "journal.db", Custody(alerts=True))
    await opened.open()
    yield opened
    await opened.close()


@asynccontextmanager
async def _sending(webhook: Webhook, journal: Journal, metrics: Metrics) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(AlertSender(webhook, journal, metrics).run(stopping))
    yield
    stopping.set()
    await task


async def _waiting(journal: Journal, count: int) -> bool:
    return (await journal.health()).alerts == count


async def _tried(metrics: Metrics) -> bool:
    return b'handrail_alerts_total{outcome="failed"}' in metrics.render()


async def test_an_alert_is_told_until_it_is_taken(
    serve: Serve, receiver: Receiver, journal: SqliteJournal
) -> None:
    """A receiver that fails first gets the same signed message again, with the same id, until it has it."""
    receiver.statuses = [500, 404, 302]
    url = await serve(receiver.app())
    metrics = Metrics()
    await journal.write(record("ex_1", escalate=True, severity="critical"))
    async with _sending(Webhook(f"{url}/hook", b"secret", "https://review", 0.01), journal, metrics):
        await receiver.taken.wait()
        await until(lambda: _waiting(journal, 0))
    assert len(receiver.got) == 4
    assert {body for _, body in receiver.got} == {receiver.got[0][1]}
    for headers, body in receiver.got:
        assert headers["webhook-id"] == headers["Idempotency-Key"] == "ex_1"
        signed = f"ex_1.{headers['webhook-timestamp']}.".encode() + body
        digest = base64.b64encode(hmac.new(b"secret", signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{digest}"
    text = metrics.render()
    assert b'handrail_alerts_total{outcome="failed"} 3.0' in text
    assert b'handrail_alerts_total{outcome="sent"} 1.0' in text


async def test_an_alert_survives_a_restart(serve: Serve, receiver: Receiver, tmp_path: Path) -> None:
    """What no receiver had taken when the proxy ended is told by the next one."""
    first = SqliteJournal(tmp_path / "journal.db", Custody(alerts=True))
    await first.open()
    await first.write(record("ex_1", escalate=True))
    metrics = Metrics()
    async with _sending(Webhook("http://127.0.0.1:9/hook", b"s", None, 0.01), first, metrics):
        await until(lambda: _tried(metrics))
    await first.close()
    second = SqliteJournal(tmp_path / "journal.db", Custody(alerts=True))
    await second.open()
    url = await serve(receiver.app())
    async with _sending(Webhook(f"{url}/hook", b"s", None, 0.01), second, Metrics()):
        await receiver.taken.wait()
    await second.close()
    assert [json.loads(body)["data"]["id"] for _, body in receiver.got] == ["ex_1"]


async def test_an_escalation_through_the_proxy_is_told(
    serve: Serve,
    guarded: Guarded,
    upstream: str,
    script: Script,
    receiver: Receiver,
) -> None:
    """A reply that escalates reaches the webhook with ids, severity, rules and a link, and no words."""
    script.chunks = [completion(HARMFUL_REPLY)]
    hook = await serve(receiver.app())
    more = {"alert_url": f"{hook}/hook", "alert_secret": "s", "review_url": "https://review.example/"}
    url = await guarded(upstream, **more)
    await post(url, asking(HARMFUL_MESSAGE))
    await receiver.taken.wait()
    ((_, body),) = receiver.got
    values = json.loads(body)
    assert values["type"] == "handrail.escalation"
    assert values["data"]["severity"] == "critical"
    assert "crisis.means" in values["data"]["rules"]
    assert values["data"]["review_url"] == f"https://review.example/exchanges/{values['data']['id']}"
    assert b"quarry" not in body


def test_the_wait_doubles_up_to_ten_minutes() -> None:
    """Each try waits about twice as long as the one before, and none longer than ten minutes."""
    assert all(0.5 <= backoff(1, 1) <= 1 for _ in range(20))
    assert all(4 <= backoff(4, 1) <= 8 for _ in range(20))
    assert all(300 <= backoff(1000, 1) <= 600 for _ in range(20))


def test_a_standard_secret_is_base64() -> None:
    """A secret that begins with whsec_ is read as base64, as libraries of receivers do."""
    assert webhook_of("http://h", "whsec_c2VjcmV0", None).secret == b"secret"
    assert webhook_of("http://h", "secret", None).secret == b"secret"
    with pytest.raises(SettingsError, match="alert_secret"):
        webhook_of("http://h", "whsec_!", None)
