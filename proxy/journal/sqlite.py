"""Sqlite: the journal in one file, in write-ahead mode, each record on disk before `write` returns."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from handrail.classifiers.errors import JournalError
from handrail.classifiers.exchange import Message
from handrail.proxy.journal.record import Record

Result = TypeVar("Result")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS exchanges (
    id TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    dialect TEXT NOT NULL,
    path TEXT NOT NULL,
    country TEXT,
    choice INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('screened', 'failed')),
    action TEXT,
    severity TEXT,
    escalate INTEGER NOT NULL DEFAULT 0,
    messages TEXT NOT NULL,
    reply TEXT NOT NULL,
    delivered TEXT NOT NULL,
    assessment TEXT,
    decision TEXT,
    reason TEXT
);
CREATE INDEX IF NOT EXISTS exchanges_at ON exchanges (at);
"""
_COLUMNS = [
    "id",
    "at",
    "dialect",
    "path",
    "country",
    "choice",
    "status",
    "action",
    "severity",
    "escalate",
    "messages",
    "reply",
    "delivered",
    "assessment",
    "decision",
    "reason",
]
_INSERT = f"INSERT INTO exchanges ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608


class SqliteJournal:
    """A journal file. All work happens on one thread of its own, off the event loop.

    Every method raises JournalError when the file can't be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open the file, making it if it is not there."""
        await self._do(self._open)

    async def close(self) -> None:
        """Close the file; open writes are finished first."""
        await self._do(self._close)
        self._thread.shutdown(wait=True)

    async def write(self, record: Record) -> None:
        """Make a record durable: when this returns, it survives a kill of the process."""
        await asyncio.shield(self._do(lambda: self._write(record)))

    async def latest(self, count: int) -> list[Record]:
        """The latest records, newest first."""
        return await self._do(lambda: self._read("ORDER BY at DESC, id DESC LIMIT ?", (count,)))

    async def find(self, name: str) -> Record | None:
        """The record of this id."""
        found = await self._do(lambda: self._read("WHERE id = ?", (name,)))
        return found[0] if found else None

    async def check(self) -> None:
        """Raise JournalError unless the journal can be written to."""
        await self._do(self._check)

    async def _do(self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise JournalError(f"journal {self._path}: {error}") from error
        except (OverflowError, ValueError, RuntimeError) as error:
            # A value that can't be bound, or a journal already closed; its text might quote the value.
            raise JournalError(f"journal {self._path}: {type(error).__name__}") from error

    def _open(self) -> None:
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a record survives not only a kill of the process but a loss of power.
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA busy_timeout = 5000")
        self._connection.executescript(_SCHEMA)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("not open")
        return self._connection

    def _write(self, record: Record) -> None:
        self._opened().execute(_INSERT, _to_row(record))

    def _read(self, clause: str, values: tuple[object, ...]) -> list[Record]:
        query = f"SELECT {', '.join(_COLUMNS)} FROM exchanges {clause}"  # noqa: S608  (clauses are ours)
        return [_from_row(row) for row in self._opened().execute(query, values)]

    def _check(self) -> None:
        self._opened().execute("BEGIN IMMEDIATE")
        self._opened().execute("ROLLBACK")


def _to_row(record: Record) -> tuple[Any, ...]:
    decision = record.decision or {}
    derived = {
        "at": record.at.isoformat(),
        "action": decision.get("action"),
        "severity": decision.get("severity"),
        "escalate": int(bool(decision.get("escalate"))),
        "messages": json.dumps([asdict(m) for m in record.messages], ensure_ascii=True),
        "reply": _storable(record.reply),
        "delivered": _storable(record.delivered),
        "assessment": None if record.assessment is None else json.dumps(record.assessment),
        "decision": None if record.decision is None else json.dumps(record.decision),
    }
    return tuple(derived[name] if name in derived else getattr(record, name) for name in _COLUMNS)


def _storable(text: str) -> str:
    """SQLite takes UTF-8 only; a lone surrogate, which JSON allows, must not lose the record."""
    return text.encode("utf-8", "backslashreplace").decode()


def _from_row(row: tuple[Any, ...]) -> Record:
    values = dict(zip(_COLUMNS, row, strict=True))
    for derived in ("action", "severity", "escalate"):
        del values[derived]
    values["at"] = datetime.fromisoformat(values["at"])
    values["messages"] = tuple(Message(**m) for m in json.loads(values["messages"]))
    for name in ("assessment", "decision"):
        values[name] = None if values[name] is None else json.loads(values[name])
    return Record(**values)
