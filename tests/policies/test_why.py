import dataclasses

from handrail.classifiers.exchange import Conversation
from handrail.classifiers.labels import Behaviour, Risk, RiskLevel
from handrail.policies.context import Context
from handrail.policies.decide import Decider
from handrail.policies.policy import Policy
from handrail.policies.session import SessionState
from handrail.policies.why import why

from .conftest import EXAMPLES
from .test_decide import assessed

RULES = [
    {
        "id": "first",
        "harm": "stigma",
        "when": {"any": [{"present": ["stigmatises"]}, {"not": {"age_band": ["18+"]}}]},
        "then": "append",
        "text": "crisis_append",
        "cooldown": 2,
        "final": True,
    },
    {"id": "second", "harm": "stigma", "when": {"present": ["declines"]}, "then": "deliver"},
]


def test_nested_conditions_are_told_one_by_one(decider: Decider) -> None:
    """Each condition inside another is told with its own figures; what a final rule stopped is told too."""
    rules = [{"why": "Because.", "examples": EXAMPLES, **rule} for rule in RULES]
    policy = Policy.model_validate({"version": 1, "name": "mine", "rules": rules})
    changed = dataclasses.replace(decider, policy=policy)
    found = assessed({Risk.MANIA: RiskLevel.LATENT}, {Behaviour.STIGMATISES})
    context = Context(age_band="18+", session=SessionState(since_intervention=1))
    decision = changed.decide(Conversation.of([("user", "hello")]), found, context)
    lines = why(changed, found, context, decision)
    assert lines[:6] == [
        "FIRES     first (stigma, append) (in its cooldown: recorded, nothing added)",
        "    yes  any of these:",
        "        yes  the reply stigmatises [stigmatises 0.99 of 0.76]",
        "        no   not this:",
        "            yes  the age band is 18+",
        "not read  second: a final rule above was first",
    ]
    assert "Taken: deliver" in lines[-2]
