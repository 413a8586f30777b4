"""Recorded: exchanges with their readings, from a journal or from what `handrail screen` wrote.

What was read is on record, so another policy can be tried on it without a model.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from handrail.classifiers.assessment import Assessment, BehaviourReading, RiskReading
from handrail.classifiers.errors import SettingsError
from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labels import BEHAVIOURS, RISKS, Behaviour, Risk
from handrail.policies.context import NOWHERE, Context
from handrail.policies.decide import Decider
from handrail.policies.decision import Decision
from handrail.proxy.journal.record import Record

_NO_WORDS = Conversation(())


class _Reading(BaseModel):
    """The fields in which a journal and `handrail screen` agree; others are left alone."""

    model_config = ConfigDict(extra="ignore")

    id: str | int | None = None
    risk: Mapping[Risk, float]
    risk_explicit: Mapping[Risk, float]
    behaviours: Mapping[Behaviour, float]
    read: bool = True
    model: str = ""
    policy: str = ""
    context: Context = NOWHERE

    @model_validator(mode="after")
    def _whole(self) -> "_Reading":
        for given, labels in ((self.risk, RISKS), (self.risk_explicit, RISKS), (self.behaviours, BEHAVIOURS)):
            missing = [label for label in labels if label not in given]
            if missing:
                raise ValueError(f"there is no probability of {', '.join(missing)}")
        return self


@dataclass(frozen=True, slots=True)
class Recorded:
    """An exchange as it was read, and the hash of the policy it was decided on.

    Conversation and reply are empty where only the reading was kept.
    """

    id: str
    assessment: Assessment
    context: Context
    policy: str
    conversation: Conversation = _NO_WORDS
    reply: str = ""

    def decide(self, decider: Decider) -> Decision:
        """What a policy makes of it."""
        context = self.context.located(decider.directory)
        return decider.decide(self.conversation, self.assessment, context, reply=self.reply)

    def lacks(self, decider: Decider) -> bool:
        """Whether a policy asks what the reply does, and nobody read it."""
        read = self.assessment.behaviour.read
        return not read and bool(decider.sought(self.assessment.risk, self.context))


def of_record(record: Record) -> Recorded | None:
    """A journal's record; None where the reply could not be judged."""
    if record.assessment is None:
        return None
    context = record.context or {"country": record.country, "locale": record.locale, "route": record.path}
    policy = record.policy or (record.decision or {}).get("policy", "")
    reading = _Reading.model_validate({**record.assessment, "context": context, "policy": policy})
    return _recorded(record.id, reading, Conversation(record.messages), record.reply)


def of_line(line: str, number: int) -> Recorded:
    """A line that `handrail screen` or `/v1/screen` wrote. Raises SettingsError naming line and field."""
    try:
        reading = _Reading.model_validate(json.loads(line))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in problem["loc"]) or "row"
        raise SettingsError(f"line {number}: {field}: {problem['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"line {number}: not JSON") from error
    return _recorded(str(number if reading.id is None else reading.id), reading, _NO_WORDS, "")


def _recorded(name: str, reading: _Reading, conversation: Conversation, reply: str) -> Recorded:
    risk = RiskReading(dict(reading.risk), dict(reading.risk_explicit))
    behaviour = BehaviourReading(dict(reading.behaviours), read=reading.read)
    assessment = Assessment(risk, behaviour, reading.model, 0.0)
    return Recorded(name, assessment, reading.context, reading.policy, conversation, reply)


def told(decision: Decision) -> dict[str, Any]:
    """What of a decision a change of policy may change, short of the words."""
    return {
        "action": str(decision.action),
        "escalate": decision.escalate,
        "severity": decision.severity,
        "rules": list(decision.rules),
    }
