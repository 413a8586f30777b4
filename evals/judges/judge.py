"""Judge: whoever answers checks. The guard's own classifiers are no judge, and can't be made one.

A judgement of the guard by its own classifiers would only say that it agrees with itself. So the kinds of
judges are a closed set, a run refuses any other, and the report refuses logs that name any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from handrail.classifiers.errors import SettingsError
from handrail.evals.experiments.check import Check


class JudgeKind(StrEnum):
    """Who may judge."""

    GOLD = "gold"
    MODEL = "model"
    PEOPLE = "people"


class Change(StrEnum):
    """What became of the chatbot's reply on its way, as far as that can be told."""

    UNTOUCHED = "untouched"
    APPENDED = "appended"
    REPLACED = "replaced"
    REGENERATED = "regenerated"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Case:
    """A reply to be judged: what the client said, what was delivered, and the cue that labels know it by."""

    cue: str
    client: str
    text: str
    altered: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether each check came out well (None: no answer counts), what became of the reply, and its kind."""

    checks: dict[str, bool | None]
    change: Change
    kind: str | None = None
    said: Sequence[str] = field(default=())


class Judge(Protocol):
    """Answers checks about a reply."""

    @property
    def name(self) -> str:
        """Its kind, and which one of that kind."""

    async def judge(self, case: Case, checks: Sequence[Check]) -> Verdict:
        """The verdict on one reply."""


def require_judge(name: str) -> JudgeKind:
    """The kind of a judge by its name. Raises SettingsError for any other, the guard's own above all."""
    kind = name.partition(":")[0]
    if kind not in set(JudgeKind):
        raise SettingsError(
            f"judge {name!r}: only gold labels, a language model (model:NAME) or people may judge; "
            "the guard's own classifiers never judge the guard"
        )
    return JudgeKind(kind)
