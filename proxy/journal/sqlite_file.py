"""SqliteFile: one SQLite file, all work on one thread of its own, off the event loop."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from handrail.classifiers.errors import JournalError

Result = TypeVar("Result")
Connection = sqlite3.Connection
# What is written to find out whether there is room: more than most exchanges take.
_TRIAL = "x" * 2**15
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


class SqliteFile:
    """A file in write-ahead mode: what a finished transaction wrote survives a kill and a loss of power.

    Every method raises JournalError when the file can't be used.
    """

    def __init__(self, path: Path, prepare: Callable[[Connection], None]) -> None:
        """`prepare` makes or renews the schema each time the file is opened, in a transaction."""
        self._path = path
        self._prepare = prepare
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._connection: Connection | None = None
        self._closed = False

    async def open(self) -> None:
        """Open the file, making it if it is not there."""
        await self._run(self._open)

    async def close(self) -> None:
        """Close the file, once; open writes are finished first."""
        if not self._closed:
            self._closed = True
            await self._run(self._close)
            self._thread.shutdown(wait=True)

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Give what `work` reads."""
        return await self._run(lambda: work(self._opened()))

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Do `work` in one transaction, even if who waits for it goes away; durable when this returns."""
        return await asyncio.shield(self._run(lambda: self._transact(work)))

    async def try_out(self) -> None:
        """Write more than most exchanges take, and delete it: what is only written over needs no room."""
        await self.write(lambda db: db.execute("INSERT INTO trial VALUES (?)", (_TRIAL,)))
        await self.write(lambda db: db.execute("DELETE FROM trial"))

    async def forget(self) -> None:
        """Empty the log, which still holds what was deleted or sealed; while others read it, a later one."""
        await self._run(lambda: self._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)"))

    async def _run(self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise JournalError(f"journal {self._path}: {error}") from error
        except (OverflowError, ValueError, RuntimeError) as error:
            # A value that can't be bound, or a journal already closed; its text might quote the value.
            raise JournalError(f"journal {self._path}: {type(error).__name__}") from error

    def _open(self) -> None:
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA busy_timeout = 5000")
        self._connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a record survives not only a kill of the process but a loss of power.
        self._connection.execute("PRAGMA synchronous = FULL")
        # What is deleted is overwritten, not only forgotten.
        self._connection.execute("PRAGMA secure_delete = ON")
        self._transact(self._prepare)
        self._transact(lambda db: db.execute("CREATE TABLE IF NOT EXISTS trial (filling TEXT)"))

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("not open")
        return self._connection

    def _transact(self, work: Callable[[Connection], Result]) -> Result:
        try:
            with _transaction(self._opened()) as connection:
                return work(connection)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _NO_ROOM:
                raise
        # The log takes room that what it holds no longer needs: without it there may be enough.
        self._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with _transaction(self._opened()) as connection:
            return work(connection)


@contextmanager
def _transaction(connection: Connection) -> Iterator[Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
