"""Spool: exchanges that wait on this machine until the shared journal can be reached again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handrail.proxy.journal.sqlite_file import Connection, SqliteFile

_PAGE_BYTES = 4096
_TABLES = (
    "CREATE TABLE IF NOT EXISTS waiting "
    "(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, row TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


class Spool:
    """A file of rows, sealed as they came, each on disk when `put` returns; of a stated size at most.

    Every method raises JournalError when the file can't be used, `put` also when it is full.
    """

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._pages = max(most_bytes // _PAGE_BYTES, 1)
        self._file = SqliteFile(path, self._prepare)

    async def open(self) -> None:
        """Open the file, making it if it is not there."""
        await self._file.open()

    async def close(self) -> None:
        """Close the file."""
        await self._file.close()

    async def put(self, row: Mapping[str, Any]) -> None:
        """Keep a row; one that is there already changes nothing."""
        values = (row["id"], json.dumps(row))
        await self._file.write(
            lambda db: db.execute("INSERT OR IGNORE INTO waiting (id, row) VALUES (?, ?)", values)
        )

    async def first(self, most: int) -> list[dict[str, Any]]:
        """The rows that have waited longest."""
        query = "SELECT row FROM waiting ORDER BY number LIMIT ?"
        rows = await self._file.read(lambda db: db.execute(query, (most,)).fetchall())
        return [json.loads(row["row"]) for row in rows]

    async def drop(self, name: str) -> None:
        """Let go of a row that has arrived."""
        await self._file.write(lambda db: db.execute("DELETE FROM waiting WHERE id = ?", (name,)))

    async def depth(self) -> int:
        """How many rows wait."""
        return await self._file.read(lambda db: int(db.execute("SELECT count(*) FROM waiting").fetchone()[0]))

    async def try_out(self) -> None:
        """Raise JournalError unless a row could be kept now."""
        await self._file.try_out()

    async def remember(self, name: str, value: str) -> None:
        """Keep a value that is needed when the shared journal is out of reach."""
        await self._file.write(
            lambda db: db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
        )

    async def recall(self, name: str) -> str | None:
        """A value that was remembered."""
        query = "SELECT value FROM meta WHERE name = ?"
        found = await self._file.read(lambda db: db.execute(query, (name,)).fetchone())
        return None if found is None else str(found["value"])

    def _prepare(self, db: Connection) -> None:
        for table in _TABLES:
            db.execute(table)
        db.execute(f"PRAGMA max_page_count = {self._pages}")
