"""Turn: one request on its way, and the account of its replies: each is concluded exactly once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import aiohttp
from aiohttp import web

from handrail.classifiers.errors import UpstreamError
from handrail.classifiers.progress import Progress
from handrail.proxy.answers import Answer
from handrail.proxy.dialects.dialect import Asked, Dialect, WholeAnswer
from handrail.proxy.guard import Guard, Verdict
from handrail.proxy.history import History
from handrail.proxy.journal.record import Delivery, Origin
from handrail.proxy.sessions import Seat
from handrail.proxy.stream import ReplyStream

# Codes of what an upstream answers that can't be judged, and still could be shown.
UNREADABLE = frozenset({"upstream_invalid", "upstream_too_large"})


# Asks for a reply once more where a verdict says so (regenerate.py).
Again = Callable[[Verdict], Awaitable[tuple[Verdict, WholeAnswer | None]]]


@dataclass(slots=True)
class Turn:
    """What was asked, where it came from, and the replies concluded so far.

    However often a reply is said to be judged, skipped or lost, the first word counts: a reply is counted
    once as screened, unscreened or failed.
    """

    request: web.Request
    dialect: Dialect
    asked: Asked
    body: bytes
    origin: Origin
    answer: Answer
    guard: Guard
    stream: ReplyStream | None = None
    again: Again | None = None
    # Whether it is only watched: what was decided is recorded, and was not done.
    shadow: bool = False
    # The name that the app gave the session, if any.
    session: str | None = None
    _seat: "asyncio.Task[Seat | None] | None" = None
    _progress: dict[int, Progress] = field(default_factory=dict)
    _concluded: set[int] = field(default_factory=set)
    _delivered: dict[int, str] = field(default_factory=dict)
    # What was found in parts of replies that are not concluded yet, and what had been delivered by then.
    _pending: dict[int, tuple[Verdict, str]] = field(default_factory=dict)

    async def sit(self) -> None:
        """Enter the session, once: from here on the origin's context has it, and the place that was told."""
        if self._seat is None:
            entering = self.guard.sessions.enter(self.asked.conversation, self.session)
            self._seat = asyncio.create_task(entering)
        seat = await asyncio.shield(self._seat)
        context = self.guard.decider.placed(self.origin.context, self.asked.conversation)
        if seat is None:
            self.origin = replace(self.origin, context=context)
        else:
            context = replace(context, session=seat.state)
            self.origin = replace(self.origin, context=context, session=seat.key)

    async def conclude(self, index: int, reply: str, delivered: str, verdict: Verdict) -> None:
        """Count a reply that was decided on. What was flagged is durable when this returns."""
        if index in self._concluded:
            return
        self._concluded.add(index)
        would = delivered if self.shadow else None
        shown = self._delivered[index] = reply if self.shadow else delivered
        delivery = Delivery(index, self.asked.conversation, reply, shown, would, verdict.drafts)
        await self.guard.conclude(self.origin, delivery, verdict)
        if shown != reply:
            await self._repaired()

    async def settle(self, verdict: Verdict) -> tuple[Verdict, WholeAnswer | None]:
        """The verdict once a reply to be regenerated has been, and the new answer if it came whole."""
        return await self.again(verdict) if self.again else (verdict, None)

    def progress(self, index: int) -> Progress:
        """What of a reply has been read so far."""
        return self._progress.setdefault(
            index, self.guard.progress(self.asked.conversation, self.origin.context)
        )

    async def _repaired(self) -> None:
        seat = await asyncio.shield(self._seat) if self._seat else None
        if seat is not None:
            await self.guard.sessions.repaired(seat)

    def note(self, index: int, verdict: Verdict, delivered: str) -> None:
        """Keep what was found in a part of a reply, should the whole never be judged."""
        self._pending[index] = (verdict, delivered)

    def skip(self, index: int, reason: str) -> None:
        """Count a reply that was passed on unjudged."""
        if index not in self._concluded:
            self._concluded.add(index)
            self.guard.skip(self.origin, reason)

    def skip_all(self, reason: str) -> None:
        """Count all replies that are not concluded yet as passed on unjudged."""
        for index in self._expected():
            self.skip(index, reason)

    def skip_unread(self, stream: ReplyStream) -> None:
        """Count the voices of a stream that held nothing to judge."""
        for index, unread in stream.voices.items():
            self.skip(index, unread or "unknown")

    async def drop(self, reason: str) -> None:
        """Count the replies that never reached a verdict as failed; record what had been found in them."""
        await self.conclude_pending()
        for index in self._expected() - self._concluded:
            self._concluded.add(index)
            self.guard.lose(self.origin, reason)

    async def conclude_pending(self) -> None:
        """Record what was found in parts of replies whose whole will not be judged."""
        for index, (verdict, delivered) in self._pending.items():
            if self.stream:
                await self.conclude(index, self.stream.text(index), delivered, verdict)

    def _expected(self) -> set[int]:
        """The replies asked for, and those that came."""
        came = set(self.stream.voices) if self.stream else set()
        return came | set(range(self.asked.count))

    def delivered(self, index: int) -> str:
        """What the person was sent of a reply that is concluded."""
        return self._delivered.get(index, "")

    def remember(self, history: History, name: str | None) -> None:
        """Keep what was said, as the person knows it, for a request that refers to this answer."""
        if name:
            history.keep(name, self.asked.conversation, self._delivered.get(0, ""))


def check_size(size: int, most: int) -> None:
    """Raise UpstreamError for an answer larger than is read."""
    if size > most:
        raise UpstreamError("The model server's answer was too large.", 502, "upstream_too_large")


async def let_by(turn: Turn, got: aiohttp.ClientResponse, held: bytes, reason: str) -> None:
    """Pass on an answer that can't be judged, what was held of it and the rest; count it as unscreened."""
    await turn.conclude_pending()
    turn.skip_all(reason)
    await turn.answer.write(held)
    async for data in got.content.iter_any():
        await turn.answer.write(data)
    await turn.answer.finish()
