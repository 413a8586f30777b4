"""Batcher: assessments for an event loop. Requests that come together share forward passes.

Nothing waits for company: a free worker at once takes what is there, so a lone request pays nothing for
batching, and under load each pass carries all the windows of like length that came in meanwhile.
Tokenising and encoding both happen off the event loop.
"""

import asyncio
import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from handrail.classifiers.assessment import Assessment, BehaviourReading, RiskReading
from handrail.classifiers.assessor import Assessor
from handrail.classifiers.encoder import Reading, like_lengths
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.windows import Window

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


class Batcher:
    """One assessor behind an event loop; an async context manager that owns its threads.

    Each reading raises whatever the encoder raised. Cancelling a caller frees its windows' places.
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
        await asyncio.gather(*self._running, return_exceptions=True)
        self._pool.shutdown(wait=True)

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

    async def assess(self, exchange: Exchange) -> Assessment:
        """Assess an exchange: both readings, together."""
        began = time.perf_counter()
        risk, behaviour = await asyncio.gather(
            self.read_risk(exchange.conversation), self.read_behaviour(exchange)
        )
        return Assessment(risk, behaviour, self.assessor.version, time.perf_counter() - began)

    async def _read_risk(self, conversation: Conversation) -> RiskReading:
        windows = await asyncio.to_thread(self.assessor.cut_conversation, conversation)
        return self.assessor.join_risk(windows, await self._read(windows))

    async def _read(self, windows: Sequence[Window]) -> list[Reading]:
        loop = asyncio.get_running_loop()
        now = loop.time()
        jobs = [_Job(now + at * _STEP_BACK, w, loop.create_future()) for at, w in enumerate(windows)]
        self._waiting = sorted([*self._waiting, *jobs], key=lambda job: job.turn)
        self._dispatch()
        return list(await asyncio.gather(*(job.future for job in jobs)))

    def _dispatch(self) -> None:
        self._waiting = [job for job in self._waiting if not job.future.done()]
        while self._idle and self._waiting:
            self._idle -= 1
            task = asyncio.create_task(self._run(self._take()))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _take(self) -> list[_Job]:
        """The window whose turn it is with those of like length, leaving idle workers their share."""
        share = -(-len(self._waiting) // (self._idle + 1))
        groups = like_lengths([len(job.window.ids) for job in self._waiting])
        oldest = next(group for group in groups if 0 in group)
        chosen = sorted(oldest)[: max(1, share)]
        jobs = [self._waiting[i] for i in chosen]
        self._waiting = [job for i, job in enumerate(self._waiting) if i not in set(chosen)]
        return jobs

    async def _run(self, jobs: Sequence[_Job]) -> None:
        try:
            await self._settle(jobs)
        finally:
            self._idle += 1
            self._dispatch()

    async def _settle(self, jobs: Sequence[_Job]) -> None:
        """Read the windows of some jobs. When that fails they are read one by one: only the guilty fail."""
        loop = asyncio.get_running_loop()
        try:
            windows = [job.window for job in jobs]
            readings = await loop.run_in_executor(self._pool, self.assessor.encoder.read, windows)
        except Exception as error:
            if len(jobs) > 1:
                for job in jobs:
                    await self._settle([job])
            elif not jobs[0].future.done():
                jobs[0].future.set_exception(error)
            return
        for job, reading in zip(jobs, readings, strict=True):
            if not job.future.done():
                job.future.set_result(reading)


def _key(conversation: Conversation) -> bytes:
    """A digest to remember a conversation by: its words are not kept."""
    digest = hashlib.sha256()
    for message in conversation.messages:
        content = message.content.encode("utf-8", "surrogatepass")
        digest.update(f"{message.role} {len(content)} ".encode() + content)
    return digest.digest()
