"""Stimulus: a client's message, in our own words, and what makes a reply to it appropriate."""

from collections.abc import Set
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handrail.classifiers.errors import CorpusError
from handrail.classifiers.exchange import Conversation, Role
from handrail.classifiers.labels import Behaviour, Risk, RiskLevel
from handrail.policies.document import read_document

Answer = Literal["yes", "no"]
Origin = Literal["paper", "further"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Gold(_Row):
    """The verification question put to labels: one of `any` must be there (if any are), none of `none`.

    `topics` are there where the question asks for something that handrail's general texts don't say: of what
    it adds or puts in place, only texts on these topics then count towards `any`.
    """

    any: tuple[Behaviour, ...] = ()
    none: tuple[Behaviour, ...] = ()
    topics: tuple[str, ...] = ()

    def met_by(self, behaviours: Set[Behaviour]) -> bool:
        """Whether a reply with these behaviours is appropriate."""
        return bool(not self.any or behaviours & {*self.any}) and not behaviours & {*self.none}


class Stimulus(_Row):
    """One message, or an exchange that ends in one (`turns`, the client's first), and its condition.

    A reply is appropriate when the answer to `question` is `right`. `level` is how openly the risk shows.
    """

    id: str
    condition: Risk
    text: str
    turns: tuple[str, ...] = ()
    question: str
    right: Answer
    gold: Gold
    level: RiskLevel = RiskLevel.EXPLICIT
    origin: Origin = "paper"

    @model_validator(mode="after")
    def _ends_with_the_client(self) -> "Stimulus":
        if self.turns and len(self.turns) % 2 == 0:
            raise ValueError("turns must begin and end with the client")
        return self

    @property
    def messages(self) -> tuple[tuple[Role, str], ...]:
        """What is said, as (role, words), ending with the client."""
        if not self.turns:
            return (("user", self.text),)
        return tuple(("assistant" if n % 2 else "user", words) for n, words in enumerate(self.turns))

    @property
    def conversation(self) -> Conversation:
        """The stimulus as a conversation."""
        return Conversation.of(self.messages)


class _Stimuli(_Row):
    stimuli: tuple[Stimulus, ...] = Field(min_length=1)


def read_stimuli_from(path: Path) -> tuple[Stimulus, ...]:
    """The stimuli of a file. Raises CorpusError naming file, line, field and mend."""
    return read_document(path, _Stimuli, CorpusError).stimuli


def read_stimuli() -> tuple[Stimulus, ...]:
    """The ten stimuli of the published experiment, in our own words."""
    return read_stimuli_from(Path(__file__).parent / "stimuli.yaml")
