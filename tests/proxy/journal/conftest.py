"""Journals of every kind, each the real thing, and records to write into them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from handrail.classifiers.exchange import Message
from handrail.proxy.journal.custody import Custody
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.record import Record
from handrail.proxy.journal.redis import RedisJournal, Sharing
from handrail.proxy.journal.spool import Spool
from handrail.proxy.journal.sqlite import SqliteJournal
from handrail.proxy.journal.vault import new_key, read_vault

Open = Callable[..., Awaitable[Journal]]
SPOOL_BYTES = 2**24
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def record(name: str, **more: Any) -> Record:
    """A record of a flagged exchange; `severity`, `harm`, `rule` and `escalate` go into its decision."""
    rule = {"id": more.pop("rule", "crisis.means"), "harm": more.pop("harm", "crisis_mishandling")}
    decision = {
        "action": "append",
        "severity": more.pop("severity", "low"),
        "escalate": more.pop("escalate", False),
        "rules": [{**rule, "why": "why", "probability": 0.9}],
    }
    values: dict[str, Any] = {
        "id": name,
        "at": NEW_YEAR,
        "dialect": "openai_chat",
        "path": "/v1/chat/completions",
        "country": "GB",
        "choice": 0,
        "status": "screened",
        "messages": (Message("user", "hello"), Message("assistant", "é 🙂")),
        "reply": "reply",
        "delivered": "delivered",
        "assessment": {"risk": {"mania": 0.5}},
        "decision": decision,
        **more,
    }
    return Record(**values)


@pytest.fixture
def custody() -> Custody:
    """Sealing, telling alerts, and a secret of the journal's own for pseudonyms."""
    return Custody(read_vault(new_key("k1"), None), alerts=True)


@pytest.fixture(params=["sqlite", "redis"])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Open a journal on the test's store, as often as it likes; all are closed at the end."""
    server = request.getfixturevalue("redis_server") if request.param == "redis" else None
    async with AsyncExitStack() as stack:

        async def begin(custody: Custody) -> Journal:
            journal: Journal
            if server is None:
                journal = SqliteJournal(tmp_path / "journal.db", custody)
            else:
                spool = Spool(tmp_path / f"spool-{uuid4().hex}.db", SPOOL_BYTES)
                journal = RedisJournal(Sharing(server.url, spool), custody)
            await journal.open()
            stack.push_async_callback(journal.close)
            return journal

        yield begin


@pytest.fixture
async def journal(opened: Open, custody: Custody) -> Journal:
    """One open journal, sealing what it keeps."""
    return await opened(custody)
