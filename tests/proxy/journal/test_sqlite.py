import sqlite3
from pathlib import Path

import pytest

from handrail.classifiers.errors import JournalError
from handrail.proxy.journal.custody import Custody
from handrail.proxy.journal.queue import Filter
from handrail.proxy.journal.sqlite import SqliteJournal
from handrail.proxy.journal.vault import new_key, read_vault

from .conftest import record


def _bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.fixture
async def journal(tmp_path: Path) -> SqliteJournal:
    opened = SqliteJournal(tmp_path / "journal.db")
    await opened.open()
    return opened


async def test_the_file_is_in_write_ahead_mode(journal: SqliteJournal, tmp_path: Path) -> None:
    """Readers never block the proxy: the file is in WAL mode, its columns ready to be queried."""
    await journal.write(record("a", escalate=True))
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        row = connection.execute("SELECT action, severity, escalate, reply FROM exchanges").fetchone()
        assert row == ("append", "low", 1, "reply")
    connection.close()
    await journal.close()


async def test_with_a_key_no_word_is_in_the_file(tmp_path: Path) -> None:
    """With a key, neither the file nor its log holds what was said, in any field."""
    journal = SqliteJournal(tmp_path / "journal.db", Custody(read_vault(new_key("k"), None)))
    await journal.open()
    await journal.write(record("a", reply="quarry ledge", delivered="quarry ledge too"))
    kept = _bytes_in(tmp_path)
    assert b"quarry" not in kept
    assert b"mania" not in kept
    await journal.close()


async def test_what_was_deleted_is_in_no_file(journal: SqliteJournal, tmp_path: Path) -> None:
    """A deleted exchange leaves no word in the file or its log, also while the journal stays open."""
    await journal.write(record("a", reply="quarry ledge"))
    assert b"quarry" in _bytes_in(tmp_path)
    assert await journal.prune(Filter()) == 1
    assert b"quarry" not in _bytes_in(tmp_path)
    await journal.close()


async def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    """A journal that can't be opened says so by its path."""
    with pytest.raises(JournalError, match="nowhere"):
        await SqliteJournal(tmp_path / "nowhere" / "journal.db").open()
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(JournalError, match="not a database"):
        await SqliteJournal(bad).open()


async def test_a_full_disk_is_said_and_passes(journal: SqliteJournal, tmp_path: Path) -> None:
    """A file that can't grow refuses a record, keeps those it has, and takes it once there is room again."""
    await journal.write(record("kept"))
    await journal._file.read(lambda db: db.execute("PRAGMA max_page_count = 1").fetchone())
    with pytest.raises(JournalError, match="full"):
        await journal.write(record("a", reply="x" * 1_000_000))
    assert [r.id for r in await journal.latest(5)] == ["kept"]
    await journal._file.read(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone())
    await journal.write(record("a", reply="x" * 1_000_000))
    assert len(await journal.latest(5)) == 2
    await journal.close()
