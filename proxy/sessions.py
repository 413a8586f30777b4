"""Sessions: whose turn a request is, what was carried to it, and what is kept of it.

A session is known by a name that the app gives (a header, or the user field of the request) or, without
one, by the person's earlier messages. Names and messages are kept as keyed hashes alone. Where nothing is
kept, or the store is away, the session is rebuilt from the history that the client sent.
"""

import hashlib
import json
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from handrail.classifiers.assessment import BehaviourReading, RiskReading
from handrail.classifiers.errors import SessionError, SettingsError
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.scheduler import Scheduler
from handrail.policies.session import (
    Read,
    SessionState,
    follow,
    heard,
    intervened,
    joined,
    passed,
    rebuild,
    turns_of,
)
from handrail.proxy.journal.pseudonym import Pseudonyms
from handrail.proxy.logs import logger
from handrail.proxy.metrics import Metrics
from handrail.proxy.session_store import Change, MemorySessions, SessionStore
from handrail.proxy.settings import Settings

_log = logger("sessions")

# Values of the setting that are no header's name.
BY_MESSAGES, BY_USER = "messages", "user"

# Readings of earlier replies that are remembered, and seconds for which a store that failed is left alone.
_REMEMBERED = 4096
_AWAY_SECONDS = 5.0

Result = TypeVar("Result")
Reading = Generator[Conversation | Exchange, Read, Result]


@dataclass(frozen=True, slots=True)
class Seat:
    """The session of one request, and the key under which it is kept."""

    key: str
    state: SessionState


class Sessions:
    """Sessions of everybody. Never raises for a store or a model that fails: there is just no session."""

    def __init__(
        self,
        scheduler: Scheduler,
        store: SessionStore,
        spare: MemorySessions,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`spare` stands in while `store` is away; `clock` gives Unix time."""
        self._scheduler = scheduler
        self._store = store
        self._spare = spare
        self._metrics = metrics
        self._clock = clock
        self._away_until = 0.0
        self._pseudonyms: Pseudonyms | None = None
        self._replies: OrderedDict[bytes, BehaviourReading] = OrderedDict()

    async def enter(self, conversation: Conversation, name: str | None = None) -> Seat | None:
        """Take a seat in the session of a name, or of the messages themselves; None when nobody spoke.

        What the newest message showed is read and kept before this returns.
        """
        try:
            turns = turns_of(conversation)
            if not turns:
                return None
            seen = _digests(conversation)
            if name is None:
                return await self._by_messages(turns, seen)
            return await self._by_name(turns, seen, name)
        except Exception as error:
            _log.error("session_unread", error=type(error).__name__)
            return None

    async def repaired(self, seat: Seat) -> None:
        """Take note that a reply was repaired."""
        await self._update(seat.key, lambda state: intervened(state or seat.state))

    async def close(self) -> None:
        """Close the store."""
        await self._store.close()

    async def _by_messages(self, turns: list[Conversation], seen: list[str]) -> Seat:
        base = await self._get(await self._key("messages", seen[-2])) if len(seen) > 1 else SessionState()
        if base is None:
            base = await self._drive(_rebuilt(turns))
        state = await self._drive(follow(turns[-1], base, self._clock(), seen[-1]))
        key = await self._key("messages", seen[-1])
        await self._update(key, lambda _: state)
        return Seat(key, state)

    async def _by_name(self, turns: list[Conversation], seen: list[str], name: str) -> Seat:
        key = await self._key("name", name)
        known = await self._get(key)
        if known is not None and known.trace.seen == seen[-1]:
            return Seat(key, _again(known))
        base = known
        if base is None or (len(seen) > 1 and base.trace.seen != seen[-2]):
            told = await self._drive(_rebuilt(turns))
            base = told if known is None else joined(known, told)
        at = self._clock()
        state = await self._drive(follow(turns[-1], base, at, seen[-1]))

        def change(latest: SessionState | None) -> SessionState:
            if latest is None or latest == known:
                return state
            # Another request of the same session was faster: its message counts as well.
            said = RiskReading(state.trace.present, state.trace.said)
            return heard(passed(latest, None, at, seen[-1]), said)

        return Seat(key, await self._update(key, change))

    async def _key(self, kind: str, name: str) -> str:
        pseudonyms = self._pseudonyms
        if pseudonyms is None:
            secret, shared = await self._secret()
            pseudonyms = Pseudonyms(secret)
            self._pseudonyms = pseudonyms if shared else None
        return pseudonyms.of(f"{kind}:{name}")

    async def _secret(self) -> tuple[bytes, bool]:
        """The secret of the pseudonyms, and whether it is the store's."""
        try:
            return await self._tried(self._store.secret()), True
        except SessionError:
            return await self._spare.secret(), False

    async def _get(self, key: str) -> SessionState | None:
        try:
            await self._bring_back(key)
            return await self._tried(self._store.get(key))
        except SessionError:
            return await self._spare.get(key)

    async def _bring_back(self, key: str) -> None:
        """Join what was heard of a session while the store was away to what is kept there."""
        heard = None if self._store is self._spare else await self._spare.get(key)
        if heard is not None:
            update = self._store.update(key, lambda known: joined(known, heard) if known else heard)
            await self._tried(update)
            self._spare.forget(key)

    async def _update(self, key: str, change: Change) -> SessionState:
        try:
            return await self._tried(self._store.update(key, change))
        except SessionError:
            return await self._spare.update(key, change)

    async def _tried(self, asking: Coroutine[None, None, Result]) -> Result:
        """What the store answers. A store that failed is left alone for a while: nobody waits for it."""
        if time.monotonic() < self._away_until:
            asking.close()
            raise SessionError("the store of sessions is away")
        try:
            return await asking
        except SessionError as error:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            self._metrics.session_errors.inc()
            _log.error("sessions_away", error=str(error))
            raise

    async def _drive(self, reading: Reading[Result]) -> Result:
        """Read what is asked for, until the result is there."""
        try:
            asked = next(reading)
            while True:
                asked = reading.send(await self._read(asked))
        except StopIteration as end:
            result: Result = end.value
            return result

    async def _read(self, asked: Conversation | Exchange) -> Read:
        """A reading, remembered by hash: of risk by the scheduler, of replies here."""
        if isinstance(asked, Conversation):
            return await self._scheduler.read_risk(asked)
        key = hashlib.sha256(_bytes(f"{asked.conversation.messages[-1].content}\0{asked.reply}")).digest()
        if key not in self._replies:
            self._replies[key] = await self._scheduler.read_behaviour(asked)
            if len(self._replies) > _REMEMBERED:
                self._replies.popitem(last=False)
        return self._replies[key]


def open_sessions(settings: Settings, scheduler: Scheduler, metrics: Metrics) -> Sessions:
    """Sessions as the settings say: in memory, or in Redis. Raises SettingsError when Redis can't be used."""
    given = settings.session_secret
    secret = given.get_secret_value().encode() if given else os.urandom(32)
    spare = MemorySessions(secret, settings.session_most, settings.session_seconds)
    if settings.redis_url is None:
        return Sessions(scheduler, spare, spare, metrics)
    try:
        from handrail.proxy.session_redis import RedisSessions  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise SettingsError("redis_url: needs the redis extra: pip install 'handrail[redis]'") from error
    store = RedisSessions(settings.redis_url.get_secret_value(), secret, settings.session_seconds)
    return Sessions(scheduler, store, spare, metrics)


def session_name(setting: str, headers: Mapping[str, str], body: bytes) -> str | None:
    """The name an app gave the session of a request, by the setting `session_key`; None where it did not."""
    if setting == BY_MESSAGES:
        return None
    if setting != BY_USER:
        return headers.get(setting) or None
    try:
        payload = json.loads(body)
        given = payload.get("user") or payload.get("metadata", {}).get("user_id")
    except (ValueError, AttributeError, RecursionError):
        return None
    return given if isinstance(given, str) and given else None


def _rebuilt(turns: list[Conversation]) -> Reading[SessionState]:
    """The session of all turns but the last."""
    return rebuild(turns[-2] if len(turns) > 1 else Conversation(()))


def _again(state: SessionState) -> SessionState:
    """The session of a message that was sent before: what was repaired then counts as not yet done."""
    if state.since_intervention != 0:
        return state
    return replace(state, interventions=state.interventions - 1, since_intervention=None)


def _digests(conversation: Conversation) -> list[str]:
    """For each of the person's messages a digest of it and of all before it."""
    digest = hashlib.sha256()
    found = []
    for text in conversation.said_by("user"):
        said = _bytes(text)
        digest.update(f"{len(said)} ".encode() + said)
        found.append(digest.hexdigest())
    return found


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
