import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation
from handrail.classifiers.scheduler import Scheduler
from handrail.policies.context import NOWHERE
from handrail.policies.decide import Decider
from handrail.policies.decision import Action
from handrail.proxy.guard import Guard
from handrail.proxy.journal.record import Delivery, Origin, Record
from handrail.proxy.journal.sqlite import SqliteJournal
from handrail.proxy.metrics import Metrics
from handrail.proxy.sessions import open_sessions
from handrail.proxy.settings import Settings

from .conftest import HARMFUL_MESSAGE, HARMFUL_REPLY

SAID = Conversation.of([("user", HARMFUL_MESSAGE)])


class BrokenAssessor(Assessor):
    """A model that fails at every reading, as one out of memory would."""

    def cut_exchange(self, exchange: Any) -> Any:
        raise MemoryError(exchange.reply)

    def cut_conversation(self, conversation: Any) -> Any:
        raise MemoryError(conversation)


@pytest.fixture
def broken() -> Assessor:
    return BrokenAssessor.load()


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    return settings_for("http://127.0.0.1:9")


async def test_a_failing_classifier_closes(
    broken: Assessor, decider: Decider, settings: Settings, tmp_path: Path, logged: Callable[[], str]
) -> None:
    """When the model fails the reply is withheld for an honest text, recorded as failed with the reason."""
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    async with Scheduler(broken) as scheduler:
        metrics = Metrics()
        guard = Guard(scheduler, decider, journal, metrics, open_sessions(settings, scheduler, metrics))
        assert await guard.hold(SAID, NOWHERE) == "reply"
        verdict = await guard.judge(SAID, HARMFUL_REPLY, NOWHERE)
        origin = Origin.now("openai_chat", "/v1/chat/completions")
        delivery = Delivery(0, SAID, HARMFUL_REPLY, verdict.decision.text)
        await guard.conclude(origin, delivery, verdict)
    assert verdict.decision.action == Action.REPLACE
    assert "safety check" in verdict.decision.text or "unchecked" in verdict.decision.text
    (record,) = await journal.latest(2)
    assert (record.status, record.reason, record.assessment) == ("failed", "MemoryError", None)
    assert b'handrail_replies_total{detail="classifier",outcome="failed"} 1.0' in guard.metrics.render()
    said = logged()
    assert "reply_unjudged" in said
    assert "quarry" not in said
    await journal.close()


async def test_a_failing_journal_is_counted_and_the_repair_still_sent(
    assessor: Assessor, decider: Decider, settings: Settings, tmp_path: Path
) -> None:
    """When the journal can't be written the person still gets the safe reply, and the loss is counted."""
    journal = SqliteJournal(tmp_path / "journal.db")
    await journal.open()
    await journal.close()
    async with Scheduler(assessor) as scheduler:
        metrics = Metrics()
        guard = Guard(scheduler, decider, journal, metrics, open_sessions(settings, scheduler, metrics))
        verdict = await guard.judge(SAID, HARMFUL_REPLY, NOWHERE)
        origin = Origin.now("openai_chat", "/v1/chat/completions")
        await guard.conclude(origin, Delivery(0, SAID, HARMFUL_REPLY, verdict.decision.text), verdict)
    assert verdict.decision.action == Action.REPLACE
    assert b"handrail_journal_errors_total 1.0" in guard.metrics.render()


class WaitingJournal(SqliteJournal):
    """A journal that takes its time."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked, self.ready = asyncio.Event(), asyncio.Event()

    async def write(self, record: Record) -> None:
        self.asked.set()
        await self.ready.wait()
        await super().write(record)


async def test_who_leaves_while_it_is_written_leaves_a_record(
    assessor: Assessor, decider: Decider, settings: Settings, tmp_path: Path
) -> None:
    """A flagged exchange that is being written is written, though the client goes and its task ends."""
    journal = WaitingJournal(tmp_path / "journal.db")
    await journal.open()
    async with Scheduler(assessor) as scheduler:
        metrics = Metrics()
        guard = Guard(scheduler, decider, journal, metrics, open_sessions(settings, scheduler, metrics))
        verdict = await guard.judge(SAID, HARMFUL_REPLY, NOWHERE)
        origin = Origin.now("openai_chat", "/v1/chat/completions")
        delivery = Delivery(0, SAID, HARMFUL_REPLY, verdict.decision.text)
        concluding = asyncio.create_task(guard.conclude(origin, delivery, verdict))
        await journal.asked.wait()
        concluding.cancel()
        journal.ready.set()
        with pytest.raises(asyncio.CancelledError):
            await concluding
    (record,) = await journal.latest(2)
    assert record.reply == HARMFUL_REPLY
    await journal.close()
