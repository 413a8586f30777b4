"""Audit: who saw and did what, as a chain in which no link can be altered or taken out unseen. Pure.

Each link holds the SHA-256 of itself and of the link before it. Whoever can write the store can write a whole
new chain, or cut off its end: so note the last hash elsewhere from time to time, and verify against it.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# What the first link follows.
ROOT = "0" * 64


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did: a reviewer's name or "system", a verb ("saw", "claimed", "deleted"), and to what.

    `detail` says more without a person's words, such as a count or a filter.
    """

    who: str
    did: str
    exchange: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An act in the chain: its number from 1 on, when it was, and its hash."""

    number: int
    at: datetime
    act: Act
    hash: str


def link_after(last: Link | None, act: Act, at: datetime | None = None) -> Link:
    """The link that records an act behind the last one."""
    number = last.number + 1 if last else 1
    when = at or datetime.now(UTC)
    return Link(number, when, act, _hash(last.hash if last else ROOT, number, when, act))


def first_broken(links: Iterable[Link]) -> int | None:
    """The number at which a chain is broken, None where it is whole. `links` are all, in order."""
    before = ROOT
    for number, link in enumerate(links, start=1):
        if link.number != number or link.hash != _hash(before, number, link.at, link.act):
            return number
        before = link.hash
    return None


def link_values(link: Link) -> dict[str, Any]:
    """A link as plain values."""
    return {
        "number": link.number,
        "at": link.at.isoformat(),
        "who": link.act.who,
        "did": link.act.did,
        "exchange": link.act.exchange,
        "detail": link.act.detail,
        "hash": link.hash,
    }


def link_of(values: dict[str, Any]) -> Link:
    """A link from its plain values."""
    act = Act(values["who"], values["did"], values["exchange"], values["detail"])
    return Link(int(values["number"]), datetime.fromisoformat(values["at"]), act, values["hash"])


def _hash(before: str, number: int, at: datetime, act: Act) -> str:
    plain = [before, number, at.isoformat(), act.who, act.did, act.exchange, act.detail]
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()
