"""Sqlite: the journal in one file, each record on disk before `write` returns."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from handrail.classifiers.errors import ReviewError
from handrail.proxy.journal import sqlite_days, sqlite_schema
from handrail.proxy.journal.alert import Alert, alert_from, alert_of, alert_values
from handrail.proxy.journal.audit import Act, Link, link_after, link_of, link_values
from handrail.proxy.journal.counts import Counts, count
from handrail.proxy.journal.custody import ALERT_LEASE, EVENTS_KEPT, PLAIN_CUSTODY, SECRET, Custody
from handrail.proxy.journal.days import Day
from handrail.proxy.journal.journal import Entry, Event, Health, Journal, Kind
from handrail.proxy.journal.pseudonym import Pseudonyms, new_secret
from handrail.proxy.journal.queue import ANY, Case, Filter, Listing, Page, claimed, finished, released
from handrail.proxy.journal.record import Record
from handrail.proxy.journal.review import Review
from handrail.proxy.journal.row import (
    COLUMNS,
    case_of,
    counts_of,
    day_of,
    open_review,
    record_of,
    resealed,
    row_of,
    row_of_case,
    seal_review,
)
from handrail.proxy.journal.sqlite_file import Connection, SqliteFile

Row = Any
_ORDER = {"due": "due, id", "newest": "at DESC, id DESC", "oldest": "at, id"}
_BATCH = 200
# Seconds between two looks for news: another process may write the file too.
_GLANCE = 0.25
_INSERT = (
    f"INSERT OR IGNORE INTO exchanges ({', '.join(COLUMNS)}) "  # noqa: S608  (columns are ours)
    f"VALUES ({', '.join(':' + name for name in COLUMNS)})"
)


class SqliteJournal(Journal):
    """The embedded journal: one file, which several processes may have open. See Journal for the methods."""

    def __init__(self, path: Path, custody: Custody = PLAIN_CUSTODY) -> None:
        self._file = SqliteFile(path, sqlite_schema.prepare)
        self._custody = custody
        self._vault = custody.vault
        self._pseudonyms: Pseudonyms | None = None

    async def open(self) -> None:
        await self._file.open()
        secret = self._custody.user_key
        if secret is None:
            secret = bytes.fromhex(await self._file.write(self._secret))
        self._pseudonyms = Pseudonyms(secret)

    async def close(self) -> None:
        await self._file.close()

    async def health(self) -> Health:
        await self._file.try_out()
        waiting = await self._file.read(_waiting)
        return Health("sqlite", reachable=True, alerts=waiting)

    def pseudonym(self, name: str) -> str | None:
        return self._pseudonyms.of(name) if self._pseudonyms else None

    async def write(self, record: Record) -> None:
        await self._file.write(lambda db: self._write(db, record))

    async def find(self, name: str) -> Record | None:
        row = await self._file.read(lambda db: _row(db, name))
        return None if row is None else record_of(row, self._vault)

    async def latest(self, count: int) -> list[Record]:
        rows = await self._file.read(
            lambda db: _select(db, "", {}, f"ORDER BY {_ORDER['newest']} LIMIT {int(count)}")
        )
        return [record_of(row, self._vault) for row in rows]

    async def case(self, name: str) -> Case | None:
        row = await self._file.read(lambda db: _row(db, name))
        return None if row is None else case_of(row)

    async def queue(self, chosen: Filter = ANY, page: Page = Page()) -> Listing:  # noqa: B008
        where, values = _where(chosen)
        tail = f"ORDER BY {_ORDER[page.order]} LIMIT {int(page.limit)} OFFSET {int(page.offset)}"

        def look(db: Connection) -> Listing:
            total = db.execute(f"SELECT count(*) FROM exchanges {where}", values).fetchone()[0]  # noqa: S608
            # Which cases is found in an index alone: rows are long, and only those shown are read.
            shown = f"WHERE id IN (SELECT id FROM exchanges {where} {tail})"  # noqa: S608
            rows = _select(db, shown, values, f"ORDER BY {_ORDER[page.order]}")
            return Listing(tuple(map(case_of, rows)), total)

        return await self._file.read(look)

    async def cases(self, chosen: Filter = ANY) -> AsyncIterator[Case]:
        async for row in self._rows(chosen):
            yield case_of(row)

    async def entries(self, chosen: Filter = ANY) -> AsyncIterator[Entry]:
        async for row in self._rows(chosen):
            yield Entry(record_of(row, self._vault), case_of(row), await self.reviews(row["id"]))

    async def counts(self, chosen: Filter = ANY) -> Counts:
        return await count(self.cases(chosen), datetime.now(UTC))

    async def tally(self, day: date, counts: Mapping[str, int]) -> None:
        await self._file.write(lambda db: sqlite_days.add(db, day, counts))

    async def days(self) -> list[Day]:
        return await self._file.read(sqlite_days.days)

    async def claim(self, name: str, reviewer: str) -> Case:
        return await self._step(name, "claimed", lambda case: claimed(case, reviewer, datetime.now(UTC)))

    async def release(self, name: str, reviewer: str, *, forced: bool = False) -> Case:
        return await self._step(name, "released", lambda case: released(case, reviewer, forced=forced))

    async def finish(self, name: str, review: Review, *, again: bool = False) -> Case:
        sealed = seal_review(name, review, self._vault)
        row = (name, review.by, self._vault.current, sealed)

        def step(case: Case) -> Case:
            return finished(case, review.by, review.at, again=again)

        return await self._step(name, "reviewed", step, row)

    async def reviews(self, name: str) -> tuple[Review, ...]:
        query = "SELECT reviewer, sealed_by, review FROM reviews WHERE exchange = ? ORDER BY number"
        rows = await self._file.read(lambda db: db.execute(query, (name,)).fetchall())
        return tuple(open_review(name, by, key, text, self._vault) for by, key, text in rows)

    async def events(self, after: str | None = None) -> AsyncIterator[Event]:
        position = int(after) if after is not None else await self._file.read(_last_position)
        while True:
            for event in await self._file.read(partial(_events, position=position)):
                position = int(event.position)
                yield event
            await asyncio.sleep(_GLANCE)

    async def audit(self, act: Act) -> Link:
        return await self._file.write(lambda db: _append(db, act))

    async def trail(self) -> AsyncIterator[Link]:
        number = 0
        while rows := await self._file.read(partial(_links, number=number)):
            for row in rows:
                yield link_of(dict(row))
            number = rows[-1]["number"]

    async def delete_user(self, user: str) -> int:
        return await self.prune(Filter(users=frozenset({user})))

    async def prune(self, chosen: Filter) -> int:
        where, values = _where(chosen)
        deleted = await self._file.write(lambda db: _delete(db, where, values))
        await self._file.forget()
        return deleted

    async def reseal(self) -> int:
        total = 0
        while done := await self._file.write(self._reseal):
            total += done
        await self._file.write(self._reseal_secret)
        await self._file.forget()
        return total

    async def take_alerts(self, most: int) -> list[Alert]:
        return await self._file.write(lambda db: _take(db, most, time.time()))

    async def settle_alert(self, alert: Alert, retry_at: datetime | None) -> None:
        if retry_at is None:
            await self._file.write(lambda db: db.execute("DELETE FROM alerts WHERE id = ?", (alert.id,)))
            return
        due = retry_at.timestamp()
        await self._file.write(
            lambda db: db.execute("UPDATE alerts SET due = ? WHERE id = ?", (due, alert.id))
        )

    async def _rows(self, chosen: Filter) -> AsyncIterator[Row]:
        """The rows a filter chooses, oldest first, a batch at a time."""
        where, values = _where(chosen)
        last = {"last_at": "", "last_id": ""}
        more = f"{where or 'WHERE TRUE'} AND (at, id) > (:last_at, :last_id)"
        tail = f"ORDER BY {_ORDER['oldest']} LIMIT {_BATCH}"
        while rows := await self._file.read(
            partial(_select, where=more, values={**values, **last}, tail=tail)
        ):
            for row in rows:
                yield row
            last = {"last_at": rows[-1]["at"], "last_id": rows[-1]["id"]}

    async def _step(
        self, name: str, kind: Kind, step: Callable[[Case], Case], review: tuple[object, ...] | None = None
    ) -> Case:
        """Change a case by a rule of the queue, in one transaction."""

        def change(db: Connection) -> Case:
            row = _row(db, name)
            if row is None:
                raise ReviewError(f"there is no exchange {name}")
            before = case_of(row)
            after = step(before)
            if after != before:
                _update(db, name, row_of_case(after))
                _tell(db, kind, name)
            if review is not None:
                db.execute(
                    "INSERT INTO reviews (exchange, reviewer, sealed_by, review) VALUES (?, ?, ?, ?)", review
                )
            return after

        return await self._file.write(change)

    def _write(self, db: Connection, record: Record) -> None:
        row = row_of(record, self._vault)
        if not db.execute(_INSERT, row).rowcount:
            return
        sqlite_schema.add_facets(db, record.id, json.loads(row["harms"]), json.loads(row["rules"]))
        sqlite_days.add(db, day_of(row), counts_of(row))
        _tell(db, "new", record.id)
        alert = alert_of(row) if self._custody.alerts else None
        if alert is not None:
            db.execute(
                "INSERT INTO alerts (id, body) VALUES (?, ?)", (alert.id, json.dumps(alert_values(alert)))
            )

    def _secret(self, db: Connection) -> str:
        """The secret for pseudonyms; made when first asked for."""
        found = db.execute("SELECT sealed_by, value FROM meta WHERE name = ?", SECRET[:1]).fetchone()
        if found is not None:
            return self._vault.open(found["sealed_by"], *SECRET, found["value"])
        secret = new_secret()
        self._keep_secret(db, secret)
        return secret

    def _keep_secret(self, db: Connection, secret: str) -> None:
        values = (SECRET[0], self._vault.current, self._vault.seal(*SECRET, secret))
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", values)

    def _reseal(self, db: Connection) -> int:
        """Seal some exchanges anew with the present key; give how many."""
        current = {"current": self._vault.current}
        rows = _select(db, "WHERE sealed_by IS NOT :current", current, f"LIMIT {_BATCH}")
        for row in rows:
            _update(db, row["id"], resealed(row, self._vault))
        old = db.execute("SELECT * FROM reviews WHERE sealed_by IS NOT :current", current).fetchall()
        for row in old:
            review = open_review(
                row["exchange"], row["reviewer"], row["sealed_by"], row["review"], self._vault
            )
            sealed = seal_review(row["exchange"], review, self._vault)
            db.execute(
                "UPDATE reviews SET sealed_by = ?, review = ? WHERE number = ?",
                (self._vault.current, sealed, row["number"]),
            )
        return len(rows)

    def _reseal_secret(self, db: Connection) -> None:
        if self._custody.user_key is None:
            self._keep_secret(db, self._secret(db))


def _row(db: Connection, name: str) -> Row | None:
    found = _select(db, "WHERE id = :id", {"id": name}, "")
    return found[0] if found else None


def _select(db: Connection, where: str, values: dict[str, Any], tail: str) -> list[Row]:
    query = f"SELECT {', '.join(COLUMNS)} FROM exchanges {where} {tail}"  # noqa: S608  (clauses are ours)
    return db.execute(query, values).fetchall()


def _where(chosen: Filter) -> tuple[str, dict[str, Any]]:
    """The clause that a filter comes to, with its values; empty where it chooses all."""
    clauses: list[str] = []
    values: dict[str, Any] = {}
    for facet, wanted in chosen.facets.items():
        names = {f"{facet}_{at}": value for at, value in enumerate(sorted(wanted))}
        values |= names
        among = f"IN ({', '.join(':' + name for name in names)})"
        if facet in {"harm", "rule"}:
            found = f"SELECT exchange FROM facets WHERE facet = '{facet}' AND value {among}"  # noqa: S608
            clauses.append(f"id IN ({found})")
        else:
            clauses.append(f"{facet} {among}")
    for name, sign, limit in (("since", ">=", chosen.since), ("until", "<", chosen.until)):
        if limit is not None:
            clauses.append(f"at {sign} :{name}")
            values[name] = limit.astimezone(UTC).isoformat()
    return (f"WHERE {' AND '.join(clauses)}" if clauses else ""), values


def _update(db: Connection, name: str, columns: dict[str, Any]) -> None:
    changes = ", ".join(f"{column} = :{column}" for column in columns)
    db.execute(f"UPDATE exchanges SET {changes} WHERE id = :of", {**columns, "of": name})  # noqa: S608


def _delete(db: Connection, where: str, values: dict[str, Any]) -> int:
    names = [(row["id"],) for row in _select(db, where, values, "")]
    for table, column in (
        ("facets", "exchange"),
        ("reviews", "exchange"),
        ("alerts", "id"),
        ("exchanges", "id"),
    ):
        db.executemany(f"DELETE FROM {table} WHERE {column} = ?", names)  # noqa: S608  (names are ours)
    for (name,) in names:
        _tell(db, "deleted", name)
    return len(names)


def _tell(db: Connection, kind: Kind, name: str) -> None:
    """Leave word of an event; only the last of them are remembered."""
    position = db.execute("INSERT INTO events (kind, exchange) VALUES (?, ?)", (kind, name)).lastrowid
    db.execute("DELETE FROM events WHERE position <= ?", ((position or 0) - EVENTS_KEPT,))


def _last_position(db: Connection) -> int:
    found = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return int(found[0]) if found else 0


def _events(db: Connection, position: int) -> list[Event]:
    query = "SELECT position, kind, exchange FROM events WHERE position > ? ORDER BY position LIMIT ?"
    return [Event(str(row[0]), row[1], row[2]) for row in db.execute(query, (position, _BATCH))]


def _links(db: Connection, number: int) -> list[Row]:
    """A batch of the trail after a number."""
    query = "SELECT * FROM audit WHERE number > ? ORDER BY number LIMIT ?"
    return db.execute(query, (number, _BATCH)).fetchall()


def _append(db: Connection, act: Act) -> Link:
    last = db.execute("SELECT * FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    link = link_after(link_of(dict(last)) if last else None, act)
    db.execute(
        "INSERT INTO audit VALUES (:number, :at, :who, :did, :exchange, :detail, :hash)", link_values(link)
    )
    return link


def _waiting(db: Connection) -> int:
    return int(db.execute("SELECT count(*) FROM alerts").fetchone()[0])


def _take(db: Connection, most: int, now: float) -> list[Alert]:
    rows = db.execute(
        "UPDATE alerts SET attempts = attempts + 1, due = ? WHERE id IN "
        "(SELECT id FROM alerts WHERE due <= ? ORDER BY due LIMIT ?) RETURNING id, body, attempts",
        (now + ALERT_LEASE, now, most),
    ).fetchall()
    return [alert_from(json.loads(row["body"]), row["attempts"], row["id"]) for row in rows]
