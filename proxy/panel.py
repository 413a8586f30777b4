"""Panel: puts a reply to the validators that a policy names, off the event loop, each within its time."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from prometheus_client import Counter

from handrail.classifiers.assessment import Assessment
from handrail.classifiers.exchange import Exchange
from handrail.policies.context import Context
from handrail.policies.decide import Decider
from handrail.proxy.logs import logger

_log = logger("panel")
# A validator that hangs keeps its thread; others still find one.
_THREADS = 8


class Panel:
    """Asks validators. Never raises for one that fails: the policy says what counts then."""

    def __init__(self, failures: Counter | None = None) -> None:
        self._failures = failures
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="validator")

    def close(self) -> None:
        """Wait for no validator any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def told(
        self, decider: Decider, exchange: Exchange, assessment: Assessment, context: Context
    ) -> Context:
        """The context with what validators say of the reply, as far as the decision depends on it."""
        names = sorted(decider.unasked(assessment, context))
        if not names:
            return context
        found = await asyncio.gather(*(self._failed(decider, name, exchange) for name in names))
        return replace(context, failed=_failing(names, found))

    async def _failed(self, decider: Decider, name: str, exchange: Exchange) -> bool:
        outside, loop = decider.policy.validators[name], asyncio.get_running_loop()
        try:
            asked = loop.run_in_executor(self._threads, decider.ask, name, exchange)
            return await asyncio.wait_for(asked, outside.seconds)
        except Exception as error:
            if self._failures:
                self._failures.labels(name).inc()
            _log.error("validator_failed", validator=name, error=type(error).__name__)
            return outside.on_error == "fail"


def _failing(names: Iterable[str], found: Iterable[bool]) -> frozenset[str]:
    return frozenset(name for name, failed in zip(names, found, strict=True) if failed)
