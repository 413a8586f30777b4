"""Reload: puts a changed policy, its texts and resources in force while requests are being answered."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from handrail.classifiers.errors import PolicyError
from handrail.policies.languages import texts_files
from handrail.policies.load import load_decider
from handrail.policies.resources import resources_path
from handrail.policies.source import default_policy_path, read_source
from handrail.policies.thresholds import Levels
from handrail.proxy.live import Live
from handrail.proxy.logs import logger
from handrail.proxy.settings import Settings

_log = logger("reload")

Stamp = tuple[tuple[str, int, int, int], ...]


class Reloader:
    """Looks after the files a policy is read from. What is wrong in them changes nothing.

    A new policy is read and checked whole, then takes the old one's place in one step; requests under way
    end under the policy they began with.
    """

    def __init__(self, settings: Settings, levels: Levels, live: Live) -> None:
        self._settings = settings
        self._levels = levels
        self._live = live
        self._policies = self._policy_files()
        self._stamp = self._taken_down()
        self._turn = asyncio.Lock()
        self.refused: str | None = None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Reload whenever a file changes, and on SIGHUP, until this is left."""
        loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()

        def hangup() -> None:
            tasks.add(task := asyncio.create_task(self.reload()))
            task.add_done_callback(tasks.discard)

        if self._settings.reload_seconds:
            tasks.add(asyncio.create_task(self._watch()))
        restore = _on_hangup(loop, hangup)
        try:
            yield
        finally:
            restore()
            for task in list(tasks):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def reload(self) -> None:
        """Read everything again, whether or not it has changed."""
        async with self._turn:
            await asyncio.to_thread(self._look)
            await self._load()

    async def look(self) -> None:
        """Read everything again if a file has changed since it was last read."""
        async with self._turn:
            if await asyncio.to_thread(self._look):
                await self._load()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._settings.reload_seconds)
            await self.look()

    def _look(self) -> bool:
        """Whether a file is other than before; taken down first, so that no later change can be missed."""
        before, self._stamp = self._stamp, self._taken_down()
        return before != self._stamp

    async def _load(self) -> None:
        settings, metrics = self._settings, self._live.guard.metrics
        paths = (settings.policy_path, settings.texts_path, settings.resources_path)
        try:
            decider = await asyncio.to_thread(load_decider, self._levels, *paths)
        except PolicyError as error:
            self.refused = str(error)
            metrics.policy_reloads.labels("refused").inc()
            _log.error("policy_refused", error=str(error), kept=self._live.guard.decider.policy_hash)
            return
        before = self._live.guard.decider.policy_hash
        self._live.put(decider)
        self.refused = None
        # It may extend other files than before. Should one of these change now, the next look sees it.
        self._policies = await asyncio.to_thread(self._policy_files)
        metrics.policy_reloads.labels("loaded").inc()
        _log.info("policy_loaded", policy=decider.policy_hash, before=before)

    def _policy_files(self) -> tuple[Path, ...]:
        path = self._settings.policy_path or default_policy_path()
        try:
            return read_source(path).paths
        except PolicyError:
            return (path,)

    def _taken_down(self) -> Stamp:
        """What changes when a file does, or when one comes or goes."""
        settings = self._settings
        resources = settings.resources_path or resources_path()
        found = []
        for path in (*self._policies, *texts_files(settings.texts_path), resources):
            with suppress(OSError):
                state = path.stat()
                found.append((str(path), state.st_mtime_ns, state.st_size, state.st_ino))
        return tuple(found)


def _on_hangup(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> Callable[[], None]:
    """Act on SIGHUP where the loop may: only one on the main thread can. Gives what undoes it."""
    try:
        loop.add_signal_handler(signal.SIGHUP, act)
    except (RuntimeError, ValueError, NotImplementedError):
        return lambda: None
    return partial(_undo, loop)


def _undo(loop: asyncio.AbstractEventLoop) -> None:
    loop.remove_signal_handler(signal.SIGHUP)
