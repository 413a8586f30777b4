"""Days: how many replies there were each day and what was done about them. Counts only, and kept for good.

What a flagged exchange counts for is written with it, in one transaction; so it is counted once, and stays
counted when the exchange is deleted. Replies that nobody flagged leave no exchange: they are counted apart.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from handrail.classifiers.labels import Harm
from handrail.policies.decision import Action
from handrail.proxy.journal.record import Record

# What names begin with; what comes after the first point tells more.
REPLIES, SCORE, POINTED, DONE, WATCHED, HARM, RULE = (
    "replies",
    "score",
    "pointed",
    "done",
    "watched",
    "harm",
    "rule",
)
FLAGGED, ESCALATED, REFERRED = "flagged", "escalated", "referred"
# Referrals in exchanges that were found to mishandle a crisis.
REFERRED_IN_CRISIS = f"{REFERRED}.{Harm.CRISIS_MISHANDLING}"


@dataclass(frozen=True, slots=True)
class Day:
    """The counts of one day (UTC), by name."""

    date: date
    counts: Mapping[str, int]


def counted(record: Record) -> list[str]:
    """All that an exchange counts for, each by one; names of ours alone.

    `done` is what was done, `watched` what would have been, `referred` that a person was told where to turn.
    """
    decision = record.decision or {}
    action = decision.get("action")
    rules = decision.get("rules", ())
    names = [FLAGGED] if rules or decision.get("corrections") else []
    if action is not None and action != Action.DELIVER:
        names.append(f"{DONE if decision.get('enforced', True) else WATCHED}.{action}")
    if decision.get("escalate"):
        names.append(ESCALATED)
    harms = dict.fromkeys(str(rule["harm"]) for rule in rules)
    if record.referred:
        names += [REFERRED, *([REFERRED_IN_CRISIS] if Harm.CRISIS_MISHANDLING in harms else [])]
    return [*names, *(f"{HARM}.{h}" for h in harms), *(f"{RULE}.{rule['id']}" for rule in rules)]


def total(days: Iterable[Day]) -> Counter[str]:
    """The counts of several days together."""
    found: Counter[str] = Counter()
    for day in days:
        found.update(day.counts)
    return found


def part(counts: Mapping[str, int], kind: str) -> Counter[str]:
    """The counts of one kind by what comes after the point: `part(counts, RULE)` by rule."""
    head = f"{kind}."
    return Counter({name.removeprefix(head): n for name, n in counts.items() if name.startswith(head)})
