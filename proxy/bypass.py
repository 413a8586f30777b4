"""Bypass: chats passed on as they are, unread, or read afterwards for the record alone.

In shadow the bytes go by and a copy is kept; once the answer has ended, a task of its own reads, judges and
records it. So a slow or failing classifier can't delay a byte, and nothing that a reader does can change one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from aiohttp import web
from prometheus_client import Counter

from handrail.classifiers.errors import RequestError, UpstreamError
from handrail.policies.context import Context
from handrail.proxy.answers import Answer
from handrail.proxy.asker import read_context
from handrail.proxy.codings import decoded
from handrail.proxy.dialects.dialect import Dialect
from handrail.proxy.history import History, with_history
from handrail.proxy.journal.record import Origin
from handrail.proxy.limits import Limits
from handrail.proxy.live import Live
from handrail.proxy.logs import logger
from handrail.proxy.relay import Relay, Seen
from handrail.proxy.sessions import session_name
from handrail.proxy.settings import Settings
from handrail.proxy.stream import ReplyStream
from handrail.proxy.streamed import judge_broken, settle
from handrail.proxy.turn import Turn
from handrail.proxy.whole import judge_replies

_log = logger("bypass")

# Bytes of answers that may wait for a shadow reading; past that an answer is counted as unscreened.
_MOST_WAITING = 64 * 2**20


@dataclass(frozen=True, slots=True)
class _Taken:
    """A request's body: what there is of it in memory, and all of it, to be sent on."""

    known: bytes
    whole: bool
    body: bytes | AsyncIterator[bytes]


class Bypass:
    """Handles chats whose bytes are left alone. Close it when done: what waits to be read is read first."""

    def __init__(self, settings: Settings, relay: Relay, live: Live, history: History) -> None:
        self._settings = settings
        self._relay = relay
        self._live = live
        self._history = history
        self._limits = Limits(settings)
        self._waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @cached_property
    def _off(self) -> Counter:
        """The chats that were not read because the mode of their path is off."""
        return self._live.guard.metrics.replies.labels("unscreened", "off")

    async def close(self) -> None:
        """Wait for the readings that are under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def unread(
        self, request: web.Request, dialect: Dialect, reason: str, body: bytes | None = None
    ) -> web.StreamResponse:
        """Pass a chat on unread; its reply counts as unscreened for the reason given."""
        seen = Seen(0)
        taken = body if body is not None else (await self._take(request)).body
        try:
            return await self._relay.handle(request, dialect, taken, seen)
        finally:
            if reason == "off" and seen.failure is None:
                # As the operator wishes, for every chat: it is counted, and not worth a line in the log.
                self._off.inc()
            else:
                self._count(self._origin(request, dialect), seen, reason, 1)

    async def shadow(self, request: web.Request, dialect: Dialect) -> web.StreamResponse:
        """Pass a chat on untouched; judge what was said once it has been."""
        taken = await self._take(request)
        seen = Seen(self._settings.max_reply_bytes)
        try:
            return await self._relay.handle(request, dialect, taken.body, seen)
        finally:
            self._read_later(request, dialect, taken, seen)

    async def _take(self, request: web.Request) -> _Taken:
        """Read a request's body; one that is too large to keep is passed on while it comes."""
        arrived = self._limits.arrived(request)
        if arrived is not None and len(arrived) <= self._settings.max_body_bytes:
            return _Taken(arrived, True, arrived)
        known = bytearray(arrived or b"")
        chunks = self._limits.upload(request)
        async for data in chunks:
            known += data
            if len(known) > self._settings.max_body_bytes:
                return _Taken(b"", False, _after(bytes(known), chunks))
        return _Taken(bytes(known), True, bytes(known))

    def _read_later(self, request: web.Request, dialect: Dialect, taken: _Taken, seen: Seen) -> None:
        origin = self._origin(request, dialect)
        if not taken.whole:
            return self._count(origin, seen, "request_too_large", 1)
        try:
            asked = dialect.read_request(taken.known)
        except RequestError:
            return self._count(origin, seen, "request_unread", 1)
        size = len(taken.known) + len(seen.body)
        reason = "too_large" if seen.cropped else "backlog" if self._waiting + size > _MOST_WAITING else None
        if reason or not seen.body:
            return self._count(origin, seen, reason or "upstream_silent", asked.count)
        self._waiting += size
        answer = Answer(request, self._settings.client_timeout)
        turn = Turn(request, dialect, asked, b"", origin, answer, self._live.guard, shadow=True)
        turn.session = session_name(self._settings.session_key, request.headers, taken.known)
        task = asyncio.create_task(self._read(turn, seen, size))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return None

    async def _read(self, turn: Turn, seen: Seen, size: int) -> None:
        try:
            turn.asked = with_history(self._history, turn.asked, turn.origin)
            await self._judge(turn, seen)
        except (UpstreamError, ValueError) as error:
            _skip(turn, seen, error.code if isinstance(error, UpstreamError) else "unreadable_coding")
        except Exception as error:
            _log.error("shadow_failed", exchange=turn.origin.id, error=type(error).__name__)
            _skip(turn, seen, "internal_error")
        finally:
            self._waiting -= size
            await turn.drop(seen.failure or "upstream_silent")

    async def _judge(self, turn: Turn, seen: Seen) -> None:
        coding = seen.headers.get("Content-Encoding", "")
        body = await asyncio.to_thread(decoded, bytes(seen.body), coding, self._settings.max_reply_bytes)
        if seen.content_type == turn.dialect.stream_type:
            await self._judge_stream(turn, body, broken=seen.failure is not None)
        elif seen.failure is None:
            reply = turn.dialect.read_reply(body)
            await judge_replies(turn, reply)
            turn.remember(self._history, reply.id)

    async def _judge_stream(self, turn: Turn, body: bytes, *, broken: bool) -> None:
        """Judge what was streamed; of an answer that broke off, what there is of it."""
        scribe, most = turn.dialect.scribe(turn.origin.id), self._settings.max_reply_bytes
        stream = turn.stream = ReplyStream(scribe, "reply", most, turn.asked.count)
        await asyncio.to_thread(_fill, stream, turn.dialect, body)
        if broken:
            return await judge_broken(turn, stream)
        stream.end()
        await settle(turn, stream)
        turn.skip_unread(stream)
        turn.remember(self._history, stream.answer)
        return None

    def _origin(self, request: web.Request, dialect: Dialect) -> Origin:
        context = Context(route=request.path)
        guard = self._live.guard
        directory = guard.decider.directory
        with suppress(RequestError):
            context = read_context(
                request.headers, request.path, self._settings, directory, datetime.now(UTC)
            )
        return Origin.now(dialect.name, request.path, context, guard.user_of(request.headers))

    def _count(self, origin: Origin, seen: Seen, reason: str, replies: int) -> None:
        """Count replies that are not read: unscreened, unless they never came."""
        for _ in range(replies):
            if seen.failure is not None:
                self._live.guard.lose(origin, seen.failure)
            else:
                self._live.guard.skip(origin, reason)


def _skip(turn: Turn, seen: Seen, reason: str) -> None:
    """Count what can't be read; what never came whole counts as failed instead."""
    if seen.failure is None:
        turn.skip_all(reason)


def _fill(stream: ReplyStream, dialect: Dialect, body: bytes) -> None:
    decoder = dialect.decoder()
    for frame in (*decoder.feed(body), *decoder.flush()):
        stream.receive(frame)


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for data in rest:
        yield data
