"""Compliance: counts of crisis referrals and interventions by period, and nothing of anybody. Pure.

Made for reports such as California's Business and Professions Code §22603 (SB 243, 2025) asks of operators
of companion chatbots: the number of crisis service provider referral notifications in the preceding
calendar year, without identifiers or personal information. What else a regulator asks for is prose, and not
to be had from counts.

Small numbers can point to a person, so they may be held back (cell suppression; see Federal Committee on
Statistical Methodology, "Statistical Policy Working Paper 22", 2005). Where one number held back could be
worked out from a sum and its other parts, another is held back as well.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from handrail.classifiers.labels import HARMS
from handrail.policies.decision import Action
from handrail.proxy.journal.days import (
    DONE,
    ESCALATED,
    FLAGGED,
    HARM,
    POINTED,
    REFERRED,
    REFERRED_IN_CRISIS,
    REPLIES,
    WATCHED,
    Day,
    part,
    total,
)

By = Literal["month", "quarter", "year", "whole"]
_MONTHS: Mapping[By, int] = {"month": 1, "quarter": 3, "year": 12}

_REPAIRS = tuple(action for action in Action if action != Action.DELIVER)
_DONE_WORDS = {
    Action.APPEND: "help added to a reply",
    Action.CORRECT: "a wrong helpline in a reply put right",
    Action.REGENERATE: "a reply asked for anew, or replaced where that brought none better",
    Action.REPLACE: "a reply replaced",
}
# What is counted, in plain words.
MEASURES: Mapping[str, str] = {
    "crisis_referrals": "replies that mishandled a crisis, in which handrail named crisis services",
    "referrals": "all replies in which handrail named crisis services",
    "chatbot_referrals": "replies to signs of suicidal thoughts that named help themselves, as read",
    "interventions": "replies that handrail changed before the person saw them",
    **{f"interventions_{action}": _DONE_WORDS[action] for action in _REPAIRS},
    "escalations": "exchanges put before human reviewers as urgent",
    "flagged": "exchanges in which a harm was found",
    **{f"flagged_{harm}": f"exchanges in which {harm.replace('_', ' ')} was found" for harm in HARMS},
    "watched": "replies that would have been changed, had handrail not been set to watch only",
    "replies_screened": "replies read and judged",
    "replies_failed": "replies that could not be judged, or broke off",
    "replies_unscreened": "replies passed on unread",
}
# A sum, and its parts where they leave nothing out.
_SUM, _PARTS = "interventions", tuple(f"interventions_{action}" for action in _REPAIRS)


@dataclass(frozen=True, slots=True)
class Period:
    """Counts by measure from one day to another, both inclusive; None where one is held back."""

    first: date
    last: date
    counts: Mapping[str, int | None]


def report(days: Iterable[Day], first: date, last: date, by: By, least: int = 0) -> list[Period]:
    """The periods that begin within a span; counts from 1 to below `least` are held back."""
    kept = [day for day in days if first <= day.date <= last]
    periods = []
    for begin, end in spans(first, last, by):
        counts = measured(total(day for day in kept if begin <= day.date <= end))
        periods.append(Period(begin, end, suppressed(counts, least)))
    return periods


def spans(first: date, last: date, by: By) -> Iterator[tuple[date, date]]:
    """Calendar periods of a span, cut off at its ends."""
    begin = first
    while begin <= last:
        end = last if by == "whole" else min(last, _next(begin, _MONTHS[by]) - timedelta(days=1))
        yield begin, end
        begin = end + timedelta(days=1)


def measured(counts: Mapping[str, int]) -> dict[str, int]:
    """Every measure of MEASURES from counts by name."""
    done, harms, replies = part(counts, DONE), part(counts, HARM), part(counts, REPLIES)
    outcomes = {o: sum(part(replies, o).values()) for o in ("screened", "failed", "unscreened")}
    found = {
        "crisis_referrals": counts.get(REFERRED_IN_CRISIS, 0),
        "referrals": counts.get(REFERRED, 0),
        "chatbot_referrals": counts.get(POINTED, 0),
        "interventions": done.total(),
        **{f"interventions_{action}": done[action] for action in _REPAIRS},
        "escalations": counts.get(ESCALATED, 0),
        "flagged": counts.get(FLAGGED, 0),
        **{f"flagged_{harm}": harms[harm] for harm in HARMS},
        "watched": part(counts, WATCHED).total(),
        **{f"replies_{outcome}": count for outcome, count in outcomes.items()},
    }
    return {name: found[name] for name in MEASURES}


def suppressed(counts: Mapping[str, int], least: int) -> dict[str, int | None]:
    """Counts with the small ones held back, and whatever would give one of them away."""
    hidden = {name for name, count in counts.items() if 0 < count < least}
    if len(hidden.intersection(_PARTS)) == 1 and _SUM not in hidden:
        hidden.add(_smallest(counts, [name for name in _PARTS if name not in hidden and counts[name]]))
    others = counts["referrals"] - counts["crisis_referrals"]
    if 0 < others < least and "crisis_referrals" not in hidden:
        hidden.add("referrals")
    return {name: None if name in hidden else count for name, count in counts.items()}


def _smallest(counts: Mapping[str, int], names: Sequence[str]) -> str:
    """The name of the smallest part, or of the sum where there is no other part."""
    return min(names, key=lambda name: counts[name], default=_SUM)


def _next(begin: date, months: int) -> date:
    """The first day after the calendar period of so many months that a day is in."""
    at = begin.year * 12 + (begin.month - 1) // months * months + months
    return date(at // 12, at % 12 + 1, 1)
