"""A journal of exchanges that the shipped model read, reviewed by people who always agree with the corpus."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.corpus.rows import LabelledReply, Scenario
from handrail.classifiers.exchange import Exchange
from handrail.policies.context import NOWHERE
from handrail.policies.decide import Decider
from handrail.policies.decision import Severity
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.record import Delivery, Origin, screened
from handrail.proxy.journal.review import Review
from handrail.proxy.journal.sqlite import SqliteJournal

from ..journal.conftest import NEW_YEAR


async def fill(path: Path, scenarios: Sequence[Scenario], assessor: Assessor, decider: Decider) -> int:
    """Flag what the policy flags, an hour after the other, and review it by the corpus; give how many."""
    journal = SqliteJournal(path)
    await journal.open()
    total = 0
    for scenario in scenarios:
        for at, reply in enumerate(scenario.clear_replies):
            total += await _write(journal, f"{scenario.id}-{at}", scenario, reply, (assessor, decider, total))
    await journal.close()
    return total


async def _write(
    journal: Journal,
    name: str,
    scenario: Scenario,
    reply: LabelledReply,
    judged_by: tuple[Assessor, Decider, int],
) -> bool:
    assessor, decider, hour = judged_by
    exchange = Exchange(scenario.conversation, reply.text)
    (assessment,) = assessor.assess([exchange])
    decision = decider.decide(scenario.conversation, assessment, reply=reply.text)
    if not decision.flagged:
        return False
    at = NEW_YEAR + timedelta(hours=hour)
    origin = Origin(name, "openai_chat", "/v1/chat/completions", at, NOWHERE)
    delivery = Delivery(0, scenario.conversation, reply.text, decision.delivered(reply.text))
    await journal.write(screened(origin, delivery, assessment, decision))
    severity = Severity.MEDIUM if reply.harms else None
    await journal.claim(f"{name}.0", "ada")
    await journal.finish(
        f"{name}.0", Review("ada", at + timedelta(hours=2), reply.harms, severity, repair_right=True)
    )
    return True
