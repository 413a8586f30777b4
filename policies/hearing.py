"""Hearing: an exchange as one hears it who knows the session it belongs to."""

from dataclasses import dataclass, replace

from handrail.classifiers.assessment import Assessment, RiskReading, Span
from handrail.classifiers.exchange import Exchange
from handrail.classifiers.labels import RISKS, Behaviour, Risk
from handrail.classifiers.manifest import OWED
from handrail.policies.context import Context
from handrail.policies.decide import Decider
from handrail.policies.session import FAINT, Risks, view_of


@dataclass(frozen=True, slots=True)
class Hearing:
    """What of an exchange is to be read, and what the readings mean beside all that was said before.

    Without a session in the context the whole exchange is read, and the readings mean what they say.
    """

    whole: Exchange
    context: Context
    decider: Decider

    @property
    def exchange(self) -> Exchange:
        """The reply, and the part of the conversation that it is read with."""
        if self.context.session is None:
            return self.whole
        return Exchange(view_of(self.whole.conversation, self.context.session), self.whole.reply)

    @property
    def about(self) -> tuple[Context, tuple[Risk, ...]]:
        """What is sought depends on this and the exchange: the context, and which risks are carried.

        A policy that asks about the session makes it depend on the whole of that.
        """
        state = self.context.session
        whole = self.decider.policy.asks_of_session
        carried = tuple(r for r in RISKS if state and state.carried.get(r, 0.0) >= FAINT)
        return self.context if whole else replace(self.context, session=None), carried

    def sought(self, risk: RiskReading) -> frozenset[Behaviour]:
        """The behaviours on which a decision can still depend once that part's risk is read."""
        state = self.context.session
        possible = None if state is None else state.possible(risk, self._owed)
        return self.decider.sought(risk, self.context, possible)

    def inform(self, assessment: Assessment) -> Assessment:
        """The assessment of the part as one of the whole: risks informed, evidence in its place."""
        if self.context.session is None:
            return assessment
        risk = self.context.session.informed(assessment.risk, assessment.behaviour, self._owed)
        before = len(self.whole.conversation.messages) - len(self.exchange.conversation.messages)
        return replace(
            assessment,
            risk=replace(risk, evidence=_moved(risk.evidence, before)),
            behaviour=replace(assessment.behaviour, evidence=_moved(assessment.behaviour.evidence, before)),
        )

    @property
    def _owed(self) -> Risks:
        threshold = self.decider.threshold
        return {risk: max(threshold(risk), threshold(f"{risk}{OWED}")) for risk in RISKS}


def _moved(spans: tuple[Span, ...], by: int) -> tuple[Span, ...]:
    """Spans in messages that stand so many places further on."""
    return tuple(s if s.message is None else replace(s, message=s.message + by) for s in spans)
