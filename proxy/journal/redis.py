"""Redis: the journal that any number of proxies share, with a spool on each machine for when it is away.

An exchange is a hash. Sets name the exchanges of each state, severity, harm and so on; two sorted sets order
them by age and by urgency. Events and the trail are streams; alerts a stream with a group of senders.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError, WatchError

from handrail.classifiers.errors import JournalError, ReviewError, SealedError
from handrail.proxy.journal import redis_days
from handrail.proxy.journal import redis_keys as keys
from handrail.proxy.journal.alert import Alert, alert_of
from handrail.proxy.journal.audit import Act, Link, link_after, link_of, link_values
from handrail.proxy.journal.counts import Counts, count
from handrail.proxy.journal.custody import EVENTS_KEPT, PLAIN_CUSTODY, SECRET, Custody
from handrail.proxy.journal.days import Day
from handrail.proxy.journal.forward import Forwarder
from handrail.proxy.journal.journal import Entry, Event, Health, Journal, Kind
from handrail.proxy.journal.pseudonym import Pseudonyms, new_secret
from handrail.proxy.journal.queue import ANY, Case, Filter, Listing, Page, claimed, finished, released
from handrail.proxy.journal.record import Record
from handrail.proxy.journal.redis_alerts import RedisAlerts, pairs
from handrail.proxy.journal.redis_durable import durability_gaps
from handrail.proxy.journal.review import Review
from handrail.proxy.journal.row import (
    COLUMNS,
    Row,
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
from handrail.proxy.journal.spool import Spool
from handrail.proxy.logs import logger
from handrail.proxy.redis_link import connect, name, translated

Result = TypeVar("Result")

_log = logger("journal")
_BATCH = 200
_BLOCK_MILLISECONDS = 1000
_WAIT_MILLISECONDS = 2000
# How long spools elsewhere may have kept what was deleted here meanwhile.
_GONE_SECONDS = 7 * 86400
_FORGOTTEN_SECONDS = 90 * 86400


def _uncounted() -> None:
    """Nobody counts what is forwarded."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """Where the shared journal is, how many of its replicas must have an exchange, and the local spool."""

    url: str
    spool: Spool
    replicas: int = 0
    forwarded: Callable[[], None] = _uncounted


class RedisJournal(Journal):
    """The shared journal. See Journal for the methods.

    `write` never needs Redis: while it is out of reach exchanges go to the spool and are forwarded later.
    All else raises JournalError then.
    """

    def __init__(self, sharing: Sharing, custody: Custody = PLAIN_CUSTODY) -> None:
        self._redis: Redis = connect(sharing.url)
        self._sharing = sharing
        self._spool = sharing.spool
        self._custody = custody
        self._vault = custody.vault
        self._alerts = RedisAlerts(self._redis)
        self._forwarder = Forwarder(self._spool, self._reach, self._forward, sharing.forwarded)
        self._pseudonyms = Pseudonyms(custody.user_key) if custody.user_key else None
        self._writing: set[asyncio.Task[None]] = set()
        self._known = False
        self._away = False

    async def open(self) -> None:
        await self._spool.open()
        if self._pseudonyms is None and (kept := await self._spool.recall(SECRET[1])):
            self._pseudonyms = self._opened_secret(kept)
        try:
            await self._reach()
        except SealedError:
            # A wrong key is for the operator to mend, and no better tomorrow.
            raise
        except JournalError as error:
            self._away = True
            _log.error("journal_out_of_reach", error=str(error))
        self._forwarder.start()

    async def close(self) -> None:
        await self._forwarder.stop()
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self._spool.close()
        await self._redis.aclose()

    async def health(self) -> Health:
        depth = await self._spool.depth()
        if not self._away:
            try:
                with translated(JournalError):
                    # A write: a Redis that is full or read-only answers everything else.
                    await self._redis.set(name("tried"), str(time.time()))
                    return Health("redis", reachable=True, spooled=depth, alerts=await self._alerts.waiting())
            except JournalError:
                self._away = True
        await self._spool.try_out()
        return Health("redis", reachable=False, spooled=depth)

    def pseudonym(self, name: str) -> str | None:
        return self._pseudonyms.of(name) if self._pseudonyms else None

    async def write(self, record: Record) -> None:
        task = asyncio.create_task(self._keep(row_of(record, self._vault)))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.shield(task)

    async def find(self, name: str) -> Record | None:
        rows = await self._rows([name])
        return record_of(rows[0], self._vault) if rows else None

    async def latest(self, count: int) -> list[Record]:
        with translated(JournalError):
            names: Any = await self._redis.zrevrange(keys.BY_AT, 0, count - 1) if count > 0 else []
        return [record_of(row, self._vault) for row in await self._rows(names)]

    async def case(self, name: str) -> Case | None:
        rows = await self._rows([name])
        return case_of(rows[0]) if rows else None

    async def queue(self, chosen: Filter = ANY, page: Page = Page()) -> Listing:  # noqa: B008
        names, total = await self._names(chosen, page)
        return Listing(tuple(map(case_of, await self._rows(names))), total)

    async def cases(self, chosen: Filter = ANY) -> AsyncIterator[Case]:
        async for row in self._chosen(chosen):
            yield case_of(row)

    async def entries(self, chosen: Filter = ANY) -> AsyncIterator[Entry]:
        async for row in self._chosen(chosen):
            yield Entry(record_of(row, self._vault), case_of(row), await self.reviews(row["id"]))

    async def counts(self, chosen: Filter = ANY) -> Counts:
        return await count(self.cases(chosen), datetime.now(UTC))

    async def tally(self, day: date, counts: Mapping[str, int]) -> None:
        with translated(JournalError):
            async with self._redis.pipeline(transaction=True) as pipe:
                redis_days.add(pipe, day, counts)
                await pipe.execute()

    async def days(self) -> list[Day]:
        with translated(JournalError):
            return await redis_days.days(self._redis)

    async def claim(self, name: str, reviewer: str) -> Case:
        return await self._step(name, "claimed", lambda case: claimed(case, reviewer, datetime.now(UTC)))

    async def release(self, name: str, reviewer: str, *, forced: bool = False) -> Case:
        return await self._step(name, "released", lambda case: released(case, reviewer, forced=forced))

    async def finish(self, name: str, review: Review, *, again: bool = False) -> Case:
        def step(case: Case) -> Case:
            return finished(case, review.by, review.at, again=again)

        return await self._step(name, "reviewed", step, review)

    async def reviews(self, name: str) -> tuple[Review, ...]:
        with translated(JournalError):
            kept: Any = await self._redis.lrange(keys.reviews(name), 0, -1)
        return tuple(self._opened_review(name, text) for text in kept)

    async def events(self, after: str | None = None) -> AsyncIterator[Event]:
        position = after or await self._last_position()
        while True:
            with translated(JournalError):
                found = await self._redis.xread(
                    {keys.EVENTS: position}, count=_BATCH, block=_BLOCK_MILLISECONDS
                )
            for _, entries in pairs(found):
                for position, fields in entries:
                    yield Event(position, fields["kind"], fields["exchange"])

    async def audit(self, act: Act) -> Link:
        with translated(JournalError):
            while True:
                last: Any = await self._redis.xrevrange(keys.TRAIL, count=1)
                link = link_after(_link(last[0]) if last else None, act)
                try:
                    # Redis takes an id only once and only upwards: of two at once one must try again.
                    await self._redis.xadd(keys.TRAIL, _text(link_values(link)), id=f"{link.number}-0")
                except ResponseError as error:
                    if "equal or smaller" not in str(error):
                        raise
                else:
                    return link

    async def trail(self) -> AsyncIterator[Link]:
        start = "-"
        while True:
            with translated(JournalError):
                entries: Any = await self._redis.xrange(keys.TRAIL, min=start, count=_BATCH)
            for entry in entries:
                yield _link(entry)
            if len(entries) < _BATCH:
                return
            start = f"({entries[-1][0]}"

    async def delete_user(self, user: str) -> int:
        with translated(JournalError):
            now = datetime.now(UTC).isoformat()
            await self._redis.set(keys.forgotten(user), now, ex=_FORGOTTEN_SECONDS)
        return await self.prune(Filter(users=frozenset({user})))

    async def prune(self, chosen: Filter) -> int:
        names, _ = await self._names(chosen, None)
        return sum([await self._transact(self._delete(of), keys.exchange(of)) for of in names])

    async def reseal(self) -> int:
        names, _ = await self._names(ANY, None)
        watched = [(self._reseal(of), keys.exchange(of), keys.reviews(of)) for of in names]
        total = sum([await self._transact(*each) for each in watched])
        await self._transact(self._reseal_secret, keys.META)
        return total

    async def take_alerts(self, most: int) -> list[Alert]:
        with translated(JournalError):
            return await self._alerts.take(most)

    async def settle_alert(self, alert: Alert, retry_at: datetime | None) -> None:
        with translated(JournalError):
            await self._alerts.settle(alert, retry_at)

    async def _keep(self, row: Row) -> None:
        """Make a row durable in Redis, or else in the spool."""
        if not self._away:
            try:
                await self._deliver(row)
            except JournalError as error:
                self._away = True
                _log.error("journal_out_of_reach", error=str(error))
            else:
                return
        await self._spool.put(row)

    async def _forward(self, row: Row) -> None:
        """Bring a row from the spool; meanwhile another key may have taken the place of its own."""
        if self._vault.renews(row["sealed_by"]):
            row = {**row, **resealed(row, self._vault)}
        await self._deliver(row)

    async def _deliver(self, row: Row) -> None:
        marks = [keys.gone(row["id"])] + ([keys.forgotten(row["user"])] if row["user"] else [])
        await self._transact(lambda pipe: self._add(pipe, row), keys.exchange(row["id"]), *marks)
        if self._sharing.replicas:
            await self._await_replicas()

    async def _add(self, pipe: Pipeline, row: Row) -> None:
        """Add a row, unless it is there, was deleted, or is of somebody who was."""
        of = row["id"]
        known = await pipe.exists(keys.exchange(of), keys.gone(of))
        until: Any = await pipe.get(keys.forgotten(row["user"])) if row["user"] else None
        pipe.multi()
        if known or (until and keys.moment(row["at"]) <= keys.moment(until)):
            return
        _put(pipe, of, row)
        for facet in keys.facets(row):
            pipe.sadd(facet, of)
        pipe.zadd(keys.BY_AT, {of: keys.moment(row["at"])})
        pipe.zadd(keys.BY_DUE, {of: keys.moment(row["due"])})
        redis_days.add(pipe, day_of(row), counts_of(row))
        _tell(pipe, "new", of)
        alert = alert_of(row) if self._custody.alerts else None
        if alert is not None:
            self._alerts.add(pipe, alert)

    async def _await_replicas(self) -> None:
        with translated(JournalError):
            # On one connection: replicas are waited for up to the last write of who waits.
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.set(name("waited"), str(time.time()))
                pipe.execute_command("WAIT", self._sharing.replicas, _WAIT_MILLISECONDS)
                _, reached = await pipe.execute()
        if int(reached) < self._sharing.replicas:
            raise JournalError(f"redis: {reached} of {self._sharing.replicas} replicas have the exchange")

    async def _reach(self) -> None:
        """Raise JournalError unless Redis can be written to; the first time, learn what it is like."""
        with translated(JournalError):
            await self._redis.set(name("tried"), str(time.time()))
            if not self._known:
                for gap in await durability_gaps(self._redis):
                    _log.warning("redis_not_durable", gap=gap)
                if self._custody.user_key is None:
                    await self._learn_secret()
                self._known = True
        if self._sharing.replicas:
            await self._await_replicas()
        self._away = False

    async def _learn_secret(self) -> None:
        """Take the secret for pseudonyms that all share; where there is none, give ours or a new one."""
        own = await self._spool.recall(SECRET[1]) or self._sealed_secret(new_secret())
        await self._redis.hsetnx(keys.META, SECRET[1], own)
        shared: Any = await self._redis.hget(keys.META, SECRET[1])
        self._pseudonyms = self._opened_secret(shared or own)
        await self._spool.remember(SECRET[1], shared or own)

    def _sealed_secret(self, secret: str) -> str:
        return json.dumps([self._vault.current, self._vault.seal(*SECRET, secret)])

    def _opened_secret(self, kept: str) -> Pseudonyms:
        key, sealed = json.loads(kept)
        return Pseudonyms(bytes.fromhex(self._vault.open(key, *SECRET, sealed)))

    def _opened_review(self, of: str, kept: str) -> Review:
        by, key, text = json.loads(kept)
        return open_review(of, by, key, text, self._vault)

    def _sealed_review(self, of: str, review: Review) -> str:
        return json.dumps([review.by, self._vault.current, seal_review(of, review, self._vault)])

    async def _names(self, chosen: Filter, page: Page | None) -> tuple[list[str], int]:
        """The ids on a page of what a filter chooses, and how many it chooses; without a page all of them."""
        part = page or Page(limit=0, order="oldest")
        last = part.offset + part.limit - 1 if page else -1
        with translated(JournalError):
            async with self._redis.pipeline(transaction=True) as pipe:
                choice = keys.Choice(pipe, chosen, part.order)
                pipe.zcard(choice.key)
                if part.order == "newest":
                    pipe.zrevrange(choice.key, part.offset, last)
                else:
                    pipe.zrange(choice.key, part.offset, last)
                choice.drop()
                answers = await pipe.execute()
        at = next(i for i, answer in enumerate(answers) if isinstance(answer, list))
        return ([] if page and part.limit < 1 else answers[at]), int(answers[at - 1])

    async def _chosen(self, chosen: Filter) -> AsyncIterator[Row]:
        """The rows a filter chooses, oldest first, a batch at a time."""
        names, _ = await self._names(chosen, None)
        for at in range(0, len(names), _BATCH):
            for row in await self._rows(names[at : at + _BATCH]):
                yield row

    async def _rows(self, names: Sequence[str]) -> list[Row]:
        """The rows of these ids; those deleted meanwhile are left out."""
        with translated(JournalError):
            async with self._redis.pipeline(transaction=False) as pipe:
                for of in names:
                    pipe.hgetall(keys.exchange(of))
                return [_row(kept) for kept in await pipe.execute() if kept]

    async def _step(
        self, of: str, kind: Kind, step: Callable[[Case], Case], review: Review | None = None
    ) -> Case:
        """Change a case by a rule of the queue, unless somebody else was faster."""

        async def change(pipe: Pipeline) -> Case:
            row = await _watched(pipe, of)
            if row is None:
                raise ReviewError(f"there is no exchange {of}")
            before = case_of(row)
            after = step(before)
            pipe.multi()
            if after != before:
                _move(pipe, row, row_of_case(after))
                _tell(pipe, kind, of)
            if review is not None:
                pipe.rpush(keys.reviews(of), self._sealed_review(of, review))
            return after

        return await self._transact(change, keys.exchange(of))

    def _delete(self, of: str) -> Callable[[Pipeline], Awaitable[int]]:
        async def change(pipe: Pipeline) -> int:
            row = await _watched(pipe, of)
            pipe.multi()
            if row is None:
                return 0
            pipe.delete(keys.exchange(of), keys.reviews(of))
            for facet in keys.facets(row):
                pipe.srem(facet, of)
            pipe.zrem(keys.BY_AT, of)
            pipe.zrem(keys.BY_DUE, of)
            pipe.set(keys.gone(of), "1", ex=_GONE_SECONDS)
            _tell(pipe, "deleted", of)
            return 1

        return change

    def _reseal(self, of: str) -> Callable[[Pipeline], Awaitable[int]]:
        async def change(pipe: Pipeline) -> int:
            row = await _watched(pipe, of)
            kept: Any = await pipe.lrange(keys.reviews(of), 0, -1)
            pipe.multi()
            for at, text in enumerate(kept):
                if json.loads(text)[1] != self._vault.current:
                    pipe.lset(keys.reviews(of), at, self._sealed_review(of, self._opened_review(of, text)))
            if row is None or row["sealed_by"] == self._vault.current:
                return 0
            _put(pipe, of, resealed(row, self._vault))
            return 1

        return change

    async def _reseal_secret(self, pipe: Pipeline) -> None:
        kept: Any = await pipe.hget(keys.META, SECRET[1])
        pipe.multi()
        if kept:
            key, sealed = json.loads(kept)
            anew = self._sealed_secret(self._vault.open(key, *SECRET, sealed))
            pipe.hset(keys.META, SECRET[1], anew)
            await self._spool.remember(SECRET[1], anew)

    async def _transact(self, change: Callable[[Pipeline], Awaitable[Result]], *watched: str) -> Result:
        """Let `change` read, then queue what it writes; again from the start if a watched key changes."""
        with translated(JournalError):
            async with self._redis.pipeline(transaction=True) as pipe:
                while True:
                    try:
                        await pipe.watch(*watched)
                        result = await change(pipe)
                        await pipe.execute()
                    except WatchError:
                        continue
                    return result

    async def _last_position(self) -> str:
        with translated(JournalError):
            last: Any = await self._redis.xrevrange(keys.EVENTS, count=1)
        return str(last[0][0]) if last else "0-0"


async def _watched(pipe: Pipeline, of: str) -> Row | None:
    kept: Any = await pipe.hgetall(keys.exchange(of))
    return _row(kept) if kept else None


def _row(kept: Mapping[str, str]) -> Row:
    """A row from a hash, which has no columns that are None, and only text."""
    numbers = {column: int(kept[column]) for column in ("choice", "escalate")}
    return {**{column: kept.get(column) for column in COLUMNS}, **numbers}


def _put(pipe: Pipeline, of: str, columns: Row) -> None:
    """Write columns of a hash."""
    pipe.hset(keys.exchange(of), mapping=_text(columns))
    if absent := [column for column, value in columns.items() if value is None]:
        pipe.hdel(keys.exchange(of), *absent)


def _move(pipe: Pipeline, row: Row, columns: Row) -> None:
    """Write the columns of a case, and move it between the sets it is in."""
    _put(pipe, row["id"], columns)
    before, after = keys.facets(row), keys.facets({**row, **columns})
    for facet in before - after:
        pipe.srem(facet, row["id"])
    for facet in after - before:
        pipe.sadd(facet, row["id"])


def _tell(pipe: Pipeline, kind: Kind, of: str) -> None:
    """Leave word of an event; only the last of them are remembered."""
    pipe.xadd(keys.EVENTS, {"kind": kind, "exchange": of}, maxlen=EVENTS_KEPT, approximate=True)


def _link(entry: tuple[str, dict[str, str]]) -> Link:
    return link_of({"exchange": None, **entry[1]})


def _text(values: Mapping[str, Any]) -> dict[Any, Any]:
    return {name: value for name, value in values.items() if value is not None}
