"""Assessment: what the model read in one exchange."""

from collections.abc import Mapping
from dataclasses import dataclass

from handrail.classifiers.labels import Behaviour, Risk


@dataclass(frozen=True, slots=True)
class Span:
    """Where the evidence for a label stands, in characters of the original text.

    `message` is the index of a message of the conversation, or None for the reply; `end` is exclusive.
    """

    label: str
    message: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RiskReading:
    """What the client's words signal: calibrated probabilities in [0, 1].

    `present` is the probability that the risk shows at all, `explicit` that it shows in so many words.
    """

    present: Mapping[Risk, float]
    explicit: Mapping[Risk, float]
    evidence: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class BehaviourReading:
    """What the reply does: calibrated probabilities in [0, 1]."""

    probabilities: Mapping[Behaviour, float]
    evidence: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """Both readings of one exchange, the version of the model that made them, and the seconds it took."""

    risk: RiskReading
    behaviour: BehaviourReading
    model: str
    seconds: float

    @property
    def evidence(self) -> tuple[Span, ...]:
        """All evidence spans, those of the conversation first."""
        return self.risk.evidence + self.behaviour.evidence
