import asyncio
import threading

import numpy as np
import pytest
from tokenizers import Tokenizer

from handrail.classifiers.assessor import Assessor, default_model_folder
from handrail.classifiers.encoder import Encoder, Reading
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labels import Behaviour
from handrail.classifiers.scheduler import Scheduler
from handrail.classifiers.sieve import Sieve
from handrail.classifiers.windows import Window


def _exchange(number: int) -> Exchange:
    conversation = Conversation.of([("user", f"I feel low today, number {number}")])
    return Exchange(conversation, "I'm sorry. " * (number % 5 + 1) + "Would you call your doctor?")


async def test_concurrent_requests_read_as_if_alone(assessor: Assessor) -> None:
    """Forty requests at once each get exactly the assessment they would get alone."""
    exchanges = [_exchange(n) for n in range(40)]
    async with Scheduler(assessor) as scheduler:
        found = await asyncio.gather(*(scheduler.assess(e) for e in exchanges))
    for exchange, assessment in zip(exchanges, found, strict=True):
        (alone,) = assessor.assess([exchange])
        assert (assessment.risk, assessment.behaviour) == (alone.risk, alone.behaviour)


class _CountingEncoder:
    """An encoder that notes the length of each window and the thread that read it."""

    def __init__(self, inner: Encoder) -> None:
        self.inner = inner
        self.lengths: list[int] = []
        self.threads: set[int] = set()

    def read(self, window: Window) -> Reading:
        self.lengths.append(len(window.ids))
        self.threads.add(threading.get_ident())
        return self.inner.read(window)


class _FailingEncoder:
    def read(self, window: Window) -> Reading:
        raise RuntimeError("no memory")


def _with_encoder(assessor: Assessor, encoder: object, sieve: Sieve | None = None) -> Assessor:
    tokenizer = Tokenizer.from_file(str(default_model_folder() / "tokenizer.json"))
    return Assessor(assessor.manifest, encoder, tokenizer, sieve)  # type: ignore[arg-type]


async def test_windows_are_read_off_the_loop(assessor: Assessor) -> None:
    """Thirty replies are read on the workers' threads, never on the event loop's."""
    encoder = _CountingEncoder(assessor.encoder)
    async with Scheduler(_with_encoder(assessor, encoder), workers=2) as scheduler:
        await asyncio.gather(*(scheduler.read_behaviour(_exchange(5)) for _ in range(30)))
    assert len(encoder.lengths) == 30
    assert len(encoder.threads) <= 2
    assert threading.get_ident() not in encoder.threads


@pytest.mark.parametrize(
    ("sought", "windows"), [(frozenset(), 1), (frozenset({Behaviour.DECLINES}), 2), (None, 2)]
)
async def test_a_reply_that_cannot_matter_is_not_read(
    assessor: Assessor, sought: frozenset[Behaviour] | None, windows: int
) -> None:
    """Where the risk leaves no behaviour to look for, only the conversation is read, and that is said."""
    encoder = _CountingEncoder(assessor.encoder)
    async with Scheduler(_with_encoder(assessor, encoder)) as scheduler:
        found = await scheduler.assess(_exchange(1), None if sought is None else lambda risk: sought)
    assert len(encoder.lengths) == windows
    assert found.behaviour.read == (windows == 2)


async def test_the_sieve_spares_what_cannot_stigmatise(assessor: Assessor) -> None:
    """Where only stigma is sought, a reply is read if and only if it passes the sieve."""
    pieces = {i for w in assessor.cut_exchange(_exchange(1)) for i in w.ids}
    weights = np.zeros(40_000, dtype=np.float32)
    weights[sorted(pieces)] = 1.0
    for least, read in ((1.0, True), (len(pieces) + 1, False)):
        sieved = _with_encoder(assessor, assessor.encoder, Sieve(weights, least))
        async with Scheduler(sieved) as scheduler:
            found = await scheduler.assess(_exchange(1), lambda risk: frozenset({Behaviour.STIGMATISES}))
        assert found.behaviour.read == read


async def test_risk_is_read_once(assessor: Assessor) -> None:
    """The same conversation asked about again, even at once, costs one reading."""
    encoder = _CountingEncoder(assessor.encoder)
    conversation = Conversation.of([("user", "hello")])
    async with Scheduler(_with_encoder(assessor, encoder)) as scheduler:
        await asyncio.gather(*(scheduler.read_risk(conversation) for _ in range(5)))
        await scheduler.read_risk(conversation)
    assert len(encoder.lengths) == 1


async def test_a_failure_reaches_its_callers_and_no_others(assessor: Assessor) -> None:
    """A failing pass raises for those it carried; the scheduler goes on working."""
    broken = _with_encoder(assessor, _FailingEncoder())
    async with Scheduler(broken) as scheduler:
        for _ in range(2):
            with pytest.raises(RuntimeError):
                await scheduler.read_behaviour(_exchange(1))
            with pytest.raises(RuntimeError):
                await scheduler.read_risk(_exchange(1).conversation)


async def test_a_cancelled_request_leaves_the_rest_alone(assessor: Assessor) -> None:
    """Cancelling one request does not disturb those that wait beside it."""
    async with Scheduler(assessor, workers=1) as scheduler:
        tasks = [asyncio.create_task(scheduler.read_behaviour(_exchange(n))) for n in range(8)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(found[3], asyncio.CancelledError)
    others = [f for f in found if not isinstance(f, BaseException)]
    assert len(others) == 7
    assert all(Behaviour.REFERS_TO_HELP in f.probabilities for f in others)


class _PickyEncoder:
    """An encoder that fails on windows of exactly this length."""

    def __init__(self, inner: Encoder, length: int) -> None:
        self.inner = inner
        self.length = length

    def read(self, window: Window) -> Reading:
        if len(window.ids) == self.length:
            raise RuntimeError("no memory")
        return self.inner.read(window)


async def test_only_the_guilty_fail(assessor: Assessor) -> None:
    """When the reading of one request fails, the others are still read."""
    exchanges = [Exchange(Conversation.of([("user", "hi")]), "word " * n) for n in (20, 20, 21, 20)]
    length = len(assessor.cut_exchange(exchanges[2])[0].ids)
    picky = _with_encoder(assessor, _PickyEncoder(assessor.encoder, length))
    async with Scheduler(picky, workers=1) as scheduler:
        tasks = (scheduler.read_behaviour(e) for e in exchanges)
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(f, RuntimeError) for f in found] == [False, False, True, False]


async def test_leaving_waits_for_all_that_was_asked(assessor: Assessor) -> None:
    """A shutdown with readings in the queue lets them end; none fails for it."""
    async with Scheduler(assessor, workers=1) as scheduler:
        tasks = [asyncio.create_task(scheduler.read_behaviour(_exchange(n))) for n in range(6)]
        await asyncio.sleep(0.01)
    found = await asyncio.gather(*tasks)
    assert len(found) == 6
