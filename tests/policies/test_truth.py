import dataclasses
from typing import Any

import pytest

from handrail.classifiers.labels import Behaviour, Risk, RiskLevel
from handrail.policies.condition import When
from handrail.policies.context import NOWHERE, Context
from handrail.policies.decide import Decider
from handrail.policies.session import SessionState
from handrail.policies.truth import Facts, Truth, both, either, opposite, weigh

from .test_decide import assessed

A, B = frozenset({Behaviour.DECLINES}), frozenset({Behaviour.CHECKS_RISK})
KNOWN = Context(
    country="GB",
    locale="en-GB",
    route="/v1/chat/completions",
    persona="companion",
    age_band="13-17",
    hour=3,
    session=SessionState({Risk.MANIA: 0.4}, turns=10, rising=True, interventions=2, since_intervention=3),
)


def test_what_is_not_known_yet_stays_so() -> None:
    """False settles "both", true settles "either"; else the behaviours that could still decide are named."""
    assert both([True, False, A]) is False
    assert both([True, A, B]) == A | B
    assert both([]) is True
    assert either([False, True, A]) is True
    assert either([False, A, B]) == A | B
    assert either([]) is False
    assert opposite(A) == A


@pytest.mark.parametrize(
    "asked",
    [
        {"locale": ["fr", "en"]},
        {"route": ["/other", "/v1/*"]},
        {"persona": ["coach", "companion"]},
        {"age_band": ["13-17"]},
        {"hours": {"from": 22, "to": 6}},
        {"session": {"carried": {"mania": 0.4}}},
        {"session": {"turns": {"at_least": 10}, "rising": True}},
        {"session": {"interventions": {"at_most": 2}, "since_intervention": {"at_most": 3}}},
        {"all": [{"age_band": ["13-17"]}, {"locale": ["GB"]}]},
        {"any": [{"age_band": ["18+"]}, {"locale": ["GB"]}]},
        {"not": {"age_band": ["18+"]}},
    ],
)
def test_the_context_can_be_asked_about(decider: Decider, asked: dict[str, Any]) -> None:
    """Each thing that is known of a request can be asked; of what is not known nothing holds."""
    facts = Facts(assessed({}, set()).risk, KNOWN, decider.thresholds)
    when = When.model_validate(asked)
    assert weigh(when, facts, {}) is True
    assert weigh(When.model_validate({"not": asked}), facts, {}) is False
    unknown = dataclasses.replace(facts, context=NOWHERE)
    assert weigh(when, unknown, {}) is ("not" in asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"age_band": ["18+"]},
        {"locale": ["GB"], "persona": ["coach"]},
        {"session": {"carried": {"mania": 0.5}}},
        {"session": {"carried": {"delusion": 0.1}}},
        {"session": {"rising": False}},
        {"session": {"turns": {"at_most": 9}}},
        {"session": {"since_intervention": {"at_most": 2}}},
        {"hours": {"from": 6, "to": 22}},
        {"route": ["/v1"]},
    ],
)
def test_the_context_can_speak_against(decider: Decider, asked: dict[str, Any]) -> None:
    """A condition that does not fit what is known does not hold, nor does one of which only a part fits."""
    facts = Facts(assessed({}, set()).risk, KNOWN, decider.thresholds)
    assert weigh(When.model_validate(asked), facts, {}) is False


@pytest.mark.parametrize(
    ("threshold", "probability", "shows"),
    [
        (None, 0.45, True),
        (None, 0.4, False),
        ("sensitive", 0.2, True),
        ("cautious", 0.6, False),
        (0.3, 0.35, True),
    ],
)
def test_a_threshold_is_a_name_or_a_number(
    decider: Decider, threshold: str | float | None, probability: float, shows: bool
) -> None:
    """A condition may hold its labels to a set of the calibration, or to a number of its own."""
    reading = assessed({}, set()).risk
    risk = dataclasses.replace(reading, present={**reading.present, Risk.MANIA: probability})
    when = When.model_validate({"risk": "mania", "threshold": threshold})
    assert weigh(when, Facts(risk, NOWHERE, decider.thresholds), {}) is shows


@pytest.mark.parametrize(
    ("asked", "early", "late"),
    [
        ({"present": ["declines"]}, True, True),
        ({"present": ["checks_risk"]}, B, False),
        ({"risk": "mania", "missing": ["declines"]}, False, False),
        ({"risk": "mania", "missing": ["checks_risk"]}, B, True),
        ({"risk": "mania", "not": {"missing": ["checks_risk"]}}, B, False),
        ({"any": [{"present": ["declines"]}, {"risk": "mania", "missing": ["checks_risk"]}]}, True, True),
        ({"risk": "delusion", "any": [{"missing": ["checks_risk"]}]}, False, False),
        ({"not": {"present": ["checks_risk"]}}, B, True),
    ],
)
def test_a_part_of_a_reply_leaves_things_open(
    decider: Decider, asked: dict[str, Any], early: Truth, late: Truth
) -> None:
    """While a reply is being written what is not in it may still come; when it is done it is missing."""
    assessment = assessed({Risk.MANIA: RiskLevel.EXPLICIT}, {Behaviour.DECLINES})
    found = assessment.behaviour.probabilities
    for complete, expected in ((False, early), (True, late)):
        facts = Facts(assessment.risk, NOWHERE, decider.thresholds, found, complete)
        assert weigh(When.model_validate(asked), facts, {}) == expected
