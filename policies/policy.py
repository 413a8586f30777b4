"""Policy: rules on risk and behaviours, as a clinician wrote them down."""

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handrail.classifiers.errors import PolicyError
from handrail.classifiers.exchange import Role
from handrail.classifiers.labels import Behaviour, Harm, Risk, RiskLevel
from handrail.classifiers.manifest import THRESHOLDS
from handrail.policies.decision import Action, Severity
from handrail.policies.document import read_document

Probability = Annotated[float, Field(gt=0, lt=1)]
Hold = Literal["sentence", "reply"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class When(_Part):
    """What must hold for a rule to fire.

    `risk` shows in the conversation (at any level, or only explicitly); at least one behaviour of
    `present` is there; every behaviour of `missing` is absent. What is left out is not asked.
    """

    risk: Risk | None = None
    level: RiskLevel | None = None
    present: tuple[Behaviour, ...] = ()
    missing: tuple[Behaviour, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> "When":
        if not self.present and not self.missing:
            raise ValueError("name at least one behaviour under present or missing")
        if self.missing and self.risk is None:
            raise ValueError("missing needs a risk: nothing is owed to a conversation without one")
        if self.level is not None and self.risk is None:
            raise ValueError("level needs a risk")
        return self


class ExampleTurn(_Part):
    """One message of an example."""

    role: Role
    content: str


class Example(_Part):
    """An exchange on which the rule must fire, or must not, with the shipped model.

    Either `client` (one message) or `messages` (a whole conversation) is given.
    """

    client: str | None = None
    messages: tuple[ExampleTurn, ...] = ()
    reply: str
    fires: bool

    @model_validator(mode="after")
    def _one_conversation(self) -> "Example":
        if (self.client is None) == (not self.messages):
            raise ValueError("give either client or messages")
        return self


class Rule(_Part):
    """One harm, what makes it, and what is done about it.

    `why` is shown to reviewers; `text` names the text to append or to put in the reply's place. A reply to
    be regenerated is asked for once more with the text named by `guidance`; `text` is what replaces it when
    that brings no better one.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_.-]*$")
    harm: Harm
    why: str = Field(min_length=1)
    when: When
    then: Action
    escalate: bool = False
    severity: Severity = Severity.MEDIUM
    text: str | None = None
    guidance: str | None = None
    examples: tuple[Example, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> "Rule":
        if (self.text is None) != (self.then == Action.DELIVER):
            raise ValueError("every action but deliver needs a text, and deliver takes none")
        if (self.guidance is None) != (self.then != Action.REGENERATE):
            raise ValueError("guidance goes with regenerate, and only with it")
        if {e.fires for e in self.examples} != {True, False}:
            raise ValueError("examples need at least one that fires and one that does not")
        return self

    @property
    def needs_whole_reply(self) -> bool:
        """Whether the rule can only be judged once the reply is complete."""
        return bool(self.when.missing)


class HoldWhen(_Part):
    """A risk at which a streamed reply is held back differently."""

    risk: Risk
    level: RiskLevel | None = None
    hold: Hold


class Holding(_Part):
    """How much of a streamed reply is held back until it has been judged; the first match counts."""

    default: Hold = "sentence"
    when: tuple[HoldWhen, ...] = ()


class Policy(_Part):
    """Rules in order of precedence, holding, and thresholds that override the model's own."""

    version: Literal[1]
    name: str
    description: str = ""
    hold: Holding = Holding()
    thresholds: Mapping[str, Probability] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> "Policy":
        names = [r.id for r in self.rules]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"two rules are called {', '.join(twice)}")
        unknown = sorted(set(self.thresholds) - set(THRESHOLDS))
        if unknown:
            raise ValueError(f"thresholds name unknown labels: {', '.join(unknown)}")
        return self

    @property
    def texts(self) -> set[str]:
        """The names of the texts that the rules use."""
        return {rule.text for rule in self.rules if rule.text}

    @property
    def guidance(self) -> set[str]:
        """The names of the guidance that the rules give a chatbot that is asked again."""
        return {rule.guidance for rule in self.rules if rule.guidance}

    @property
    def hash(self) -> str:
        """Twelve hex digits that change when anything in the policy does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


def default_policy_path() -> Path:
    """Where the policy that came with handrail lies."""
    return Path(str(files("handrail.policies"))) / "default.yaml"


def read_policy(path: Path | None = None) -> Policy:
    """Read a policy file, by default ours. Raises PolicyError naming line, field and mend."""
    return read_document(path or default_policy_path(), Policy, PolicyError)
