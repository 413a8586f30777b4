"""SqliteAccounts: accounts and sign-ins in tables of their own in the journal's file."""

import time
from pathlib import Path

from handrail.proxy.journal.sqlite_file import Connection, SqliteFile
from handrail.proxy.review.account import Account
from handrail.proxy.review.accounts import (
    Accounts,
    SignIn,
    account_of,
    account_text,
    sign_in_of,
    sign_in_text,
)

_TABLES = (
    "CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, body TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS sign_ins (key TEXT PRIMARY KEY, body TEXT NOT NULL, until REAL NOT NULL)",
)


class SqliteAccounts(Accounts):
    """Embedded accounts. See Accounts for the methods."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _prepare)

    async def open(self) -> None:
        await self._file.open()

    async def close(self) -> None:
        await self._file.close()

    async def find(self, name: str) -> Account | None:
        query = "SELECT body FROM accounts WHERE name = ?"
        row = await self._file.read(lambda db: db.execute(query, (name,)).fetchone())
        return None if row is None else account_of(row["body"])

    async def all(self) -> list[Account]:
        query = "SELECT body FROM accounts ORDER BY name"
        rows = await self._file.read(lambda db: db.execute(query).fetchall())
        return [account_of(row["body"]) for row in rows]

    async def put(self, account: Account) -> None:
        values = (account.name, account_text(account))
        await self._file.write(lambda db: db.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?)", values))

    async def remove(self, name: str) -> bool:
        query = "DELETE FROM accounts WHERE name = ?"
        return await self._file.write(lambda db: db.execute(query, (name,)).rowcount > 0)

    async def signed_in(self, key: str) -> SignIn | None:
        query = "SELECT body FROM sign_ins WHERE key = ? AND until > ?"
        row = await self._file.read(lambda db: db.execute(query, (key, time.time())).fetchone())
        return None if row is None else sign_in_of(row["body"])

    async def keep(self, key: str, sign_in: SignIn, seconds: float) -> None:
        now = time.time()
        values = (key, sign_in_text(sign_in), now + seconds)

        def write(db: Connection) -> None:
            db.execute("DELETE FROM sign_ins WHERE until <= ?", (now,))
            db.execute("INSERT OR REPLACE INTO sign_ins VALUES (?, ?, ?)", values)

        await self._file.write(write)

    async def forget(self, key: str) -> None:
        await self._file.write(lambda db: db.execute("DELETE FROM sign_ins WHERE key = ?", (key,)))


def _prepare(db: Connection) -> None:
    for table in _TABLES:
        db.execute(table)
