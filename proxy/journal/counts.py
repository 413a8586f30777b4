"""Counts: cases by state, severity, harm, rule, action and country, for a dashboard. Pure."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

from handrail.proxy.journal.queue import Case, State


@dataclass(slots=True)
class Counts:
    """How many cases there are in each respect; `overdue` by severity, `days` by date (UTC).

    `waited` has the hours from an exchange to the end of its review, one number a finished case.
    """

    total: int = 0
    escalations: int = 0
    unassigned: int = 0
    states: Counter[str] = field(default_factory=Counter)
    severities: Counter[str] = field(default_factory=Counter)
    overdue: Counter[str] = field(default_factory=Counter)
    harms: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    countries: Counter[str] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)
    waited: list[float] = field(default_factory=list)

    def add(self, case: Case, now: datetime) -> None:
        """Count one case."""
        severity = str(case.severity or "none")
        self.total += 1
        self.escalations += case.escalate
        self.unassigned += case.state in {State.NEW, State.SECOND}
        self.states[str(case.state)] += 1
        self.severities[severity] += 1
        self.overdue[severity] += case.overdue(now)
        self.harms.update(map(str, case.harms))
        self.rules.update(case.rules)
        self.actions[str(case.action or case.status)] += 1
        self.countries[case.country or "unknown"] += 1
        self.days[case.at.date().isoformat()] += 1
        if case.done_at is not None:
            self.waited.append((case.done_at - case.at).total_seconds() / 3600)


async def count(cases: AsyncIterator[Case], now: datetime) -> Counts:
    """Count all of these cases."""
    counts = Counts()
    async for case in cases:
        counts.add(case, now)
    return counts
