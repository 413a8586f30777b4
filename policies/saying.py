"""Saying: what is said when rules act: their texts in the words of a moment, where to turn filled in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from handrail.classifiers.labels import RiskLevel
from handrail.policies.decision import Action
from handrail.policies.repeat import may_add
from handrail.policies.resources import Directory
from handrail.policies.texts import Moment, Texts

# A reply that left out more than this gets the first ones added: a person reads a few sentences.
_MOST_ADDED = 2


@dataclass(frozen=True, slots=True)
class Call:
    """What a rule calls for: a text, and how openly its risk shows."""

    text: str
    level: RiskLevel | None


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says it: the texts of a person's language, and the places to turn to in their country."""

    texts: Texts
    directory: Directory
    country: str | None

    def say(self, calls: Sequence[Call], action: Action, moment: Moment) -> str:
        """The words for an action, calls in order of precedence.

        The first text takes a reply's place. The first two different ones are added, each unless the reply
        has it already or the conversation had it a moment ago; where none is left, the result is empty.
        """
        added = action == Action.APPEND
        found: dict[str, str] = {}
        for call in calls:
            now = self._placed(moment, call.level)
            if call.text not in found and (not added or may_add(self.texts, call.text, now)):
                found[call.text] = self.texts.choose(call.text, now)
        return "\n\n".join(list(found.values())[: _MOST_ADDED if added else 1])

    def refers(self, text: str) -> bool:
        """Whether a text names where to turn."""
        return self.directory.nearest(self.country, self.texts.where) in text

    def _placed(self, moment: Moment, level: RiskLevel | None) -> Moment:
        where = self.texts.where
        resources = self.directory.describe(self.country, where)
        service = self.directory.nearest(self.country, where)
        return replace(moment, level=level, resources=resources, service=service)
