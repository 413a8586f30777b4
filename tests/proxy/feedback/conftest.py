"""Journals of every kind with exchanges that people have reviewed."""

from datetime import timedelta
from typing import Any

from handrail.classifiers.labels import Harm
from handrail.policies.decision import Severity
from handrail.proxy.journal.journal import Journal
from handrail.proxy.journal.review import Review

from ..journal import conftest
from ..journal.conftest import NEW_YEAR, record

custody, opened, journal = conftest.custody, conftest.opened, conftest.journal

CRISIS = (Harm.CRISIS_MISHANDLING,)


async def judge(kept: Journal, name: str, *harms: tuple[Harm, ...], **more: Any) -> None:
    """Write an exchange, and have it read as often as there are harms: what each reader found."""
    await kept.write(record(name, **more))
    for at, found in enumerate(harms):
        who = f"reader{at}"
        await kept.claim(name, who)
        severity = Severity.HIGH if found else None
        review = Review(who, NEW_YEAR + timedelta(hours=6), found, severity, blind=at > 0)
        await kept.finish(name, review, again=len(harms) > 1 and at == 0)
