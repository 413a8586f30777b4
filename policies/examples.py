"""Examples: the exchanges each rule carries, run through the real model."""

from collections.abc import Sequence
from dataclasses import dataclass

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Conversation, Exchange
from handrail.policies.decide import Decider
from handrail.policies.policy import Example, Policy, Rule


@dataclass(frozen=True, slots=True)
class Outcome:
    """One example run: the rule, its number there, whether it should have fired and whether it did."""

    rule: str
    number: int
    expected: bool
    fired: bool

    @property
    def passed(self) -> bool:
        """Whether the model and the rule did what the example says."""
        return self.expected == self.fired


def run_examples(decider: Decider, assessor: Assessor) -> list[Outcome]:
    """Run every example of every rule of a policy, in order."""
    cases = _cases(decider.policy)
    exchanges = [exchange_of(example) for _, _, example in cases]
    assessments = assessor.assess(exchanges)
    outcomes = []
    for (rule, number, example), exchange, assessment in zip(cases, exchanges, assessments, strict=True):
        context = decider.consulted(exchange, assessment, example.context.located(decider.directory))
        decision = decider.decide(exchange.conversation, assessment, context, reply=exchange.reply)
        outcomes.append(Outcome(rule.id, number, example.fires, rule.id in decision.rules))
    return outcomes


def exchange_of(example: Example) -> Exchange:
    """The exchange an example describes."""
    if example.client is not None:
        return Exchange(Conversation.of([("user", example.client)]), example.reply)
    return Exchange(Conversation.of((t.role, t.content) for t in example.messages), example.reply)


def _cases(policy: Policy) -> Sequence[tuple[Rule, int, Example]]:
    return [(r, n, e) for r in policy.rules for n, e in enumerate(r.examples, start=1)]
