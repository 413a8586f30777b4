"""Likelihood: how probable it is that a condition holds, its parts taken as independent."""

from collections.abc import Mapping
from math import prod

from handrail.classifiers.labels import Harm, RiskLevel
from handrail.policies.condition import When
from handrail.policies.truth import Facts, leaves

Chances = Mapping[Harm, float]


def likelihood(when: When, facts: Facts, chances: Chances) -> float:
    """The probability of a condition, in [0, 1]; `chances` are those of the harms of the rules above.

    What is asked of the context is known: it holds or it does not. Nobody fails who was not asked.
    """
    found = facts.found
    result = prod(1.0 if truth is True else 0.0 for name, truth in leaves(when, facts, {}) if name in _KNOWN)
    if when.risk is not None:
        explicit = when.level == RiskLevel.EXPLICIT
        result *= (facts.risk.explicit if explicit else facts.risk.present)[when.risk]
    if when.present:
        result *= max(found[b] for b in when.present)
    if when.missing:
        result *= 1 - max(found[b] for b in when.missing)
    if when.harm:
        result *= max(chances.get(harm, 0.0) for harm in when.harm)
    result *= prod(likelihood(inner, facts, chances) for inner in when.all_of)
    if when.any_of:
        result *= max(likelihood(inner, facts, chances) for inner in when.any_of)
    if when.none_of is not None:
        result *= 1 - likelihood(when.none_of, facts, chances)
    return result


_KNOWN = frozenset({"fails", "session", "locale", "route", "persona", "age_band", "hours"})
