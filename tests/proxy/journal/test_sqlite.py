import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handrail.classifiers.errors import JournalError
from handrail.classifiers.exchange import Message
from handrail.proxy.journal.record import Record
from handrail.proxy.journal.sqlite import SqliteJournal


def _record(name: str, reply: str = "reply") -> Record:
    return Record(
        id=name,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        dialect="openai_chat",
        path="/v1/chat/completions",
        country="GB",
        choice=0,
        status="screened",
        messages=(Message("user", "hello"), Message("assistant", "é 🙂")),
        reply=reply,
        delivered="delivered",
        assessment={"risk": {"mania": 0.5}},
        decision={"action": "append", "severity": "low", "escalate": True, "rules": []},
    )


@pytest.fixture
async def journal(tmp_path: Path) -> SqliteJournal:
    opened = SqliteJournal(tmp_path / "journal.db")
    await opened.open()
    return opened


async def test_a_record_comes_back_as_it_was(journal: SqliteJournal, tmp_path: Path) -> None:
    """What was written is read back the same, also by another process's connection."""
    await journal.write(_record("a"))
    assert await journal.find("a") == _record("a")
    assert await journal.find("b") is None
    other = SqliteJournal(tmp_path / "journal.db")
    await other.open()
    assert await other.latest(5) == [_record("a")]
    await other.close()
    await journal.close()


async def test_the_file_is_in_write_ahead_mode(journal: SqliteJournal, tmp_path: Path) -> None:
    """Readers never block the proxy: the file is in WAL mode, its columns ready to be queried."""
    await journal.write(_record("a"))
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        row = connection.execute("SELECT action, severity, escalate FROM exchanges").fetchone()
        assert row == ("append", "low", 1)
    connection.close()
    await journal.close()


async def test_odd_text_does_not_lose_a_record(journal: SqliteJournal) -> None:
    """Lone surrogates and NULs, which JSON allows, are kept in a form that can be stored."""
    await journal.write(_record("a", reply="x\ud800y\x00z"))
    found = await journal.find("a")
    assert found is not None
    assert found.reply == "x\\ud800y\x00z"
    await journal.close()


async def test_concurrent_writes_all_arrive(journal: SqliteJournal) -> None:
    """Fifty records written at once are all there."""
    await asyncio.gather(*(journal.write(_record(f"r{n}")) for n in range(50)))
    assert len(await journal.latest(100)) == 50
    await journal.close()


async def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    """A journal that can't be opened says so by its path."""
    with pytest.raises(JournalError, match="nowhere"):
        await SqliteJournal(tmp_path / "nowhere" / "journal.db").open()
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(JournalError, match="not a database"):
        await SqliteJournal(bad).open()
