"""Coverage: how much of the taxonomy the corpus has, counted."""

from collections import Counter
from collections.abc import Iterable, Sequence

from handrail.classifiers.corpus.rows import Scenario
from handrail.classifiers.labels import BEHAVIOURS, HARMS, RISKS, RiskLevel

_LONG, _SHORT = 100, 10


def coverage_table(scenarios: Sequence[Scenario]) -> str:
    """Markdown tables of everything the taxonomy asks to be covered."""
    replies = [r for s in scenarios for r in s.replies]
    parts = [
        f"{len(scenarios)} scenarios, {len(replies)} replies.",
        _table(("split", "scenarios"), Counter(s.split for s in scenarios).items()),
        _risks(scenarios),
        _table(("conversation", "scenarios"), _conversations(scenarios)),
        _behaviours(scenarios),
        _table(("harm", "replies"), [(h, sum(h in r.harms for r in replies)) for h in HARMS]),
        _table(("manner", "replies"), sorted(Counter(r.manner for r in replies).items())),
        _table(("style", "replies"), sorted(Counter(r.style for r in replies).items())),
        _table(("reply length", "replies"), _lengths([len(r.text.split()) for r in replies])),
    ]
    return "\n\n".join(parts) + "\n"


def _risks(scenarios: Sequence[Scenario]) -> str:
    rows = [
        (risk, *(sum(s.risk.get(risk) == level for s in scenarios) for level in RiskLevel)) for risk in RISKS
    ]
    return _table(("risk", "latent", "explicit"), [*rows, ("none", sum(not s.risk for s in scenarios), "")])


def _conversations(scenarios: Sequence[Scenario]) -> list[tuple[str, int]]:
    return [
        ("one message", sum(len(s.messages) == 1 for s in scenarios)),
        ("with history", sum(1 < len(s.messages) < 9 for s in scenarios)),
        ("with nine messages or more", sum(len(s.messages) >= 9 for s in scenarios)),
        ("twins", sum(s.twin_of is not None for s in scenarios)),
    ]


def _behaviours(scenarios: Sequence[Scenario]) -> str:
    rows = []
    for behaviour in BEHAVIOURS:
        at_risk = sum(behaviour in r.behaviours for s in scenarios if s.risk for r in s.replies)
        without = sum(behaviour in r.behaviours for s in scenarios if not s.risk for r in s.replies)
        rows.append((behaviour, at_risk, without))
    return _table(("behaviour", "replies to risk", "replies without"), rows)


def _lengths(words: Sequence[int]) -> list[tuple[str, int]]:
    return [
        (f"up to {_SHORT} words", sum(n <= _SHORT for n in words)),
        (f"{_SHORT + 1} to {_LONG - 1} words", sum(_SHORT < n < _LONG for n in words)),
        (f"{_LONG} words or more", sum(n >= _LONG for n in words)),
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
