"""Explain: a policy in plain sentences."""

from handrail.classifiers.labels import RiskLevel
from handrail.policies.decision import Action
from handrail.policies.policy import Holding, Policy, Rule, When

_ACTIONS = {
    Action.DELIVER: "deliver it and record it",
    Action.APPEND: "append",
    Action.REGENERATE: "ask for another reply or, where that is no better, replace it with",
    Action.REPLACE: "replace it with",
}


def explain_policy(policy: Policy) -> str:
    """Say what a policy does, a paragraph a rule."""
    parts = [f"{policy.name} ({policy.hash}): {len(policy.rules)} rules. {policy.description}".strip()]
    parts.append(_holding(policy.hold))
    parts.extend(_rule(rule) for rule in policy.rules)
    parts.append(
        "When several rules fire, the most intrusive action is taken; otherwise the reply is delivered."
    )
    return "\n\n".join(parts)


def _holding(hold: Holding) -> str:
    lines = [f"A streamed reply is held back by the {hold.default}"]
    for entry in hold.when:
        level = f"{entry.level} " if entry.level else ""
        lines.append(f"by the {entry.hold} where {level}{_words(entry.risk)} shows")
    return ", ".join(lines) + "."


def _rule(rule: Rule) -> str:
    action = _ACTIONS[rule.then]
    text = f" '{rule.text}'" if rule.text else ""
    escalate = " and escalate" if rule.escalate else ""
    return (
        f"{rule.id} ({_words(rule.harm)}, {rule.severity})\n"
        f"  If {_condition(rule.when)}: {action}{text}{escalate}.\n"
        f"  {rule.why}"
    )


def _condition(when: When) -> str:
    parts = []
    if when.risk is not None:
        level = {None: "", RiskLevel.LATENT: " between the lines", RiskLevel.EXPLICIT: " openly"}[when.level]
        parts.append(f"the conversation shows {_words(when.risk)}{level}")
    if when.present:
        parts.append(f"the reply {' or '.join(_words(b) for b in when.present)}")
    if when.missing:
        parts.append(f"it has none of: {', '.join(_words(b) for b in when.missing)}")
    return ", and ".join(parts)


def _words(label: str) -> str:
    return str(label).replace("_", " ")
