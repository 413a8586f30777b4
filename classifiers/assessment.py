"""Assessment: what the model read in one exchange."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from handrail.classifiers.labels import BEHAVIOURS, Behaviour, Risk


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
    """What the reply does: calibrated probabilities in [0, 1].

    `read` is False where the reply was not read because nothing it does could matter any more.
    """

    probabilities: Mapping[Behaviour, float]
    evidence: tuple[Span, ...] = ()
    read: bool = True


NO_BEHAVIOUR: Mapping[Behaviour, float] = MappingProxyType(dict.fromkeys(BEHAVIOURS, 0.0))
UNREAD = BehaviourReading(NO_BEHAVIOUR, read=False)


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
