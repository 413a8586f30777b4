"""Explain: a policy in plain sentences."""

from collections.abc import Mapping

from handrail.policies.decision import Action
from handrail.policies.policy import Hold, Holding, Policy, Rule
from handrail.policies.words import sentence, words

_ACTIONS = {
    Action.DELIVER: "deliver it and record it",
    Action.APPEND: "append",
    Action.REGENERATE: "ask for another reply or, where that is no better, replace it with",
    Action.REPLACE: "replace it with",
}
_COMBINED = (
    "Rules are read from the top. When several fire, the most intrusive action is taken, with the text of "
    "the first that calls for it; otherwise the reply is delivered."
)

_HELD: Mapping[Hold, str] = {
    "sentence": "by the sentence",
    "reply": "by the reply",
    "none": "not at all, and only observed,",
}


def explain_policy(policy: Policy) -> str:
    """Say what a policy does, a paragraph a rule."""
    parts = [f"{policy.name} ({policy.hash}): {len(policy.rules)} rules. {policy.description}".strip()]
    if policy.thresholds:
        said = ", ".join(f"{label} {threshold}" for label, threshold in policy.thresholds.items())
        parts.append(f"Thresholds of its own: {said}.")
    parts.append(explain_hold(policy.hold))
    parts.extend(explain_rule(rule) for rule in policy.rules)
    return "\n\n".join([*parts, _COMBINED])


def explain_hold(hold: Holding) -> str:
    """How a streamed reply is held back."""
    lines = [f"A streamed reply is held back {_HELD[hold.default]}"]
    lines += [f"{_HELD[entry.hold]} where {sentence(entry)}" for entry in hold.when]
    return ", ".join(lines) + "."


def explain_rule(rule: Rule) -> str:
    """What makes a rule fire, and what it does then."""
    tags = f", {', '.join(rule.tags)}" if rule.tags else ""
    return (
        f"{rule.id} ({words(rule.harm)}, {rule.severity}{tags})\n"
        f"  If {sentence(rule.when)}: {explain_action(rule)}.\n"
        f"  {rule.why}"
    )


def explain_action(rule: Rule) -> str:
    """What a rule does when it fires."""
    said = _ACTIONS[rule.then] + (f" '{rule.text}'" if rule.text else "")
    if rule.escalate:
        said += " and escalate"
    if rule.cooldown:
        said += f", unless one of the last {rule.cooldown} replies was repaired"
    return said + (", and read no rule below" if rule.final else "")
