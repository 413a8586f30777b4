import json
import sqlite3
from pathlib import Path

import pytest

from handrail.classifiers.errors import JournalError
from handrail.classifiers.exchange import Message
from handrail.classifiers.labels import Harm
from handrail.proxy.journal.audit import Act
from handrail.proxy.journal.queue import Filter
from handrail.proxy.journal.sqlite import SqliteJournal

from .conftest import record

# The table as handrail 0.2.0 made it.
OLD = """
CREATE TABLE exchanges (
    id TEXT PRIMARY KEY, at TEXT NOT NULL, dialect TEXT NOT NULL, path TEXT NOT NULL, country TEXT,
    choice INTEGER NOT NULL, status TEXT NOT NULL CHECK (status IN ('screened', 'failed')), action TEXT,
    severity TEXT, escalate INTEGER NOT NULL DEFAULT 0, messages TEXT NOT NULL, reply TEXT NOT NULL,
    delivered TEXT NOT NULL, assessment TEXT, decision TEXT, reason TEXT
);
CREATE INDEX exchanges_at ON exchanges (at);
"""
DECISION = {
    "action": "replace",
    "escalate": True,
    "severity": "critical",
    "rules": [{"id": "crisis.means", "harm": "crisis_mishandling", "why": "w", "probability": 0.9}],
    "harms": {},
    "policy": "p",
}


def _old_file(path: Path) -> None:
    messages = json.dumps([{"role": "user", "content": "hello"}])
    at = "2026-01-01T00:00:00+00:00"
    words = (messages, "r", "d")
    judged = (
        "screened",
        "replace",
        "critical",
        1,
        *words,
        json.dumps({"risk": {}}),
        json.dumps(DECISION),
        None,
    )
    failed = ("failed", None, None, 0, *words, None, None, "MemoryError")
    rows = [
        ("a", at, "openai_chat", "/v1", "GB", 0, *judged),
        ("b", at, "openai_chat", "/v1", None, 0, *failed),
    ]
    with sqlite3.connect(path) as connection:
        connection.executescript(OLD)
        connection.executemany(f"INSERT INTO exchanges VALUES ({', '.join('?' * 16)})", rows)
    connection.close()


async def test_a_journal_of_0_2_0_keeps_its_rows(tmp_path: Path) -> None:
    """A file of an earlier version opens; its exchanges are whole and stand in the queue."""
    _old_file(tmp_path / "journal.db")
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    found = await journal.find("a")
    assert found is not None
    assert (found.messages, found.reply, found.decision) == ((Message("user", "hello"),), "r", DECISION)
    assert [case.id for case in (await journal.queue()).cases] == ["a", "b"]
    harms = Filter(harms=frozenset({Harm.CRISIS_MISHANDLING}))
    assert [case.id for case in (await journal.queue(harms)).cases] == ["a"]
    await journal.claim("b", "ada")
    await journal.close()


async def test_a_journal_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """A file that a later handrail made is left alone, and that is said."""
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalError, match="version 99"):
        await SqliteJournal(tmp_path / "journal.db").open()


async def test_the_trail_cannot_be_rewritten(tmp_path: Path) -> None:
    """The file itself refuses to change or to drop a link of the trail."""
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    await journal.audit(Act("ada", "saw", "a"))
    await journal.close()
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        for statement in ("DELETE FROM audit", "UPDATE audit SET who = 'bob'"):
            with pytest.raises(sqlite3.IntegrityError, match="trail is kept"):
                connection.execute(statement)
    connection.close()


async def test_a_journal_of_version_1_learns_to_count(tmp_path: Path) -> None:
    """A file from before days were counted opens, keeps its rows, and counts from then on."""
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    await journal.write(record("a"))
    await journal.close()
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.executescript(
            "DROP TABLE days; ALTER TABLE exchanges DROP COLUMN counted; PRAGMA user_version = 1"
        )
    connection.close()
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    await journal.write(record("b"))
    assert [case.id for case in (await journal.queue()).cases] == ["a", "b"]
    assert [day.counts["flagged"] for day in await journal.days()] == [1]
    await journal.close()
