from collections.abc import Iterator

import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.classifiers.labels import BEHAVIOURS
from handrail.classifiers.progress import Progress, Stretch
from handrail.classifiers.scheduler import Scheduler
from handrail.classifiers.sentences import sentence_ends

SAID = Conversation.of([("user", "I have not slept since Tuesday and I feel better than ever.")])
SENTENCE = "It sounds as if **a lot** is happening at once, and I wonder how you're sleeping: these days? "
ODD = "Ünïcödé 🙂 s l e e p — «well», ３０ 日 你好。"


def everything(risk: object) -> frozenset[str]:
    return frozenset(BEHAVIOURS)


def varied(text: str, count: int) -> str:
    """A text so many times, no two alike."""
    return "".join(f"{at} {text}" for at in range(count))


def stretches(reply: str) -> Iterator[Stretch]:
    """The sentences of a reply, each with a little of what stands before it."""
    for end in sentence_ends(reply):
        start = max(0, end - 400)
        yield Stretch(reply[start:end], start, end)


async def follow(scheduler: Scheduler, reply: str) -> tuple[Progress, int]:
    """Read a reply as it is written; the progress, and the tokens of one reading of the whole."""
    progress = Progress(scheduler.assessor, SAID)
    for stretch in stretches(reply):
        await scheduler.assess_part(stretch, progress, everything)  # type: ignore[arg-type]
    whole = Exchange(SAID, reply)
    streamed = await scheduler.assess(whole, None, progress)
    alone = await scheduler.assess(whole)
    assert streamed.behaviour == alone.behaviour
    return progress, sum(len(w.ids) for w in scheduler.assessor.cut_exchange(whole))


@pytest.mark.parametrize("text", [SENTENCE, SENTENCE + ODD, "word" * 30 + ". ", "你好，我在这里。"])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 20, 60])
async def test_the_whole_reads_the_same_and_costs_at_most_twice(
    assessor: Assessor, text: str, count: int
) -> None:
    """Read as it is written, a reply gets the very reading it gets alone, at twice the tokens at most."""
    async with Scheduler(assessor, workers=1) as scheduler:
        progress, whole = await follow(scheduler, varied(text, count))
        assert progress.encoded <= 2 * whole


async def test_the_windows_of_a_long_reply_are_read_once(assessor: Assessor) -> None:
    """Of a long reply only the stretches cost more than one reading of the whole."""
    async with Scheduler(assessor, workers=1) as scheduler:
        progress, whole = await follow(scheduler, varied(SENTENCE, 100))
        assert progress.encoded == whole + progress.stretches


async def test_a_stretch_that_cant_be_afforded_waits(assessor: Assessor) -> None:
    """The first stretch is read at once; the next is not, unless it must be."""
    first, second = Stretch(SENTENCE, 0, 96), Stretch(SENTENCE * 2, 0, 192)
    progress = Progress(assessor, SAID)
    async with Scheduler(assessor, workers=1) as scheduler:
        read = await scheduler.assess_part(first, progress, everything)  # type: ignore[arg-type]
        assert read is not None
        assert read[1] == 96
        assert await scheduler.assess_part(second, progress, everything) is None  # type: ignore[arg-type]
        forced = await scheduler.assess_part(second, progress, everything, forced=True)  # type: ignore[arg-type]
        assert forced is not None


async def test_what_nobody_seeks_costs_nothing(assessor: Assessor) -> None:
    """Where nothing a reply does can matter, its parts are let by unread."""
    progress = Progress(assessor, SAID)
    async with Scheduler(assessor, workers=1) as scheduler:
        for stretch in stretches(SENTENCE * 40):
            read = await scheduler.assess_part(stretch, progress, lambda risk: frozenset())
            assert read is not None
            assert not read[0].behaviour.read
    assert progress.encoded == 0
