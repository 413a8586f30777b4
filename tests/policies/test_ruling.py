import dataclasses

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail.classifiers.assessment import UNREAD, Assessment, BehaviourReading
from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labels import BEHAVIOURS, Behaviour
from handrail.policies.context import Context
from handrail.policies.decide import Decider
from handrail.policies.decision import Decision
from handrail.policies.policy import Policy

from .conftest import EXAMPLES, assessments, contexts, policies
from .test_decide import assessed

HELLO = Conversation.of([("user", "hello")])
many = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _with(assessment: Assessment, kept: frozenset[Behaviour], instead: float) -> Assessment:
    found = assessment.behaviour.probabilities
    reading = BehaviourReading({b: found[b] if b in kept else instead for b in BEHAVIOURS})
    return dataclasses.replace(assessment, behaviour=reading)


def _told(decision: Decision) -> tuple[object, ...]:
    return (decision.action, decision.rules, decision.text, decision.escalate, decision.severity)


@many
@given(
    policy=policies(), assessment=assessments(), context=contexts(), other=st.sampled_from([0.0, 0.5, 1.0])
)
def test_only_what_is_sought_can_matter(
    decider: Decider, policy: Policy, assessment: Assessment, context: Context, other: float
) -> None:
    """For any policy and reading, behaviours that are not sought change nothing, whatever they are."""
    changed = dataclasses.replace(decider, policy=policy)
    sought = changed.sought(assessment.risk, context)
    whole = changed.decide(HELLO, assessment, context)
    assert _told(changed.decide(HELLO, _with(assessment, sought, other), context)) == _told(whole)
    if not sought:
        unread = dataclasses.replace(assessment, behaviour=UNREAD)
        assert _told(changed.decide(HELLO, unread, context)) == _told(whole)


@many
@given(
    policy=policies(),
    low=assessments(),
    high=assessments(),
    share=st.sampled_from([0.0, 0.3, 0.6, 1.0]),
    context=contexts(),
)
def test_only_what_is_sought_can_matter_however_the_risk_settles(
    decider: Decider, policy: Policy, low: Assessment, high: Assessment, share: float, context: Context
) -> None:
    """For any policy, what is not sought stays without weight wherever a risk ends up within its bounds."""
    least = low.risk.present
    most = {risk: max(p, high.risk.present[risk]) for risk, p in least.items()}
    changed = dataclasses.replace(decider, policy=policy)
    sought = changed.sought(low.risk, context, dataclasses.replace(low.risk, present=most))
    settled = {risk: p + share * (most[risk] - p) for risk, p in least.items()}
    whole = dataclasses.replace(low, risk=dataclasses.replace(low.risk, present=settled))
    bare = changed.decide(HELLO, _with(whole, sought, 0.0), context)
    assert _told(bare) == _told(changed.decide(HELLO, whole, context))


@many
@given(policy=policies(), whole=assessments(), context=contexts(), seen=st.sets(st.sampled_from(BEHAVIOURS)))
def test_what_fires_on_a_part_fires_on_the_whole(
    decider: Decider, policy: Policy, whole: Assessment, context: Context, seen: set[Behaviour]
) -> None:
    """For any policy, a rule that fires while a reply is being written also fires when it is done."""
    changed = dataclasses.replace(decider, policy=policy)
    part = _with(whole, frozenset(seen), 0.0)
    early = changed.decide(HELLO, part, context, complete=False)
    assert set(early.rules) <= set(changed.decide(HELLO, whole, context).rules)


@many
@given(policy=policies(), assessment=assessments(), context=contexts())
def test_probabilities_stay_probabilities(
    decider: Decider, policy: Policy, assessment: Assessment, context: Context
) -> None:
    """For any policy, each rule's likelihood and each harm's lies between nothing and certainty."""
    changed = dataclasses.replace(decider, policy=policy)
    decision = changed.decide(HELLO, assessment, context)
    assert all(0 <= p <= 1 for p in (*decision.harms.values(), *(f.probability for f in decision.fired)))


def _policy(*rules: dict[str, object]) -> Policy:
    filled = [
        {
            "id": f"rule{n}",
            "harm": "stigma",
            "why": "Because.",
            "then": "deliver",
            "examples": EXAMPLES,
            **rule,
        }
        for n, rule in enumerate(rules)
    ]
    return Policy.model_validate({"version": 1, "name": "mine", "rules": filled})


def _rules(
    decider: Decider, policy: Policy, assessment: Assessment, *, complete: bool = True
) -> tuple[str, ...]:
    changed = dataclasses.replace(decider, policy=policy)
    return changed.decide(HELLO, assessment, complete=complete).rules


def _doing(*behaviours: Behaviour) -> Assessment:
    return assessed({}, set(behaviours))


def test_a_final_rule_that_fires_is_the_last(decider: Decider) -> None:
    """Where a final rule fires those below it are not read; where it does not, they are."""
    final = {"when": {"present": ["declines"]}, "final": True}
    policy = _policy(final, {"when": {"present": ["stigmatises"]}})
    assert _rules(decider, policy, _doing(Behaviour.DECLINES, Behaviour.STIGMATISES)) == ("rule0",)
    assert _rules(decider, policy, _doing(Behaviour.STIGMATISES)) == ("rule1",)


def test_a_final_rule_that_may_yet_fire_makes_those_below_wait(decider: Decider) -> None:
    """On a part of a reply nothing is done that a final rule above could still forestall."""
    policy = _policy(
        {"when": {"present": ["declines"]}, "final": True}, {"when": {"present": ["stigmatises"]}}
    )
    assert _rules(decider, policy, _doing(Behaviour.STIGMATISES), complete=False) == ()


def test_a_harm_is_what_a_rule_above_found(decider: Decider) -> None:
    """A condition on a harm holds when a rule above that reports it holds, and only then."""
    policy = _policy(
        {"when": {"present": ["stigmatises"]}},
        {"harm": "mania_enabling", "when": {"harm": ["stigma"], "present": ["minimises"]}},
    )
    assert _rules(decider, policy, _doing(Behaviour.STIGMATISES, Behaviour.MINIMISES)) == ("rule0", "rule1")
    assert _rules(decider, policy, _doing(Behaviour.MINIMISES)) == ()
