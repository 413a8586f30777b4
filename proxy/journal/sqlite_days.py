"""The daily counts of the SQLite journal."""

from collections.abc import Mapping
from datetime import date
from itertools import groupby

from handrail.proxy.journal.days import Day
from handrail.proxy.journal.sqlite_file import Connection

_ADD = (
    "INSERT INTO days (date, name, count) VALUES (?, ?, ?) "
    "ON CONFLICT (date, name) DO UPDATE SET count = count + excluded.count"
)


def add(db: Connection, day: date, counts: Mapping[str, int]) -> None:
    """Add to the counts of a day."""
    db.executemany(_ADD, [(day.isoformat(), name, count) for name, count in counts.items()])


def days(db: Connection) -> list[Day]:
    """All days that have counts, in order."""
    rows = db.execute("SELECT date, name, count FROM days ORDER BY date, name").fetchall()
    return [
        Day(date.fromisoformat(text), {row["name"]: row["count"] for row in of})
        for text, of in groupby(rows, key=lambda row: str(row["date"]))
    ]
