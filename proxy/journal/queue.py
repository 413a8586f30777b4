"""Queue: flagged exchanges in the order in which somebody should look, and the steps of a review. Pure.

A case is new, is claimed by one reviewer, and is done; one that is drawn for a second, blind reading waits
for it in between, and its first reader can't claim it again. The rules stand here once; every journal
applies them in a transaction of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from handrail.classifiers.errors import ReviewError
from handrail.classifiers.labels import Harm
from handrail.policies.decision import Action, Severity

Order = Literal["due", "newest", "oldest"]


class State(StrEnum):
    """Where a case stands."""

    NEW = "new"
    CLAIMED = "claimed"
    SECOND = "second"
    DONE = "done"


OPEN: frozenset[State] = frozenset({State.NEW, State.CLAIMED, State.SECOND})
# Hours within which somebody should have looked. A reply that could not be judged has no severity.
SLA_HOURS: Mapping[Severity | None, float] = MappingProxyType(
    {Severity.CRITICAL: 1, Severity.HIGH: 8, Severity.MEDIUM: 72, Severity.LOW: 168, None: 72}
)


@dataclass(frozen=True, slots=True)
class Case:
    """A flagged exchange as the queue shows it: everything but the words.

    `due` is when somebody should have looked at the latest; `readers` are those who have reviewed it, in
    that order. `user` and `session` are pseudonyms.
    """

    id: str
    at: datetime
    status: str
    action: Action | None
    severity: Severity | None
    escalate: bool
    harms: tuple[Harm, ...]
    rules: tuple[str, ...]
    country: str | None
    locale: str | None
    user: str | None
    session: str | None
    due: datetime
    state: State = State.NEW
    assignee: str | None = None
    claimed_at: datetime | None = None
    done_at: datetime | None = None
    readers: tuple[str, ...] = ()

    def overdue(self, now: datetime) -> bool:
        """Whether somebody should have looked by now, and nobody has finished."""
        return self.state != State.DONE and self.due < now


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cases: all that match in every respect; an empty respect matches any.

    `since` is inclusive and `until` exclusive. `assignee` finds cases that a reviewer holds or has done.
    """

    states: frozenset[State] = frozenset()
    severities: frozenset[Severity] = frozenset()
    harms: frozenset[Harm] = frozenset()
    rules: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    locales: frozenset[str] = frozenset()
    assignees: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def facets(self) -> dict[str, frozenset[str]]:
        """The respects other than time that narrow the choice, by the name of the case's field."""
        named: dict[str, frozenset[str]] = {
            "state": frozenset(map(str, self.states)),
            "severity": frozenset(map(str, self.severities)),
            "harm": frozenset(map(str, self.harms)),
            "rule": self.rules,
            "country": self.countries,
            "locale": self.locales,
            "assignee": self.assignees,
            "user": self.users,
            "session": self.sessions,
        }
        return {name: values for name, values in named.items() if values}


ANY = Filter()


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list, and in which order: "due" has the most urgent first."""

    limit: int = 50
    offset: int = 0
    order: Order = "due"


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of cases, and how many there are on all pages."""

    cases: tuple[Case, ...]
    total: int


def due_by(at: datetime, severity: Severity | None) -> datetime:
    """When somebody should have looked at the latest."""
    return at + timedelta(hours=SLA_HOURS[severity])


def claimed(case: Case, reviewer: str, at: datetime) -> Case:
    """The case in a reviewer's hands; claiming one's own again changes nothing. Raises ReviewError."""
    if case.state == State.CLAIMED and case.assignee == reviewer:
        return case
    if case.state == State.CLAIMED:
        raise ReviewError(f"{case.id} is claimed by {case.assignee}")
    if case.state == State.DONE:
        raise ReviewError(f"{case.id} is done")
    if reviewer in case.readers:
        raise ReviewError(f"{case.id} waits for a second reading by somebody else than {reviewer}")
    return replace(case, state=State.CLAIMED, assignee=reviewer, claimed_at=at)


def released(case: Case, reviewer: str, *, forced: bool = False) -> Case:
    """The case back in the queue; `forced` takes it from whoever holds it. Raises ReviewError."""
    if case.state != State.CLAIMED:
        raise ReviewError(f"{case.id} is not claimed")
    if case.assignee != reviewer and not forced:
        raise ReviewError(f"{case.id} is claimed by {case.assignee}")
    return replace(case, state=State.SECOND if case.readers else State.NEW, assignee=None, claimed_at=None)


def finished(case: Case, reviewer: str, at: datetime, *, again: bool = False) -> Case:
    """The case after its holder's review; `again` asks for a second reading. Raises ReviewError."""
    if case.state != State.CLAIMED or case.assignee != reviewer:
        raise ReviewError(f"{case.id} is not claimed by {reviewer}")
    readers = (*case.readers, reviewer)
    if again and not case.readers:
        return replace(case, state=State.SECOND, assignee=None, claimed_at=None, readers=readers)
    return replace(case, state=State.DONE, done_at=at, readers=readers)
