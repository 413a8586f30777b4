import asyncio
import json

import pytest

from handrail.proxy.review.account import Account, Role
from handrail.proxy.review.accounts import build_accounts

from ...redis_server import RedisServer
from ..journal.conftest import record
from .conftest import Office, OfficeFor


@pytest.mark.parametrize("shared", [False, True])
async def test_news_come_as_they_happen(
    office_for: OfficeFor, redis_server: RedisServer, shared: bool
) -> None:
    """Whoever listens is told of each exchange and step, in either store, with severity and without words."""
    office = await office_for(**({"redis_url": redis_server.url} if shared else {}))
    rea = await office.reader("rea")
    async with rea.client.get(f"{office.url}/review/events") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert "default-src 'none'" in stream.headers["Content-Security-Policy"]
        while b"listening" not in await stream.content.readline():
            pass
        await office.journal.write(record("ex_1.0", severity="critical", escalate=True))
        await office.journal.claim("ex_1.0", "ron")
        told = []
        while len(told) < 2:
            line = await asyncio.wait_for(stream.content.readline(), 20)
            if line.startswith(b"data: "):
                told.append(json.loads(line[6:]))
    assert told == [
        {"kind": "new", "exchange": "ex_1.0", "escalate": True, "severity": "critical"},
        {"kind": "claimed", "exchange": "ex_1.0"},
    ]


async def test_news_end_for_whoever_is_removed(office: Office) -> None:
    """An account that is gone opens no stream."""
    rea = await office.reader("rea")
    accounts = build_accounts(office.settings)
    await accounts.open()
    await accounts.put(Account("other", Role.LEAD, None, 0.0))
    await accounts.remove("rea")
    await accounts.close()
    assert "/review/login" in (await rea.get("/review/events")).url
