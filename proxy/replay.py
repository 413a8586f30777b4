"""Replay: recorded exchanges decided on by two policies, and what the second would have done otherwise."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from handrail.policies.decide import Decider
from handrail.proxy.recorded import Recorded, told

Json = dict[str, Any]


@dataclass(slots=True)
class Tally:
    """How many exchanges were replayed, changed, and could not be judged by one of the policies.

    `actions` counts pairs of what the old and the new policy do, `rules` how often each rule fires anew
    (+) or no more (-).
    """

    exchanges: int = 0
    changed: int = 0
    unread: int = 0
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)


def replay(old: Decider, new: Decider, exchanges: Iterable[Recorded], tally: Tally) -> Iterator[Json]:
    """A row for every exchange on which the policies differ, or that one of them can't judge.

    Both decide on the same recorded reading, so that every difference is one of the policies.
    """
    for exchange in exchanges:
        tally.exchanges += 1
        if exchange.lacks(old) or exchange.lacks(new):
            tally.unread += 1
            problem = "the reply was not read, and a policy asks what it does; screen it again"
            yield {"id": exchange.id, "unread": problem}
            continue
        before, after = told(exchange.decide(old)), told(exchange.decide(new))
        tally.actions[before["action"], after["action"]] += 1
        if before != after:
            tally.changed += 1
            tally.rules.update(f"+ {name}" for name in after["rules"] if name not in before["rules"])
            tally.rules.update(f"- {name}" for name in before["rules"] if name not in after["rules"])
            yield {"id": exchange.id, "old": before, "new": after}


def summary(tally: Tally) -> list[str]:
    """The counts, in lines."""
    lines = [f"{tally.exchanges} exchanges, {tally.changed} decided otherwise"]
    if tally.unread:
        lines.append(f"{tally.unread} not compared: the reply was not read, and a policy asks what it does")
    pairs = sorted(tally.actions.items(), key=lambda item: (-item[1], item[0]))
    lines += [f"{count:6}  {a if a == b else f'{a} -> {b}'}" for (a, b), count in pairs]
    return lines + [f"{count:6}  {rule}" for rule, count in sorted(tally.rules.items())]
