"""Judge: the model and a policy, loaded once in a process for all validators that use them."""

from functools import cache, lru_cache
from pathlib import Path

from handrail.classifiers.assessment import Assessment
from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.policies.context import Context
from handrail.policies.decide import Decider
from handrail.policies.decision import Decision
from handrail.policies.load import load_decider

# Several validators look at the same reply one after the other: it is read once for all of them.
_REMEMBERED = 32


class Judge:
    """Decides on replies, on the calling thread. Any number of threads may call it at once."""

    def __init__(self, assessor: Assessor, decider: Decider) -> None:
        self._assessor = assessor
        self._decider = decider
        self._assess = lru_cache(_REMEMBERED)(self._read)
        self._risk = lru_cache(_REMEMBERED)(assessor.read_risk)

    def holds(self, conversation: Conversation, locale: str | None) -> bool:
        """Whether the policy wants a streamed reply held back until it can be judged as a whole."""
        return self._decider.hold(self._risk(conversation), self._context(locale)) == "reply"

    def assess(
        self, conversation: Conversation, reply: str, locale: str | None, *, complete: bool
    ) -> tuple[Assessment, Decision]:
        """The reading of a reply, and what the policy decides on it."""
        assessment = self._assess(Exchange(conversation, reply))
        context = self._context(locale)
        decision = self._decider.decide(conversation, assessment, context, reply=reply, complete=complete)
        return assessment, decision

    def _context(self, locale: str | None) -> Context:
        return Context(locale=locale).located(self._decider.directory)

    def _read(self, exchange: Exchange) -> Assessment:
        (assessment,) = self._assessor.assess([exchange])
        return assessment


@cache
def load_judge(policy: Path | None = None, model: Path | None = None) -> Judge:
    """The judge of a policy and a model, by default ours. Raises ModelError or PolicyError with the mend."""
    assessor = Assessor.load(model)
    return Judge(assessor, load_decider(assessor.manifest.levels, policy))
