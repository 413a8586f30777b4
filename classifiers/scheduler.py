"""Scheduler: assessments for an event loop, on a few threads, in fair turns.

Windows of concurrent requests run beside each other, one a worker, and each as if it were alone: a
quantised pass takes one scale for all its windows, so sharing a pass would let a stranger's exchange move
a reading, and on processors it saves no time (measured: docs/performance.md). Tokenising and encoding
both happen off the event loop.
"""

import asyncio
import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from handrail.classifiers.assessment import UNREAD, Assessment, BehaviourReading, RiskReading
from handrail.classifiers.assessor import Assessor
from handrail.classifiers.encoder import Reading
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labels import Behaviour
from handrail.classifiers.progress import Progress, Stretch, moved
from handrail.classifiers.windows import Window

# Which behaviours can still matter, once the risk of the conversation is known.
Sought = Callable[[RiskReading], frozenset[Behaviour]]

_REMEMBERED = 4096

# Seconds by which each further window of a request stands back: a long conversation must not hold up the
# short ones that come after it.
_STEP_BACK = 0.02


@dataclass(frozen=True, slots=True)
class _Job:
    """A window to read, when its turn is, and who waits for it."""

    turn: float
    window: Window
    future: "asyncio.Future[Reading]"


class Scheduler:
    """One assessor behind an event loop; an async context manager that owns its threads.

    Each reading raises whatever the encoder raised. Cancelling who waits for a reply frees the places of its
    windows; a reading of risk goes on, for it is shared. Leaving waits for all that was asked.
    """

    def __init__(self, assessor: Assessor, workers: int | None = None) -> None:
        self.assessor = assessor
        self._idle = workers or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._idle, thread_name_prefix="encoder")
        self._waiting: list[_Job] = []
        self._running: set[asyncio.Task[None]] = set()
        self._risks: OrderedDict[bytes, asyncio.Task[RiskReading]] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.to_thread(self._pool.shutdown)

    async def read_risk(self, conversation: Conversation) -> RiskReading:
        """Read what a conversation signals; remembered, so that asking again costs nothing."""
        key = _key(conversation)
        task = self._risks.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.create_task(self._read_risk(conversation))
            self._risks[key] = task
            if len(self._risks) > _REMEMBERED:
                self._risks.popitem(last=False)
        self._risks.move_to_end(key)
        return await asyncio.shield(task)

    async def read_behaviour(self, exchange: Exchange) -> BehaviourReading:
        """Read what a reply does."""
        windows = await asyncio.to_thread(self.assessor.cut_exchange, exchange)
        return self.assessor.join_behaviour(windows, await self._read(windows))

    async def assess(
        self, exchange: Exchange, sought: Sought | None = None, progress: Progress | None = None
    ) -> Assessment:
        """Assess an exchange: the risk first, then what of the reply can still matter.

        `sought` says which behaviours that is; without it all do. Where none is left, or only ones that
        the sieve rules out, the reply is not read and the assessment says so. Windows that were read in
        `progress` are not read again.
        """
        began = time.perf_counter()
        risk = await self.read_risk(exchange.conversation)
        behaviour = await self._read_sought(exchange, sought(risk) if sought else None, progress)
        return Assessment(risk, behaviour, self.assessor.version, time.perf_counter() - began)

    async def assess_part(
        self, stretch: Stretch, progress: Progress, sought: Sought, *, forced: bool = False
    ) -> tuple[Assessment, int] | None:
        """Assess a reply that is still being written, as far as a stretch of it or not quite so far.

        Gives the assessment and the position it reaches; None while no reading can be afforded, unless it
        is `forced`.
        """
        began = time.perf_counter()
        risk = await self.read_risk(progress.conversation)
        read = await self._read_part(stretch, progress, sought(risk), forced=forced)
        if read is None:
            return None
        behaviour, end = read
        seconds = time.perf_counter() - began
        return Assessment(risk, behaviour, self.assessor.version, seconds), min(end, stretch.end)

    async def _read_part(
        self, stretch: Stretch, progress: Progress, wanted: frozenset[Behaviour], *, forced: bool
    ) -> tuple[BehaviourReading, int] | None:
        progress.take(stretch)
        if not wanted:
            return UNREAD, stretch.end
        if not (forced or progress.worth(stretch) or self.assessor.sieves(wanted)):
            return None
        windows = await asyncio.to_thread(progress.cut, stretch)
        if self.assessor.ruled_out(windows, wanted):
            return UNREAD, stretch.end
        full, end = await asyncio.to_thread(progress.fill)
        if full:
            return self.assessor.join_behaviour(full, await self._read(full, progress)), end
        if not forced and not await asyncio.to_thread(progress.affords, windows):
            return None
        progress.spend(windows)
        reading = self.assessor.join_behaviour(windows, await self._read(windows, progress))
        return moved(reading, stretch.start), stretch.end

    async def _read_sought(
        self, exchange: Exchange, wanted: frozenset[Behaviour] | None, progress: Progress | None
    ) -> BehaviourReading:
        if wanted is not None and not wanted:
            return UNREAD
        windows = await asyncio.to_thread(self.assessor.cut_exchange, exchange)
        if wanted is not None and self.assessor.ruled_out(windows, wanted):
            return UNREAD
        return self.assessor.join_behaviour(windows, await self._read(windows, progress))

    async def _read_risk(self, conversation: Conversation) -> RiskReading:
        windows = await asyncio.to_thread(self.assessor.cut_conversation, conversation)
        return self.assessor.join_risk(windows, await self._read(windows))

    async def _read(self, windows: Sequence[Window], progress: Progress | None = None) -> list[Reading]:
        """The readings of windows, in order; those already known to `progress` are not made again."""
        if progress is None:
            return await self._encode(windows)
        new = [w for w in windows if progress.known(w) is None]
        for window, reading in zip(new, await self._encode(new), strict=True):
            progress.keep(window, reading)
        return [found for w in windows if (found := progress.known(w)) is not None]

    async def _encode(self, windows: Sequence[Window]) -> list[Reading]:
        loop = asyncio.get_running_loop()
        now = loop.time()
        jobs = [_Job(now + at * _STEP_BACK, w, loop.create_future()) for at, w in enumerate(windows)]
        self._waiting = sorted([*self._waiting, *jobs], key=lambda job: job.turn)
        self._dispatch()
        try:
            return list(await asyncio.gather(*(job.future for job in jobs)))
        finally:
            # When one fails nobody waits for the others any more.
            for job in jobs:
                job.future.cancel()

    def _dispatch(self) -> None:
        self._waiting = [job for job in self._waiting if not job.future.done()]
        while self._idle and self._waiting:
            self._idle -= 1
            task = asyncio.create_task(self._run(self._waiting.pop(0)))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _run(self, job: _Job) -> None:
        loop = asyncio.get_running_loop()
        try:
            reading = await loop.run_in_executor(self._pool, self.assessor.encoder.read, job.window)
            if not job.future.done():
                job.future.set_result(reading)
        except Exception as error:
            if not job.future.done():
                job.future.set_exception(error)
        finally:
            self._idle += 1
            self._dispatch()


def _key(conversation: Conversation) -> bytes:
    """A digest to remember a conversation by: its words are not kept."""
    digest = hashlib.sha256()
    for message in conversation.messages:
        content = message.content.encode("utf-8", "surrogatepass")
        digest.update(f"{message.role} {len(content)} ".encode() + content)
    return digest.digest()
