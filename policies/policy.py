"""Policy: rules on risk and behaviours, as a clinician wrote them down."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from handrail.classifiers.exchange import Role
from handrail.classifiers.labels import Harm
from handrail.classifiers.manifest import THRESHOLDS
from handrail.policies.condition import Part, When, nothing_owed_without_risk
from handrail.policies.context import NOWHERE, Context
from handrail.policies.decision import Action, Severity
from handrail.policies.outside import Outsides
from handrail.policies.thresholds import DEFAULT, Level, Threshold

Hold = Literal["sentence", "reply", "none"]
RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]*$")]
Tag = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]


class ExampleTurn(Part):
    """One message of an example."""

    role: Role
    content: str


class Example(Part):
    """An exchange on which the rule must fire, or must not, with the shipped model.

    Either `client` (one message) or `messages` (a whole conversation) is given; `context` is what is known
    beside the words.
    """

    client: str | None = None
    messages: tuple[ExampleTurn, ...] = ()
    reply: str
    fires: bool
    context: Context = NOWHERE

    @model_validator(mode="after")
    def _one_conversation(self) -> "Example":
        if (self.client is None) == (not self.messages):
            raise ValueError("give either client or messages")
        return self


class Rule(Part):
    """One harm, what makes it, and what is done about it.

    `why` is shown to reviewers; `text` names the text to append or to put in the reply's place. A reply to
    be regenerated is asked for once more with the text named by `guidance`; `text` is what replaces it when
    that brings no better one. With a `cooldown` the rule adds nothing to a reply while one of the last so
    many was repaired; it still fires. When a `final` rule fires, those below it are not read.
    """

    id: RuleId
    harm: Harm
    why: str = Field(min_length=1)
    when: When
    then: Literal[Action.DELIVER, Action.APPEND, Action.REGENERATE, Action.REPLACE]
    escalate: bool = False
    severity: Severity = Severity.MEDIUM
    cooldown: int = Field(default=0, ge=0)
    final: bool = False
    tags: tuple[Tag, ...] = ()
    text: str | None = None
    guidance: str | None = None
    examples: tuple[Example, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> "Rule":
        if not nothing_owed_without_risk(self.when):
            raise ValueError("missing needs a risk: nothing is owed to a conversation without one")
        if (self.text is None) != (self.then == Action.DELIVER):
            raise ValueError("every action but deliver needs a text, and deliver takes none")
        if (self.guidance is None) != (self.then != Action.REGENERATE):
            raise ValueError("guidance goes with regenerate, and only with it")
        if self.cooldown and self.then != Action.APPEND:
            raise ValueError("cooldown goes with append: no harm is let through for an earlier one's sake")
        if {e.fires for e in self.examples} != {True, False}:
            raise ValueError("examples need at least one that fires and one that does not")
        return self

    def rests(self, context: Context) -> bool:
        """Whether the rule adds nothing now, because a reply has been repaired so lately."""
        since = context.session.since_intervention if context.session and self.cooldown else None
        return since is not None and since <= self.cooldown


class HoldWhen(When):
    """A condition under which a streamed reply is held back differently."""

    hold: Hold

    @model_validator(mode="after")
    def _before_the_reply(self) -> "HoldWhen":
        if any(w.present or w.missing or w.harm or w.fails for w in self.walk()):
            raise ValueError("hold is chosen before there is a reply: it can't ask what the reply does")
        return self


class Holding(Part):
    """How much of a streamed reply is held back until it has been judged; the first match counts.

    `sentence` releases what has been judged, `reply` nothing before the whole has been; `none` only
    observes: all leaves at once, unchanged, and what was found is recorded.
    """

    default: Hold = "sentence"
    when: tuple[HoldWhen, ...] = ()


class Policy(Part):
    """Rules in order of precedence, holding, and thresholds: for labels, or for all under `default`."""

    version: Literal[1]
    name: str
    description: str = ""
    hold: Holding = Holding()
    thresholds: Mapping[str, Threshold] = Field(default_factory=dict)
    validators: Outsides = Field(default_factory=dict)
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> "Policy":
        names = [r.id for r in self.rules]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"two rules are called {', '.join(twice)}")
        unknown = sorted(set(self.thresholds) - {*THRESHOLDS, DEFAULT})
        if unknown:
            raise ValueError(f"thresholds name unknown labels: {', '.join(unknown)}")
        if not isinstance(self.thresholds.get(DEFAULT, Level.BALANCED), Level):
            raise ValueError(f"thresholds.{DEFAULT} must be {', '.join(Level)}: no number fits all")
        return self

    @model_validator(mode="after")
    def _asks_whom_it_names(self) -> "Policy":
        for rule in self.rules:
            asked = {name for w in rule.when.walk() for name in w.fails}
            if unnamed := sorted(asked - set(self.validators)):
                raise ValueError(f"rule {rule.id} asks {', '.join(unnamed)}, not declared under validators")
        return self

    @model_validator(mode="after")
    def _asks_for_what_is_above(self) -> "Policy":
        above: set[Harm] = set()
        for rule in self.rules:
            unfound = sorted({h for w in rule.when.walk() for h in w.harm} - above)
            if unfound:
                raise ValueError(f"rule {rule.id} asks for {', '.join(unfound)}, which no rule above reports")
            above.add(rule.harm)
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
    def conditions(self) -> list[When]:
        """Every condition of rules and holding, those inside others too."""
        return [w for part in (*(r.when for r in self.rules), *self.hold.when) for w in part.walk()]

    @property
    def asks_of_session(self) -> bool:
        """Whether any condition is about the session."""
        return any(when.session is not None for when in self.conditions)

    @property
    def levels(self) -> set[Level]:
        """The sets of thresholds that are asked for by name."""
        wanted = [*self.thresholds.values(), *(when.threshold for when in self.conditions)]
        return {threshold for threshold in wanted if isinstance(threshold, Level)}

    @property
    def hash(self) -> str:
        """Twelve hex digits that change when anything in the policy does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]
