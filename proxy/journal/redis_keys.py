"""How the shared journal names its keys, and which of them lead to an exchange."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from redis.asyncio.client import Pipeline

from handrail.proxy.journal.queue import Filter, Order
from handrail.proxy.redis_link import name

EVENTS = name("events")
TRAIL = name("trail")
META = name("meta")
BY_AT = name("by", "at")
BY_DUE = name("by", "due")
_ORDERS: Mapping[Order, str] = {"due": BY_DUE, "newest": BY_AT, "oldest": BY_AT}
_SINGLE = ("state", "severity", "country", "locale", "assignee", "user", "session")


def exchange(of: str) -> str:
    """The hash of an exchange."""
    return name("exchange", of)


def reviews(of: str) -> str:
    """The list of an exchange's reviews."""
    return name("reviews", of)


def gone(of: str) -> str:
    """The mark of a deleted exchange: one that waits in a spool must not bring it back."""
    return name("gone", of)


def forgotten(user: str) -> str:
    """The mark of a deleted user, with the time: what waits in spools from before is dropped."""
    return name("forgotten", user)


def facet(kind: str, value: str) -> str:
    """The set of all exchanges of which this is true."""
    return name("of", kind, value)


def facets(row: Mapping[str, Any]) -> set[str]:
    """All sets that an exchange is in."""
    found = {facet(kind, row[kind]) for kind in _SINGLE if row[kind] is not None}
    found |= {facet("harm", harm) for harm in json.loads(row["harms"])}
    return found | {facet("rule", rule) for rule in json.loads(row["rules"])}


def moment(text: str) -> float:
    """A time as a score, in seconds."""
    return datetime.fromisoformat(text).timestamp()


class Choice:
    """The exchanges a filter chooses, in order, as a sorted set that is dropped with its transaction."""

    def __init__(self, pipe: Pipeline, chosen: Filter, order: Order) -> None:
        self._pipe = pipe
        self._mark = uuid.uuid4().hex
        self._made: list[str] = []
        weights: dict[str, float] = {_ORDERS[order]: 1.0}
        for kind, wanted in chosen.facets.items():
            weights[self._union([facet(kind, value) for value in sorted(wanted)])] = 0.0
        if chosen.since is not None or chosen.until is not None:
            weights[self._between(chosen)] = 0.0
        self.key = _ORDERS[order]
        if len(weights) > 1:
            self.key = self._new()
            pipe.zinterstore(self.key, weights)

    def drop(self) -> None:
        """Let go of what was made."""
        if self._made:
            self._pipe.delete(*self._made)

    def _union(self, keys: list[str]) -> str:
        if len(keys) == 1:
            return keys[0]
        made = self._new()
        self._pipe.zunionstore(made, keys)
        return made

    def _between(self, chosen: Filter) -> str:
        made = self._new()
        since = repr(chosen.since.timestamp()) if chosen.since else "-inf"
        until = f"({chosen.until.timestamp()!r}" if chosen.until else "+inf"
        # The client's signature says int; a score may be any bound that Redis knows.
        self._pipe.execute_command("ZRANGESTORE", made, BY_AT, since, until, "BYSCORE")
        return made

    def _new(self) -> str:
        self._made.append(name("chosen", self._mark, str(len(self._made))))
        return self._made[-1]
