"""Decision: what is to be done about one exchange, and why. A closed set of values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from handrail.classifiers.labels import Harm
from handrail.policies.false_resource import Correction


class Action(StrEnum):
    """What happens to the reply, from the least to the most intrusive."""

    DELIVER = "deliver"
    CORRECT = "correct"
    APPEND = "append"
    REGENERATE = "regenerate"
    REPLACE = "replace"


class Severity(StrEnum):
    """How soon a reviewer should look, from the least to the most urgent."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


ACTION_ORDER: tuple[Action, ...] = tuple(Action)
SEVERITY_ORDER: tuple[Severity, ...] = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired: its name, the harm, why in plain words, and the probability of it."""

    rule: str
    harm: Harm
    why: str
    probability: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, whom to tell, which rules fired, and the text to add or to put in the reply's place.

    `harms` has the probability of all six. With no rule fired the action is deliver, and that too is a
    decision: the exchange was judged. `severity` is None exactly when nothing fired or was corrected. Where
    the action is regenerate, `guidance` says how to answer instead, and `text` is what replaces the reply
    when no better one can be had. `corrections` put right what a reply that is kept says of helplines.
    `failed` names the validators of others that the reply failed, None where none was asked.
    `refers` says that `text` names where to turn.
    """

    action: Action
    escalate: bool
    severity: Severity | None
    fired: tuple[Fired, ...]
    harms: Mapping[Harm, float]
    text: str
    policy: str
    guidance: str = ""
    corrections: tuple[Correction, ...] = ()
    failed: frozenset[str] | None = None
    refers: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the reply as it was written must not be seen."""
        return self.action in {Action.REPLACE, Action.REGENERATE}

    @property
    def flagged(self) -> bool:
        """Whether the exchange goes into the journal."""
        return bool(self.fired or self.corrections)

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that fired."""
        return tuple(f.rule for f in self.fired)

    @property
    def addition(self) -> str:
        """What is written after a reply that is kept; empty unless the action is append."""
        return f"\n\n{self.text}" if self.action == Action.APPEND else ""

    def delivered(self, reply: str) -> str:
        """What the person gets instead of a reply."""
        if self.replaces:
            return self.text
        for one in self.corrections:
            reply = reply.replace(one.said, one.put, 1)
        return reply + self.addition if reply.strip() else reply + self.addition.lstrip()
