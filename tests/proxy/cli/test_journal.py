import json
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from handrail.proxy.journal.audit import Act
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.sqlite import SqliteJournal

from ..journal.conftest import record

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
async def kept(tmp_path: Path) -> Journal:
    """A journal in plain text where the command looks for it, with two exchanges and an act."""
    journal = SqliteJournal(tmp_path / "handrail.db")
    await journal.open()
    await journal.write(record("a", user=journal.pseudonym("someone"), reply="quarry ledge"))
    await journal.write(record("b"))
    await journal.audit(Act("ada", "saw", "a"))
    await journal.close()
    return journal


def _lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


async def test_what_is_kept_is_exported(run: Run, kept: Journal) -> None:
    """An export has every exchange in full, by state and time, and is itself on the trail."""
    done = run("journal", "export", "--who", "eve")
    assert [line["id"] for line in _lines(done.stdout)] == ["a", "b"]
    assert _lines(done.stdout)[0]["reply"] == "quarry ledge"
    assert run("journal", "export", "--state", "done").stdout == ""
    assert run("journal", "export", "--since", "2026-01-02").stdout == ""
    trail = _lines(run("journal", "audit").stdout)
    assert [(line["who"], line["did"]) for line in trail[:2]] == [("ada", "saw"), ("eve", "exported")]


async def test_a_key_is_made_and_changed(run: Run, kept: Journal, tmp_path: Path) -> None:
    """A fresh key seals what was kept in plain text; another takes its place, and the first may go."""
    assert "journal_key is not set" in run("journal", "rotate-key").stderr
    first = run("journal", "new-key", "k1").stdout.strip()
    second = run("journal", "new-key", "k2").stdout.strip()
    assert "2 exchanges" in run("journal", "rotate-key", HANDRAIL_JOURNAL_KEY=first).stdout
    assert b"quarry" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())  # noqa: ASYNC240
    assert "2 exchanges" in run("journal", "rotate-key", HANDRAIL_JOURNAL_KEY=f"{second},{first}").stdout
    done = run("journal", "export", HANDRAIL_JOURNAL_KEY=second)
    assert _lines(done.stdout)[0]["reply"] == "quarry ledge"
    wrong = run("journal", "export", HANDRAIL_JOURNAL_KEY=first)
    assert wrong.returncode == 2
    assert "'k2', which is not at hand" in wrong.stderr


def test_no_journal_is_made_by_looking(run: Run, tmp_path: Path) -> None:
    """Where there is no journal the command says so, and makes none."""
    done = run("journal", "status")
    assert (done.returncode, "there is no journal at handrail.db" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


async def test_a_user_is_deleted(run: Run, kept: Journal) -> None:
    """All of a user goes, by name or pseudonym; nobody else's does; the trail says who did it."""
    assert "1 exchanges deleted" in run("journal", "delete", "--user", "someone", "--who", "eve").stdout
    assert [line["id"] for line in _lines(run("journal", "export").stdout)] == ["b"]
    assert "deleted a user" in run("journal", "audit").stdout


async def test_old_exchanges_are_pruned(run: Run, kept: Journal) -> None:
    """Pruning takes the settings' days or the options', and says what to mend without any."""
    assert run("journal", "prune").returncode == 2
    assert "0 exchanges" in run("journal", "prune", HANDRAIL_RETENTION_DONE_DAYS="1").stdout
    assert "2 exchanges" in run("journal", "prune", "--open-days", "1").stdout
    assert json.loads(run("journal", "status").stdout)["exchanges"] == 0


async def test_the_trail_is_verified(run: Run, kept: Journal, tmp_path: Path) -> None:
    """A whole trail is found whole; one that was tampered with is found out, and so is one made anew."""
    whole = run("journal", "audit", "--verify")
    assert (whole.returncode, "whole: 1 acts" in whole.stdout) == (0, True)
    head = whole.stdout.split()[-1]
    assert run("journal", "audit", "--verify", "--head", head).returncode == 0
    assert run("journal", "audit", "--verify", "--head", "0" * 64).returncode == 1
    with sqlite3.connect(tmp_path / "handrail.db") as connection:
        connection.execute("DROP TRIGGER audit_stays")
        connection.execute("UPDATE audit SET who = 'bob'")
    connection.close()
    broken = run("journal", "audit", "--verify")
    assert (broken.returncode, broken.stdout.strip()) == (1, "the trail is broken at 1")
