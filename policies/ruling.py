"""Ruling: the rules of a policy weighed on the facts, in order."""

from collections.abc import Sequence
from dataclasses import dataclass

from handrail.classifiers.labels import Harm
from handrail.policies.likelihood import likelihood
from handrail.policies.policy import Rule
from handrail.policies.truth import Facts, Harms, Truth, both, either, opposite, weigh


@dataclass(frozen=True, slots=True)
class Ruling:
    """One rule weighed: whether its condition holds, whether a final rule above it was first, how likely.

    `above` says which harms the rules before it found.
    """

    rule: Rule
    truth: Truth
    forestalled: Truth
    above: Harms
    probability: float

    @property
    def fires(self) -> Truth:
        """Whether the rule fires."""
        return both((self.truth, opposite(self.forestalled)))


def weigh_rules(rules: Sequence[Rule], facts: Facts) -> list[Ruling]:
    """Weigh every rule, from the top: what a rule asks of harms, the rules above it answer."""
    above: dict[Harm, Truth] = {}
    chances: dict[Harm, float] = {}
    forestalled: Truth = False
    rulings = []
    for rule in rules:
        truth, chance = weigh(rule.when, facts, above), likelihood(rule.when, facts, chances)
        rulings.append(Ruling(rule, truth, forestalled, dict(above), chance))
        above[rule.harm] = either((above.get(rule.harm, False), truth))
        chances[rule.harm] = max(chances.get(rule.harm, 0.0), chance)
        if rule.final:
            forestalled = either((forestalled, truth))
    return rulings
