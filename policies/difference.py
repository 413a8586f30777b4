"""Difference: what one policy does otherwise than another, in lines that can be read aloud."""

from collections.abc import Iterator

from handrail.policies.explain import explain_hold, explain_rule
from handrail.policies.policy import Policy, Rule
from handrail.policies.words import sentence


def difference(old: Policy, new: Policy) -> list[str]:
    """What was added (+), left out (-) and changed (~); nothing where the policies are the same."""
    return [*_whole(old, new), *_thresholds(old, new), *_validators(old, new), *_rules(old, new)]


def _whole(old: Policy, new: Policy) -> Iterator[str]:
    for name in ("name", "description"):
        if getattr(old, name) != getattr(new, name):
            yield f"~ {name}: {getattr(old, name)} -> {getattr(new, name)}"
    if old.hold != new.hold:
        yield f"~ hold: {explain_hold(old.hold)} -> {explain_hold(new.hold)}"


def _thresholds(old: Policy, new: Policy) -> Iterator[str]:
    for label in {**old.thresholds, **new.thresholds}:
        before, after = (p.thresholds.get(label, "the model's") for p in (old, new))
        if before != after:
            yield f"~ thresholds.{label}: {before} -> {after}"


def _validators(old: Policy, new: Policy) -> Iterator[str]:
    for name in {**old.validators, **new.validators}:
        before, after = (p.validators.get(name) for p in (old, new))
        if before != after:
            yield f"~ validators.{name}: {before or 'none'} -> {after or 'none'}"


def _rules(old: Policy, new: Policy) -> Iterator[str]:
    before, after = ({rule.id: rule for rule in policy.rules} for policy in (old, new))
    for name, rule in before.items():
        if name not in after:
            yield f"- {explain_rule(rule)}"
    for name, rule in after.items():
        if name not in before:
            yield f"+ {explain_rule(rule)}"
        else:
            yield from _changes(before[name], rule)
    kept = [[name for name in rules if name in before and name in after] for rules in (before, after)]
    if kept[0] != kept[1]:
        yield f"~ order of rules: {', '.join(kept[0])} -> {', '.join(kept[1])}"


def _changes(old: Rule, new: Rule) -> Iterator[str]:
    for name in Rule.model_fields:
        if getattr(old, name) != getattr(new, name):
            yield f"~ {new.id}: {name}: {_value(old, name)} -> {_value(new, name)}"


def _value(rule: Rule, name: str) -> str:
    value = getattr(rule, name)
    if name == "when":
        return sentence(rule.when)
    if name == "examples":
        return f"{len(value)} ({sum(e.fires for e in value)} that fire)"
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value)
