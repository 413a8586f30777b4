import asyncio
import threading
from typing import Any

import pytest
from tokenizers import Tokenizer

from handrail.classifiers.assessor import Assessor, default_model_folder
from handrail.classifiers.batcher import Batcher
from handrail.classifiers.encoder import Encoder, Reading
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labels import Behaviour


def _exchange(number: int) -> Exchange:
    conversation = Conversation.of([("user", f"I feel low today, number {number}")])
    return Exchange(conversation, "I'm sorry. " * (number % 5 + 1) + "Would you call your doctor?")


async def test_concurrent_requests_read_as_if_alone(assessor: Assessor) -> None:
    """Forty requests at once each get the assessment they would get alone."""
    exchanges = [_exchange(n) for n in range(40)]
    async with Batcher(assessor) as batcher:
        found = await asyncio.gather(*(batcher.assess(e) for e in exchanges))
    gaps = []
    for exchange, assessment in zip(exchanges, found, strict=True):
        (alone,) = assessor.assess([exchange])
        gaps += [
            abs(p - alone.behaviour.probabilities[b]) for b, p in assessment.behaviour.probabilities.items()
        ]
    # Dynamic quantisation takes one scale for a whole pass, so company moves a reading by its grain.
    assert sum(gaps) / len(gaps) < 0.03
    assert max(gaps) < 0.35


class _CountingEncoder:
    """An encoder that notes the size and the thread of each pass."""

    def __init__(self, inner: Encoder) -> None:
        self.inner = inner
        self.sizes: list[int] = []
        self.threads: set[int] = set()

    def read(self, windows: list[object]) -> list[Reading]:
        self.sizes.append(len(windows))
        self.threads.add(threading.get_ident())
        return self.inner.read(windows)  # type: ignore[arg-type]


class _FailingEncoder:
    def read(self, windows: list[object]) -> list[Reading]:
        raise RuntimeError("no memory")


def _with_encoder(assessor: Assessor, encoder: object) -> Assessor:
    tokenizer = Tokenizer.from_file(str(default_model_folder() / "tokenizer.json"))
    return Assessor(assessor.manifest, encoder, tokenizer)  # type: ignore[arg-type]


async def test_concurrent_requests_share_passes_off_the_loop(assessor: Assessor) -> None:
    """Requests that wait together are read together, and never on the event loop's thread."""
    encoder = _CountingEncoder(assessor.encoder)
    async with Batcher(_with_encoder(assessor, encoder), workers=1) as batcher:
        await asyncio.gather(*(batcher.read_behaviour(_exchange(5)) for _ in range(30)))
    assert sum(encoder.sizes) == 30
    assert len(encoder.sizes) < 15
    assert threading.get_ident() not in encoder.threads


async def test_risk_is_read_once(assessor: Assessor) -> None:
    """The same conversation asked about again, even at once, costs one reading."""
    encoder = _CountingEncoder(assessor.encoder)
    conversation = Conversation.of([("user", "hello")])
    async with Batcher(_with_encoder(assessor, encoder)) as batcher:
        await asyncio.gather(*(batcher.read_risk(conversation) for _ in range(5)))
        await batcher.read_risk(conversation)
    assert sum(encoder.sizes) == 1


async def test_a_failure_reaches_its_callers_and_no_others(assessor: Assessor) -> None:
    """A failing pass raises for those it carried; the batcher goes on working."""
    broken = _with_encoder(assessor, _FailingEncoder())
    async with Batcher(broken) as batcher:
        for _ in range(2):
            with pytest.raises(RuntimeError):
                await batcher.read_behaviour(_exchange(1))
            with pytest.raises(RuntimeError):
                await batcher.read_risk(_exchange(1).conversation)


async def test_a_cancelled_request_leaves_the_rest_alone(assessor: Assessor) -> None:
    """Cancelling one request does not disturb those that wait beside it."""
    async with Batcher(assessor, workers=1) as batcher:
        tasks = [asyncio.create_task(batcher.read_behaviour(_exchange(n))) for n in range(8)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(found[3], asyncio.CancelledError)
    others = [f for f in found if not isinstance(f, BaseException)]
    assert len(others) == 7
    assert all(Behaviour.REFERS_TO_HELP in f.probabilities for f in others)


class _PickyEncoder:
    """An encoder that fails whenever a window of exactly this length is in the pass."""

    def __init__(self, inner: Encoder, length: int) -> None:
        self.inner = inner
        self.length = length

    def read(self, windows: list[Any]) -> list[Reading]:
        if any(len(w.ids) == self.length for w in windows):
            raise RuntimeError("no memory")
        return self.inner.read(windows)


async def test_only_the_guilty_fail(assessor: Assessor) -> None:
    """When a shared pass fails because of one request, the others are still read."""
    exchanges = [Exchange(Conversation.of([("user", "hi")]), "word " * n) for n in (20, 20, 21, 20)]
    length = len(assessor.cut_exchange(exchanges[2])[0].ids)
    picky = _with_encoder(assessor, _PickyEncoder(assessor.encoder, length))
    async with Batcher(picky, workers=1) as batcher:
        tasks = (batcher.read_behaviour(e) for e in exchanges)
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(f, RuntimeError) for f in found] == [False, False, True, False]
