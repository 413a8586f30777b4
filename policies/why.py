"""Why: a decision on one exchange, rule by rule, in words and figures."""

from collections.abc import Iterable, Iterator

from handrail.classifiers.assessment import Assessment
from handrail.classifiers.labels import RiskLevel
from handrail.classifiers.manifest import EXPLICIT, OWED
from handrail.policies.condition import When
from handrail.policies.context import Context
from handrail.policies.decide import Decider
from handrail.policies.decision import Action, Decision
from handrail.policies.ruling import Ruling
from handrail.policies.truth import Facts, Harms, leaves
from handrail.policies.words import phrase, words


def why(decider: Decider, assessment: Assessment, context: Context, decision: Decision) -> list[str]:
    """Every rule with each of its conditions, whether and by how much it held; then what came of them."""
    facts = Facts(assessment.risk, context, decider.thresholds, assessment.behaviour.probabilities)
    rulings = decider.rulings(assessment, context)
    lines = [line for ruling in rulings for line in _ruling(ruling, facts)]
    return [*lines, "", *_combined(rulings, context, decision)]


def _ruling(ruling: Ruling, facts: Facts) -> Iterator[str]:
    rule = ruling.rule
    if ruling.forestalled is True:
        yield f"not read  {rule.id}: a final rule above was first"
        return
    fate = "FIRES   " if ruling.fires is True else "no      "
    rests = " (in its cooldown: recorded, nothing added)" if rule.rests(facts.context) else ""
    yield f"{fate}  {rule.id} ({words(rule.harm)}, {rule.then}){rests}"
    yield from _conditions(rule.when, facts, ruling.above, 1)


def _conditions(when: When, facts: Facts, above: Harms, depth: int) -> Iterator[str]:
    for name, truth in leaves(when, facts, above):
        mark = "yes" if truth is True else "no "
        nested = _inner(when, name)
        said = _HEADS[name] if nested else phrase(when, name) + _measured(when, name, facts)
        yield f"{'    ' * depth}{mark}  {said}"
        for inner in nested:
            yield from _conditions(inner, facts, above, depth + 1)


_HEADS = {"all_of": "all of these:", "any_of": "any of these:", "none_of": "not this:"}


def _inner(when: When, name: str) -> tuple[When, ...]:
    if name == "none_of":
        return (when.none_of,) if when.none_of else ()
    return {"all_of": when.all_of, "any_of": when.any_of}.get(name, ())


def _measured(when: When, name: str, facts: Facts) -> str:
    """The probabilities behind a condition, each with the one from which it counts."""
    if name == "risk":
        return f" [{', '.join(_risk(when, facts))}]"
    if name in {"present", "missing"}:
        held = (
            f"{words(b)} {facts.found[b]:.2f} of {facts.thresholds.of(b, when.threshold):.2f}"
            for b in getattr(when, name)
        )
        return f" [{', '.join(held)}]"
    return ""


def _risk(when: When, facts: Facts) -> Iterator[str]:
    risk = when.risk
    if risk is None:
        return
    if when.level != RiskLevel.EXPLICIT:
        least = facts.thresholds.of(risk, when.threshold)
        if when.owed:
            least = max(least, facts.thresholds.of(risk + OWED, when.threshold))
        yield f"shows {facts.risk.present[risk]:.2f} of {least:.2f}"
    openly = facts.thresholds.of(risk + EXPLICIT, when.threshold)
    yield f"openly {facts.risk.explicit[risk]:.2f} of {openly:.2f}"


def _combined(rulings: Iterable[Ruling], context: Context, decision: Decision) -> Iterator[str]:
    fired = [r.rule for r in rulings if r.fires is True]
    if not fired:
        yield "No rule fires: the reply is delivered as it is."
        return
    awake = [rule for rule in fired if not rule.rests(context)]
    wanted = ", ".join(f"{rule.then} ({rule.id})" for rule in awake) or "nothing"
    yield f"Wanted: {wanted}. Taken: {decision.action}."
    if decision.action == Action.DELIVER and any(rule.then != Action.DELIVER for rule in awake):
        yield "What would be added was said a moment ago, or the reply says it already."
    text = next((rule.text for rule in fired if rule.then == decision.action and rule.text), None)
    if text:
        yield f"Text: {text}, named by the first rule that calls for {decision.action}."
    yield f"Severity {decision.severity}{', escalated' if decision.escalate else ''}."
