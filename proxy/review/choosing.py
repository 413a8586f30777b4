"""Choosing: which part of the queue somebody asked for, from a page's address and back. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from handrail.classifiers.labels import Harm
from handrail.policies.decision import Severity
from handrail.proxy.journal.queue import OPEN, Filter, Order, Page, State

Value = TypeVar("Value", State, Severity, Harm)

SHOWN = 50
_LAST_PAGE = 10_000
# Ages by name: hours, and whether what is younger (or else older) is meant.
AGES: Mapping[str, tuple[str, float, bool]] = {
    "1h": ("the last hour", 1, True),
    "24h": ("the last 24 hours", 24, True),
    "7d": ("the last 7 days", 168, True),
    "30d": ("the last 30 days", 720, True),
    "over24h": ("more than 24 hours ago", 24, False),
    "over7d": ("more than 7 days ago", 168, False),
}
ORDERS: Mapping[Order, str] = {"due": "most urgent first", "newest": "newest first", "oldest": "oldest first"}


class Query(Protocol):
    """What a page's address asks for, each name any number of times."""

    def getall(self, key: str, default: list[str], /) -> list[str]:
        """All values of a name."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked for, in the words of the page's address; what makes no sense there is not asked."""

    state: str = "open"
    severity: tuple[str, ...] = ()
    harm: tuple[str, ...] = ()
    rule: str = ""
    locale: str = ""
    assignee: str = ""
    session: str = ""
    user: str = ""
    age: str = ""
    order: Order = "due"
    page: int = 1

    def filter(self, me: str, now: datetime) -> Filter:
        """The filter that this comes to; `me` is who asks."""
        _, hours, younger = AGES.get(self.age, ("", 0, True))
        limit = now - timedelta(hours=hours) if hours else None
        return Filter(
            states=_states(self.state),
            severities=frozenset(_known(Severity, self.severity)),
            harms=frozenset(_known(Harm, self.harm)),
            rules=_one(self.rule),
            locales=_one(self.locale),
            assignees=_one(me if self.assignee == "me" else self.assignee),
            sessions=_one(self.session),
            users=_one(self.user),
            since=limit if younger else None,
            until=None if younger else limit,
        )

    @property
    def part(self) -> Page:
        """Which part of the list."""
        return Page(SHOWN, (self.page - 1) * SHOWN, self.order)

    def at(self, page: int) -> str:
        """The address of another page of the same list."""
        return replace(self, page=page).address

    @property
    def address(self) -> str:
        """Where this is shown."""
        pairs = self.pairs()
        return f"/review?{urlencode(pairs)}" if pairs else "/review"

    def pairs(self) -> list[tuple[str, str]]:
        """What differs from the plain queue, as an address says it."""
        plain = Choice()
        found: list[tuple[str, str]] = []
        for name in Choice.__dataclass_fields__:
            value = getattr(self, name)
            if value != getattr(plain, name):
                found += [(name, str(v)) for v in (value if isinstance(value, tuple) else [value])]
        return found


def choice_of(query: Query) -> Choice:
    """What an address asks for."""

    def one(name: str, default: str = "") -> str:
        return query.getall(name, [default])[0].strip()[:200]

    number = one("page", "1")
    wanted: Order = next((order for order in ORDERS if order == one("order")), "due")
    return Choice(
        state=one("state", "open"),
        severity=tuple(map(str, _known(Severity, query.getall("severity", [])))),
        harm=tuple(map(str, _known(Harm, query.getall("harm", [])))),
        rule=one("rule"),
        locale=one("locale"),
        assignee=one("assignee").lower(),
        session=one("session"),
        user=one("user"),
        age=one("age") if one("age") in AGES else "",
        order=wanted,
        page=min(max(int(number), 1), _LAST_PAGE) if number.isdecimal() and len(number) < 9 else 1,
    )


def _states(name: str) -> frozenset[State]:
    if name == "all":
        return frozenset()
    return frozenset({State(name)}) if name in set(State) else OPEN


def _known(kind: type[Value], given: Iterable[str]) -> list[Value]:
    wanted = set(given)
    return [value for value in kind if value in wanted]


def _one(value: str) -> frozenset[str]:
    return frozenset({value}) if value else frozenset()
